"""A mail as it goes over the wire: RFC 5322 headers, text and HTML as MIME alternatives.

The headers are written here and not by `email`, whose folding turns long plain values (List-Unsubscribe) into encoded
words that nobody reads, and loses the quotes of long names (python/cpython issues 100884 and 118643).
"""

import email.policy
import email.utils
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.message import EmailMessage

import idna

from adapters.smtp.server import Sender
from ports.mailer import Mail, MailRefused

_POLICY = email.policy.SMTP.clone(cte_type="7bit")  # goes through every server, offered 8BITMIME or not
_FOLDED_CHARACTERS = 76


@dataclass(frozen=True)
class Envelope:
    """What is said to the server. `needs_utf8` when an address cannot be written in ASCII (RFC 6531)."""

    sender: str
    recipient: str
    content: bytes
    needs_utf8: bool


def compose(mail: Mail, sender: Sender, at: datetime) -> Envelope:
    """The mail, dated `at`. Raises `MailRefused` for a domain that cannot be."""
    recipient = _with_ascii_domain(mail.to_address)
    reply_to = None if mail.reply_to is None else _with_ascii_domain(mail.reply_to)
    headers = [
        f"Message-ID: <{mail.message_id.strip('<>')}>",
        f"Date: {email.utils.format_datetime(at)}",
        f"From: {_mailbox(mail.sender_name or sender.name, sender.address)}",
        f"To: {recipient}",
        *([] if reply_to is None else [f"Reply-To: {reply_to}"]),
        f"Subject: {_encoded(mail.subject, 'Subject')}",
        "Auto-Submitted: auto-generated",  # RFC 3834: answer no automatic mail with another
        "X-Auto-Response-Suppress: All",  # the same for Microsoft Exchange
        *(f"{name}: {value}" for name, value in mail.headers),
    ]
    needs_utf8 = not recipient.isascii() or not (reply_to or "").isascii()
    head = "".join(f"{header}\r\n" for header in headers).encode()
    return Envelope(sender.address, recipient, head + _body(mail), needs_utf8)


def _body(mail: Mail) -> bytes:
    """The last alternative is the one that a reader prefers: RFC 2046 5.1.4."""
    message = EmailMessage(policy=_POLICY)
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message.as_bytes()


def _with_ascii_domain(address: str) -> str:
    """The domain as DNS knows it, which every server understands."""
    local_part, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local_part}@{idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError:
        raise MailRefused("The domain of an address cannot exist.", is_address_bad=True) from None


def _mailbox(name: str, address: str) -> str:
    if not name:
        return address
    if _is_plain(name):
        return email.utils.formataddr((name, address))
    return f"{_encoded(name, 'From')} <{address}>"


def _encoded(text: str, header_name: str) -> str:
    """As encoded words of at most 75 characters (RFC 2047), where plain letters do not do."""
    charset = "us-ascii" if _is_plain(text) else "utf-8"
    header = Header(text, charset, maxlinelen=_FOLDED_CHARACTERS, header_name=header_name)
    return header.encode(splitchars=" ", linesep="\r\n")


def _is_plain(text: str) -> bool:
    return text.isascii() and "=?" not in text
