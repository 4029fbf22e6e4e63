"""Refunds that people ask for: under one ceiling for each charge, whoever asks at the same time.

The request is stored under the invoice's lock before anything leaves, and stands against its charge from then on.
"""

from dataclasses import dataclass, replace

from domain.model.audit import Actor, MetadataValue, Note, Severity
from domain.model.derivation import derive
from domain.model.errors import Conflict, FieldError, InvalidInput, NotFound
from domain.model.exposure import Exposure
from domain.model.invoices import InvoiceFacts, InvoiceState
from domain.model.money import Money, in_words
from domain.model.refunds import RefundReason, RefundRequest, RequestStatus
from domain.services.bookkeeping import Edit, save, terms_of
from domain.services.steps import Ports, Step, in_firm


@dataclass(frozen=True)
class WantedRefund:
    """What somebody asks for. Without an amount: all that is left of the charge; without a charge: the only one."""

    amount_minor: int | None = None
    stripe_charge_id: str | None = None
    reason: RefundReason | None = None


def request_refund(ports: Ports, firm_id: str, invoice_id: str, wanted: WantedRefund, by: Actor) -> RefundRequest:
    """Give money back: the request as stored; a worker carries it out at once.

    Refunds, refunds on their way and chargebacks never exceed the charge together, whoever asks at the same time.
    Raises `NotFound`, `InvalidInput` and `Conflict` saying why not.
    """

    def ask(step: Step) -> RefundRequest:
        locked, firm = step.tx.invoices.lock(invoice_id), step.tx.firms.get(firm_id)
        if locked is None or firm is None:
            raise NotFound("invoice", invoice_id)
        state = derive(locked.facts, terms_of(step, firm))
        request = _request(step, _chosen(state, wanted), wanted, by)
        note = _asked_note(locked.facts, request)
        save(step, locked, with_request(locked.facts, request), firm, Edit(by, (note,)))
        return request

    return in_firm(ports, firm_id, ask)


def _chosen(state: InvoiceState, wanted: WantedRefund) -> Exposure:
    """The payment to refund. Raises `Conflict` and `InvalidInput`."""
    if not state.exposures:
        raise Conflict("Nothing was paid on this invoice; there is nothing to refund.")
    named = [exposure for exposure in state.exposures if wanted.stripe_charge_id in stripe_ids(exposure)]
    if wanted.stripe_charge_id is not None and not named:
        raise InvalidInput(FieldError("stripe_charge_id", "No payment of this invoice has that charge."))
    candidates = named or [exposure for exposure in state.exposures if stripe_ids(exposure) and exposure.ceiling_minor]
    if len(candidates) > 1:
        raise InvalidInput(FieldError("stripe_charge_id", "The invoice has several payments: name the charge."))
    return candidates[0] if candidates else state.exposures[-1]


def stripe_ids(exposure: Exposure) -> tuple[str, ...]:
    """By what the payment can be named, and Stripe be asked to give it back."""
    ids = (exposure.payment.stripe_charge_id, exposure.payment.stripe_payment_intent_id)
    return tuple(stripe_id for stripe_id in ids if stripe_id is not None)


def why_not_refundable(exposure: Exposure) -> str | None:
    """Why nothing of the payment can be given back now, in words; None when something can."""
    if not stripe_ids(exposure):
        return "The payment did not come through Stripe's PaymentIntents; give it back the way it came."
    if exposure.refusal is not None:
        return exposure.refusal
    if exposure.ceiling_minor <= 0:
        return "Nothing is left to refund: refunds and chargebacks hold all of the payment."
    return None


def _request(step: Step, exposure: Exposure, wanted: WantedRefund, by: Actor) -> RefundRequest:
    payment, ceiling = exposure.payment, Money(exposure.ceiling_minor, exposure.payment.currency)
    refusal = why_not_refundable(exposure)
    if refusal is not None:
        raise Conflict(refusal)
    amount_minor = ceiling.amount_minor if wanted.amount_minor is None else wanted.amount_minor
    if amount_minor <= 0:
        raise InvalidInput(FieldError("amount", "A refund is more than nothing."))
    if amount_minor > ceiling.amount_minor:
        raise Conflict(
            f"At most {in_words(ceiling)} ({ceiling.amount_minor} in minor units) can be refunded: refunds, refunds on "
            "their way and chargebacks together never exceed the payment."
        )
    return RefundRequest(
        id=step.ports.ids.new("ref"),
        amount_minor=amount_minor,
        currency=payment.currency,
        status=RequestStatus.IN_FLIGHT,
        requested_at=step.now,
        requested_by=str(by),
        stripe_charge_id=payment.stripe_charge_id,
        stripe_payment_intent_id=payment.stripe_payment_intent_id,
        reason=wanted.reason,
    )


def with_request(facts: InvoiceFacts, changed: RefundRequest) -> InvoiceFacts:
    """The facts with this request in place of its earlier self, or added."""
    others = tuple(request for request in facts.reversals.requests if request.id != changed.id)
    return replace(facts, reversals=replace(facts.reversals, requests=(*others, changed)))


def _asked_note(facts: InvoiceFacts, request: RefundRequest) -> Note:
    words = f"A refund of {in_words(request.money)} was asked for."
    return refund_note(facts, request, "refund_requested", Severity.INFO, words)


def refund_note(facts: InvoiceFacts, request: RefundRequest, action: str, severity: Severity, words: str) -> Note:
    """What is told of a refund that we asked for."""
    metadata: dict[str, MetadataValue] = {
        "invoice_id": facts.invoice.id,
        "refund_id": request.id,
        "stripe_charge_id": request.stripe_charge_id,
        "amount": request.amount_minor,
        "currency": request.currency,
        "reason": request.reason.value if request.reason else None,
    }
    return Note(action, severity, words, "refund", request.id, metadata)
