"""What one mail says, before it is text or HTML: our words or the firm's, filled."""

from dataclasses import dataclass

from adapters.notice_templates.branding_checks import is_accent, is_logo
from adapters.notice_templates.catalogs import words
from adapters.notice_templates.cleaning import clean, one_line, shortened
from adapters.notice_templates.languages import Spoken
from adapters.notice_templates.placeholders import Values, fill, fill_paragraphs
from adapters.notice_templates.values import values_of
from domain.model.notices import NoticeContent, NoticeStage, Wording

SUBJECT_MAX = 78
"""In one header line. Source: RFC 5322, section 2.1.1."""
DEFAULT_ACCENT = "#1f5f8b"
_PREHEADER_MAX = 140

_OPEN = (("invoice_number", "invoice_number"), ("amount", "amount"), ("due_on", "due_on"), ("card", "card"))
_CARD = (("card", "card"), ("card_expires", "card_expires"))
# Which facts stand below the text: (label in the catalog, placeholder).
_DETAILS = {
    NoticeStage.PAYMENT_FAILED: (*_OPEN, ("retry_on", "retry_on")),
    NoticeStage.PAYMENT_URGENT: (*_OPEN, ("retry_on", "retry_on")),
    NoticeStage.SUSPENSION_WARNING: (*_OPEN, ("retry_on", "retry_on")),
    NoticeStage.FINAL_NOTICE: _OPEN,
    NoticeStage.AUTHENTICATION_NEEDED: _OPEN,
    NoticeStage.RECEIPT: (
        ("invoice_number", "invoice_number"),
        ("amount_paid", "amount"),
        ("paid_on", "paid_on"),
        ("card", "card"),
    ),
    NoticeStage.CARD_EXPIRING: _CARD,
    NoticeStage.CARD_CHANGED: _CARD,
    NoticeStage.DISPUTE_RECEIVED: (("invoice_number", "invoice_number"), ("amount_disputed", "amount")),
}


@dataclass(frozen=True)
class Composition:
    """Plain text throughout; `greeting` and `closing` are empty where the firm's own words stand for all of the body.

    `details` are pairs of a label and its value.
    """

    tag: str
    language: str
    subject: str
    preheader: str
    heading: str
    greeting: str
    paragraphs: tuple[str, ...]
    details: tuple[tuple[str, str], ...]
    button: str
    link: str
    link_intro: str
    closing: str
    firm_name: str
    footer: tuple[str, ...]
    logo_url: str | None
    accent_color: str

    def labelled(self, label: str, value: str) -> str:
        """Both on one line of the text part, as the language sets them."""
        return fill(words(self.language).gettext("labelled"), {"label": label, "value": value}) or ""


def compose(content: NoticeContent, spoken: Spoken) -> Composition:
    """The mail in that language."""
    values, own = values_of(content, spoken), _own_wording(content, spoken)
    say, stage, branding = words(spoken.language).gettext, content.stage, content.branding
    heading = _line(own.heading, values) or say(f"{stage}.heading")
    paragraphs = fill_paragraphs(clean(own.body), values) if own.body else []
    is_own_body = bool(paragraphs)
    paragraphs = paragraphs or fill_paragraphs(say(f"{stage}.body"), values)
    logo, accent = branding.logo_url, branding.accent_color
    footer_why = fill(say("footer.why"), values) or ""
    return Composition(
        tag=spoken.tag,
        language=spoken.language,
        subject=_subject(own.subject, values) or _subject(say(f"{stage}.subject"), values) or heading,
        preheader=shortened(one_line(paragraphs[0]), _PREHEADER_MAX) if is_own_body else say(f"{stage}.preheader"),
        heading=heading,
        greeting="" if is_own_body else fill(say("greeting"), values) or "",
        paragraphs=tuple(paragraphs),
        details=tuple(_details(content, values, spoken)),
        button=say(f"{stage}.button"),
        link=values["link"] or "",
        link_intro=say("link.spelled"),
        closing="" if is_own_body else say("closing"),
        firm_name=values["firm_name"] or "",
        footer=tuple(filter(None, (*fill_paragraphs(clean(branding.footer or ""), {}), footer_why))),
        logo_url=logo if logo is not None and is_logo(logo) else None,
        accent_color=accent if accent is not None and is_accent(accent) else DEFAULT_ACCENT,
    )


def _own_wording(content: NoticeContent, spoken: Spoken) -> Wording:
    """The firm's own for exactly this region, else for the language; an empty one where there is none."""
    wordings = content.branding.wordings
    found = wordings.get((content.stage, spoken.tag)) or wordings.get((content.stage, spoken.language))
    return found or Wording()


def _line(wording: str | None, values: Values) -> str:
    return one_line(fill(wording, values) or "") if wording else ""


def _subject(wording: str | None, values: Values) -> str:
    return shortened(_line(wording, values), SUBJECT_MAX)


def _details(content: NoticeContent, values: Values, spoken: Spoken) -> list[tuple[str, str]]:
    say = words(spoken.language).gettext
    named = ((label, values[name]) for label, name in _DETAILS[content.stage])
    return [(say(f"detail.{label}"), value) for label, value in named if value]
