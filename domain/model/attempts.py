"""Payment attempts: what we set out to do ourselves, joined with the outcomes that the facts tell of.

Our own attempts are rows; what others did is heard of from Stripe alone and exists as facts only. The list that
people see is
derived from both, each time anew, so that late, repeated and reordered tellings converge.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.model.declines import FAILURE_REASONS, DeclineCodes, FailureCode, fold
from domain.model.payment_facts import FactKind, Outcome, PaymentFact, outcomes
from domain.model.pending_payments import canceled_ids, open_pendings


class Trigger(StrEnum):
    """Why an attempt was made. `external` ones are not ours: the host application's own, or the customer's at
    Stripe.
    """

    AUTOPAY = "autopay"
    RETRY = "retry"
    MANUAL = "manual"
    CUSTOMER = "customer"
    EXTERNAL = "external"


# A failure of these uses up a step of the course; a person's own try does not. design.md 5.
COUNTING_TRIGGERS = frozenset({Trigger.AUTOPAY, Trigger.RETRY, Trigger.EXTERNAL})


class AttemptStatus(StrEnum):
    """Where an attempt stands; `OPEN_STATUSES` block every other charge of the invoice."""

    IN_FLIGHT = "in_flight"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"
    CANCELED = "canceled"


OPEN_STATUSES = frozenset({AttemptStatus.IN_FLIGHT, AttemptStatus.PENDING, AttemptStatus.UNKNOWN})


@dataclass(frozen=True)
class FrozenCharge:
    """The requests of one attempt exactly as they leave, stored before the first of them does.

    `requests` are opaque to everyone but the gateway that froze them; the last one moves money and carries
    `idempotency_key`.
    """

    idempotency_key: str
    requests: tuple[Mapping[str, Any], ...]
    stripe_payment_intent_id: str | None = None


@dataclass(frozen=True)
class Settlement:
    """How far the outcome of an attempt has been established after its answer was lost."""

    is_replayed: bool = False
    is_replay_useless: bool = False
    absent_since: datetime | None = None
    last_request_ended_at: datetime | None = None


@dataclass(frozen=True)
class OwnAttempt:
    """One attempt that Dunlin makes. `status` is what we decided ourselves; an outcome among the facts outranks it.

    `slot_key` names the failure whose retry this is (None outside the course). Without `frozen`, no request has left.
    """

    id: str
    invoice_id: str
    trigger: Trigger
    status: AttemptStatus
    amount_minor: int
    currency: str
    started_at: datetime
    slot_key: str | None = None
    scheduled_for: datetime | None = None
    finished_at: datetime | None = None
    stripe_customer_id: str | None = None
    stripe_payment_method_id: str | None = None
    card_brand: str | None = None
    frozen: FrozenCharge | None = None
    settlement: Settlement = field(default_factory=Settlement)
    failure_code: FailureCode | None = None
    reason: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether it still blocks the invoice, as far as we decided ourselves."""
        return self.status in OPEN_STATUSES

    @property
    def is_checkout(self) -> bool:
        """Whether the customer pays by hand at Stripe's Checkout: no request of ours moves money, so none is frozen.

        It stays open for as long as the page does, whatever is declined there, and ends by a success or with the page.
        """
        asked_of_worker = self.status is AttemptStatus.IN_FLIGHT
        return self.trigger is Trigger.CUSTOMER and self.frozen is None and not asked_of_worker

    @property
    def idempotency_key(self) -> str | None:
        """The key of the request that moves money, once it is frozen."""
        return self.frozen.idempotency_key if self.frozen else None


@dataclass(frozen=True)
class Attempt:
    """One attempt as people see it: ours or external, numbered from 1 in order of time."""

    id: str
    number: int
    trigger: Trigger
    status: AttemptStatus
    counts: bool
    amount_minor: int
    currency: str
    at: datetime
    key: str
    told_at: datetime
    heard_at: datetime
    codes: DeclineCodes = DeclineCodes()
    failure_code: FailureCode | None = None
    failure_reason: str | None = None
    idempotency_key: str | None = None
    stripe_payment_intent_id: str | None = None
    stripe_charge_id: str | None = None
    stripe_payment_method_id: str | None = None
    scheduled_for: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    is_out_of_band: bool = False

    @property
    def is_open(self) -> bool:
        """Whether its outcome is still to come."""
        return self.status in OPEN_STATUSES

    @property
    def is_failure(self) -> bool:
        """Whether it ended without money: declined, or a slot that was skipped."""
        return self.status in (AttemptStatus.DECLINED, AttemptStatus.SKIPPED)


