"""The port `CustomerPages`: a customer's page of an invoice, in the words and with the branding of the mails."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from adapters.notice_templates.branding_checks import is_accent, is_logo
from adapters.notice_templates.catalogs import words
from adapters.notice_templates.cleaning import clean, one_line
from adapters.notice_templates.composition import DEFAULT_ACCENT
from adapters.notice_templates.languages import Spoken, first_spoken
from adapters.notice_templates.placeholders import fill
from adapters.notice_templates.values import values_of
from domain.model.cards import Card
from domain.model.customer_page import PageContent, PageState
from domain.model.notices import NoticeContent, NoticeStage
from ports.customer_pages import PageFrame, RenderedPage


@dataclass(frozen=True)
class _Words:
    """The catalog's texts, filled with what this page knows."""

    content: PageContent
    spoken: Spoken

    def __call__(self, place: str) -> str:
        return fill(words(self.spoken.language).gettext(f"page.{place}"), self._values(None)) or ""

    def label(self, name: str) -> str:
        return words(self.spoken.language).gettext(f"detail.{name}")

    def value(self, name: str) -> str:
        return self._values(None)[name] or ""

    def card(self, card: Card) -> str:
        return self._values(card)["card"] or words(self.spoken.language).gettext("card.any")

    def _values(self, card: Card | None) -> dict[str, str | None]:
        content = self.content
        known = NoticeContent(
            stage=NoticeStage.PAYMENT_FAILED,
            languages=content.languages,
            firm_name=content.firm_name,
            client_name="",
            link="",
            amount=content.amount,
            invoice_number=content.invoice_number,
            due_on=content.due_on,
            category=content.category,
            card_brand=card.brand if card else None,
            card_last4=card.last4 if card else None,
        )
        return values_of(known, self.spoken)


class TemplateCustomerPages:
    """The port `CustomerPages`."""

    def __init__(self) -> None:
        self._html = Environment(
            loader=PackageLoader("adapters.notice_templates", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def render(self, content: PageContent, frame: PageFrame) -> RenderedPage:
        """The page; see the port."""
        spoken = first_spoken(content.languages)
        branding = content.branding
        logo = branding.logo_url if branding.logo_url is not None and is_logo(branding.logo_url) else None
        accent = branding.accent_color if branding.accent_color and is_accent(branding.accent_color) else DEFAULT_ACCENT
        html = self._html.get_template("customer_page.html").render(
            say=_Words(content, spoken),
            content=content,
            frame=frame,
            lang=spoken.tag,
            is_open=content.state is PageState.OPEN,
            is_waiting=content.state is PageState.WAITING,
            firm_name=one_line(content.firm_name),
            footer=clean(branding.footer or "").strip(),
            logo=logo,
            accent=accent.lstrip("#").lower(),
        )
        return RenderedPage(html, spoken.tag, _origin(logo))

    def language_of(self, content: PageContent) -> str:
        """The page's language without a region; see the port."""
        return first_spoken(content.languages).language


def _origin(logo: str | None) -> str | None:
    if logo is None:
        return None
    parts = urlsplit(logo)
    return f"{parts.scheme}://{parts.netloc}"
