"""What the host application is told: which events a change of an invoice amounts to, the difference of two states.

An event's id is made from its firm, its type and the fact that it tells of: the same fact told again, or in another
order, is the same event. `data` has the API's own field names; it holds ids, amounts, states and times, and nothing
of a person.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from domain.model.attempts import Attempt
from domain.model.cards import Card
from domain.model.dispute_statuses import Stage
from domain.model.disputes import Dispute
from domain.model.invoices import Invoice, InvoiceFacts, InvoiceState, InvoiceStatus
from domain.model.money import Money
from domain.model.retries import covering_payments

Data = Mapping[str, Any]


class HostEventType(StrEnum):
    """What happened."""

    INVOICE_FAILED = "invoice.failed"
    """One for each failure that counts, skipped retries too."""
    INVOICE_OVERDUE = "invoice.overdue"
    """The course is exhausted; the host may stop its service."""
    INVOICE_RECOVERED = "invoice.recovered"
    """Paid after failures; the host may restore its service."""
    DISPUTE_OPENED = "dispute.opened"
    """Also when an inquiry became a chargeback."""
    DISPUTE_CLOSED = "dispute.closed"
    """Won, lost or closed; a loss that is won after an appeal is told again."""
    DUNNING_FINISHED = "dunning.finished"
    """No more retries come: `how` is `exhausted` or `recovered`."""
    CARD_EXPIRING = "card.expiring"


@dataclass(frozen=True)
class HostEvent:
    """One thing that the host application may want to know."""

    id: str
    firm_id: str
    type: HostEventType
    occurred_at: datetime
    data: Data
    invoice_id: str | None = None


def host_event_id(firm_id: str, kind: HostEventType, fact_key: str) -> str:
    """The id of the event that tells of this fact."""
    return "hev_" + hashlib.sha256(f"{firm_id}:{kind}:{fact_key}".encode()).hexdigest()[:24]


def invoice_events(
    before: InvoiceFacts, after: InvoiceFacts, was: InvoiceState, now: InvoiceState
) -> tuple[HostEvent, ...]:
    """Everything that the host is told when an invoice's facts go from `before` to `after`."""
    known = {dispute.id: dispute for dispute in before.disputes}
    shown = _invoice_data(after.invoice, now)
    disputed = (
        event
        for dispute in after.disputes
        for event in dispute_events(after.invoice.firm_id, known.get(dispute.id), dispute, shown)
    )
    return (*_payment_events(after.invoice, was, now, shown), *disputed)


def _payment_events(invoice: Invoice, was: InvoiceState, now: InvoiceState, shown: Data) -> Iterable[HostEvent]:
    told = {failure.id for failure in was.course.failures}
    for failure in now.course.failures:
        if failure.id not in told:
            data = {"invoice": shown, "attempt": _attempt_data(failure)}
            yield _of_invoice(invoice, HostEventType.INVOICE_FAILED, failure.id, failure.at, data)
    paid = _covering(invoice, now)
    if now.figures.status is InvoiceStatus.OVERDUE and was.figures.status is not InvoiceStatus.OVERDUE:
        # One course is exhausted once, whichever of its failures is told last: it is named by the payment before it.
        last_at = now.course.failures[-1].at
        course_key = f"{invoice.id}:{paid[-1].id if paid else ''}"
        yield _of_invoice(invoice, HostEventType.INVOICE_OVERDUE, course_key, last_at, {"invoice": shown})
        yield _finished(invoice, f"exhausted:{course_key}", last_at, "exhausted", was=now, shown=shown)
    yield from _recovered(invoice, was, now, shown, paid)


def _recovered(
    invoice: Invoice, was: InvoiceState, now: InvoiceState, shown: Data, paid: Sequence[Attempt]
) -> Iterable[HostEvent]:
    known = {payment.id for payment in _covering(invoice, was)}
    fresh = [payment for payment in paid if payment.id not in known]
    is_over = bool(was.course.failures) and not now.course.failures and invoice.voided_at is None
    if not fresh or not is_over:
        return
    payment = fresh[0]
    data = {"invoice": shown, "attempt": _attempt_data(payment), "failures_count": len(was.course.failures)}
    yield _of_invoice(invoice, HostEventType.INVOICE_RECOVERED, payment.id, payment.at, data)
    if not was.course.is_exhausted:
        yield _finished(invoice, f"recovered:{payment.id}", payment.at, "recovered", was=was, shown=shown)


def _finished(invoice: Invoice, key: str, at: datetime, how: str, *, was: InvoiceState, shown: Data) -> HostEvent:
    data = {"invoice": shown, "how": how, "failures_count": len(was.course.failures)}
    return _of_invoice(invoice, HostEventType.DUNNING_FINISHED, key, at, data)


def _covering(invoice: Invoice, state: InvoiceState) -> tuple[Attempt, ...]:
    return covering_payments(state.attempts, Money(invoice.amount_due, invoice.currency))