def derive_attempts(own: Sequence[OwnAttempt], facts: Sequence[PaymentFact], currency: str) -> tuple[Attempt, ...]:
    """Every attempt of one invoice, numbered by (time, key).

    An outcome belongs to our attempt that its metadata names; where several do (a customer who goes on with the same
    PaymentIntent), the earliest is ours and the rest are external.
    """
    told = outcomes(facts)
    linked = _link(own, told)
    pending = open_pendings(facts, told)
    canceled = canceled_ids(facts)
    taken = {outcome.key for outcome in linked.values()}
    listed = [_own(attempt, linked.get(attempt.id), pending, canceled) for attempt in own]
    checkouts = {attempt.id for attempt in own if attempt.is_checkout}
    listed += [_heard(outcome, currency, checkouts) for outcome in told if outcome.key not in taken]
    waiting_ids = {attempt.id for attempt in own if attempt.is_open and attempt.id not in linked}
    listed += [_external_pending(fact, currency) for fact in _told_by_others(pending, waiting_ids, canceled)]
    listed.sort(key=lambda attempt: (attempt.at, attempt.status is AttemptStatus.SUCCEEDED, attempt.key))
    return tuple(replace(attempt, number=number) for number, attempt in enumerate(listed, start=1))


def external_id(key: str) -> str:
    """The id of an attempt that we only heard of, made from its natural key: the same in whatever order it is told."""
    return "att_" + hashlib.sha256(key.encode()).hexdigest()[:24]


def _link(own: Sequence[OwnAttempt], told: Sequence[Outcome]) -> dict[str, Outcome]:
    ours = {attempt.id: attempt for attempt in own}
    linked: dict[str, Outcome] = {}
    for outcome in told:
        attempt = ours.get(outcome.attempt_id or "")
        if attempt is not None and (outcome.has_succeeded or not attempt.is_checkout):
            linked.setdefault(attempt.id, outcome)
    for outcome in told:
        if outcome.has_succeeded and outcome.attempt_id is None:
            last = _last_unanswered(own, linked, outcome.stripe_payment_intent_id)
            if last is not None:
                linked[last.id] = outcome
    return linked


def _last_unanswered(
    own: Sequence[OwnAttempt], linked: Mapping[str, Outcome], intent_id: str | None
) -> OwnAttempt | None:
    """Our newest open attempt on that PaymentIntent without an outcome: a success told without metadata is its."""
    candidates = [
        attempt
        for attempt in own
        if attempt.is_open
        and attempt.id not in linked
        and attempt.frozen is not None
        and intent_id is not None
        and attempt.frozen.stripe_payment_intent_id == intent_id
    ]
    return max(candidates, key=lambda attempt: (attempt.started_at, attempt.id), default=None)


def _told_by_others(
    pending: Sequence[PaymentFact], waiting_ids: set[str], canceled: set[str]
) -> tuple[PaymentFact, ...]:
    """The newest pending telling of each PaymentIntent on which none of our open attempts waits."""
    ours = {fact.stripe_payment_intent_id for fact in pending if fact.attempt_id in waiting_ids}
    newest: dict[str, PaymentFact] = {}
    for fact in sorted(pending, key=lambda fact: (fact.told_at, fact.key)):
        intent_id = fact.stripe_payment_intent_id or ""
        if intent_id not in canceled and intent_id not in ours:
            newest[intent_id] = fact
    return tuple(newest.values())


