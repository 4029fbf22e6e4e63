"""An invoice: what people decided about it, what happened to its payments, and the figures that follow from both.

Nothing here is pushed from status to status. `derive` looks at all facts and says what is so; the columns that
queries use are
copies of its answer, rewritten in the transaction that records a fact.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from domain.model.attempts import Attempt, OwnAttempt
from domain.model.declines import FailureCode
from domain.model.disputes import Dispute
from domain.model.exposure import Exposure, Reversals
from domain.model.payment_facts import PaymentFact
from domain.model.retries import Course, RetrySlot


class InvoiceStatus(StrEnum):
    """What an invoice is, for queries and people."""

    DRAFT = "draft"
    SENT = "sent"
    PAID = "paid"
    FAILED = "failed"
    OVERDUE = "overdue"
    DISPUTED = "disputed"
    CHARGED_BACK = "charged_back"
    REFUNDED = "refunded"
    PARTIALLY_REFUNDED = "partially_refunded"
    VOID = "void"


@dataclass(frozen=True)
class Invoice:
    """What was decided about an invoice. Amounts are minor units of `currency`; `given_payment_intent_id` came from
    the host.

    `paused_reason` says why collection is held: an administrator's word, a customer's promise, or what Stripe refused.
    With `paused_until` it goes on by itself then.
    """

    id: str
    firm_id: str
    client_id: str
    number: str
    currency: str
    amount_due: int
    autopay: bool
    created_at: datetime
    due_on: date | None = None
    description: str | None = None
    given_payment_intent_id: str | None = None
    stripe_invoice_id: str | None = None
    sent_at: datetime | None = None
    voided_at: datetime | None = None
    paused_at: datetime | None = None
    paused_reason: str | None = None
    paused_until: datetime | None = None
    released_slot_key: str | None = None
    link_serial: int = 0


@dataclass(frozen=True)
class InvoiceFacts:
    """Everything that an invoice's figures are a function of. `version` guards against a lost update."""

    invoice: Invoice
    attempts: tuple[OwnAttempt, ...] = ()
    payments: tuple[PaymentFact, ...] = ()
    version: int = 0
    reversals: Reversals = field(default_factory=Reversals)

    @property
    def disputes(self) -> tuple[Dispute, ...]:
        """The invoice's disputes."""
        return self.reversals.disputes


@dataclass(frozen=True)
class InvoiceFigures:
    """The derived columns of an invoice. Amounts are minor units of its currency; times are aware UTC."""

    status: InvoiceStatus
    amount_paid: int = 0
    amount_refunded: int = 0
    amount_disputed: int = 0
    payment_failed_at: datetime | None = None
    payment_failure_reason: str | None = None
    payment_failure_code: FailureCode | None = None
    payment_decline_code: str | None = None
    payment_retry_count: int = 0
    last_payment_retry_at: datetime | None = None
    next_payment_retry_at: datetime | None = None
    paid_at: datetime | None = None
    stripe_payment_intent_id: str | None = None


@dataclass(frozen=True)
class Intents:
    """The invoice's PaymentIntents, oldest first, and those among them that were canceled or have succeeded."""

    known: tuple[str, ...]
    ended: frozenset[str]

    def usable(self, preferred: str | None = None) -> str | None:
        """The one PaymentIntent that the next attempt reuses: `preferred` or else the newest, unless it has ended.

        At most one success can come of one PaymentIntent, which is why there is one at a time. design.md 5.
        """
        candidates = (*self.known, preferred)
        return next(
            (intent_id for intent_id in reversed(candidates) if intent_id and intent_id not in self.ended), None
        )


@dataclass(frozen=True)
class Hold:
    """Why the next automatic attempt waits for a person; `tag` is what `/resume` releases.

    One that `stops_everything` keeps a person's own `/charge` from leaving as well.
    """

    tag: str
    reason: str
    stops_everything: bool = False


@dataclass(frozen=True)
class InvoiceState:
    """What the facts of one invoice amount to. `hold` is one that nobody has released yet.

    `undisputed` is the status that the facts give without their open chargebacks; `exposures` are the payments with
    what stands against each.
    """

    figures: InvoiceFigures
    attempts: tuple[Attempt, ...]
    course: Course
    slot: RetrySlot | None
    hold: Hold | None
    is_collected_by_stripe: bool
    intents: Intents
    amount_due: int
    undisputed: InvoiceStatus
    exposures: tuple[Exposure, ...]

    @property
    def is_disputed(self) -> bool:
        """Whether a chargeback is open: then collection waits."""
        return self.figures.status is InvoiceStatus.DISPUTED

    @property
    def open_attempt(self) -> Attempt | None:
        """The attempt whose outcome is still to come, ours or external, if there is one."""
        return next((attempt for attempt in self.attempts if attempt.is_open), None)

    @property
    def amount_open(self) -> int:
        """What is still owed, in minor units, never below zero."""
        return max(0, self.amount_due - self.figures.amount_paid)

    @property
    def overpaid_minor(self) -> int:
        """What came in beyond the debt and was not given back, in minor units."""
        return max(0, self.figures.amount_paid - self.figures.amount_refunded - self.amount_due)


_ENDED = {
    InvoiceStatus.PAID: "The invoice is paid.",
    InvoiceStatus.VOID: "The invoice is void.",
    InvoiceStatus.DISPUTED: "A dispute is open; nothing is charged until it is closed.",
    InvoiceStatus.CHARGED_BACK: "The payment was charged back; nothing more is charged.",
    InvoiceStatus.REFUNDED: "The invoice was refunded; nothing more is charged.",
    InvoiceStatus.PARTIALLY_REFUNDED: "The invoice was paid and partly refunded; nothing more is charged.",
}


def blocking_reason(invoice: Invoice, state: InvoiceState) -> str | None:
    """Why the invoice may not be charged now, in words, leaving open attempts aside; None when it may."""
    ended = _ENDED.get(state.figures.status)
    if ended is not None:
        return ended
    if invoice.paused_at is not None:
        return f"Collection is held: {invoice.paused_reason or 'paused'}. Resume it first."
    if state.hold is not None and state.hold.stops_everything:
        return state.hold.reason
    if state.amount_open <= 0:
        return "Nothing is owed."
    return None
