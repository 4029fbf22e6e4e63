"""A firm's customers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from domain.model.audit import Actor, Note, Severity
from domain.model.cards import Card
from domain.model.errors import Conflict, NotFound
from domain.model.firms import Address, Client
from domain.services.bookkeeping import audit_event
from domain.services.steps import Ports, Step, in_firm
from ports.payment_gateway import CardFile
from ports.repositories import Page, PageRequest


@dataclass(frozen=True)
class NewClient:
    """What is asked for; the edge has checked the shapes."""

    company_name: str
    email: str | None = None
    phone: str | None = None
    locale: str | None = None
    timezone: str | None = None
    address: Address = Address()
    stripe_customer_id: str | None = None


def create_client(ports: Ports, firm_id: str, wanted: NewClient, by: Actor) -> Client:
    """Store a new client. Raises `Conflict` when its Stripe customer is another client's."""
    return in_firm(ports, firm_id, lambda step: add_client(step, firm_id, wanted, by))


def add_client(step: Step, firm_id: str, wanted: NewClient, by: Actor, *, client_id: str | None = None) -> Client:
    """`create_client` within an open step, for bulk loads, which bring an id that they know again."""
    client = Client(
        id=client_id or step.ports.ids.new("cli"),
        firm_id=firm_id,
        created_at=step.now,
        updated_at=step.now,
        **_fields(wanted),
    )
    step.tx.clients.add(client)
    _write(step, client, by, "client_created", sorted(name for name, value in _fields(wanted).items() if value))
    return client


def _fields(wanted: NewClient) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in NewClient.__dataclass_fields__}


def change_client(ports: Ports, firm_id: str, client_id: str, changes: Mapping[str, Any], by: Actor) -> Client:
    """Replace the given fields (names of `NewClient`). Raises `NotFound` and `Conflict`."""

    def change(step: Step) -> Client:
        client = step.tx.clients.get(client_id)
        if client is None:
            raise NotFound("client", client_id)
        if client.erased_at is not None:
            raise Conflict("The client's personal data was erased for good. Create a new client.")
        changed = replace(client, **changes)
        if changed == client:
            return client
        if changed.email != client.email:
            changed = replace(changed, email_bad_at=None, email_bad_reason=None)
        changed = replace(changed, updated_at=step.now)
        step.tx.clients.save(changed)
        _write(step, changed, by, "client_changed", sorted(changes))
        return changed

    return in_firm(ports, firm_id, change)


def get_client(ports: Ports, firm_id: str, client_id: str) -> Client:
    """The client. Raises `NotFound`."""
    client = in_firm(ports, firm_id, lambda step: step.tx.clients.get(client_id))
    if client is None:
        raise NotFound("client", client_id)
    return client


def list_clients(ports: Ports, firm_id: str, request: PageRequest) -> Page[Client]:
    """Clients, newest first. Raises `BadCursor`."""
    return in_firm(ports, firm_id, lambda step: step.tx.clients.page(request))


def list_cards(ports: Ports, cards: CardFile, firm_id: str, client_id: str) -> Sequence[Card]:
    """The client's cards as Stripe has them now, default first. Raises `NotFound` and `GatewayUnavailable`."""
    client = get_client(ports, firm_id, client_id)
    firm = in_firm(ports, firm_id, lambda step: step.tx.firms.get(firm_id))
    if client.stripe_customer_id is None or firm is None:
        return ()
    return cards.cards(firm.stripe_account, client.stripe_customer_id)


def _write(step: Step, client: Client, by: Actor, action: str, fields: Sequence[str]) -> None:
    """Which fields, never what they hold: the audit log keeps no personal data."""
    summary = f"Client {client.id}: {action.removeprefix('client_')} ({', '.join(fields)})."
    note = Note(action, Severity.INFO, summary, "client", client.id, {"fields": ", ".join(fields)})
    step.tx.journal.append([audit_event(step, client.firm_id, note, by)])
