"""What the bank in memory speaks of: troubles, moods, charges, PaymentIntents, refunds, disputes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.model.answers import UnknownCause
from domain.model.declines import DeclineCodes
from domain.model.disputes import Movement

OPEN_STATUSES = ("requires_payment_method", "requires_confirmation", "requires_action")


class Trouble(StrEnum):
    """What can happen to one request that writes."""

    UNREACHABLE = "unreachable"
    """No connection: nothing left."""
    RATE_LIMITED = "rate_limited"
    """429: turned away before anything began."""
    REQUEST_LOST = "request_lost"
    """It left, never arrived, and no answer came."""
    ANSWER_LOST = "answer_lost"
    """It was carried out, and the answer was lost."""
    ERROR_BEFORE = "error_before"
    """500, and nothing was done; stored under the key."""
    ERROR_AFTER = "error_after"
    """500, and all of it was done; stored under the key."""
    KEY_IN_USE = "key_in_use"
    """409: a request with this key is still running."""


class BankTrouble(Exception):
    """No answer, or one without content. `cause` is None when the request surely did not begin."""

    def __init__(self, cause: UnknownCause | None, reason: str) -> None:
        super().__init__(reason)
        self.cause = cause
        self.reason = reason


class BankRefusal(Exception):
    """The request is not one that the bank takes; nothing happened."""

    def __init__(self, reason: str, code: str, *, is_method_gone: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.is_method_gone = is_method_gone


@dataclass(frozen=True)
class Mood:
    """How a card answers: always well; or declined with `decline_code`, for ever or for the next `succeed_after`
    charges; or neither until it is settled (`is_processing`).
    """

    decline_code: str | None = None
    advice_code: str | None = None
    succeed_after: int | None = None
    is_processing: bool = False


@dataclass(frozen=True)
class BankCharge:
    """One charge as the bank did it. `status` is succeeded, failed or pending."""

    id: str
    stripe_payment_intent_id: str
    status: str
    amount_minor: int
    currency: str
    stripe_payment_method_id: str
    created_at: datetime
    invoice_id: str | None = None
    attempt_id: str | None = None
    codes: DeclineCodes = DeclineCodes()
    message: str | None = None


@dataclass(frozen=True)
class BankIntent:
    """One PaymentIntent. `is_billed` when an invoice of Stripe's owns it, which alone sets the amount."""

    id: str
    stripe_customer_id: str
    status: str
    amount_minor: int
    currency: str
    created_at: datetime
    stripe_payment_method_id: str | None = None
    invoice_id: str | None = None
    attempt_id: str | None = None
    is_billed: bool = False
    charges: tuple[BankCharge, ...] = ()


@dataclass(frozen=True)
class BankRefund:
    """One refund. `status` is one of Stripe's; `refund_id` and `invoice_id` are its metadata."""

    id: str
    charge: BankCharge
    amount_minor: int
    status: str
    created_at: datetime
    reason: str | None = None
    failure_reason: str | None = None
    refund_id: str | None = None
    invoice_id: str | None = None


@dataclass(frozen=True)
class BankDispute:
    """One dispute. `status` is one of Stripe's; `due_by` is None where no answer is possible."""

    id: str
    charge: BankCharge
    amount_minor: int
    currency: str
    status: str
    created_at: datetime
    due_by: datetime | None = None
    reason: str = "fraudulent"
    fee_minor: int = 1500
    submissions: int = 0
    movements: tuple[Movement, ...] = ()
