"""Disputes: what Stripe told of each over time, and what the tellings amount to.

Statuses, fields and the life of a dispute: docs.stripe.com/api/disputes/object and docs.stripe.com/disputes, API
2026-10-28; the statuses that older API versions had are kept.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from domain.model.dispute_statuses import OPEN_STATUSES, STRIPE_STATUSES, DisputeStatus, Stage
from domain.model.money import Money
from domain.model.snapshots import by_time, that_count
from domain.model.snapshots import told as told_by


@dataclass(frozen=True)
class Deadline:
    """Until when Stripe takes an answer; `respond_by` is None when none is possible."""

    respond_by: datetime | None


@dataclass(frozen=True)
class Movement:
    """One balance transaction of a dispute: `amount_minor` is negative for a withdrawal and positive when money came
    back; `fee_minor` is positive for a fee and negative for one that was given back.
    """

    stripe_id: str
    amount_minor: int
    fee_minor: int
    currency: str
    occurred_at: datetime


@dataclass(frozen=True)
class DisputeTelling:
    """One snapshot of a dispute, of an event or fetched. What the snapshot's API version does not show is None.

    `stripe_status` is one of `STRIPE_STATUSES`. The amount, in minor units, may differ from the charge's, and so may
    its currency.
    """

    stripe_dispute_id: str
    stripe_status: str
    told_at: datetime
    amount_minor: int
    currency: str
    opened_at: datetime | None = None
    stripe_charge_id: str | None = None
    stripe_payment_intent_id: str | None = None
    reason: str | None = None
    network_reason_code: str | None = None
    brand: str | None = None
    case_type: str | None = None
    deadline: Deadline | None = None
    submissions: int | None = None
    is_charge_refundable: bool | None = None
    movements: tuple[Movement, ...] = ()

    @property
    def rank(self) -> int:
        """How far its status is along a dispute's life."""
        return STRIPE_STATUSES[self.stripe_status].rank

    @property
    def phase(self) -> str:
        """Its status, and how often evidence had been submitted."""
        return f"{self.stripe_status}:{self.submissions or 0}"

    @property
    def stage(self) -> Stage:
        """The round that it tells of."""
        return STRIPE_STATUSES[self.stripe_status].stage

    @property
    def is_open(self) -> bool:
        """Whether it tells of an end that is still to come."""
        return STRIPE_STATUSES[self.stripe_status].status in OPEN_STATUSES


@dataclass(frozen=True)
class Dispute:
    """A dispute as its tellings make it: those that still count, in order, at least one.

    `movements` are its balance transactions, each once. `accept_requested_at` is our own decision to concede.
    """

    id: str
    tellings: tuple[DisputeTelling, ...]
    movements: tuple[Movement, ...] = ()
    accept_requested_at: datetime | None = None

    @cached_property
    def newest(self) -> DisputeTelling:
        """The newest snapshot, with what earlier ones alone tell of."""
        names = (
            "opened_at",
            "stripe_charge_id",
            "stripe_payment_intent_id",
            "reason",
            "network_reason_code",
            "brand",
            "case_type",
            "deadline",
            "submissions",
        )
        return replace(self.tellings[-1], **{name: told_by(self.tellings, name) for name in names})

    @property
    def is_charge_refundable(self) -> bool | None:
        """Stripe's word, in this round, on whether the charge may be refunded; None when it gave none. What it said
        of an inquiry does not hold for the chargeback that follows.
        """
        words = (telling.is_charge_refundable for telling in reversed(self.tellings) if telling.stage is self.stage)
        return next((word for word in words if word is not None), None)

    @property
    def stripe_dispute_id(self) -> str:
        """Stripe's id."""
        return self.newest.stripe_dispute_id

    @property
    def stripe_status(self) -> str:
        """Stripe's own status."""
        return self.newest.stripe_status

    @property
    def status(self) -> DisputeStatus:
        """Where it stands."""
        return STRIPE_STATUSES[self.stripe_status].status

    @property
    def stage(self) -> Stage:
        """The round that it is in."""
        return self.newest.stage

    @property
    def money(self) -> Money:
        """What is disputed."""
        return Money(self.newest.amount_minor, self.newest.currency)

    @property
    def is_open(self) -> bool:
        """Whether its end is still to come."""
        return self.newest.is_open

    @property
    def is_inquiry(self) -> bool:
        """A question of the bank's that takes no money. The prefix alone tells it on every payment method."""
        return self.stage is Stage.INQUIRY

    @property
    def is_open_chargeback(self) -> bool:
        """Whether money is withdrawn until it ends."""
        return self.is_open and not self.is_inquiry

    @property
    def is_loss(self) -> bool:
        """Lost, and not (yet) won back: an appeal changes nothing until it is won."""
        return self.status is DisputeStatus.LOST or self.stage is Stage.APPEAL

    @property
    def opened_at(self) -> datetime:
        """When the bank opened it."""
        return self.newest.opened_at or min(telling.told_at for telling in self.tellings)

    @property
    def respond_by(self) -> datetime | None:
        """Until when an answer is taken; None when none is possible."""
        return self.newest.deadline.respond_by if self.newest.deadline else None

    @property
    def closed_at(self) -> datetime | None:
        """When it came to its present end, as far as was told; None while it is open.

        What was told to have ended like this before, and then went on (a lost dispute under appeal), ended after the
        last word of that.
        """
        if self.is_open:
            return None
        first = min(telling.told_at for telling in self.tellings if telling.stripe_status == self.stripe_status)
        others = (telling.told_at for telling in self.tellings if telling.stripe_status != self.stripe_status)
        return max([first, *others])

    @property
    def evidence_submitted_at(self) -> datetime | None:
        """When Stripe first told that evidence had been submitted. Staged evidence is none."""
        return min((telling.told_at for telling in self.tellings if telling.submissions), default=None)

    @property
    def has_submitted_evidence(self) -> bool:
        """Whether evidence was ever submitted."""
        return self.evidence_submitted_at is not None

    @property
    def awaits_answer(self) -> bool:
        """Whether this round still asks for evidence.

        What an earlier round was answered with does not count, nor what this round was first told with after an
        earlier one: the count goes on from round to round.
        """
        if self.status is not DisputeStatus.OPENED or self.respond_by is None:
            return False
        counts = [telling.submissions or 0 for telling in self.tellings if telling.stage is self.stage]
        earlier = [telling.submissions or 0 for telling in self.tellings if telling.stage is not self.stage]
        return max(counts) <= (max(*earlier, counts[0]) if earlier else 0)

    @property
    def accepted_round(self) -> Stage | None:
        """The round that was to be conceded: the one that had been told of when that was decided; None when it never
        was.
        """
        if self.accept_requested_at is None:
            return None
        seen = [told.stage for told in self.tellings if told.is_open and told.told_at <= self.accept_requested_at]
        return seen[-1] if seen else self.tellings[0].stage

    @property
    def is_to_be_accepted(self) -> bool:
        """Whether it is still to be conceded. Who conceded one round has not conceded the next: an inquiry that becomes
        a chargeback, a loss that the firm appeals.
        """
        return self.is_open and self.accepted_round is self.stage

    @property
    def fee(self) -> Money | None:
        """The fees that it cost, less those that came back, in the currency of the balance that the first movement
        touched; None while nothing moved.
        """
        if not self.movements:
            return None
        currency = min(self.movements, key=lambda moved: (moved.occurred_at, moved.stripe_id)).currency
        return Money(sum(moved.fee_minor for moved in self.movements if moved.currency == currency), currency)

    @property
    def resolution(self) -> DisputeStatus | None:
        """How it ended; None while it is open."""
        return None if self.is_open else self.status

    @property
    def resolution_reason(self) -> str | None:
        """How it came to that end, in words; None while it is open."""
        return None if self.is_open else _resolution_reason(self)


