"""A real SMTP server on loopback (aiosmtpd) that keeps what it takes and misbehaves as it is told."""

import asyncio
import email
import email.policy
import socket
import ssl
import threading
import warnings
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from enum import Enum
from functools import cache
from typing import Any, cast

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HOST = "127.0.0.1"


class Trouble(Enum):
    """What happens to a mail beside being refused."""

    SILENCE = "no answer to the content until the server stops"
    HELD = "no answer until the test lets go"
    CLOSED_BEFORE_ANSWER = "the connection is closed after the content, before the answer"
    CLOSED_AFTER_ANSWER = "the connection is closed right after the answer"


@dataclass(frozen=True)
class Mood:
    """How one mail is met: a reply in place of the usual one, or trouble with the line."""

    sender: str | None = None
    recipient: str | None = None
    content: str | None = None
    trouble: Trouble | None = None


@dataclass(frozen=True)
class Received:
    """A mail whose content arrived. `connection` counts from 1; `is_taken` unless it was refused."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    connection: int
    is_encrypted: bool
    user: str | None
    is_taken: bool

    @property
    def message(self) -> EmailMessage:
        return parse_mail(self.content)


def parse_mail(content: bytes) -> EmailMessage:
    """The mail as a program reads it."""
    return cast("EmailMessage", email.message_from_bytes(content, policy=email.policy.SMTP))


@cache
def certificate_authority() -> trustme.CA:
    return trustme.CA()


def trusting_context() -> ssl.SSLContext:
    """A client's trust store with nothing in it but the authority of the tests."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    certificate_authority().configure_trust(context)
    return context