def _of_invoice(invoice: Invoice, kind: HostEventType, key: str, at: datetime, data: Data) -> HostEvent:
    return HostEvent(host_event_id(invoice.firm_id, kind, key), invoice.firm_id, kind, at, data, invoice.id)


def dispute_events(
    firm_id: str, before: Dispute | None, after: Dispute, invoice: Data | None = None
) -> tuple[HostEvent, ...]:
    """What is new about one dispute; `invoice` is the data of its invoice, None while that is not known."""
    return tuple(_dispute_events(firm_id, before, after, invoice)) if before != after else ()


def _dispute_events(firm_id: str, before: Dispute | None, after: Dispute, invoice: Data | None) -> Iterable[HostEvent]:
    data = {"dispute": _dispute_data(after), "invoice": invoice}
    invoice_id = None if invoice is None else invoice["id"]
    is_prevented = after.stripe_status == "prevented"
    is_escalated = before is not None and before.is_inquiry and not after.is_inquiry and not is_prevented
    if before is None or is_escalated:
        kind = HostEventType.DISPUTE_OPENED
        key = f"{after.id}:{'inquiry' if after.is_inquiry else 'chargeback'}"
        opened_at = min(t.told_at for t in after.tellings if t.stage is after.stage) if is_escalated else None
        yield HostEvent(
            host_event_id(firm_id, kind, key), firm_id, kind, opened_at or after.opened_at, data, invoice_id
        )
    is_new = before is None or before.status is not after.status
    if is_new and after.closed_at is not None:
        kind = HostEventType.DISPUTE_CLOSED
        # What is lost again after an appeal is told again.
        had_appeal = any(telling.stage is Stage.APPEAL for telling in after.tellings)
        key = f"{after.id}:{after.stripe_status}{':appeal' if had_appeal else ''}"
        yield HostEvent(host_event_id(firm_id, kind, key), firm_id, kind, after.closed_at, data, invoice_id)


def card_expiring(firm_id: str, client_id: str, card: Card, noticed_at: datetime) -> HostEvent:
    """A client's card expires before it is needed again; told once for each card and expiry."""
    kind = HostEventType.CARD_EXPIRING
    key = f"{card.stripe_payment_method_id}:{card.exp_year}-{card.exp_month}"
    shown = {
        "stripe_payment_method_id": card.stripe_payment_method_id,
        "brand": card.brand,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
    }
    data = {"client_id": client_id, "payment_method": shown}
    return HostEvent(host_event_id(firm_id, kind, key), firm_id, kind, noticed_at, data)


def _invoice_data(invoice: Invoice, state: InvoiceState) -> Data:
    figures = state.figures
    return {
        "id": invoice.id,
        "client_id": invoice.client_id,
        "number": invoice.number,
        "status": figures.status.value,
        "currency": invoice.currency,
        "amount_due": invoice.amount_due,
        "amount_paid": figures.amount_paid,
        "amount_refunded": figures.amount_refunded,
        "amount_disputed": figures.amount_disputed,
        "payment_failed_at": _text(figures.payment_failed_at),
        "payment_failure_code": figures.payment_failure_code.value if figures.payment_failure_code else None,
        "payment_decline_code": figures.payment_decline_code,
        "payment_retry_count": figures.payment_retry_count,
        "next_payment_retry_at": _text(figures.next_payment_retry_at),
        "paid_at": _text(figures.paid_at),
    }


def _attempt_data(attempt: Attempt) -> Data:
    return {
        "id": attempt.id,
        "status": attempt.status.value,
        "trigger": attempt.trigger.value,
        "amount": attempt.amount_minor,
        "currency": attempt.currency,
        "failure_code": attempt.failure_code.value if attempt.failure_code else None,
        "decline_code": attempt.codes.decline_code,
        "stripe_payment_intent_id": attempt.stripe_payment_intent_id,
        "stripe_charge_id": attempt.stripe_charge_id,
        "stripe_payment_method_id": attempt.stripe_payment_method_id,
        "finished_at": _text(attempt.finished_at),
    }


def _dispute_data(dispute: Dispute) -> Data:
    return {
        "id": dispute.id,
        "status": dispute.status.value,
        "stripe_status": dispute.stripe_status,
        "inquiry": dispute.is_inquiry,
        "reason": dispute.newest.reason,
        "amount": dispute.money.amount_minor,
        "currency": dispute.money.currency,
        "stripe_dispute_id": dispute.stripe_dispute_id,
        "stripe_charge_id": dispute.newest.stripe_charge_id,
        "stripe_payment_intent_id": dispute.newest.stripe_payment_intent_id,
        "opened_at": _text(dispute.opened_at),
        "respond_by": _text(dispute.respond_by),
        "closed_at": _text(dispute.closed_at),
        "resolution": dispute.resolution.value if dispute.resolution else None,
    }


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def envelope(event: HostEvent) -> Data:
    """The event as it leaves. Source: standardwebhooks.com, "payload structure": type, timestamp, data."""
    return {"id": event.id, "type": event.type.value, "timestamp": _text(event.occurred_at), "data": event.data}
