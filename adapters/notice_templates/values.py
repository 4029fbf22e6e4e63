"""What the placeholders stand for in one mail."""

from adapters.notice_templates.catalogs import words
from adapters.notice_templates.cleaning import one_line, shortened
from adapters.notice_templates.formats import amount_text, day_text, month_text
from adapters.notice_templates.languages import Spoken
from adapters.notice_templates.placeholders import fill
from domain.model.decline_categories import for_customer
from domain.model.notices import NoticeContent

_NAME_MAX = 100
# As Stripe spells them. Source: docs.stripe.com/api/payment_methods/object#payment_method_object-card-brand, read
# 2026-11.
_BRANDS = {
    "amex": "American Express",
    "cartes_bancaires": "Cartes Bancaires",
    "diners": "Diners Club",
    "discover": "Discover",
    "eftpos_au": "eftpos",
    "jcb": "JCB",
    "mastercard": "Mastercard",
    "unionpay": "UnionPay",
    "visa": "Visa",
}


def values_of(content: NoticeContent, spoken: Spoken) -> dict[str, str | None]:
    """A text for each name in `domain.model.notices.PLACEHOLDERS`, on one line each; None: not known."""
    say, category = words(spoken.language).gettext, content.category and for_customer(content.category)
    return {
        "firm_name": _name(content.firm_name),
        "client_name": _name(content.client_name),
        "invoice_number": _name(content.invoice_number or "") or None,
        "amount": amount_text(content.amount, spoken.locale) if content.amount else None,
        "due_on": day_text(content.due_on, spoken.locale) if content.due_on else None,
        "paid_on": day_text(content.paid_on, spoken.locale) if content.paid_on else None,
        "retry_on": day_text(content.retry_on, spoken.locale) if content.retry_on else None,
        "reason": say(f"reason.{category}") if category else None,
        "remedy": say(f"remedy.{category}") if category else None,
        "card": _card(content, spoken),
        "card_expires": _card_expires(content, spoken),
        "link": one_line(content.link),
    }


def _name(text: str) -> str:
    return shortened(one_line(text), _NAME_MAX)


def _card(content: NoticeContent, spoken: Spoken) -> str | None:
    if not content.card_last4:
        return None
    say = words(spoken.language).gettext
    brand = _BRANDS.get(content.card_brand or "", say("card.any"))
    return fill(say("card"), {"brand": brand, "last4": one_line(content.card_last4)})


def _card_expires(content: NoticeContent, spoken: Spoken) -> str | None:
    if content.card_exp_year is None or content.card_exp_month is None:
        return None
    return month_text(content.card_exp_year, content.card_exp_month, spoken.locale)