@dataclass
class SmtpServerUnderTest:
    """The server. `moods` are for the next mails, one each; without one a mail is taken."""

    moods: deque[Mood] = field(default_factory=deque)
    received: list[Received] = field(default_factory=list)
    logins: list[tuple[str, str, bool]] = field(default_factory=list)
    """(user, password, whether the line was encrypted)."""
    connections: int = 0
    farewells: int = 0
    port: int = 0
    accounts: dict[str, str] = field(default_factory=dict)
    is_implicit_tls: bool = False

    @property
    def taken(self) -> list[Received]:
        return [mail for mail in self.received if mail.is_taken]

    def will(self, *moods: Mood) -> None:
        self.moods.extend(moods)

    def close_connections(self) -> None:
        """Close every connection, as a server does with idle ones."""
        self._in_loop(self._close_all)

    def hold_next(self) -> None:
        """Take the content of the next mail, and answer it once `let_go` says so."""
        self.will(Mood(trouble=Trouble.HELD))

    def wait_until_held(self) -> None:
        assert self._is_held.wait(timeout=10)

    def let_go(self) -> None:
        self._in_loop(self._may_go.set)

    # What follows runs in the server's own thread.

    _loop: asyncio.AbstractEventLoop = field(init=False, repr=False)
    _open: list["_Protocol"] = field(default_factory=list, repr=False)
    _is_held: threading.Event = field(default_factory=threading.Event, repr=False)
    _may_go: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def _in_loop(self, call: Any) -> None:
        done: Future[None] = Future()

        def run() -> None:
            call()
            self._loop.call_soon(done.set_result, None)

        self._loop.call_soon_threadsafe(run)
        done.result(timeout=10)

    def _close_all(self) -> None:
        for protocol in self._open:
            if protocol.transport is not None:
                protocol.transport.close()
        self._open.clear()

    async def handle_MAIL(
        self, server: "_Protocol", session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        server.mood = self.moods.popleft() if self.moods else Mood()
        if server.mood.sender is not None:
            return server.mood.sender
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: "_Protocol", session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if server.mood.recipient is not None:
            return server.mood.recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: "_Protocol", session: Session, envelope: Envelope) -> str:
        mood = server.mood
        user = session.auth_data.login.decode() if isinstance(session.auth_data, LoginPassword) else None
        self.received.append(
            Received(
                sender=envelope.mail_from or "",
                recipients=tuple(envelope.rcpt_tos),
                content=cast("bytes", envelope.original_content),
                connection=server.number,
                is_encrypted=session.ssl is not None or self.is_implicit_tls,
                user=user,
                is_taken=mood.content is None,
            )
        )
        if mood.trouble is Trouble.HELD:
            self._is_held.set()
            await self._may_go.wait()
        if mood.trouble is Trouble.SILENCE:
            await asyncio.Event().wait()
        if mood.trouble is Trouble.CLOSED_BEFORE_ANSWER:
            server.transport.close()
            await asyncio.Event().wait()
        if mood.trouble is Trouble.CLOSED_AFTER_ANSWER:
            await server.push("250 OK")
            server.transport.close()
            await asyncio.Event().wait()
        return mood.content or "250 OK"

    async def handle_QUIT(self, server: "_Protocol", session: Session, envelope: Envelope) -> str:
        self.farewells += 1
        return "221 Bye"

    def log_in(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        user, password = data.login.decode(), data.password.decode()
        self.logins.append((user, password, session.ssl is not None or self.is_implicit_tls))
        is_right = self.accounts.get(user) == password
        return AuthResult(success=is_right, handled=is_right, auth_data=data)


class _Protocol(SMTP):
    """One connection. `number` counts them from 1; `mood` is its current mail's."""

    transport: Any
    number = 0
    mood = Mood()
    words_before_tls = b""

    async def smtp_STARTTLS(self, arg: str) -> None:
        """As the base class, but that somebody may add words to its answer."""
        if self.words_before_tls:
            self._writer.write(b"220 Ready\r\n" + self.words_before_tls)
            self.push = _mute  # the base class's own answer
        await super().smtp_STARTTLS(arg)
        self.__dict__.pop("push", None)

    async def handle_exception(self, error: Exception) -> str:
        raise error


async def _mute(status: str) -> None:
    """Say nothing."""


@contextmanager
def smtp_server(
    *,
    starttls: bool = False,
    implicit_tls: bool = False,
    accounts: dict[str, str] | None = None,
    smtputf8: bool = True,
    login_methods: str = "PLAIN LOGIN",
    words_before_tls: bytes = b"",
    certificate_for: str = HOST,
) -> Iterator[SmtpServerUnderTest]:
    """A server that takes mail until the block ends. With `accounts` (password by user) it asks for a login."""
    server = SmtpServerUnderTest(accounts=accounts or {}, is_implicit_tls=implicit_tls)
    tls = _server_context(certificate_for) if starttls or implicit_tls else None

    def connected() -> _Protocol:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it advises against what is to be tested: a login without TLS
            protocol = _Protocol(
                server,
                hostname="mail.test",
                loop=server._loop,
                enable_SMTPUTF8=smtputf8,
                tls_context=tls if starttls else None,
                auth_required=bool(accounts),
                auth_require_tls=False,
                authenticator=server.log_in,
                auth_exclude_mechanism={"PLAIN", "LOGIN"} - set(login_methods.split()),
            )
        server.connections += 1
        protocol.number = server.connections
        protocol.words_before_tls = words_before_tls
        server._open.append(protocol)
        return protocol

    with socket.create_server((HOST, 0)) as listener, _running_loop() as loop:
        server._loop = loop
        server.port = listener.getsockname()[1]
        start = loop.create_server(connected, sock=listener, ssl=tls if implicit_tls else None)
        serving = asyncio.run_coroutine_threadsafe(start, loop).result(timeout=10)
        try:
            yield server
        finally:
            server._in_loop(serving.close)
            server.close_connections()


@contextmanager
def _running_loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        asyncio.run_coroutine_threadsafe(_finish_tasks(), loop).result(timeout=10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()


async def _finish_tasks() -> None:
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _server_context(name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate_authority().issue_cert(name).configure_cert(context)
    return context
