"""Mails to a firm's customers: which there are, and what each of them says."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from domain.model.decline_categories import DeclineCategory
from domain.model.money import Money

LANGUAGES = ("en", "de", "fr", "es")
"""What mails are written in; the first is the last resort."""


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

    @property
    def label(self) -> str:
        """As the timeline names it."""
        return self.value.replace("_", " ")


@dataclass(frozen=True)
class Wording:
    """A firm's own words for one stage in one language, with placeholders from `PLACEHOLDERS`; None: ours.

    Subject and heading are one line each. A body is plain text; a blank line ends a paragraph, and one that speaks of
    something that is not known (`{{retry_on}}` where no attempt follows) is left out. It stands in place of everything
    between heading and details, with greeting and closing.
    """

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
        "remedy",
        "card",
        "card_expires",
        "link",
    ]
)
"""What a firm's own wording may use, as `{{amount}}`. Everything else in braces is refused, and all text is escaped."""


class NoticeStatus(StrEnum):
    """What became of a notice."""

    SENDING = "sending"
    """It left, or was about to: sent again under the same Message-ID when nobody knows."""
    SENT = "sent"
    SKIPPED = "skipped"
    REFUSED = "refused"


@dataclass(frozen=True)
class Notice:
    """One mail to a customer, or why there was none. `id` is in its Message-ID. Addresses are not kept here.

    `subject_id` is the invoice's id, or the card's for a notice about a card.
    """

    id: str
    firm_id: str
    client_id: str
    subject_id: str
    stage: NoticeStage
    cause_key: str
    status: NoticeStatus
    created_at: datetime
    invoice_id: str | None = None
    language: str | None = None
    sent_at: datetime | None = None
    reason: str | None = None
