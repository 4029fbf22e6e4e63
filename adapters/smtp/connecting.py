"""From a server's name to a conversation that is encrypted and logged in, before the deadline."""

import base64
import socket
import ssl
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from adapters.smtp.conversation import Conversation, Deadline, Reply
from adapters.smtp.server import SmtpServer, Tls, is_loopback
from ports.mailer import MailNotSent

Addresses = list[tuple[Any, ...]]
Resolver = Callable[[str, int], Addresses]


def system_addresses(host: str, port: int) -> Addresses:
    """What the system's resolver says."""
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


class Connector:
    """Opens conversations with one server. `tls` is the trust store; `resolve` is for tests."""

    def __init__(self, server: SmtpServer, tls: ssl.SSLContext, resolve: Resolver = system_addresses) -> None:
        self._server = server
        self._tls = tls
        self._resolve = resolve

    def open(self, deadline: Deadline) -> Conversation:
        """A conversation, ready for a mail. Raises `MailNotSent`: what is wrong is not the mail's fault."""
        conversation = Conversation(self._connect(deadline), deadline)
        try:
            self._begin(conversation)
        except BaseException:
            conversation.close()
            raise
        return conversation

    def _connect(self, deadline: Deadline) -> socket.socket:
        try:
            addresses = _resolved(self._resolve, self._server, deadline)
            connection = _first_open(addresses, deadline)
        except OSError as error:
            raise MailNotSent(f"No connection to the SMTP server: {type(error).__name__}.") from error
        return connection if self._server.tls is not Tls.FROM_THE_START else self._encrypt(connection, deadline)

    def _encrypt(self, connection: socket.socket, deadline: Deadline) -> ssl.SSLSocket:
        try:
            connection.settimeout(deadline.remaining_seconds())
            return self._tls.wrap_socket(connection, server_hostname=self._server.host)
        except ssl.SSLCertVerificationError as error:
            connection.close()
            raise MailNotSent(f"The SMTP server's certificate is not accepted: {error.verify_message}") from error
        except OSError as error:
            connection.close()
            raise MailNotSent(f"No TLS with the SMTP server: {type(error).__name__}.") from error

    def _begin(self, conversation: Conversation) -> None:
        _expect(Reply(*conversation.getreply()), "would not talk to us")
        _greet(conversation)
        is_encrypted = self._server.tls is Tls.FROM_THE_START or self._start_tls(conversation)
        if self._server.user is not None:
            if not is_encrypted and not is_loopback(self._server.host):
                raise MailNotSent("The SMTP server offers no encryption, and passwords do not go in the clear.")
            _log_in(conversation, self._server.user, self._server.password or "")

    def _start_tls(self, conversation: Conversation) -> bool:
        if self._server.tls is Tls.NEVER:
            return False
        if not conversation.has_extn("starttls"):
            if self._server.tls is Tls.REQUIRED:
                raise MailNotSent("The SMTP server does not offer STARTTLS, which is required.")
            return False
        _expect(conversation.say("STARTTLS"), "refused STARTTLS")
        if conversation.sock is None:
            raise MailNotSent("The connection to the SMTP server broke off.")
        conversation.replace_socket(self._encrypt(conversation.sock, conversation.deadline))
        _greet(conversation)  # what it offered before was said in the clear
        return True


def _resolved(resolve: Resolver, server: SmtpServer, deadline: Deadline) -> Addresses:
    """The system's resolver knows no time limit; a thread that outlives ours has nothing but a name to look up."""
    results: SimpleQueue[Addresses | OSError] = SimpleQueue()

    def look_up() -> None:
        try:
            results.put(resolve(server.host, server.port))
        except (OSError, UnicodeError) as error:
            results.put(error if isinstance(error, OSError) else OSError("the name cannot be looked up"))

    threading.Thread(target=look_up, daemon=True).start()
    try:
        found = results.get(timeout=deadline.remaining_seconds())
    except Empty:
        raise TimeoutError("the name was not resolved in time") from None
    if isinstance(found, OSError):
        raise found
    return found


def _first_open(addresses: Addresses, deadline: Deadline) -> socket.socket:
    """A connection to the first address that answers; each gets its share of the time that is left."""
    problem: OSError = OSError("the name has no address")
    for tried, (family, kind, protocol, _, address) in enumerate(addresses):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(deadline.remaining_seconds() / (len(addresses) - tried))
            connection.connect(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection
        except OSError as error:
            connection.close()
            problem = error
    raise problem


def _greet(conversation: Conversation) -> None:
    code, text = conversation.ehlo()
    if not 200 <= code < 300:
        code, text = conversation.helo()
    _expect(Reply(code, text), "refused our greeting")


def _log_in(conversation: Conversation, user: str, password: str) -> None:
    """PLAIN (RFC 4616) or else LOGIN, in UTF-8; under TLS or on this machine alone."""
    offered = conversation.esmtp_features.get("auth", "").upper().split()
    if "PLAIN" in offered:
        identity = f"\0{user}\0{password}"
        reply = conversation.say("AUTH", f"PLAIN {_base64(identity)}")
    elif "LOGIN" in offered:
        reply = conversation.say("AUTH", "LOGIN")
        for answer in (user, password):
            if reply.code == 334:
                reply = conversation.say(_base64(answer))
    else:
        raise MailNotSent("The SMTP server offers no login that we can use (PLAIN or LOGIN).")
    _expect(reply, "did not accept our user and password")


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _expect(reply: Reply, otherwise: str) -> None:
    if not reply.is_good:
        raise MailNotSent(f"The SMTP server {otherwise} ({reply}).")
