"""What people read about refunds: ours and those made elsewhere, and what is left of each charge."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.model.derivation import derive
from domain.model.errors import NotFound
from domain.model.exposure import Exposure
from domain.model.money import Money
from domain.model.refunds import Refund, RefundRequest, RequestStatus
from domain.services.bookkeeping import terms_of
from domain.services.refunds import why_not_refundable
from domain.services.steps import Ports, Step, in_firm

REQUESTED = "requested"
"""Asked for by us; Stripe's own status is not known yet."""


@dataclass(frozen=True)
class RefundView:
    """A refund under our id where we asked for it, else under Stripe's.

    `status` is Stripe's, `requested` until that is known, or `refused` where nothing came of our request.
    """

    id: str
    invoice_id: str
    money: Money
    status: str
    created_at: datetime
    stripe_refund_id: str | None = None
    stripe_charge_id: str | None = None
    reason: str | None = None
    failure_reason: str | None = None
    requested_by: str | None = None


@dataclass(frozen=True)
class ChargeView:
    """A payment with what stands against it. `refundable_minor` is 0 where `refusal` says why nothing can be given
    back.
    """

    exposure: Exposure
    refundable_minor: int
    refusal: str | None


@dataclass(frozen=True)
class InvoiceRefunds:
    """All refunds of an invoice, oldest first, and its payments."""

    refunds: tuple[RefundView, ...]
    charges: tuple[ChargeView, ...]


def list_refunds(ports: Ports, firm_id: str, invoice_id: str) -> InvoiceRefunds:
    """The invoice's refunds, wherever they were made, and what may still be refunded. Raises `NotFound`."""

    def read(step: Step) -> InvoiceRefunds:
        firm, facts = step.tx.firms.get(firm_id), step.tx.history.facts(invoice_id)
        if firm is None or facts is None:
            raise NotFound("invoice", invoice_id)
        views = _views(invoice_id, facts.reversals.requests, facts.reversals.refunds)
        exposures = derive(facts, terms_of(step, firm)).exposures
        return InvoiceRefunds(views, tuple(_charge(exposure) for exposure in exposures))

    return in_firm(ports, firm_id, read)


def requested(invoice_id: str, request: RefundRequest) -> RefundView:
    """What we asked for, of which Stripe tells nothing yet."""
    is_refused = request.status is RequestStatus.REFUSED
    return RefundView(
        id=request.id,
        invoice_id=invoice_id,
        money=request.money,
        status=RequestStatus.REFUSED.value if is_refused else REQUESTED,
        created_at=request.requested_at,
        stripe_refund_id=request.stripe_refund_id,
        stripe_charge_id=request.stripe_charge_id,
        reason=request.reason,
        failure_reason=request.refusal,
        requested_by=request.requested_by,
    )


def _views(invoice_id: str, requests: Sequence[RefundRequest], refunds: Sequence[Refund]) -> tuple[RefundView, ...]:
    told_of = {refund.stripe_refund_id: _asked_for(refund, requests) for refund in refunds}
    answered_ids = {request.id for request in told_of.values() if request is not None}
    untold = [requested(invoice_id, request) for request in requests if request.id not in answered_ids]
    told = [_told(invoice_id, refund, told_of[refund.stripe_refund_id]) for refund in refunds]
    return tuple(sorted((*untold, *told), key=lambda view: (view.created_at, view.id)))


def _asked_for(refund: Refund, requests: Sequence[RefundRequest]) -> RefundRequest | None:
    """Our request that the refund came of; None when it was made elsewhere."""
    for request in requests:
        if refund.newest.request_id == request.id or refund.stripe_refund_id == request.stripe_refund_id:
            return request
    return None


def _told(invoice_id: str, refund: Refund, request: RefundRequest | None) -> RefundView:
    newest = refund.newest
    return RefundView(
        id=request.id if request else refund.stripe_refund_id,
        invoice_id=invoice_id,
        money=refund.money,
        status=refund.status.value,
        created_at=request.requested_at if request else refund.created_at,
        stripe_refund_id=refund.stripe_refund_id,
        stripe_charge_id=newest.stripe_charge_id or (request.stripe_charge_id if request else None),
        reason=newest.reason or (request.reason if request else None),
        failure_reason=newest.failure_reason,
        requested_by=request.requested_by if request else None,
    )


def _charge(exposure: Exposure) -> ChargeView:
    refusal = why_not_refundable(exposure)
    return ChargeView(exposure, 0 if refusal is not None else exposure.ceiling_minor, refusal)
