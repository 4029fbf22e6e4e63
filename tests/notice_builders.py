"""Contents of notices for tests."""

from datetime import date
from typing import Any

from domain.model.decline_categories import DeclineCategory
from domain.model.money import Money
from domain.model.notices import Branding, Notice, NoticeContent, NoticeStage, NoticeStatus, Wording
from tests.builders import CLIENT_ID, FIRM_ID, INVOICE_ID, NOW

LINK = "https://pay.example/p/3q2-7Aab_c"


def a_notice(**fields: Any) -> NoticeContent:
    """Everything that any stage may speak of; a first failure unless said otherwise."""
    whole: dict[str, Any] = {
        "stage": NoticeStage.PAYMENT_FAILED,
        "languages": ("en",),
        "firm_name": "North Ltd",
        "client_name": "Acme GmbH",
        "link": LINK,
        "amount": Money(123_450, "eur"),
        "invoice_number": "2026-0001",
        "due_on": date(2026, 3, 1),
        "paid_on": date(2026, 3, 4),
        "retry_on": date(2026, 3, 5),
        "category": DeclineCategory.INSUFFICIENT_FUNDS,
        "card_brand": "visa",
        "card_last4": "4242",
        "card_exp_month": 3,
        "card_exp_year": 2026,
    }
    return NoticeContent(**{**whole, **fields})


def a_bare_notice(stage: NoticeStage, *languages: str) -> NoticeContent:
    """Nothing but what every notice has."""
    return NoticeContent(stage, languages, "North Ltd", "Acme GmbH", LINK)


def own_words(stage: NoticeStage = NoticeStage.PAYMENT_FAILED, language: str = "en", **parts: str) -> Branding:
    """A branding with own words for one stage in one language."""
    return Branding(wordings={(stage, language): Wording(**parts)})


def a_kept_notice(**fields: Any) -> Notice:
    """The mail about an invoice's first failure, on its way."""
    whole: dict[str, Any] = {
        "id": "ntc_1",
        "firm_id": FIRM_ID,
        "client_id": CLIENT_ID,
        "subject_id": INVOICE_ID,
        "stage": NoticeStage.PAYMENT_FAILED,
        "cause_key": "ch_1",
        "status": NoticeStatus.SENDING,
        "created_at": NOW,
        "invoice_id": INVOICE_ID,
    }
    return Notice(**{**whole, **fields})
