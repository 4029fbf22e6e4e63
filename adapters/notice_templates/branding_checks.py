"""What is wrong with a firm's branding, in words, before any mail is made of it."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from adapters.notice_templates.cleaning import clean
from adapters.notice_templates.colors import BUTTON_TEXT, CONTRAST_MIN, contrast, is_color
from adapters.notice_templates.languages import spoken_as
from adapters.notice_templates.placeholders import problem_with
from domain.model.mail_checks import is_address
from domain.model.notices import LANGUAGES, Branding, Wording

NAME_MAX = 100
ADDRESS_MAX = 254
LOGO_URL_MAX = 500
FOOTER_MAX = 1000
SUBJECT_MAX = 120
HEADING_MAX = 120
BODY_MAX = 5000

_LOGO = re.compile(r"[A-Za-z0-9._~:/?#\[\]!$&()*+,;=%-]+")

Problem = tuple[str, str]


def problems_of(branding: Branding) -> dict[str, str]:
    """The first problem of each field, by its name such as `wordings.receipt.de.subject`."""
    found: dict[str, str] = {}
    for field, message in (*_of_texts(branding), *_of_looks(branding), *_of_wordings(branding)):
        found.setdefault(field, message)
    return found


def is_logo(url: str) -> bool:
    """Whether mails may show the picture at that address: https, a host, no credentials, plain characters."""
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return bool(_LOGO.fullmatch(url) and parts.scheme == "https" and parts.hostname and port_is_fine)


def is_accent(color: str) -> bool:
    """Whether the button's text can be read on it."""
    return is_color(color) and contrast(color, BUTTON_TEXT) >= CONTRAST_MIN


def _of_texts(branding: Branding) -> Iterator[Problem]:
    yield from _of_line("display_name", branding.display_name, NAME_MAX)
    yield from _of_line("reply_to", branding.reply_to, ADDRESS_MAX)
    yield from _of_text("footer", branding.footer, FOOTER_MAX)
    if branding.reply_to is not None and not is_address(branding.reply_to):
        yield "reply_to", "Must be one e-mail address without a name, such as billing@example.com."
    if spoken_as(branding.default_language) is None:
        yield "default_language", f"Must be one of {', '.join(LANGUAGES)}, also with a region such as de-AT."


def _of_looks(branding: Branding) -> Iterator[Problem]:
    yield from _of_line("logo_url", branding.logo_url, LOGO_URL_MAX)
    if branding.logo_url is not None and not is_logo(branding.logo_url):
        yield "logo_url", "Must be an https address of a picture: mail programs show no others."
    color = branding.accent_color
    if color is not None and not is_color(color):
        yield "accent_color", "Must be a colour as #rrggbb, such as #1f5f8b."
    elif color is not None and not is_accent(color):
        yield (
            "accent_color",
            (
                f"White text on it has a contrast of {contrast(color, BUTTON_TEXT):.1f} to 1, which is hard to read. "
                f"It takes {CONTRAST_MIN}: choose a darker colour."
            ),
        )


def _of_wordings(branding: Branding) -> Iterator[Problem]:
    for (stage, language), wording in branding.wordings.items():
        place = f"wordings.{stage}.{language}"
        if spoken_as(language) is None:
            yield place, f"We do not write in that language. There are: {', '.join(LANGUAGES)}."
        yield from _of_wording(place, wording)


def _of_wording(place: str, wording: Wording) -> Iterator[Problem]:
    yield from _of_line(f"{place}.subject", wording.subject, SUBJECT_MAX)
    yield from _of_line(f"{place}.heading", wording.heading, HEADING_MAX)
    yield from _of_text(f"{place}.body", wording.body, BODY_MAX)
    for part, text in (("subject", wording.subject), ("heading", wording.heading), ("body", wording.body)):
        problem = None if text is None else problem_with(text)
        if problem is not None:
            yield f"{place}.{part}", problem


def _of_line(field: str, text: str | None, longest: int) -> Iterator[Problem]:
    if text is not None and ("\n" in text or clean(text) != text):
        yield field, "Must be one line without control characters."
    yield from _of_text(field, text, longest)


def _of_text(field: str, text: str | None, longest: int) -> Iterator[Problem]:
    if text is None:
        return
    if not text.strip():
        yield field, "Must not be blank. Leave it out for ours."
    if len(text) > longest:
        yield field, f"Must have at most {longest} characters; it has {len(text)}."
    if clean(text) != text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "):
        yield field, "Must not hold control characters."
