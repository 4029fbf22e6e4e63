"""What the facts of an invoice amount to: a pure function, the same for the same facts in any order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.model.attempts import Attempt, AttemptStatus, OwnAttempt, Trigger, derive_attempts
from domain.model.exposure import Exposure, against_unknown_payments, exposures
from domain.model.invoices import (
    Hold,
    Intents,
    Invoice,
    InvoiceFacts,
    InvoiceFigures,
    InvoiceState,
    InvoiceStatus,
)
from domain.model.money import Money
from domain.model.payment_facts import FactKind
from domain.model.policies import RetriesBy, Terms
from domain.model.retries import Course, RetrySlot, course, covering_payments

ATTEMPTS_PER_SLOT_MAX = 5
"""So many attempts of one slot may come to nothing (refused, absent) before it waits for a person."""


@dataclass(frozen=True)
class _Sums:
    """What came in and what went back, in minor units of the invoice's currency. `received` counts all that came."""

    received: int
    refunded: int
    lost: int
    disputed: int


def derive(facts: InvoiceFacts, terms: Terms) -> InvoiceState:
    """The state that the facts and the firm's terms give; the same for the same facts in any order."""
    invoice = facts.invoice
    attempts = derive_attempts(facts.attempts, facts.payments, invoice.currency)
    exposed = exposures(attempts, facts.reversals)
    sums = _sums(facts, attempts, exposed)
    standing = course(attempts, _debt(invoice), terms)
    undisputed = _undisputed_status(facts, sums, standing)
    status = _status(facts, undisputed)
    by_stripe = invoice.stripe_invoice_id is not None and terms.policy.retries_by is RetriesBy.STRIPE
    slot = standing.slot if undisputed is InvoiceStatus.FAILED and invoice.autopay and not by_stripe else None
    hold = _hold(facts, slot, attempts)
    is_waiting = hold is not None or invoice.paused_at is not None or status is InvoiceStatus.DISPUTED
    return InvoiceState(
        figures=_figures(
            invoice,
            attempts,
            status=status,
            sums=sums,
            failures_count=len(standing.failures),
            next_retry_at=slot.due_at if slot and not is_waiting else None,
        ),
        attempts=attempts,
        course=standing,
        slot=slot,
        hold=hold,
        is_collected_by_stripe=by_stripe,
        intents=_intents(facts, attempts),
        amount_due=invoice.amount_due,
        undisputed=undisputed,
        exposures=exposed,
    )


def _sums(facts: InvoiceFacts, attempts: Sequence[Attempt], exposed: Sequence[Exposure]) -> _Sums:
    """Payments in another currency, and what stands against them, are shown and alerted but never counted."""
    currency = facts.invoice.currency
    counted = [exposure for exposure in exposed if exposure.payment.currency == currency]
    refunded, disputed = against_unknown_payments(attempts, facts.reversals, currency)
    return _Sums(
        received=sum(exposure.payment.amount_minor for exposure in counted),
        refunded=refunded + sum(exposure.refunded_minor for exposure in counted),
        lost=sum(exposure.lost_minor for exposure in counted),
        disputed=disputed + sum(exposure.disputed_minor for exposure in counted),
    )


def _status(facts: InvoiceFacts, undisputed: InvoiceStatus) -> InvoiceStatus:
    is_disputed = any(dispute.is_open_chargeback for dispute in facts.disputes)
    return InvoiceStatus.DISPUTED if is_disputed and undisputed is not InvoiceStatus.VOID else undisputed


def _undisputed_status(facts: InvoiceFacts, sums: _Sums, standing: Course) -> InvoiceStatus:
    """The first that holds, open chargebacks left aside. design.md 5; a part payment keeps failed or sent."""
    invoice = facts.invoice
    if invoice.voided_at is not None:
        return InvoiceStatus.VOID
    if any(dispute.is_loss for dispute in facts.disputes):
        return InvoiceStatus.CHARGED_BACK
    if sums.received >= invoice.amount_due:
        return _paid_status(sums)
    if standing.is_exhausted:
        return InvoiceStatus.OVERDUE
    if standing.failures:
        return InvoiceStatus.FAILED
    return InvoiceStatus.SENT if invoice.sent_at is not None else InvoiceStatus.DRAFT


def _paid_status(sums: _Sums) -> InvoiceStatus:
    if sums.refunded >= sums.received:
        return InvoiceStatus.REFUNDED
    return InvoiceStatus.PARTIALLY_REFUNDED if sums.refunded > 0 else InvoiceStatus.PAID


