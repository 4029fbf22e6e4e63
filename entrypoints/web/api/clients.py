"""Clients: the firm's customers and their cards."""

from collections.abc import Mapping
from typing import Any

from domain.model.firms import Address, Client, Scope
from domain.services import clients, erasure, pausing
from domain.services.clients import NewClient
from entrypoints.web.api import shown
from entrypoints.web.api.blueprint import Answer, ApiBlueprint
from entrypoints.web.api.card_health import CardShown, show_card
from entrypoints.web.api.client_schemas import (
    ClientChangesSchema,
    ClientPageSchema,
    ClientSchema,
    NewClientSchema,
    PaymentMethodPageSchema,
)
from entrypoints.web.api.invoice_schemas import HoldSchema
from entrypoints.web.api.lists import ListQuery, WholeListQuery, cut, page_request
from entrypoints.web.api.shown import Shown
from entrypoints.web.application import application, ports
from entrypoints.web.authentication import caller
from ports.repositories import Page

blueprint = ApiBlueprint("clients", path="/clients", description="The firm's customers.")


@blueprint.operation(
    "GET", "", Answer(200, ClientPageSchema, "Clients, newest first."), scope=Scope.READ, query=ListQuery
)
def list_clients(query: Mapping[str, Any]) -> Page[Client]:
    """List clients, newest first."""
    return clients.list_clients(ports(), caller().firm_id, page_request(query))


@blueprint.operation(
    "POST", "", Answer(201, ClientSchema, "The client that was made."), scope=Scope.WRITE, body=NewClientSchema
)
def create_client(wanted: Mapping[str, Any]) -> tuple[Client, dict[str, str]]:
    """Create a client.

    409 when another client has the same `stripe_customer_id`.
    """
    made = clients.create_client(ports(), caller().firm_id, NewClient(**_with_address(wanted)), caller().actor)
    return made, {"Location": f"/api/v1/clients/{made.id}"}


@blueprint.operation("GET", "/<id:client_id>", Answer(200, ClientSchema, "The client."), scope=Scope.READ)
def get_client(client_id: str) -> Client:
    """Show a client."""
    return clients.get_client(ports(), caller().firm_id, client_id)


@blueprint.operation(
    "PATCH",
    "/<id:client_id>",
    Answer(200, ClientSchema, "The client as it is now."),
    scope=Scope.WRITE,
    body=ClientChangesSchema,
    errors=(409,),
)
def change_client(changes: Mapping[str, Any], client_id: str) -> Client:
    """Change a client.

    Fields that are not sent stay; null empties a field; `address` is replaced as a whole.
    """
    return clients.change_client(ports(), caller().firm_id, client_id, _with_address(changes), caller().actor)


@blueprint.operation(
    "POST", "/<id:client_id>/erase", Answer(200, ClientSchema, "What is left of the client."), scope=Scope.ADMIN
)
def erase_client(client_id: str) -> Client:
    """Erase a client's personal data, for good.

    Name, contacts, address and Stripe customer are removed, as are descriptions of its invoices, Stripe's events about
    it and stored answers; ids, amounts and times stay in the books and in the audit log. Collection of what it owes is
    held, and no card of it can be charged any more. 409 while an attempt or a chargeback is open. Repeating it is
    fine: it takes away what Stripe has sent since. The customer at Stripe is not touched.
    """
    return erasure.erase_client(ports(), caller().firm_id, client_id, caller().actor)


class HeldInvoicesSchema(Shown):
    """How many invoices were concerned."""

    invoices = shown.number("How many of the client's invoices are held, or go on.", 3)


@blueprint.operation(
    "POST",
    "/<id:client_id>/pause",
    Answer(200, HeldInvoicesSchema, "How many invoices are held."),
    scope=Scope.WRITE,
    body=HoldSchema,
)
def pause_client(wanted: Mapping[str, Any], client_id: str) -> dict[str, int]:
    """Hold collection of all that a client owes now, until resumed or until a time. Later invoices are not held."""
    until = wanted.get("until")
    return {"invoices": pausing.pause_client(ports(), caller().firm_id, client_id, caller().actor, until)}


@blueprint.operation(
    "POST", "/<id:client_id>/resume", Answer(200, HeldInvoicesSchema, "How many invoices go on."), scope=Scope.WRITE
)
def resume_client(client_id: str) -> dict[str, int]:
    """Go on collecting all that a client owes."""
    return {"invoices": pausing.resume_client(ports(), caller().firm_id, client_id, caller().actor)}


@blueprint.operation(
    "GET",
    "/<id:client_id>/payment-methods",
    Answer(200, PaymentMethodPageSchema, "The client's cards, the default first."),
    scope=Scope.READ,
    query=WholeListQuery,
)
def list_payment_methods(query: Mapping[str, Any], client_id: str) -> Page[CardShown]:
    """List a client's cards.

    They are read from Stripe now: 503 while Stripe does not answer. A client without `stripe_customer_id` has none.
    """
    found = clients.list_cards(ports(), application().cards, caller().firm_id, client_id)
    now = ports().clock.now()
    cards = [show_card(card, now) for card in found]
    return cut(cards, query, lambda card: card.stripe_payment_method_id)


def _with_address(given: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(given)
    if "address" in values:
        values["address"] = Address(**(values["address"] or {}))
    return values
