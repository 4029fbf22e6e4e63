"""Disputes: list, show, concede, link, and end an inquiry by a refund."""

from collections.abc import Mapping
from typing import Any

from domain.model.firms import Scope
from domain.services import dispute_desk, refund_desk
from domain.services.dispute_desk import DisputeView
from domain.services.dispute_work import request_acceptance
from domain.services.disputes import link_dispute as attach_dispute
from domain.services.refund_desk import RefundView
from entrypoints.web.api.blueprint import Answer, ApiBlueprint
from entrypoints.web.api.dispute_options import DisputeWithOptions, with_options
from entrypoints.web.api.dispute_schemas import DisputePageSchema, DisputeQuery, DisputeWithOptionsSchema, LinkSchema
from entrypoints.web.api.lists import page_request
from entrypoints.web.api.refund_schemas import RefundSchema
from entrypoints.web.application import ports
from entrypoints.web.authentication import caller
from ports.dispute_repositories import DisputeFilter, DisputeOrder
from ports.repositories import Page

blueprint = ApiBlueprint("disputes", path="/disputes", description="Disputed payments, and what to do about them.")


@blueprint.operation(
    "GET",
    "",
    Answer(200, DisputePageSchema, "Disputes in the wanted order."),
    scope=Scope.READ,
    query=DisputeQuery,
)
def list_disputes(query: Mapping[str, Any]) -> Page[DisputeView]:
    """List disputes, inquiries too.

    A dispute whose charge is not known yet has no invoice: `matched=false` finds those.
    """
    wanted = DisputeFilter(
        status=query.get("status"),
        reason=query.get("reason"),
        client_id=query.get("client_id"),
        invoice_id=query.get("invoice_id"),
        respond_before=query.get("respond_before"),
        is_inquiry=query.get("inquiry"),
        is_matched=query.get("matched"),
        order=DisputeOrder(query["order"]),
    )
    page = dispute_desk.list_disputes(ports(), caller().firm_id, wanted, page_request(query))
    return Page(tuple(DisputeView(row) for row in page.items), page.next_cursor)


@blueprint.operation("GET", "/<id:dispute_id>", Answer(200, DisputeWithOptionsSchema, "The dispute."), scope=Scope.READ)
def get_dispute(dispute_id: str) -> DisputeWithOptions:
    """Show a dispute, by our id or Stripe's, with what can be done about it now."""
    return _shown(dispute_id)


@blueprint.operation(
    "POST",
    "/<id:dispute_id>/accept",
    Answer(202, DisputeWithOptionsSchema, "The dispute; a worker tells Stripe at once."),
    scope=Scope.WRITE,
)
def accept_dispute(dispute_id: str) -> DisputeWithOptions:
    """Concede a dispute. It cannot be undone.

    409 when it waits for no answer. Repeating it is fine.
    """
    return _shown(request_acceptance(ports(), caller().firm_id, dispute_id, caller().actor))


@blueprint.operation(
    "POST",
    "/<id:dispute_id>/link",
    Answer(200, DisputeWithOptionsSchema, "The dispute with its invoice."),
    scope=Scope.WRITE,
    body=LinkSchema,
)
def link_dispute(wanted: Mapping[str, Any], dispute_id: str) -> DisputeWithOptions:
    """Attach a dispute that belongs to no invoice yet to one.

    Its charge and PaymentIntent belong to that invoice from then on. 409 when it belongs to another invoice already;
    repeating it is fine.
    """
    attach_dispute(ports(), caller().firm_id, dispute_id, wanted["invoice_id"], caller().actor)
    return _shown(dispute_id)


@blueprint.operation(
    "POST",
    "/<id:dispute_id>/refund",
    Answer(201, RefundSchema, "The refund; a worker carries it out at once."),
    scope=Scope.WRITE,
)
def refund_dispute(dispute_id: str) -> tuple[RefundView, dict[str, str]]:
    """End an open inquiry by giving back all that is left of its charge.

    409 when it is no open inquiry, or nothing of its charge can be refunded.
    """
    firm_id = caller().firm_id
    request = dispute_desk.refund_disputed(ports(), firm_id, dispute_id, caller().actor)
    invoice_id = dispute_desk.get_dispute(ports(), firm_id, dispute_id).row.invoice_id
    assert invoice_id is not None
    return refund_desk.requested(invoice_id, request), {"Location": f"/api/v1/invoices/{invoice_id}/refunds"}


def _shown(any_id: str) -> DisputeWithOptions:
    return with_options(dispute_desk.get_dispute(ports(), caller().firm_id, any_id))
