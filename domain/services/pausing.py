"""Holding collection: until somebody resumes it, until a date, or because the customer promised to pay."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from domain.model.audit import DUNLIN, Actor
from domain.model.errors import Conflict, FieldError, InvalidInput, NotFound
from domain.model.invoices import InvoiceStatus
from domain.model.moments import shown
from domain.model.outbox import OutboxItem
from domain.services.bookkeeping import Edit, save
from domain.services.cases import done, ended, is_held, locked_invoice
from domain.services.collection import Matter, invoice_note, with_invoice
from domain.services.steps import Ports, Step, in_firm
from ports.repositories import InvoiceFilter, InvoiceRow, Page, PageRequest

_NOTHING_TO_HOLD = frozenset(
    {
        InvoiceStatus.PAID,
        InvoiceStatus.VOID,
        InvoiceStatus.REFUNDED,
        InvoiceStatus.PARTIALLY_REFUNDED,
        InvoiceStatus.CHARGED_BACK,
    }
)


PAUSE_MAX = timedelta(days=366)


def pause_invoice(ports: Ports, firm_id: str, invoice_id: str, by: Actor, until: datetime | None = None) -> None:
    """Hold collection, until resumed or until a date; retries and notices wait. Repeating it is fine, with another date
    too. Raises `Conflict` when there is nothing to hold and `InvalidInput` for a date that is none to wait for.
    """
    reason = "paused by an administrator"
    with_invoice(ports, firm_id, invoice_id, by, lambda matter: _pause(matter, reason, until))


def promise_payment(ports: Ports, firm_id: str, invoice_id: str, by: Actor, until: datetime) -> None:
    """The customer promised to pay until then: nothing is charged and nothing is written before. Raises as
    `pause_invoice`.
    """
    with_invoice(ports, firm_id, invoice_id, by, lambda matter: _pause(matter, "the customer promised to pay", until))


def _pause(matter: Matter, reason: str, until: datetime | None) -> None:
    now = matter.step.now
    if matter.state.figures.status in _NOTHING_TO_HOLD:
        raise Conflict(f"The invoice is {matter.state.figures.status}; there is nothing to hold.")
    if until is not None and not now < until <= now + PAUSE_MAX:
        raise InvalidInput(FieldError("until", f"Must be in the future, at most {PAUSE_MAX.days} days from now."))
    if matter.invoice.paused_at is not None and matter.invoice.paused_until == until:
        return
    words = f"Collection is held{f' until {shown(until)}' if until else ''}: {reason}."
    note = invoice_note("collection_paused", matter.invoice, words)
    matter.change(note, paused_at=now, paused_reason=reason, paused_until=until)


def resume_invoice(ports: Ports, firm_id: str, invoice_id: str, by: Actor) -> None:
    """Collection goes on where the course stands; a retry that was held because its failure was old is released."""

    def resume(matter: Matter) -> None:
        hold = matter.state.hold
        if matter.invoice.paused_at is None and hold is None:
            return
        released = hold.tag if hold is not None else matter.invoice.released_slot_key
        note = invoice_note("collection_resumed", matter.invoice, "Collection goes on.")
        matter.change(note, paused_at=None, paused_reason=None, paused_until=None, released_slot_key=released)

    with_invoice(ports, firm_id, invoice_id, by, resume)


def resume_when_due(ports: Ports, item: OutboxItem) -> None:
    """The date came until which the claimed row's invoice was held; what waits for another reason goes on waiting."""

    def resume(step: Step) -> None:
        locked, firm = locked_invoice(step, item)
        invoice = locked.facts.invoice
        if not is_held(locked, item):
            return
        if invoice.paused_until is None or invoice.paused_until > step.now:
            step.tx.outbox.save(ended(item))
            return
        note = invoice_note("collection_resumed", invoice, "Collection goes on: the date came until which it was held.")
        freed = replace(invoice, paused_at=None, paused_reason=None, paused_until=None)
        save(step, locked, replace(locked.facts, invoice=freed), firm, Edit(DUNLIN, (note,), (done(item),)))

    in_firm(ports, item.firm_id, resume)


def pause_client(ports: Ports, firm_id: str, client_id: str, by: Actor, until: datetime | None) -> int:
    """Hold collection of all of a client's invoices that can be held; how many. Raises as `pause_invoice`."""
    return _each_of(ports, firm_id, client_id, lambda invoice_id: pause_invoice(ports, firm_id, invoice_id, by, until))


def resume_client(ports: Ports, firm_id: str, client_id: str, by: Actor) -> int:
    """Collection of all of a client's invoices goes on; how many were held."""
    return _each_of(ports, firm_id, client_id, lambda invoice_id: resume_invoice(ports, firm_id, invoice_id, by))


def _each_of(ports: Ports, firm_id: str, client_id: str, do: Callable[[str], None]) -> int:
    """Each invoice in a transaction of its own; those that are over are left alone. Raises `NotFound`."""

    def read(cursor: str | None, step: Step) -> Page[InvoiceRow]:
        if step.tx.clients.get(client_id) is None:
            raise NotFound("client", client_id)
        return step.tx.invoices.page(InvoiceFilter(client_id=client_id), PageRequest(100, cursor))

    count, cursor, is_last = 0, None, False
    while not is_last:
        page = in_firm(ports, firm_id, partial(read, cursor))
        for row in page.items:
            if row.figures.status in _NOTHING_TO_HOLD:
                continue
            with suppress(Conflict):
                do(row.invoice.id)
                count += 1
        cursor, is_last = page.next_cursor, page.next_cursor is None
    return count
