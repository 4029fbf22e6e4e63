"""Refunds carried out by a worker: sent, or looked for, until it is known what became of them.

Their key is made from the request's id, so that a repeat gives back no more.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from domain.model.answers import (
    ABSENCE_APART,
    KEY_LIFE,
    Absent,
    NotReached,
    RefundAnswer,
    Refunded,
    RefundLookUpAnswer,
    Refused,
    Unknown,
    UnknownCause,
)
from domain.model.audit import DUNLIN, Note, Severity
from domain.model.derivation import derive
from domain.model.firms import Firm
from domain.model.inbox import Interpretation
from domain.model.money import in_words
from domain.model.outbox import LEASE, OutboxItem, OutboxStatus, settle_delay
from domain.model.refunds import RefundRequest, RefundTelling, RequestStatus, open_requests
from domain.services.bookkeeping import Edit, save, terms_of, with_told
from domain.services.cases import done, is_held, locked_invoice
from domain.services.refunds import refund_note, stripe_ids, with_request
from domain.services.steps import Ports, Step, in_firm
from ports.refund_gateway import RefundGateway, RefundOrder
from ports.repositories import LockedInvoice


@dataclass(frozen=True)
class RefundCase:
    """A request of ours in an open step, and the row that brought us to it."""

    step: Step
    item: OutboxItem
    locked: LockedInvoice
    firm: Firm
    request: RefundRequest

    @property
    def is_open(self) -> bool:
        """Whether its outcome is still to come, by all that was told."""
        reversals = self.locked.facts.reversals
        return self.request in open_requests(reversals.requests, reversals.refunds)

    @property
    def is_held(self) -> bool:
        """Whether the row is still ours: a holder that stalled beyond its lease must not undo what came after it."""
        return is_held(self.locked, self.item)

    @property
    def order(self) -> RefundOrder:
        """The request as the gateway takes it."""
        request = self.request
        return RefundOrder(
            refund_id=request.id,
            invoice_id=self.locked.facts.invoice.id,
            idempotency_key=request.idempotency_key,
            amount_minor=request.amount_minor,
            since=request.first_sent_at or request.requested_at,
            stripe_charge_id=request.stripe_charge_id,
            stripe_payment_intent_id=request.stripe_payment_intent_id,
            reason=request.reason.value if request.reason else None,
        )

    def close(self, request: RefundRequest, row: OutboxItem, *notes: Note, told: Interpretation | None = None) -> None:
        """Write the request, the row (if it is still ours) and what was told."""
        after = with_request(self.locked.facts, request)
        rows = (row,) if self.is_held else ()
        save(
            self.step,
            self.locked,
            after if told is None else with_told(after, told),
            self.firm,
            Edit(DUNLIN, notes, rows),
        )


@dataclass(frozen=True)
class _Send:
    account: str | None
    order: RefundOrder


@dataclass(frozen=True)
class _LookUp:
    account: str | None
    order: RefundOrder


def carry_out_refund(ports: Ports, gateway: RefundGateway, item: OutboxItem) -> None:
    """Take the next step of the refund that the claimed row is about: send it, or find out what became of it.

    It is sent again under its key while Stripe surely remembers that; after a server error, which Stripe would repeat,
    and once the key is old, it is only looked for.
    """
    match in_firm(ports, item.firm_id, lambda step: _next_step(step, item)):
        case _Send(account, order):
            answer = gateway.refund(account, order)
            in_firm(ports, item.firm_id, lambda step: _record_answer(step, item, answer))
        case _LookUp(account, order):
            found = gateway.find(account, order)
            in_firm(ports, item.firm_id, lambda step: _record_look_up(step, item, found))
        case None:
            pass


def _case(step: Step, item: OutboxItem) -> RefundCase:
    locked, firm = locked_invoice(step, item)
    request = next(request for request in locked.facts.reversals.requests if request.id == item.refund_id)
    return RefundCase(step, item, locked, firm, request)


def _next_step(step: Step, item: OutboxItem) -> _Send | _LookUp | None:
    case = _case(step, item)
    if not case.is_held:
        return None
    if not case.is_open:
        step.tx.outbox.save(done(item))
        return None
    refusal = _refusal_before_sending(case)
    if refusal is not None:
        _refused(case, refusal)
        return None
    request = replace(case.request, first_sent_at=case.request.first_sent_at or step.now)
    case.close(request, replace(item, lease_until=step.now + LEASE))
    order = replace(case.order, since=request.first_sent_at or step.now)
    is_young = step.now - order.since < KEY_LIFE
    if is_young and not request.is_replay_useless:
        return _Send(case.firm.stripe_account, order)
    return _LookUp(case.firm.stripe_account, order)


def _refusal_before_sending(case: RefundCase) -> str | None:
    """Why a request that never left is not to leave any more: a chargeback that was told of since it was stored."""
    if case.request.first_sent_at is not None:
        return None
    exposures = derive(case.locked.facts, terms_of(case.step, case.firm)).exposures
    wanted_ids = {case.request.stripe_charge_id, case.request.stripe_payment_intent_id}
    mine = (exposure for exposure in exposures if not wanted_ids.isdisjoint(stripe_ids(exposure)))
    return next((exposure.refusal for exposure in mine if exposure.refusal is not None), None)


def _record_answer(step: Step, item: OutboxItem, answer: RefundAnswer) -> None:
    """Write what was answered. The refund's own event may have come first: then it is told again, and nothing happens
    twice. That money went out is kept whoever tells it; who lost the claim in the meantime gives no refund up.
    """
    case = _case(step, item)
    match answer:
        case Refunded(telling):
            _accepted(case, telling)
        case _ if not case.is_open:
            _told_meanwhile(case)
        case Refused(reason) if item.tries == 1 and case.is_held:
            _refused(case, reason)
        case Refused(reason):
            # Another request may have arrived: what this one was told does not say that nothing was given back.
            _unknown(case, reason, is_replay_useless=True)
        case Unknown(cause, reason):
            _unknown(case, reason, is_replay_useless=cause is UnknownCause.SERVER_ERROR)
        case NotReached(reason):
            case.close(case.request, _again(case, reason))


def _unknown(case: RefundCase, reason: str, *, is_replay_useless: bool) -> None:
    is_useless = case.request.is_replay_useless or is_replay_useless
    unknown = replace(case.request, status=RequestStatus.UNKNOWN, is_replay_useless=is_useless)
    case.close(unknown, _again(case, reason))


def _record_look_up(step: Step, item: OutboxItem, found: RefundLookUpAnswer) -> None:
    case = _case(step, item)
    match found:
        case Refunded(telling):
            _accepted(case, telling)
        case _ if not case.is_open:
            _told_meanwhile(case)
        case Absent() if case.is_held and _is_surely_absent(case.request, step.now):
            _refused(case, "The request never arrived at Stripe: two look-ups a minute apart found no trace of it.")
        case Absent():
            since = case.request.absent_since or step.now
            why = "Stripe shows no trace of the refund; it is looked for again."
            case.close(replace(case.request, absent_since=since), _again(case, why))
        case NotReached(reason):
            case.close(case.request, _again(case, reason))


def _told_meanwhile(case: RefundCase) -> None:
    """Events told of the refund while nobody had its answer: there is nothing left to find out."""
    if case.is_held:
        case.step.tx.outbox.save(done(case.item))


def _is_surely_absent(request: RefundRequest, now: datetime) -> bool:
    return request.absent_since is not None and now - request.absent_since >= ABSENCE_APART


def _accepted(case: RefundCase, telling: RefundTelling) -> None:
    accepted = replace(
        case.request,
        status=RequestStatus.ACCEPTED,
        finished_at=case.request.finished_at or case.step.now,
        stripe_refund_id=telling.stripe_refund_id,
        refusal=None,
    )
    told = Interpretation(is_handled=True, refunds=(replace(telling, request_id=case.request.id),))
    case.close(accepted, done(case.item), told=told)


def _refused(case: RefundCase, reason: str) -> None:
    refused = replace(case.request, status=RequestStatus.REFUSED, finished_at=case.step.now, refusal=reason)
    words = f"The refund of {in_words(case.request.money)} was not made: {reason}"
    note = refund_note(case.locked.facts, case.request, "refund_refused", Severity.WARNING, words)
    case.close(refused, done(case.item, reason), replace(note, alert_key=f"refund_refused:{case.request.id}"))


def _again(case: RefundCase, why: str) -> OutboxItem:
    due_at = case.step.now + settle_delay(case.item.tries - 1)
    return replace(case.item, status=OutboxStatus.DUE, due_at=due_at, lease_until=None, last_error=why)
