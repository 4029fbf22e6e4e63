"""Bulk loads: many clients or invoices at once, all or nothing, and the same file again adds nothing twice.

A row's id is made from what names it in the world (Stripe's customer, the invoice number), so that the second load
finds what the first one made.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from domain.model.audit import Actor
from domain.model.errors import Conflict, FieldError, InvalidInput
from domain.services.clients import NewClient, add_client
from domain.services.collection import NewInvoice, add_invoice, events_wait_for, stripe_ids_of
from domain.services.steps import Ports, Step, in_system


@dataclass(frozen=True)
class Line:
    """One line of a file with its number (the heading is line 1)."""

    number: int
    wanted: NewClient | NewInvoice
    stripe_customer_id: str | None = None
    """For an invoice: the client's customer at Stripe, where the file does not know our client id."""


@dataclass(frozen=True)
class BadLine:
    """A line that could not be loaded, and why."""

    number: int
    reason: str


@dataclass(frozen=True)
class Loaded:
    """What a load did."""

    added_count: int
    known_count: int
    bad: tuple[BadLine, ...]


class _Refused(Exception):
    """A whole load is undone because of its bad lines."""

    def __init__(self, bad: Sequence[BadLine]) -> None:
        super().__init__(f"{len(bad)} bad lines")
        self.bad = tuple(bad)


def load(
    ports: Ports, firm_id: str, lines: Sequence[Line], by: Actor, *, skip_bad: bool, tick: Callable[[], None]
) -> Loaded:
    """Store what the lines ask for. `tick` is called once a line.

    Without `skip_bad` one transaction keeps all of it or, when there are bad lines, nothing; with it each line stands
    alone.
    """
    parts = [[line] for line in lines] if skip_bad else [lines]
    return _sum(_load_together(ports, firm_id, part, by, tick) for part in parts)


def _load_together(ports: Ports, firm_id: str, lines: Sequence[Line], by: Actor, tick: Callable[[], None]) -> Loaded:
    try:
        return in_system(ports, lambda step: _load_all(step, firm_id, lines, by, tick))
    except _Refused as refused:
        return Loaded(0, 0, refused.bad)


def _load_all(step: Step, firm_id: str, lines: Sequence[Line], by: Actor, tick: Callable[[], None]) -> Loaded:
    """Raises `_Refused` with every bad line, as far as the database lets us look: a conflict is the last it tells."""
    parts: list[Loaded] = []
    is_awaited = _enter(step, firm_id, lines)
    for line in lines:
        try:
            parts.append(_load_line(step, firm_id, line, by, is_awaited=is_awaited))
        except InvalidInput as refused:
            parts.append(Loaded(0, 0, (BadLine(line.number, str(refused)),)))
        except Conflict as refused:
            parts.append(Loaded(0, 0, (BadLine(line.number, str(refused)),)))
            break
        tick()
    loaded = _sum(parts)
    if loaded.bad:
        raise _Refused(loaded.bad)
    return loaded


def _enter(step: Step, firm_id: str, lines: Sequence[Line]) -> bool:
    """Narrow a system transaction to the firm; whether events that no firm owns yet wait for any of the lines."""
    stripe_ids = frozenset(
        stripe_id for line in lines if isinstance(line.wanted, NewInvoice) for stripe_id in stripe_ids_of(line.wanted)
    )
    is_awaited = events_wait_for(step, stripe_ids)
    step.tx.enter_firm(firm_id)
    return is_awaited


def _sum(parts: Iterable[Loaded]) -> Loaded:
    added = known = 0
    bad: tuple[BadLine, ...] = ()
    for part in parts:
        added, known, bad = added + part.added_count, known + part.known_count, bad + part.bad
    return Loaded(added, known, bad)


def _load_line(step: Step, firm_id: str, line: Line, by: Actor, *, is_awaited: bool) -> Loaded:
    if isinstance(line.wanted, NewClient):
        return _load_client(step, firm_id, line.wanted, by)
    if line.wanted.number is None:
        raise InvalidInput(FieldError("number", "A bulk load needs each invoice's number, to know it again."))
    invoice_id = _made_from("inv", firm_id, line.wanted.number)
    if step.tx.invoices.get(invoice_id) is not None:
        return Loaded(0, 1, ())
    wanted = replace(line.wanted, client_id=line.wanted.client_id or _client_of(step, line.stripe_customer_id))
    add_invoice(step, firm_id, wanted, by, is_awaited=is_awaited, invoice_id=invoice_id)
    return Loaded(1, 0, ())


def _load_client(step: Step, firm_id: str, wanted: NewClient, by: Actor) -> Loaded:
    name = wanted.stripe_customer_id or f"{wanted.company_name}|{wanted.email or ''}"
    client_id = _made_from("cli", firm_id, name)
    by_customer = step.tx.clients.by_stripe_customer(wanted.stripe_customer_id) if wanted.stripe_customer_id else None
    if by_customer is not None or step.tx.clients.get(client_id) is not None:
        return Loaded(0, 1, ())
    add_client(step, firm_id, wanted, by, client_id=client_id)
    return Loaded(1, 0, ())


def _client_of(step: Step, customer_id: str | None) -> str:
    client = step.tx.clients.by_stripe_customer(customer_id) if customer_id else None
    if client is None:
        message = f"No client with Stripe customer {customer_id!r} here. Import the clients first."
        raise InvalidInput(FieldError("stripe_customer_id", message))
    return client.id


def _made_from(prefix: str, firm_id: str, name: str) -> str:
    return f"{prefix}_{hashlib.sha256(f'{firm_id}|{name}'.encode()).hexdigest()[:24]}"
