"""Invoices: make, send, charge, void, hold and resume."""

from collections.abc import Callable, Mapping
from typing import Any

from domain.model.audit import Actor
from domain.model.errors import FieldError, InvalidInput
from domain.model.firms import Scope
from domain.services import collection, customer_links, pausing, reading
from domain.services.collection import NewInvoice
from domain.services.steps import Ports
from entrypoints.web.api.blueprint import Answer, ApiBlueprint
from entrypoints.web.api.invoice_schemas import (
    InvoicePageSchema,
    InvoiceQuery,
    InvoiceSchema,
    NewInvoiceSchema,
    PauseSchema,
)
from entrypoints.web.api.invoice_story_schemas import AttemptSchema, AttemptShown
from entrypoints.web.api.lists import page_request
from entrypoints.web.application import ports
from entrypoints.web.authentication import caller
from ports.repositories import InvoiceFilter, InvoiceRow, Page

blueprint = ApiBlueprint("invoices", path="/invoices", description="What clients owe, and collecting it.")

_AS_IT_IS_NOW = Answer(200, InvoiceSchema, "The invoice as it is now.")
_ATTEMPT = Answer(202, AttemptSchema, "The attempt; a worker carries it out at once.")


@blueprint.operation(
    "GET", "", Answer(200, InvoicePageSchema, "Invoices, newest first."), scope=Scope.READ, query=InvoiceQuery
)
def list_invoices(query: Mapping[str, Any]) -> Page[InvoiceRow]:
    """List invoices, newest first."""
    wanted = InvoiceFilter(status=query.get("status"), client_id=query.get("client_id"), q=query.get("q"))
    return reading.list_invoices(ports(), caller().firm_id, wanted, page_request(query))


@blueprint.operation(
    "POST", "", Answer(201, InvoiceSchema, "The invoice that was made."), scope=Scope.WRITE, body=NewInvoiceSchema
)
def create_invoice(wanted: Mapping[str, Any]) -> tuple[InvoiceRow, dict[str, str]]:
    """Create an invoice, as a draft.

    Nothing is charged before it is sent. 409 when the number or one of the Stripe ids is taken in the firm.
    """
    row = collection.create_invoice(ports(), caller().firm_id, NewInvoice(**wanted), caller().actor)
    return row, {"Location": f"/api/v1/invoices/{row.invoice.id}"}


@blueprint.operation("GET", "/<id:invoice_id>", Answer(200, InvoiceSchema, "The invoice."), scope=Scope.READ)
def get_invoice(invoice_id: str) -> InvoiceRow:
    """Show an invoice."""
    return reading.get_invoice(ports(), caller().firm_id, invoice_id)


@blueprint.operation("POST", "/<id:invoice_id>/send", _AS_IT_IS_NOW, scope=Scope.WRITE)
def send_invoice(invoice_id: str) -> InvoiceRow:
    """Mark an invoice as sent.

    It mails nothing. With `autopay` the first attempt follows at once, in a worker, whatever `due_on` says. 409 when
    it is void; repeating it is fine.
    """
    return _changed(collection.send_invoice, invoice_id)


@blueprint.operation("POST", "/<id:invoice_id>/charge", _ATTEMPT, scope=Scope.WRITE)
def charge_invoice(invoice_id: str) -> AttemptShown:
    """Charge now.

    409 when the invoice is paid, void, paused, disputed, charged back or refunded, or an attempt is open.
    """
    return _charged(invoice_id)


@blueprint.operation("POST", "/<id:invoice_id>/retry", _ATTEMPT, scope=Scope.WRITE)
def retry_invoice(invoice_id: str) -> AttemptShown:
    """Try again now, outside the failure course: a failure of this attempt does not count.

    409 as for charging.
    """
    return _charged(invoice_id)


@blueprint.operation("POST", "/<id:invoice_id>/void", _AS_IT_IS_NOW, scope=Scope.WRITE)
def void_invoice(invoice_id: str) -> InvoiceRow:
    """Void an invoice: nothing is collected any more.

    409 when money was received or an attempt is open; repeating it is fine.
    """
    return _changed(collection.void_invoice, invoice_id)


@blueprint.operation("POST", "/<id:invoice_id>/pause", _AS_IT_IS_NOW, scope=Scope.WRITE, body=PauseSchema)
def pause_invoice(wanted: Mapping[str, Any], invoice_id: str) -> InvoiceRow:
    """Hold collection until it is resumed, or until a time.

    Retries and notices wait, and go on where the course stands. With `promised` the reason is that the customer
    promised to pay until then. 409 when the invoice is paid or void; repeating it is fine, with another time too.
    """
    firm_id, by, until = caller().firm_id, caller().actor, wanted.get("until")
    if not wanted["promised"]:
        pausing.pause_invoice(ports(), firm_id, invoice_id, by, until)
    elif until is None:
        raise InvalidInput(FieldError("until", "A promise says until when."))
    else:
        pausing.promise_payment(ports(), firm_id, invoice_id, by, until)
    return reading.get_invoice(ports(), firm_id, invoice_id)


@blueprint.operation("POST", "/<id:invoice_id>/resume", _AS_IT_IS_NOW, scope=Scope.WRITE)
def resume_invoice(invoice_id: str) -> InvoiceRow:
    """Go on collecting where the failure course stands.

    A retry that was held because its failure was old is released. Repeating it is fine.
    """
    return _changed(pausing.resume_invoice, invoice_id)


@blueprint.operation("POST", "/<id:invoice_id>/revoke-links", _AS_IT_IS_NOW, scope=Scope.WRITE)
def revoke_invoice_links(invoice_id: str) -> InvoiceRow:
    """Let no customer link to an invoice that was made until now open anything any more.

    A mail that is sent from now on carries a new one. Repeating it revokes those too.
    """
    return _changed(customer_links.revoke_links, invoice_id)


def _charged(invoice_id: str) -> AttemptShown:
    return AttemptShown(invoice_id, collection.charge_invoice(ports(), caller().firm_id, invoice_id, caller().actor))


def _changed(change: Callable[[Ports, str, str, Actor], None], invoice_id: str) -> InvoiceRow:
    change(ports(), caller().firm_id, invoice_id, caller().actor)
    return reading.get_invoice(ports(), caller().firm_id, invoice_id)