def _hold(facts: InvoiceFacts, slot: RetrySlot | None, attempts: Sequence[Attempt]) -> Hold | None:
    """What waits for a person, unless released: a surprise, or a slot whose attempts keep coming to nothing."""
    slot_key = slot.key if slot else None
    made = [a for a in facts.attempts if a.slot_key == slot_key and (slot or a.trigger is Trigger.AUTOPAY)]
    paid = [a for a in attempts if a.status is AttemptStatus.SUCCEEDED]
    foreign = [a for a in paid if a.currency != facts.invoice.currency]
    hold = None
    if foreign:
        reason = "Money came in another currency. Settle that by hand, then resume."
        hold = Hold(f"currency#{foreign[-1].key}", reason, stops_everything=True)
    elif len(made) >= ATTEMPTS_PER_SLOT_MAX:
        tag = f"{slot_key or 'first'}#{len(made) // ATTEMPTS_PER_SLOT_MAX}"
        hold = Hold(tag, f"{len(made)} attempts came to nothing. Find out why, then resume.")
    elif slot is not None and slot.is_held:
        hold = Hold(slot.key, "The failure was more than a day old when it became known. Resume to charge.")
    return None if hold is None or hold.tag == facts.invoice.released_slot_key else hold


def _figures(
    invoice: Invoice,
    attempts: Sequence[Attempt],
    *,
    status: InvoiceStatus,
    sums: _Sums,
    failures_count: int,
    next_retry_at: datetime | None,
) -> InvoiceFigures:
    declined = [attempt for attempt in attempts if attempt.status is AttemptStatus.DECLINED]
    last = declined[-1] if declined else None
    retried = [a for a in attempts if a.number > 1 and a.status not in (AttemptStatus.SKIPPED, AttemptStatus.CANCELED)]
    return InvoiceFigures(
        status=status,
        amount_paid=sums.received - sums.lost,
        amount_refunded=sums.refunded,
        amount_disputed=sums.disputed,
        payment_failed_at=last.at if last else None,
        payment_failure_reason=last.failure_reason if last else None,
        payment_failure_code=last.failure_code if last else None,
        payment_decline_code=last.codes.decline_code if last else None,
        payment_retry_count=failures_count,
        last_payment_retry_at=retried[-1].at if retried else None,
        next_payment_retry_at=next_retry_at,
        paid_at=None if status is InvoiceStatus.VOID else _paid_at(attempts, invoice),
        stripe_payment_intent_id=_shown_intent_id(invoice, attempts),
    )


def _paid_at(attempts: Sequence[Attempt], invoice: Invoice) -> datetime | None:
    """When the sum of the payments first reached the debt."""
    return next((payment.at for payment in covering_payments(attempts, _debt(invoice))), None)


def _debt(invoice: Invoice) -> Money:
    return Money(invoice.amount_due, invoice.currency)


def _shown_intent_id(invoice: Invoice, attempts: Sequence[Attempt]) -> str | None:
    known = [attempt.stripe_payment_intent_id for attempt in attempts if attempt.stripe_payment_intent_id]
    return known[-1] if known else invoice.given_payment_intent_id


def _intents(facts: InvoiceFacts, attempts: Sequence[Attempt]) -> Intents:
    canceled = {fact.stripe_payment_intent_id for fact in facts.payments if fact.kind is FactKind.CANCELED}
    succeeded = {a.stripe_payment_intent_id for a in attempts if a.status is AttemptStatus.SUCCEEDED}
    # Stripe lets nobody but its Checkout confirm or change the intent of a Checkout.
    checkouts = {attempt.id for attempt in facts.attempts if attempt.is_checkout}
    of_checkouts = {fact.stripe_payment_intent_id for fact in facts.payments if fact.attempt_id in checkouts}
    known = (facts.invoice.given_payment_intent_id, *(attempt.stripe_payment_intent_id for attempt in attempts))
    return Intents(
        known=tuple(intent_id for intent_id in known if intent_id),
        ended=frozenset(intent_id for intent_id in canceled | succeeded | of_checkouts if intent_id),
    )


def own_status(state: InvoiceState, attempt: OwnAttempt) -> AttemptStatus:
    """What our attempt's status is when its outcome among the facts is taken into account."""
    return next(shown.status for shown in state.attempts if shown.id == attempt.id)
