"""Notices about nobody, to look at."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from domain.model.decline_categories import DeclineCategory
from domain.model.money import Money
from domain.model.notices import Branding, NoticeContent, NoticeStage

_WITH_RETRY = frozenset(
    [
        NoticeStage.PAYMENT_FAILED,
        NoticeStage.PAYMENT_URGENT,
        NoticeStage.SUSPENSION_WARNING,
    ]
)
_ABOUT_CARDS = frozenset([NoticeStage.CARD_EXPIRING, NoticeStage.CARD_CHANGED])
_WITH_REASON = _WITH_RETRY | {NoticeStage.FINAL_NOTICE}


@dataclass(frozen=True)
class Sample:
    """Which mail to look at; `category` is of use to the stages that follow a failure."""

    stage: NoticeStage
    firm_name: str
    branding: Branding = field(default_factory=Branding)
    language: str | None = None
    category: DeclineCategory | None = None


def sample_content(sample: Sample, today: date) -> NoticeContent:
    """What such a mail could hold."""
    stage, branding = sample.stage, sample.branding
    is_about_card = stage in _ABOUT_CARDS
    category = sample.category or DeclineCategory.INSUFFICIENT_FUNDS
    return NoticeContent(
        stage=stage,
        languages=(*filter(None, [sample.language]), branding.default_language),
        firm_name=branding.display_name or sample.firm_name,
        client_name="Example Customer",
        link="https://pay.example.com/p/sample",
        amount=None if is_about_card else Money(123_450, "eur"),
        invoice_number=None if is_about_card else "2026-0042",
        due_on=None if is_about_card else today - timedelta(days=5),
        paid_on=today if stage is NoticeStage.RECEIPT else None,
        retry_on=today + timedelta(days=3) if stage in _WITH_RETRY else None,
        category=category if stage in _WITH_REASON else None,
        card_brand="visa",
        card_last4="4242",
        card_exp_month=today.month if is_about_card else None,
        card_exp_year=today.year if is_about_card else None,
        branding=branding,
    )
