"""Turning the content of a notice into a mail's subject, text and HTML."""

from dataclasses import dataclass
from typing import Protocol

from domain.model.notices import Branding, NoticeContent


@dataclass(frozen=True)
class RenderedNotice:
    """A subject on one line, a text part and an HTML part that say the same, and the language they are in."""

    subject: str
    text: str
    html: str
    language: str


class NoticeRenderer(Protocol):
    """Writes notices."""

    def render(self, content: NoticeContent) -> RenderedNotice:
        """The notice in the first language of `content.languages` that we speak, else in English.

        Amounts and dates as that language and region write them. Nothing in the content can become markup or a header.
        A firm's own words are used where there are any; an unknown placeholder in them is left out of the mail.
        The answer's language has its region where there is one (`de-AT`).
        """

    def problems(self, branding: Branding) -> dict[str, str]:
        """What is wrong with a firm's branding, by field (`wordings.receipt.de.subject`); empty when it can be used.

        Unknown placeholders, other braces, line breaks in a subject, a colour or an address that is none, contrast too
        low to read, a language that we do not speak, texts that are too long. Angle brackets are fine: they stay text.
        """
