"""What a gateway may answer to a charge: five outcomes, and the case that it was surely not reached."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from domain.model.disputes import DisputeTelling
from domain.model.payment_facts import PaymentFact
from domain.model.refunds import RefundTelling

KEY_LIFE = timedelta(hours=23)
"""A request is repeated under its idempotency key while it is younger: Stripe may forget a key after 24 h, and what is
sent under a forgotten one moves money again. Source: docs.stripe.com/api/idempotent_requests."""
ABSENCE_APART = timedelta(seconds=60)
"""Two look-ups so far apart that both find nothing say that a request never arrived."""


@dataclass(frozen=True)
class Succeeded:
    """Money moved."""

    fact: PaymentFact


@dataclass(frozen=True)
class Declined:
    """The bank said no."""

    fact: PaymentFact


@dataclass(frozen=True)
class Pending:
    """Neither yet: the intent is processing, or waits for the customer."""

    fact: PaymentFact


@dataclass(frozen=True)
class Refused:
    """Our own fault: the gateway would not take the request. `is_method_gone` when only the payment method is the
    matter.
    """

    reason: str
    code: str | None = None
    is_method_gone: bool = False
    stripe_payment_intent_id: str | None = None


class UnknownCause(StrEnum):
    """Why the outcome is unknown."""

    LOST = "lost"
    """Time-out or a connection that broke after the request had left."""
    SERVER_ERROR = "server_error"
    """Any 5xx; Stripe would repeat a stored one."""
    CONFLICT = "conflict"
    """The same key is still being worked on: asking again may tell."""
    UNEXPECTED_STATE = "unexpected_state"
    """The intent is not in the state that we believed: only a look-up tells what became of it."""


@dataclass(frozen=True)
class Unknown:
    """Perhaps money moved; settled before anything else is charged."""

    cause: UnknownCause
    reason: str


@dataclass(frozen=True)
class NotReached:
    """The gateway surely did not begin: DNS, connect or TLS failure, or a rate limit. Put off, no attempt."""

    reason: str


ChargeAnswer = Succeeded | Declined | Pending | Refused | Unknown | NotReached


@dataclass(frozen=True)
class Found:
    """The look-up shows what became of the attempt, and perhaps of other payments on the same intent."""

    facts: tuple[PaymentFact, ...]


@dataclass(frozen=True)
class Absent:
    """The gateway has no trace of the attempt. `facts` are of other payments on the same intent."""

    facts: tuple[PaymentFact, ...] = ()


LookUpAnswer = Found | Absent | NotReached


@dataclass(frozen=True)
class Refunded:
    """The gateway took the refund; its status says how far it has come."""

    telling: RefundTelling


RefundAnswer = Refunded | Refused | Unknown | NotReached
RefundLookUpAnswer = Refunded | Absent | NotReached


@dataclass(frozen=True)
class DisputeShown:
    """The dispute as the gateway shows it now."""

    telling: DisputeTelling


DisputeAnswer = DisputeShown | Refused | Unknown | NotReached
