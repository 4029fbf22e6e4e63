"""Erasing a client's personal data for good. The books and the audit log stay: they hold ids, amounts and times.

Each part is a transaction of its own and can be repeated; the client's own row comes last, so that an erasure that
was broken off finds everything again when it is repeated.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from domain.model.audit import Actor, MetadataValue, Note, Severity
from domain.model.derivation import derive
from domain.model.erasure import erased_attempt, erased_client, erased_event, is_erased
from domain.model.errors import Conflict, NotFound
from domain.model.firms import Client
from domain.model.inbox import InboxEntry
from domain.model.invoices import InvoiceFacts, InvoiceState
from domain.services.bookkeeping import Edit, audit_event, save, terms_of
from domain.services.steps import Ports, Step, in_firm, in_system
from ports.personal_data import EventKey, Trace
from ports.repositories import InvoiceFilter, InvoiceRow, LockedInvoice, Page, PageRequest

PAGE = 500
PAUSED_REASON = "the client's personal data was erased"


def erase_client(ports: Ports, firm_id: str, client_id: str, by: Actor) -> Client:
    """Erase the client's personal data, and hold collection of what it owes; the client as it is now.

    Raises `NotFound`, and `Conflict` while an attempt or a dispute of one of its invoices is open: nothing is erased
    then. Repeating it is fine, and takes away what Stripe has sent since.
    """
    client = in_firm(ports, firm_id, lambda step: step.tx.clients.get(client_id))
    if client is None:
        raise NotFound("client", client_id)
    invoice_ids = [row.invoice.id for row in _invoices(ports, firm_id, client_id)]
    for invoice_id in invoice_ids:
        _with_invoice(ports, firm_id, invoice_id, by, erases=False)
    for invoice_id in invoice_ids:
        _with_invoice(ports, firm_id, invoice_id, by, erases=True)
    events_count = _erase_events(ports, Trace(firm_id, frozenset(invoice_ids), client.stripe_customer_id))
    in_firm(ports, firm_id, lambda step: step.tx.personal_data.forget_answers(client_id))
    counts: dict[str, MetadataValue] = {"invoices": len(invoice_ids), "events": events_count}
    return in_firm(ports, firm_id, lambda step: _erase_row(step, client_id, by, counts))


def _invoices(ports: Ports, firm_id: str, client_id: str) -> Iterator[InvoiceRow]:
    wanted, cursor = InvoiceFilter(client_id=client_id), None
    while True:
        page = _invoice_page(ports, firm_id, wanted, cursor)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def _invoice_page(ports: Ports, firm_id: str, wanted: InvoiceFilter, cursor: str | None) -> Page[InvoiceRow]:
    return in_firm(ports, firm_id, lambda step: step.tx.invoices.page(wanted, PageRequest(PAGE, cursor)))


def _with_invoice(ports: Ports, firm_id: str, invoice_id: str, by: Actor, *, erases: bool) -> None:
    def look(step: Step) -> None:
        locked, firm = step.tx.invoices.lock(invoice_id), step.tx.firms.get(firm_id)
        assert locked is not None
        assert firm is not None
        state = derive(locked.facts, terms_of(step, firm))
        _refuse_needed(locked.facts, state)
        if erases:
            notes = (_held(invoice_id),) if _is_collected(locked, state) else ()
            step.tx.personal_data.erase_notes(invoice_id)
            for dispute in locked.facts.disputes:
                step.tx.personal_data.forget_answers(dispute.id)
            save(step, locked, _erased(step, locked, state), firm, Edit(by, notes))

    in_firm(ports, firm_id, look)


def _refuse_needed(facts: InvoiceFacts, state: InvoiceState) -> None:
    """Frozen requests may have to leave again, and evidence is made of what we know of the client: for an inquiry as
    for a chargeback, whatever the invoice's status.
    """
    invoice_id = facts.invoice.id
    if state.open_attempt is not None:
        attempt = state.open_attempt
        raise Conflict(
            f"Attempt {attempt.id} of invoice {invoice_id} is {attempt.status}; erase the client when its outcome is "
            "known."
        )
    if any(dispute.is_open for dispute in facts.disputes):
        raise Conflict(
            f"A dispute of invoice {invoice_id} is open, and its evidence needs the data; erase the client when it is "
            "closed."
        )


def _is_collected(locked: LockedInvoice, state: InvoiceState) -> bool:
    invoice = locked.facts.invoice
    return state.amount_open > 0 and invoice.voided_at is None and invoice.paused_at is None


def _held(invoice_id: str) -> Note:
    summary = f"Collection was put on hold: {PAUSED_REASON}."
    return Note("collection_paused", Severity.INFO, summary, "invoice", invoice_id, {"invoice_id": invoice_id})


def _erased(step: Step, locked: LockedInvoice, state: InvoiceState) -> InvoiceFacts:
    invoice = replace(locked.facts.invoice, description=None)
    if _is_collected(locked, state):
        invoice = replace(invoice, paused_at=step.now, paused_reason=PAUSED_REASON)
    attempts = tuple(erased_attempt(attempt) for attempt in locked.facts.attempts)
    return replace(locked.facts, invoice=invoice, attempts=attempts)


def _erase_events(ports: Ports, trace: Trace) -> int:
    """In system transactions: no firm owns an event that was not matched, and it may speak of this client."""
    after: EventKey | None = None
    count = 0
    while True:
        found, after = _event_page(ports, trace, after)
        for entry in found:
            if not is_erased(entry.event.body):
                _erase_event(ports, entry)
                count += 1
        if after is None:
            return count


def _event_page(ports: Ports, trace: Trace, after: EventKey | None) -> tuple[Sequence[InboxEntry], EventKey | None]:
    return in_system(ports, lambda step: step.tx.personal_data.events(trace, after, PAGE))


def _erase_event(ports: Ports, entry: InboxEntry) -> None:
    def erase(step: Step) -> None:
        known = step.tx.inbox.lock(entry.event.account, entry.event.id)
        if known is not None:
            erased = erased_event(known)
            step.tx.personal_data.replace_body(entry.event.account, entry.event.id, erased.event.body)
            step.tx.inbox.save(erased)

    in_system(ports, erase)


def _erase_row(step: Step, client_id: str, by: Actor, counts: dict[str, MetadataValue]) -> Client:
    client = step.tx.clients.get(client_id)
    assert client is not None
    erased = erased_client(client, step.now)
    step.tx.clients.save(erased)
    note = Note("client_erased", Severity.INFO, f"Client {client_id} was erased.", "client", client_id, counts)
    step.tx.journal.append([audit_event(step, client.firm_id, note, by)])
    return erased
