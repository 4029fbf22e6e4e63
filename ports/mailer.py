"""Sending one mail."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Mail:
    """One mail, ready to leave. `message_id` is ours and stays the same when the mail is sent again.

    `to_address` is one address without a name; no text holds line breaks where a header could be injected.
    """

    message_id: str
    to_address: str
    subject: str
    text: str
    html: str
    reply_to: str | None = None
    sender_name: str | None = None
    headers: tuple[tuple[str, str], ...] = field(default=())


class MailNotSent(Exception):
    """The server did not take the mail, or we do not know whether it did: it is sent again under its Message-ID."""


class MailRefused(Exception):
    """The server will never take this mail. `is_address_bad` when its reason is the recipient's address."""

    def __init__(self, reason: str, *, is_address_bad: bool) -> None:
        super().__init__(reason)
        self.is_address_bad = is_address_bad


class Mailer(Protocol):
    """Hands mails over."""

    def send(self, mail: Mail) -> None:
        """Hand over one mail; returns once the server has taken responsibility for it. Ends within 20 seconds.

        Raises `MailNotSent` (temporary: refused with 4xx, unreachable, broken off) and `MailRefused` (5xx). Texts of
        errors hold no address and no content.
        """
