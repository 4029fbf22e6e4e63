"""The standard library's SMTP client, held to a deadline.

`smtplib` limits each read of the socket, so a server that drips could keep it for ever; here every read and write has
what is left of the time for the whole mail. It was preferred to aiosmtplib, the one other client that is kept up: that
needs an event loop in a thread of its own, which does not survive the fork of a worker.
"""

import io
import re
import smtplib
import socket
import time
from typing import Any

from ports.mailer import MailNotSent

_REPLY_BYTES_MAX = 262_144
_ENHANCED = re.compile(rb"([245])\.(\d{1,3})\.(\d{1,3})\b")
_CLOSING = 421


class Deadline:
    """A moment after which nothing is waited for."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    def remaining_seconds(self) -> float:
        """More than 0. Raises `TimeoutError` when the time is over."""
        remaining = self._ends_at - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("the time for the mail is over")
        return remaining


class Reply:
    """What the server said. Its words are left out: they may repeat the address."""

    def __init__(self, code: int, text: bytes) -> None:
        found = _ENHANCED.match(text)
        self.code = code
        self.enhanced = tuple(int(part) for part in found.groups()) if found else None
        """The enhanced status code of RFC 3463, such as (5, 1, 1)."""

    def __str__(self) -> str:
        return str(self.code) if self.enhanced is None else f"{self.code} {'.'.join(map(str, self.enhanced))}"

    @property
    def is_good(self) -> bool:
        return self.code // 100 == 2

    @property
    def is_final(self) -> bool:
        """Whether asking again would be answered the same."""
        return self.code // 100 == 5


class Conversation(smtplib.SMTP):
    """One connection with a server. Every call ends when `deadline` does; its errors are `MailNotSent`.

    Once `is_over`, it cannot be used any more.
    """

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        super().__init__(local_hostname=_own_name(connection))  # without a host: it connects to nothing
        self.sock = connection
        self.deadline = deadline
        self.mails = 0
        """How many were sent over it."""
        self._reply_bytes_left = 0

    @property
    def is_over(self) -> bool:
        return self.sock is None

    def replace_socket(self, connection: socket.socket) -> None:
        """Go on over an encrypted line; what the server sent ahead in the clear is forgotten (RFC 3207 4.2)."""
        self.sock = connection
        self.file = None

    def send(self, s: Any) -> None:
        """Send within the deadline."""
        try:
            if self.sock is not None:
                self.sock.settimeout(self.deadline.remaining_seconds())
            super().send(s)
        except (OSError, smtplib.SMTPException):
            raise self._broken() from None

    def getreply(self) -> tuple[int, bytes]:
        """Read one reply within the deadline."""
        if self.sock is None:
            raise self._broken()
        if self.file is None:
            self.file = io.BufferedReader(_TimedReader(self))
        self._reply_bytes_left = _REPLY_BYTES_MAX
        try:
            code, text = super().getreply()
        except (OSError, smtplib.SMTPException):
            raise self._broken() from None
        if code == _CLOSING or not 200 <= code <= 599:  # the server is leaving, or is no SMTP server
            self.close()
        return code, text

    def say(self, command: str, argument: str = "") -> Reply:
        """Send a command; the reply."""
        return Reply(*self.docmd(command, argument))

    def read(self, buffer: Any) -> int:
        """Read what there is from the socket, within the deadline."""
        if self.sock is None:
            raise OSError("the connection is closed")
        self.sock.settimeout(self.deadline.remaining_seconds())
        count = self.sock.recv_into(buffer)
        self._reply_bytes_left -= count
        if self._reply_bytes_left < 0:
            raise OSError("the reply does not end")
        return count

    def _broken(self) -> MailNotSent:
        self.close()
        return MailNotSent("The connection to the SMTP server broke off, or it did not answer in time.")


class _TimedReader(io.RawIOBase):
    def __init__(self, conversation: Conversation) -> None:
        super().__init__()
        self._conversation = conversation

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._conversation.read(buffer)


def _own_name(connection: socket.socket) -> str:
    """How we introduce ourselves: our full name, else our address (RFC 5321 4.1.3). No name server is asked."""
    name = socket.gethostname()
    if "." in name and name.isascii():
        return name
    address = connection.getsockname()[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
