"""Establishing the outcome of an attempt whose answer was lost, before anything else is charged. design.md 1, third
idea.

First the same request once more under its idempotency key; after a server error, or a second lost answer, only
look-ups.
What two look-ups a minute apart do not find never happened: the attempt is closed uncounted and its slot gets a new
one.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from domain.model.answers import (
    ABSENCE_APART,
    KEY_LIFE,
    Absent,
    ChargeAnswer,
    Found,
    LookUpAnswer,
    NotReached,
    Refused,
    Unknown,
    UnknownCause,
)
from domain.model.attempts import AttemptStatus, FrozenCharge, OwnAttempt
from domain.model.declines import FailureCode
from domain.model.derivation import derive
from domain.model.invoices import blocking_reason
from domain.model.outbox import LEASE, OutboxItem, OutboxKind
from domain.model.payment_facts import PaymentFact
from domain.services.bookkeeping import terms_of, with_attempt
from domain.services.cases import Case, again, done, ended, open_case
from domain.services.external_payments import poll_external
from domain.services.payments import with_facts
from domain.services.recording import record_answer
from domain.services.steps import Ports, Step, in_firm
from ports.payment_gateway import LookUpOrder, PaymentGateway

REPLAY_TRIES_MAX = 3
NO_TRACE = "The request never arrived at Stripe: two look-ups a minute apart found no trace of it."


@dataclass(frozen=True)
class Replay:
    """Send the frozen requests once more."""

    account: str | None
    charge: FrozenCharge


@dataclass(frozen=True)
class LookUp:
    """Ask, without moving anything."""

    account: str | None
    order: LookUpOrder


def settle(ports: Ports, gateway: PaymentGateway, item: OutboxItem) -> None:
    """Take the next step towards the outcome of the unknown attempt that the claimed row is about."""
    match in_firm(ports, item.firm_id, lambda step: _next_step(step, item)):
        case Replay(account, charge):
            answer = gateway.execute(account, charge)
            in_firm(ports, item.firm_id, lambda step: _record_replay(step, item, answer))
        case LookUp(account, order):
            found = gateway.look_up(account, order)
            in_firm(ports, item.firm_id, lambda step: _record_look_up(step, item, found))
        case None:
            pass


def poll_pending(ports: Ports, gateway: PaymentGateway, item: OutboxItem) -> None:
    """Ask what became of a pending attempt whose event may have been lost."""
    if in_firm(ports, item.firm_id, lambda step: _is_external(step, item)):
        poll_external(ports, gateway, item)
        return
    look = in_firm(ports, item.firm_id, lambda step: _look_up_or_finish(step, item))
    if look is not None:
        found = gateway.look_up(look.account, look.order)
        in_firm(ports, item.firm_id, lambda step: _record_look_up(step, item, found))


def _is_external(step: Step, item: OutboxItem) -> bool:
    facts = step.tx.history.facts(item.invoice_id or "")
    return facts is not None and all(attempt.id != item.attempt_id for attempt in facts.attempts)


def mark_unknown(case: Case) -> None:
    """An attempt that left and whose worker died before the answer was kept: a settling row takes over."""
    reason = "The worker stopped before the answer was kept."
    code = FailureCode.NETWORK_ERROR
    unknown = replace(case.attempt, status=AttemptStatus.UNKNOWN, failure_code=code, reason=reason)
    case.close_attempt(unknown, done(case.item, reason))


def _id(item: OutboxItem) -> str:
    assert item.attempt_id is not None
    return item.attempt_id


def _still_open(step: Step, item: OutboxItem) -> Case | None:
    """The case, or None when the attempt is not open any more; then the row is finished."""
    case = open_case(step, item, _id(item))
    if case is None or not case.is_held:
        return None
    if case.is_open:
        return case
    step.tx.outbox.save(ended(item))
    return None


def _next_step(step: Step, item: OutboxItem) -> Replay | LookUp | None:
    case = _still_open(step, item)
    if case is None:
        return None
    if case.attempt.frozen is None or not _may_replay(case, step.now):
        return _look_up(case)
    replayed = replace(case.attempt, settlement=replace(case.attempt.settlement, is_replayed=True))
    case.close_attempt(replayed, replace(item, lease_until=step.now + LEASE))
    return Replay(case.firm.stripe_account, case.attempt.frozen)


def _may_replay(case: Case, now: datetime) -> bool:
    """Once, while Stripe still knows the key, never after a server error, and only while the money is still owed."""
    settlement = case.attempt.settlement
    is_young = now - case.attempt.started_at < KEY_LIFE
    is_owed = blocking_reason(case.facts.invoice, case.state) is None
    return is_young and is_owed and not settlement.is_replayed and not settlement.is_replay_useless


def _look_up_or_finish(step: Step, item: OutboxItem) -> LookUp | None:
    case = _still_open(step, item)
    return None if case is None else _look_up(case)


def _look_up(case: Case) -> LookUp:
    shown = next(shown for shown in case.state.attempts if shown.id == case.attempt.id)
    # The customer that was charged, whatever the client's customer is by now.
    customer_id = case.attempt.stripe_customer_id or ""
    order = LookUpOrder(case.attempt.id, customer_id, case.attempt.started_at, shown.stripe_payment_intent_id)
    return LookUp(case.firm.stripe_account, order)


def _record_replay(step: Step, item: OutboxItem, answer: ChargeAnswer) -> None:
    match answer:
        case NotReached(reason) | Unknown(UnknownCause.CONFLICT, reason) if item.tries < REPLAY_TRIES_MAX:
            _replay_again_later(step, item, reason, is_replayed=False)
        case NotReached(reason) | Refused(reason):
            # A refusal of the second request says nothing of the first: only look-ups can.
            _replay_again_later(step, item, reason, is_replayed=True)
        case _:
            record_answer(step, item, _id(item), answer)


def _replay_again_later(step: Step, item: OutboxItem, why: str, *, is_replayed: bool) -> None:
    case = _still_open(step, item)
    if case is not None:
        settlement = replace(case.attempt.settlement, is_replayed=is_replayed)
        case.close_attempt(replace(case.attempt, settlement=settlement), again(step, item, why))


def _record_look_up(step: Step, item: OutboxItem, answer: LookUpAnswer) -> None:
    case = _still_open(step, item)
    if case is None:
        return
    match answer:
        case Found(facts):
            _found(case, facts)
        case Absent(facts):
            _absent(case, facts)
        case NotReached(reason):
            later = again(step, item, reason)
            step.tx.outbox.save(later)
            step.ring_for([later])


def _found(case: Case, facts: tuple[PaymentFact, ...]) -> None:
    after = with_facts(case.facts, facts)
    state = derive(after, terms_of(case.step, case.firm))
    shown = next(shown for shown in state.attempts if shown.id == case.attempt.id)
    if shown.is_open:
        answered = replace(case.attempt, status=shown.status)
        finished = again(case.step, case.item, "Still pending.") if _polls(case.item) else done(case.item)
    else:
        answered = replace(case.attempt, finished_at=case.step.now)
        finished = ended(case.item)
    case.close(with_attempt(after, answered), finished)


def _polls(item: OutboxItem) -> bool:
    return item.kind is OutboxKind.POLL_PENDING


def _absent(case: Case, facts: tuple[PaymentFact, ...]) -> None:
    now, attempt = case.step.now, case.attempt
    after = with_facts(case.facts, facts)
    if _is_surely_absent(attempt, now):
        closed = replace(attempt, status=AttemptStatus.CANCELED, finished_at=now, reason=NO_TRACE)
        case.close(with_attempt(after, closed), done(case.item))
        return
    since = attempt.settlement.absent_since or (now if _ended_at(attempt) <= now else None)
    looked = replace(attempt, settlement=replace(attempt.settlement, absent_since=since))
    case.close(with_attempt(after, looked), again(case.step, case.item, "No trace at Stripe so far."))


def _is_surely_absent(attempt: OwnAttempt, now: datetime) -> bool:
    """Two look-ups at least a minute apart, both after the last request had ended."""
    since = attempt.settlement.absent_since
    return since is not None and now - since >= ABSENCE_APART and now - _ended_at(attempt) >= ABSENCE_APART


def _ended_at(attempt: OwnAttempt) -> datetime:
    """When the last request had ended; where its worker died, when its lease had."""
    return attempt.settlement.last_request_ended_at or attempt.started_at + LEASE
