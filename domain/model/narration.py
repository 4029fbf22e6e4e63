"""What a change of an invoice amounts to, in audit events and alerts: the difference between two states, told once."""

from collections.abc import Mapping

from domain.model.attempts import Attempt, AttemptStatus
from domain.model.audit import MetadataValue, Note, Severity
from domain.model.invoices import Invoice, InvoiceState, InvoiceStatus
from domain.model.moments import shown
from domain.model.money import Money, in_words

_SEVERITY_OF_STATUS = {
    InvoiceStatus.OVERDUE: Severity.WARNING,
    InvoiceStatus.FAILED: Severity.WARNING,
    InvoiceStatus.DISPUTED: Severity.CRITICAL,
    InvoiceStatus.CHARGED_BACK: Severity.CRITICAL,
}


def narrate(invoice: Invoice, before: InvoiceState, after: InvoiceState) -> tuple[Note, ...]:
    """Everything that is new in `after`: outcomes of attempts, the invoice's status, the next retry, money beyond the
    debt.
    """
    told = {(attempt.id, attempt.status) for attempt in before.attempts}
    notes = [
        _attempt(invoice, attempt, after) for attempt in after.attempts if (attempt.id, attempt.status) not in told
    ]
    if after.figures.status is not before.figures.status:
        notes.append(_status(invoice, before.figures.status, after.figures.status))
    if after.slot is not None and after.slot != before.slot:
        notes.append(_slot(invoice, after))
    if after.overpaid_minor > before.overpaid_minor:
        notes.append(_overpaid(invoice, after.overpaid_minor))
    return tuple(notes)


_ATTEMPT_NOTES: Mapping[AttemptStatus, tuple[str, Severity, str]] = {
    AttemptStatus.IN_FLIGHT: ("attempt_started", Severity.INFO, "Attempt to collect {amount} began."),
    AttemptStatus.PENDING: ("payment_pending", Severity.INFO, "The payment of {amount} is pending at Stripe."),
    AttemptStatus.SUCCEEDED: ("payment_succeeded", Severity.INFO, "{amount} was paid."),
    AttemptStatus.DECLINED: ("payment_failed", Severity.WARNING, "The payment of {amount} failed: {reason}"),
    AttemptStatus.UNKNOWN: (
        "payment_unknown",
        Severity.WARNING,
        "No answer came for the payment of {amount}; nothing else is charged until its outcome is known.",
    ),
    AttemptStatus.SKIPPED: ("retry_skipped", Severity.WARNING, "A retry was skipped: {reason}"),
    AttemptStatus.CANCELED: ("attempt_canceled", Severity.INFO, "The attempt came to nothing: {reason}"),
}


def _attempt(invoice: Invoice, attempt: Attempt, after: InvoiceState) -> Note:
    action, severity, words = _ATTEMPT_NOTES[attempt.status]
    amount = in_words(Money(attempt.amount_minor, attempt.currency))
    reason = attempt.failure_reason or "canceled at Stripe."
    metadata: dict[str, MetadataValue] = {
        "invoice_id": invoice.id,
        "attempt_id": attempt.id,
        "trigger": attempt.trigger.value,
        "amount": attempt.amount_minor,
        "currency": attempt.currency,
        "stripe_payment_intent_id": attempt.stripe_payment_intent_id,
        "stripe_charge_id": attempt.stripe_charge_id,
        "stripe_payment_method_id": attempt.stripe_payment_method_id,
    }
    if attempt.is_failure:
        metadata |= {
            "failure_reason": attempt.failure_reason,
            "failure_code": attempt.failure_code.value if attempt.failure_code else None,
            "decline_code": attempt.codes.decline_code,
            "advice_code": attempt.codes.advice_code,
            "retry_count": after.figures.payment_retry_count,
            "counts": attempt.counts,
        }
    summary = words.format(amount=amount, reason=reason)
    unwanted = _unwanted(invoice, attempt) if attempt.status is AttemptStatus.SUCCEEDED else None
    if unwanted is not None:
        alert_key = f"unwanted_payment:{attempt.key}"
        return Note(action, Severity.CRITICAL, f"{summary} {unwanted}", "attempt", attempt.id, metadata, alert_key)
    return Note(action, severity, summary, "attempt", attempt.id, metadata)


def _unwanted(invoice: Invoice, attempt: Attempt) -> str | None:
    """Why money that came was not asked for; None when it was."""
    if invoice.voided_at is not None:
        return "The invoice is void: refund the payment."
    if attempt.currency != invoice.currency:
        return f"That does not pay an invoice in {invoice.currency.upper()}: refund it or settle it by hand."
    return None


def _status(invoice: Invoice, old: InvoiceStatus, new: InvoiceStatus) -> Note:
    severity = _SEVERITY_OF_STATUS.get(new, Severity.INFO)
    summary = f"Invoice {invoice.number} went from {old} to {new}."
    metadata = {"invoice_id": invoice.id, "from": old.value, "to": new.value}
    return Note("invoice_status_changed", severity, summary, "invoice", invoice.id, metadata)


def _slot(invoice: Invoice, after: InvoiceState) -> Note:
    slot = after.slot
    assert slot is not None
    metadata: dict[str, MetadataValue] = {
        "invoice_id": invoice.id,
        "retry": slot.number,
        "due_at": shown(slot.due_at),
        "failure": slot.key,
    }
    if slot.is_held and after.hold is not None:
        summary = (
            f"Retry {slot.number} is held: its failure was more than a day old when we first heard of it. "
            "Release it with /resume, or void or pause the invoice."
        )
        alert_key = f"retry_held:{invoice.id}:{slot.key}"
        return Note("retry_held", Severity.WARNING, summary, "invoice", invoice.id, metadata, alert_key)
    summary = f"Retry {slot.number} is due at {shown(slot.due_at)}."
    return Note("retry_scheduled", Severity.INFO, summary, "invoice", invoice.id, metadata)


def _overpaid(invoice: Invoice, beyond_minor: int) -> Note:
    beyond = in_words(Money(beyond_minor, invoice.currency))
    summary = f"Invoice {invoice.number} was paid {beyond} beyond its amount. Refund it, or tell the customer."
    metadata: dict[str, MetadataValue] = {
        "invoice_id": invoice.id,
        "overpaid": beyond_minor,
        "currency": invoice.currency,
    }
    return Note(
        "overpaid", Severity.CRITICAL, summary, "invoice", invoice.id, metadata, alert_key=f"overpaid:{invoice.id}"
    )
