"""Refunds: what Stripe told of each, wherever it was made, and what we asked for ourselves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from domain.model.money import Money
from domain.model.snapshots import by_rank, that_count
from domain.model.snapshots import told as told_by


class RefundStatus(StrEnum):
    """Stripe's statuses of a refund. A canceled one counts like a failed one: the customer did not get the money."""

    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


# A refund can fail up to 30 days after it succeeded, never the other way round. Source: docs.stripe.com/refunds.
_RANK = {status: rank for rank, status in enumerate(RefundStatus)}
ON_ITS_WAY = frozenset({RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION})
CAME_TO_NOTHING = frozenset({RefundStatus.FAILED, RefundStatus.CANCELED})


@dataclass(frozen=True)
class RefundTelling:
    """One snapshot of a refund. `request_id` is our own id from its metadata. Amounts are minor units."""

    stripe_refund_id: str
    status: RefundStatus
    told_at: datetime
    amount_minor: int
    currency: str
    created_at: datetime | None = None
    stripe_charge_id: str | None = None
    stripe_payment_intent_id: str | None = None
    reason: str | None = None
    failure_reason: str | None = None
    request_id: str | None = None

    @property
    def rank(self) -> int:
        """How far along its life the refund is."""
        return _RANK[self.status]

    @property
    def phase(self) -> str:
        """Its status."""
        return self.status


@dataclass(frozen=True)
class Refund:
    """A refund as its tellings make it: those that still count, in order, at least one."""

    tellings: tuple[RefundTelling, ...]

    @property
    def stripe_refund_id(self) -> str:
        """Stripe's id."""
        return self.newest.stripe_refund_id

    @cached_property
    def newest(self) -> RefundTelling:
        """The snapshot that is furthest along, with what earlier ones alone tell of."""
        names = ("created_at", "stripe_charge_id", "stripe_payment_intent_id", "reason", "failure_reason", "request_id")
        return replace(self.tellings[-1], **{name: told_by(self.tellings, name) for name in names})

    @property
    def status(self) -> RefundStatus:
        """Where it stands."""
        return self.newest.status

    @property
    def money(self) -> Money:
        """What it gives back."""
        return Money(self.newest.amount_minor, self.newest.currency)

    @property
    def created_at(self) -> datetime:
        """When it was made, else when it was first told of."""
        return self.newest.created_at or self.tellings[0].told_at

    @property
    def succeeded_at(self) -> datetime | None:
        """When it was first told of as succeeded, even if it failed later."""
        times = (telling.told_at for telling in self.tellings if telling.status is RefundStatus.SUCCEEDED)
        return min(times, default=None)

    @property
    def failed_at(self) -> datetime | None:
        """When it was first told of as failed or canceled."""
        return min((telling.told_at for telling in self.tellings if telling.status in CAME_TO_NOTHING), default=None)


def merge_refunds(known: Sequence[Refund], tellings: Iterable[RefundTelling]) -> tuple[Refund, ...]:
    """`known` with `tellings` added: one refund for each Stripe id, whatever the order and the repetitions."""
    by_id: dict[str, list[RefundTelling]] = {refund.stripe_refund_id: list(refund.tellings) for refund in known}
    for telling in tellings:
        by_id.setdefault(telling.stripe_refund_id, []).append(telling)
    return tuple(Refund(that_count(by_id[stripe_id], by_rank)) for stripe_id in sorted(by_id))


@dataclass(frozen=True)
class RefundTotal:
    """What a charge said was refunded of it in all. Newer API versions do not list the refunds with it."""

    stripe_charge_id: str
    amount_minor: int
    currency: str
    told_at: datetime
    stripe_payment_intent_id: str | None = None


def merge_totals(known: Sequence[RefundTotal], told: Iterable[RefundTotal]) -> tuple[RefundTotal, ...]:
    """The newest total of each charge (of one second: the greatest)."""
    newest: dict[str, RefundTotal] = {}
    for total in sorted((*known, *told), key=lambda total: (total.told_at, total.amount_minor, repr(total))):
        newest[total.stripe_charge_id] = total
    return tuple(newest[charge_id] for charge_id in sorted(newest))


def unnamed_minor(total: RefundTotal, refunds: Sequence[Refund]) -> int:
    """What the charge's total holds beyond the refunds of that charge that we can name.

    A refund counted in the total unless it was made later, or had already failed when the total was told. One that
    failed in the same second counted: a total is told when a refund is made, not when it fails.
    """
    counted = (
        refund.money.amount_minor
        for refund in refunds
        if refund.created_at <= total.told_at and (refund.failed_at is None or refund.failed_at >= total.told_at)
    )
    return max(0, total.amount_minor - sum(counted))


class RequestStatus(StrEnum):
    """How far a refund that we asked for has come, until Stripe's refund itself tells."""

    IN_FLIGHT = "in_flight"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class RefundReason(StrEnum):
    """What Stripe takes as a reason. `fraudulent` also blocks the card and the mail address."""

    DUPLICATE = "duplicate"
    FRAUDULENT = "fraudulent"
    REQUESTED_BY_CUSTOMER = "requested_by_customer"


@dataclass(frozen=True)
class RefundRequest:
    """A refund that we asked for. `id` goes into Stripe's metadata; the idempotency key is made from it.

    `refusal` says in words why nothing came of it. `absent_since` is when Stripe was first seen not to have it.
    """

    id: str
    amount_minor: int
    currency: str
    status: RequestStatus
    requested_at: datetime
    requested_by: str
    stripe_charge_id: str | None = None
    stripe_payment_intent_id: str | None = None
    reason: RefundReason | None = None
    first_sent_at: datetime | None = None
    absent_since: datetime | None = None
    is_replay_useless: bool = False
    finished_at: datetime | None = None
    stripe_refund_id: str | None = None
    refusal: str | None = None

    @property
    def idempotency_key(self) -> str:
        """The key under which Stripe carries it out once."""
        return f"dunlin-refund-{self.id}"

    @property
    def money(self) -> Money:
        """What was asked for."""
        return Money(self.amount_minor, self.currency)


def open_requests(requests: Sequence[RefundRequest], refunds: Sequence[Refund]) -> tuple[RefundRequest, ...]:
    """What we asked for and whose outcome nothing tells yet: it stands against its charge like a refund."""
    named_ids = {refund.newest.request_id for refund in refunds}
    told_ids = {refund.stripe_refund_id for refund in refunds}
    return tuple(
        request
        for request in requests
        if request.id not in named_ids
        and request.stripe_refund_id not in told_ids
        and request.status is not RequestStatus.REFUSED
    )
