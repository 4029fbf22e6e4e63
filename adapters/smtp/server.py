"""Which server takes our mail, how it is spoken to, and who the sender is: SMTP_URL and MAIL_FROM, read and checked."""

import email.utils
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from domain.model.mail_checks import is_address, is_one_line

SECONDS_MAX = 20.0
"""How long one mail may take from the connection to the server's answer; the mailer's port promises it."""

_DEFAULT_PORTS = {"smtp": 25, "smtps": 465}
_OPTIONS = ("starttls", "timeout")


class Tls(StrEnum):
    """How the line is encrypted. Where it is, the server's certificate is always checked."""

    FROM_THE_START = "from_the_start"
    REQUIRED = "required"
    WHEN_OFFERED = "when_offered"
    NEVER = "never"


STARTTLS_CHOICES = (Tls.REQUIRED, Tls.WHEN_OFFERED, Tls.NEVER)


class BadServerUrl(ValueError):
    """An address of a server that cannot be used; `problems` repeat nothing of it, for it may hold a password."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, kw_only=True)
class SmtpServer:
    """A server that takes mail from us. Password and user are given together or not at all."""

    host: str
    port: int
    tls: Tls
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    seconds: float = SECONDS_MAX

    @classmethod
    def from_url(cls, url: str) -> "SmtpServer":
        """Read `smtp://user:password@host:port?starttls=required&timeout=20` or `smtps://…`. Raises `BadServerUrl`.

        Without `starttls`, STARTTLS is required for every server but one on this machine that asks for no password.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise BadServerUrl(["write smtp://… or smtps://… with a port from 1 to 65535"]) from error
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        problems = [*_form_problems(parts), *_option_problems(parts, options)]
        if problems:
            raise BadServerUrl(problems)
        return cls(
            host=parts.hostname or "",
            port=port or _DEFAULT_PORTS[parts.scheme],
            tls=_tls(parts, options),
            user=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
            seconds=float(options.get("timeout", SECONDS_MAX)),
        )


@dataclass(frozen=True)
class Sender:
    """Whom mails come from unless a firm gives them a name of its own."""

    name: str
    address: str

    @classmethod
    def from_text(cls, text: str) -> "Sender":
        """Read `billing@example.com` or `Name <billing@example.com>`. Raises `ValueError`."""
        name, address = email.utils.parseaddr(text)
        is_whole = address == text.strip() or text.strip().endswith(f"<{address}>")
        if not is_whole or not is_address(address) or not address.isascii() or not is_one_line(name):
            raise ValueError("write billing@example.com or Name <billing@example.com>, the address in ASCII")
        return cls(name, address)


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, so that what is said does not leave it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _form_problems(parts: SplitResult) -> Iterator[str]:
    if parts.scheme not in _DEFAULT_PORTS:
        yield "write smtp://… or smtps://…"
        return
    if not parts.hostname:
        yield "name the server: smtp://user:password@host:port"
    if parts.port == 0:
        yield "write a port from 1 to 65535"
    if parts.path.strip("/") or parts.fragment:
        yield "write nothing but options (?starttls=…&timeout=…) after host and port; escape / # ? in a password"
    if bool(parts.username) != bool(parts.password):
        yield "give user and password together, or neither"


def _option_problems(parts: SplitResult, options: dict[str, str]) -> Iterator[str]:
    if unknown := sorted(set(options) - set(_OPTIONS)):
        yield f"has no option {', '.join(unknown)}: there are {' and '.join(_OPTIONS)}"
    starttls = options.get("starttls")
    if starttls is not None and parts.scheme == "smtps":
        yield "smtps:// is encrypted from the start: leave starttls out, or write smtp://"
    elif starttls is not None and starttls not in STARTTLS_CHOICES:
        yield f"starttls is one of {', '.join(STARTTLS_CHOICES)}"
    elif starttls in (Tls.WHEN_OFFERED, Tls.NEVER) and parts.password and not is_loopback(parts.hostname or ""):
        yield "would send the password where others can read it: write starttls=required"
    if "timeout" in options and not _is_time(options["timeout"]):
        yield f"timeout is a number of seconds from 1 to {SECONDS_MAX:g}"


def _is_time(text: str) -> bool:
    try:
        return 1 <= float(text) <= SECONDS_MAX
    except ValueError:
        return False


def _tls(parts: SplitResult, options: dict[str, str]) -> Tls:
    if parts.scheme == "smtps":
        return Tls.FROM_THE_START
    if "starttls" in options:
        return Tls(options["starttls"])
    if parts.password or not is_loopback(parts.hostname or ""):
        return Tls.REQUIRED
    return Tls.WHEN_OFFERED
