"""Mailers under test and the mails they send."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from adapters.memory.clock import SettableClock
from adapters.smtp.connecting import Addresses, system_addresses
from adapters.smtp.mailer import SmtpMailer
from adapters.smtp.server import Sender, SmtpServer, Tls
from ports.mailer import Mail
from tests.builders import NOW
from tests.smtp_server import HOST, SmtpServerUnderTest

SENDER = Sender("Dunlin", "billing@dunlin.example")
ADDRESS = "anna@acme.example"


@contextmanager
def mailer_to(
    server: SmtpServerUnderTest | int, *, trust: ssl.SSLContext | None = None, at_home: bool = False, **wanted: Any
) -> Iterator[SmtpMailer]:
    """A mailer to the server (or to a port), unencrypted unless said otherwise. `at_home`: every host is here."""
    port = server if isinstance(server, int) else server.port
    options = {"host": HOST, "port": port, "tls": Tls.NEVER, "seconds": 5.0, **wanted}
    mailer = SmtpMailer(
        SmtpServer(**options), SENDER, SettableClock(NOW), tls=trust, resolve=_home if at_home else system_addresses
    )
    try:
        yield mailer
    finally:
        mailer.close()


def _home(host: str, port: int) -> Addresses:
    return system_addresses(HOST, port)


def a_mail(number: int = 1, **changed: Any) -> Mail:
    mail = Mail(
        message_id=f"<ntc_{number}@dunlin.example>",
        to_address=ADDRESS,
        subject="Your payment failed",
        text="Hello Anna\n",
        html="<p>Hello Anna</p>\n",
    )
    return replace(mail, **changed)