def _resolution_reason(dispute: Dispute) -> str:
    was_lost = any(STRIPE_STATUSES[telling.stripe_status].status is DisputeStatus.LOST for telling in dispute.tellings)
    accepted = dispute.accepted_round
    last_round = next((telling.stage for telling in reversed(dispute.tellings) if telling.is_open), accepted)
    match dispute.stripe_status:
        case "won":
            return "Lost at first, won later." if was_lost else "The bank decided for the firm."
        case "lost" if accepted is not None and accepted is last_round:
            return "The firm accepted the dispute."
        case "lost" if dispute.evidence_submitted_at is None:
            return "Lost without evidence."
        case "lost":
            return "The bank decided for the customer."
        case "warning_closed":
            return "The inquiry ended without a chargeback."
        case "prevented":
            return "The dispute was prevented before it became a chargeback."
        case _:
            return "The charge was refunded."


def dispute_id(firm_id: str, stripe_dispute_id: str) -> str:
    """Our id of a dispute, made from Stripe's: the same in whatever order its events come."""
    return "dsp_" + hashlib.sha256(f"{firm_id}:{stripe_dispute_id}".encode()).hexdigest()[:24]


def merge_dispute(dispute_id: str, known: Dispute | None, tellings: Iterable[DisputeTelling]) -> Dispute:
    """The dispute with `tellings` added, at least one in all; telling a thing again, or late, changes nothing."""
    base = known or Dispute(dispute_id, ())
    fresh = tuple(tellings)
    movements = {movement.stripe_id: movement for movement in base.movements}
    for movement in (movement for telling in fresh for movement in telling.movements):
        standing = movements.get(movement.stripe_id)
        movements[movement.stripe_id] = movement if standing is None else min(standing, movement, key=repr)
    plain = (replace(telling, movements=()) for telling in fresh)
    return replace(
        base,
        tellings=that_count((*base.tellings, *plain), by_time),
        movements=tuple(movements[stripe_id] for stripe_id in sorted(movements)),
    )


def merge_disputes(firm_id: str, known: Sequence[Dispute], told: Iterable[DisputeTelling]) -> tuple[Dispute, ...]:
    """The disputes of one invoice with `told` added, ordered by our id."""
    by_id = {dispute.id: dispute for dispute in known}
    for telling in told:
        key = dispute_id(firm_id, telling.stripe_dispute_id)
        by_id[key] = merge_dispute(key, by_id.get(key), [telling])
    return tuple(by_id[key] for key in sorted(by_id))