def _own(
    attempt: OwnAttempt,
    outcome: Outcome | None,
    pending: Sequence[PaymentFact],
    canceled: set[str],
) -> Attempt:
    if outcome is not None:
        return _own_with_outcome(attempt, outcome)
    intent_id = _frozen_intent_id(attempt)
    waiting = next((fact for fact in pending if fact.attempt_id == attempt.id), None)
    intent_id = waiting.stripe_payment_intent_id if waiting else intent_id
    status = attempt.status
    if attempt.is_open and waiting is not None:
        status = AttemptStatus.PENDING
    if attempt.is_open and not canceled.isdisjoint({intent_id, attempt.id}):
        status = AttemptStatus.CANCELED
    return Attempt(
        id=attempt.id,
        number=0,
        trigger=attempt.trigger,
        status=status,
        counts=attempt.trigger in COUNTING_TRIGGERS and status in (AttemptStatus.DECLINED, AttemptStatus.SKIPPED),
        amount_minor=attempt.amount_minor,
        currency=attempt.currency,
        at=attempt.finished_at or attempt.started_at,
        key=attempt.id,
        told_at=attempt.finished_at or attempt.started_at,
        heard_at=attempt.finished_at or attempt.started_at,
        failure_code=attempt.failure_code or (FailureCode.NETWORK_ERROR if status is AttemptStatus.UNKNOWN else None),
        failure_reason=attempt.reason,
        idempotency_key=attempt.idempotency_key,
        stripe_payment_intent_id=intent_id,
        stripe_payment_method_id=attempt.stripe_payment_method_id,
        scheduled_for=attempt.scheduled_for,
        started_at=attempt.started_at,
        finished_at=attempt.finished_at,
    )


def _frozen_intent_id(attempt: OwnAttempt) -> str | None:
    return attempt.frozen.stripe_payment_intent_id if attempt.frozen else None


def _own_with_outcome(attempt: OwnAttempt, outcome: Outcome) -> Attempt:
    heard = _external(outcome, attempt.currency)
    return replace(
        heard,
        id=attempt.id,
        trigger=attempt.trigger,
        counts=attempt.trigger in COUNTING_TRIGGERS and not outcome.has_succeeded,
        amount_minor=attempt.amount_minor if outcome.amount_minor is None else outcome.amount_minor,
        idempotency_key=attempt.idempotency_key,
        stripe_payment_intent_id=outcome.stripe_payment_intent_id or _frozen_intent_id(attempt),
        stripe_payment_method_id=outcome.stripe_payment_method_id or attempt.stripe_payment_method_id,
        scheduled_for=attempt.scheduled_for,
        started_at=attempt.started_at,
    )


def _heard(outcome: Outcome, currency: str, checkouts: set[str]) -> Attempt:
    """An outcome that is none of our attempts': the customer's own declines at Checkout use up nothing."""
    heard = _external(outcome, currency)
    is_customers = outcome.attempt_id in checkouts
    return replace(heard, trigger=Trigger.CUSTOMER, counts=False) if is_customers else heard


def _external(outcome: Outcome, currency: str) -> Attempt:
    code = None if outcome.has_succeeded else fold(outcome.codes.code, outcome.codes.decline_code)
    return Attempt(
        id=external_id(outcome.key),
        number=0,
        trigger=Trigger.EXTERNAL,
        status=AttemptStatus.SUCCEEDED if outcome.has_succeeded else AttemptStatus.DECLINED,
        counts=not outcome.has_succeeded,
        amount_minor=outcome.amount_minor or 0,
        currency=outcome.currency or currency,
        at=outcome.occurred_at,
        key=outcome.key,
        told_at=outcome.told_at,
        heard_at=outcome.heard_at,
        codes=outcome.codes,
        failure_code=code,
        failure_reason=None if code is None else outcome.message or FAILURE_REASONS[code],
        stripe_payment_intent_id=outcome.stripe_payment_intent_id,
        stripe_charge_id=outcome.stripe_charge_id,
        stripe_payment_method_id=outcome.stripe_payment_method_id,
        started_at=outcome.occurred_at,
        finished_at=outcome.occurred_at,
        is_out_of_band=outcome.is_out_of_band,
    )


def _external_pending(fact: PaymentFact, currency: str) -> Attempt:
    key = f"{FactKind.PENDING}:{fact.stripe_payment_intent_id}"
    return Attempt(
        id=external_id(key),
        number=0,
        trigger=Trigger.EXTERNAL,
        status=AttemptStatus.PENDING,
        counts=False,
        amount_minor=fact.amount_minor or 0,
        currency=fact.currency or currency,
        at=fact.told_at,
        key=key,
        told_at=fact.told_at,
        heard_at=fact.heard_at,
        stripe_payment_intent_id=fact.stripe_payment_intent_id,
        stripe_payment_method_id=fact.stripe_payment_method_id,
        started_at=fact.told_at,
    )
