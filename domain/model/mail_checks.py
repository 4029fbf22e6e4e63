"""What no mail may hold: addresses that are none, and text that would write headers of its own.

The forms are those of RFC 5321 (4.1.2 dot-string, 4.5.3.1 lengths), RFC 5322 (2.2 header fields) and RFC 6531, which
lets letters beyond ASCII into addresses. Quoted local parts and address literals exist on paper only and are left out.
"""

import re
import unicodedata
from collections.abc import Iterable

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]|[^\x00-\x7f]"
_LOCAL_PART = re.compile(rf"(?:{_ATEXT})+(?:\.(?:{_ATEXT})+)*")
_LABEL = r"(?:[A-Za-z0-9]|[^\x00-\x7f])(?:(?:[A-Za-z0-9-]|[^\x00-\x7f])*(?:[A-Za-z0-9]|[^\x00-\x7f]))?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LOCAL_PART_BYTES_MAX = 64
_ADDRESS_BYTES_MAX = 254
_LABEL_BYTES_MAX = 63

_MESSAGE_ID = re.compile(r"<?[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+>?")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+")
_LINE_CHARACTERS_MAX = 900  # RFC 5322 2.1.1: a line has at most 998
_NO_LINE_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}  # controls, lone surrogates, separators of lines and paragraphs
_MAILERS_OWN = frozenset(
    [
        "auto-submitted",
        "bcc",
        "cc",
        "date",
        "from",
        "message-id",
        "mime-version",
        "received",
        "reply-to",
        "return-path",
        "sender",
        "subject",
        "to",
        "x-auto-response-suppress",
    ]
)


def is_address(text: str) -> bool:
    """Whether it is one e-mail address, without a name or brackets."""
    local_part, at, domain = text.rpartition("@")
    if not at or not text.isprintable() or len(text.encode()) > _ADDRESS_BYTES_MAX:
        return False
    if len(local_part.encode()) > _LOCAL_PART_BYTES_MAX or not _LOCAL_PART.fullmatch(local_part):
        return False
    return bool(_DOMAIN.fullmatch(domain)) and all(
        len(label.encode()) <= _LABEL_BYTES_MAX for label in domain.split(".")
    )


def is_one_line(text: str) -> bool:
    """Whether the text can stand in a header: no line break of any kind, no control character, not endless."""
    return len(text) <= _LINE_CHARACTERS_MAX and not any(
        unicodedata.category(character) in _NO_LINE_CATEGORIES for character in text
    )


def is_text(text: str) -> bool:
    """Whether the text can be written down and sent: no NUL, no lone surrogates."""
    return not any(character == "\x00" or unicodedata.category(character) == "Cs" for character in text)


def is_message_id(text: str) -> bool:
    """Whether it is `left@right`, with or without angle brackets."""
    return len(text) <= _LINE_CHARACTERS_MAX and bool(_MESSAGE_ID.fullmatch(text))


def are_extra_headers(headers: Iterable[tuple[str, str]]) -> bool:
    """Whether each is a header in ASCII, of one line, and none of those that the mailer writes itself."""
    return all(_is_extra_header(name, value) for name, value in headers)


def _is_extra_header(name: str, value: str) -> bool:
    lowered = name.lower()
    if not _HEADER_NAME.fullmatch(name) or lowered in _MAILERS_OWN or lowered.startswith(("content-", "resent-")):
        return False
    return value.isascii() and is_one_line(value)
