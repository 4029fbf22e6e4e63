"""Refunds of an invoice's payments."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.model.firms import Scope
from domain.model.refunds import RefundReason
from domain.services import refund_desk
from domain.services.refund_desk import ChargeView, RefundView
from domain.services.refunds import WantedRefund, request_refund
from entrypoints.web.api.blueprint import Answer, ApiBlueprint
from entrypoints.web.api.lists import WholeListQuery, cut
from entrypoints.web.api.refund_schemas import NewRefundSchema, RefundPageSchema, RefundSchema
from entrypoints.web.application import ports
from entrypoints.web.authentication import caller

blueprint = ApiBlueprint("refunds", path="/invoices/<id:invoice_id>/refunds", description="Money given back.")


@dataclass(frozen=True)
class RefundPage:
    """A page of refunds, with all payments of the invoice."""

    items: tuple[RefundView, ...]
    next_cursor: str | None
    charges: tuple[ChargeView, ...]


@blueprint.operation(
    "GET",
    "",
    Answer(200, RefundPageSchema, "Refunds, oldest first, and the payments."),
    scope=Scope.READ,
    query=WholeListQuery,
    errors=(404,),
)
def list_refunds(query: Mapping[str, Any], invoice_id: str) -> RefundPage:
    """List an invoice's refunds, wherever they were made, and how much of each payment can still be refunded."""
    found = refund_desk.list_refunds(ports(), caller().firm_id, invoice_id)
    page = cut(found.refunds, query, lambda refund: refund.id)
    return RefundPage(page.items, page.next_cursor, found.charges)


@blueprint.operation(
    "POST",
    "",
    Answer(201, RefundSchema, "The refund; a worker carries it out at once."),
    scope=Scope.WRITE,
    body=NewRefundSchema,
    errors=(404,),
)
def create_refund(wanted: Mapping[str, Any], invoice_id: str) -> tuple[RefundView, dict[str, str]]:
    """Give money back.

    Refunds, refunds on their way and chargebacks of a charge never exceed it together. 409 when the amount is above
    what is left, nothing was paid, or a chargeback stands against the charge.
    """
    reason = wanted.get("reason")
    asked = WantedRefund(
        amount_minor=wanted.get("amount"),
        stripe_charge_id=wanted.get("stripe_charge_id"),
        reason=None if reason is None else RefundReason(reason),
    )
    request = request_refund(ports(), caller().firm_id, invoice_id, asked, caller().actor)
    return refund_desk.requested(invoice_id, request), {"Location": f"/api/v1/invoices/{invoice_id}/refunds"}
