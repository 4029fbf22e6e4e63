"""What changed about disputes and refunds, in audit events and alerts: the difference between before and after."""

from collections.abc import Iterable, Mapping

from domain.model.audit import MetadataValue, Note, Severity
from domain.model.dispute_statuses import DisputeStatus, Stage
from domain.model.disputes import Dispute
from domain.model.exposure import Exposure
from domain.model.invoices import InvoiceFacts, InvoiceState
from domain.model.moments import shown
from domain.model.money import Money, in_words
from domain.model.refunds import Refund, RefundStatus


def narrate_reversals(
    before: InvoiceFacts, after: InvoiceFacts, was: InvoiceState, now: InvoiceState
) -> tuple[Note, ...]:
    """Everything that is new about the invoice's disputes and refunds."""
    invoice_id = after.invoice.id
    old_disputes = {dispute.id: dispute for dispute in before.disputes}
    old_refunds = {refund.stripe_refund_id: refund for refund in before.reversals.refunds}
    disputed = (
        note
        for dispute in after.disputes
        for note in narrate_dispute(old_disputes.get(dispute.id), dispute, invoice_id)
    )
    refunded = (
        note
        for refund in after.reversals.refunds
        for note in _refund(old_refunds.get(refund.stripe_refund_id), refund, invoice_id)
    )
    return (*disputed, *refunded, *_paid_out_twice(was.exposures, now.exposures, after))


def narrate_dispute(before: Dispute | None, after: Dispute, invoice_id: str | None) -> tuple[Note, ...]:
    """What is new about one dispute; `invoice_id` is None while its invoice is not known."""
    return tuple(_dispute_notes(before, after, invoice_id)) if before != after else ()


def _dispute_notes(before: Dispute | None, after: Dispute, invoice_id: str | None) -> Iterable[Note]:
    is_new_round = before is None or before.stage is not after.stage
    is_escalated = before is not None and before.is_inquiry and not after.is_inquiry and not _is_prevented(after)
    if before is None or is_escalated:
        yield _opened(after, invoice_id, is_escalated=before is not None)
    elif after.is_open and (not before.is_open or (is_new_round and after.stage is Stage.APPEAL)):
        words = f"Dispute {after.stripe_dispute_id} is open again: {after.stripe_status}."
        yield _note(
            after, invoice_id, "dispute_reopened", Severity.CRITICAL, words, alert=f"reopened:{after.stripe_status}"
        )
    if before is None and invoice_id is None:
        yield _unmatched(after)
    if after.evidence_submitted_at is not None and (before is None or before.evidence_submitted_at is None):
        words = f"Evidence was submitted for dispute {after.stripe_dispute_id}."
        yield _note(after, invoice_id, "evidence_submitted", Severity.INFO, words)
    if before is not None and after.is_open and before.respond_by != after.respond_by:
        yield _deadline_moved(after, invoice_id)
    if before is None or before.status is not after.status:
        yield from _standing(after, invoice_id)


def _is_prevented(dispute: Dispute) -> bool:
    return dispute.stripe_status == "prevented"


def _opened(dispute: Dispute, invoice_id: str | None, *, is_escalated: bool) -> Note:
    what = "a chargeback that was prevented" if _is_prevented(dispute) else "a chargeback"
    what = "an inquiry (no money was taken)" if dispute.is_inquiry else what
    how = "became" if is_escalated else "is"
    words = (
        f"Dispute {dispute.stripe_dispute_id} over {in_words(dispute.money)} {how} {what}, reason "
        f"{dispute.newest.reason or 'unknown'}. {_answer_by(dispute)}"
    )
    severity = Severity.WARNING if dispute.is_inquiry else Severity.CRITICAL
    return _note(dispute, invoice_id, "payment_disputed", severity, words, alert=f"opened:{dispute.stage}")


def _answer_by(dispute: Dispute) -> str:
    if not dispute.is_open:
        return "It came already decided."
    if dispute.respond_by is None:
        return "No answer is possible."
    return f"Answer by {shown(dispute.respond_by)}."


def _unmatched(dispute: Dispute) -> Note:
    words = (
        f"Dispute {dispute.stripe_dispute_id} is about charge {dispute.newest.stripe_charge_id}, which belongs to no "
        "invoice here. Link it to its invoice: POST /api/v1/disputes/{id}/link."
    )
    return _note(dispute, None, "dispute_unmatched", Severity.CRITICAL, words, alert="unmatched")


def _deadline_moved(dispute: Dispute, invoice_id: str | None) -> Note:
    words = f"The deadline of dispute {dispute.stripe_dispute_id} moved. {_answer_by(dispute)}"
    return _note(dispute, invoice_id, "dispute_deadline_moved", Severity.INFO, words)


