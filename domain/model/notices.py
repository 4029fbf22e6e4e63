"""Mails to a firm's customers: which there are, and what each of them says."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from domain.model.decline_categories import DeclineCategory
from domain.model.money import Money


class NoticeStage(StrEnum):
    """What a mail is about. The first four follow the failures of a course and outrank each other in this order."""

    PAYMENT_FAILED = "payment_failed"
    PAYMENT_URGENT = "payment_urgent"
    SUSPENSION_WARNING = "suspension_warning"
    FINAL_NOTICE = "final_notice"
    AUTHENTICATION_NEEDED = "authentication_needed"
    """In place of one of the first three, when the bank asks for the cardholder."""
    RECEIPT = "receipt"
    CARD_EXPIRING = "card_expiring"
    CARD_CHANGED = "card_changed"
    DISPUTE_RECEIVED = "dispute_received"


@dataclass(frozen=True)
class Wording:
    """A firm's own words for one stage in one language, with placeholders from `PLACEHOLDERS`; None: ours."""

    subject: str | None = None
    heading: str | None = None
    body: str | None = None


@dataclass(frozen=True)
class Branding:
    """How a firm's mails and customer page look. Colours are `#rrggbb`; `logo_url` is https.

    `wordings` are by (stage, language).
    """

    display_name: str | None = None
    logo_url: str | None = None
    accent_color: str | None = None
    reply_to: str | None = None
    footer: str | None = None
    default_language: str = "en"
    wordings: dict[tuple[NoticeStage, str], Wording] = field(default_factory=dict)


@dataclass(frozen=True)
class NoticeContent:
    """Everything that a mail is made of. What a stage does not speak of is None.

    `languages` are tried in order: the client's locale (such as `de-AT`), then the firm's; English is the last resort.
    `link` is the customer's own page. `retry_on` is the day of the next automatic attempt, `timezone` the client's.
    """

    stage: NoticeStage
    languages: tuple[str, ...]
    firm_name: str
    client_name: str
    link: str
    amount: Money | None = None
    invoice_number: str | None = None
    due_on: date | None = None
    paid_on: date | None = None
    retry_on: date | None = None
    category: DeclineCategory | None = None
    card_brand: str | None = None
    card_last4: str | None = None
    card_exp_month: int | None = None
    card_exp_year: int | None = None
    branding: Branding = field(default_factory=Branding)


PLACEHOLDERS = frozenset(
    [
        "firm_name",
        "client_name",
        "invoice_number",
        "amount",
        "due_on",
        "paid_on",
        "retry_on",
        "reason",
        "card",
        "link",
    ]
)
"""What a firm's own wording may use, as `{{amount}}`. Everything else in braces is refused, and all text is escaped."""
