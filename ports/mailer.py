"""Sending one mail."""

from dataclasses import dataclass, field
from typing import Protocol

from domain.model.mail_checks import are_extra_headers, is_address, is_message_id, is_one_line, is_text


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


def refuse_unsendable(mail: Mail) -> None:
    """What every mailer does first: raise `MailRefused` for what no server should be asked to take.

    That is an address that is none (`is_address_bad`), and a line break, control character or the mailer's own header
    where it could forge a header.
    """
    if not is_address(mail.to_address):
        raise MailRefused("The recipient's address is not an e-mail address.", is_address_bad=True)
    if not is_message_id(mail.message_id):
        raise MailRefused("The Message-ID is not of the form left@right.", is_address_bad=False)
    if mail.reply_to is not None and not is_address(mail.reply_to):
        raise MailRefused("The reply address is not an e-mail address.", is_address_bad=False)
    if not is_one_line(mail.subject) or not is_one_line(mail.sender_name or ""):
        raise MailRefused("Subject or sender's name hold line breaks, or are far too long.", is_address_bad=False)
    if not are_extra_headers(mail.headers):
        raise MailRefused("An extra header is malformed, or one of the mailer's own.", is_address_bad=False)
    if not is_text(mail.text) or not is_text(mail.html):
        raise MailRefused("Text or HTML hold characters that cannot be sent.", is_address_bad=False)


class Mailer(Protocol):
    """Hands mails over."""

    def send(self, mail: Mail) -> None:
        """Hand over one mail; returns once the server has taken responsibility for it. Ends within 20 seconds.

        Raises `MailNotSent` (temporary: refused with 4xx, unreachable, broken off) and `MailRefused` (5xx, and what
        `refuse_unsendable` refuses). Texts of errors hold no address and no content.
        """