_ENDS: Mapping[DisputeStatus, str] = {
    DisputeStatus.WON: "dispute_won",
    DisputeStatus.LOST: "dispute_lost",
    DisputeStatus.CLOSED: "dispute_closed",
}


def _standing(dispute: Dispute, invoice_id: str | None) -> Iterable[Note]:
    if dispute.status is DisputeStatus.UNDER_REVIEW:
        words = f"The bank reviews dispute {dispute.stripe_dispute_id}."
        yield _note(dispute, invoice_id, "dispute_under_review", Severity.INFO, words)
    action = _ENDS.get(dispute.status)
    if action is not None:
        words = (
            f"Dispute {dispute.stripe_dispute_id} over {in_words(dispute.money)} ended as {dispute.status}: "
            f"{dispute.resolution_reason}"
        )
        # What is lost again after an appeal is told again.
        had_appeal = any(telling.stage is Stage.APPEAL for telling in dispute.tellings)
        alert = f"ended:{dispute.stripe_status}{':appeal' if had_appeal else ''}"
        yield _note(dispute, invoice_id, action, Severity.CRITICAL, words, alert=alert)


def _note(
    dispute: Dispute, invoice_id: str | None, action: str, severity: Severity, words: str, *, alert: str | None = None
) -> Note:
    respond_by = dispute.respond_by
    metadata: dict[str, MetadataValue] = {
        "dispute_id": dispute.id,
        "invoice_id": invoice_id,
        "stripe_dispute_id": dispute.stripe_dispute_id,
        "stripe_charge_id": dispute.newest.stripe_charge_id,
        "amount": dispute.money.amount_minor,
        "currency": dispute.money.currency,
        "reason": dispute.newest.reason,
        "stripe_status": dispute.stripe_status,
        "inquiry": dispute.is_inquiry,
        "respond_by": shown(respond_by) if respond_by else None,
        "resolution": dispute.resolution.value if dispute.resolution else None,
    }
    alert_key = None if alert is None else f"dispute:{dispute.id}:{alert}"
    return Note(action, severity, words, "dispute", dispute.id, metadata, alert_key)


_REFUND_NOTES: Mapping[RefundStatus, tuple[str, Severity, str]] = {
    RefundStatus.PENDING: ("refund_pending", Severity.INFO, "A refund of {amount} is on its way."),
    RefundStatus.REQUIRES_ACTION: ("refund_pending", Severity.INFO, "A refund of {amount} waits for the customer."),
    RefundStatus.SUCCEEDED: ("payment_refunded", Severity.INFO, "{amount} was refunded."),
    RefundStatus.FAILED: ("refund_failed", Severity.WARNING, "The refund of {amount} failed: {reason}."),
    RefundStatus.CANCELED: ("refund_failed", Severity.WARNING, "The refund of {amount} was canceled: {reason}."),
}


def _refund(before: Refund | None, after: Refund, invoice_id: str) -> Iterable[Note]:
    if before is not None and before.status is after.status:
        return
    action, severity, words = _REFUND_NOTES[after.status]
    summary = words.format(amount=in_words(after.money), reason=after.newest.failure_reason or "no reason was told")
    metadata: dict[str, MetadataValue] = {
        "invoice_id": invoice_id,
        "stripe_refund_id": after.stripe_refund_id,
        "stripe_charge_id": after.newest.stripe_charge_id,
        "refund_id": after.newest.request_id,
        "amount": after.money.amount_minor,
        "currency": after.money.currency,
        "reason": after.newest.reason,
        "failure_reason": after.newest.failure_reason,
    }
    alert_key = f"{action}:{after.stripe_refund_id}" if severity is not Severity.INFO else None
    yield Note(action, severity, summary, "refund", after.stripe_refund_id, metadata, alert_key)


def _paid_out_twice(was: Iterable[Exposure], now: Iterable[Exposure], after: InvoiceFacts) -> Iterable[Note]:
    known = {exposure.payment.key for exposure in was if exposure.is_paid_out_twice}
    for exposure in now:
        payment = exposure.payment
        if not exposure.is_paid_out_twice or payment.key in known:
            continue
        beyond = in_words(Money(exposure.claimed_minor - payment.amount_minor, payment.currency))
        words = (
            f"Refunds and chargebacks of one payment of invoice {after.invoice.number} exceed it by {beyond}. "
            "Answer the dispute with proof of the refund."
        )
        metadata: dict[str, MetadataValue] = {
            "invoice_id": after.invoice.id,
            "stripe_charge_id": payment.stripe_charge_id,
            "claimed": exposure.claimed_minor,
            "amount": payment.amount_minor,
            "currency": payment.currency,
        }
        alert_key = f"paid_out_twice:{payment.key}"
        yield Note(
            "paid_out_twice", Severity.CRITICAL, words, "invoice", after.invoice.id, metadata, alert_key=alert_key
        )
