"""Invoices in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from adapters.memory.pages import newest_first
from adapters.memory.repositories.journal import MemoryJournal
from adapters.memory.repositories.outbox import MemoryOutbox
from adapters.memory.repositories.reversal_rows import ReversalRows, reversals_in_order
from adapters.memory.scope import Scope
from adapters.memory.store import InvoiceRecord, Link
from adapters.memory.tables import View
from domain.model.attempts import OPEN_STATUSES, AttemptStatus, derive_attempts
from domain.model.derivation import own_status
from domain.model.errors import Conflict, StaleVersion
from domain.model.exposure import Reversals
from domain.model.firms import Client
from domain.model.invoices import Invoice, InvoiceFacts, InvoiceStatus
from domain.model.outbox import OutboxItem
from ports.repositories import Change, InvoiceFilter, InvoiceRow, LockedInvoice, Page, PageRequest

_OPEN = frozenset(
    [InvoiceStatus.DRAFT, InvoiceStatus.SENT, InvoiceStatus.FAILED, InvoiceStatus.OVERDUE, InvoiceStatus.DISPUTED]
)
_UNIQUE = {
    "number": "number: another invoice has this number already. Choose another.",
    "stripe_payment_intent_id": "stripe_payment_intent_id: this PaymentIntent belongs to another invoice already.",
    "stripe_invoice_id": "stripe_invoice_id: this Stripe invoice belongs to another invoice already.",
}


class MemoryInvoices:
    """The ports `Invoices` and `InvoiceHistory`."""

    def __init__(
        self,
        scope: Scope,
        *,
        records: View[str, InvoiceRecord],
        links: View[tuple[str, str], Link],
        clients: View[str, Client],
        reversals: ReversalRows,
        outbox: MemoryOutbox,
        journal: MemoryJournal,
    ) -> None:
        self._scope = scope
        self._records = records
        self._links = links
        self._clients = clients
        self._reversals = reversals
        self._outbox = outbox
        self._journal = journal

    def add(self, change: Change) -> None:
        """Store the new invoice; see the port."""
        invoice = change.after.invoice
        self._scope.require(invoice.firm_id)
        client = self._clients.get(invoice.client_id)
        if client is None or client.firm_id != invoice.firm_id:
            raise self._scope.failed(Conflict("client_id: there is no such client in this firm."))
        self._put(change, InvoiceRecord(_in_order(change.after, 0), change.state.figures, change.now))
        self._reversals.write(change, Reversals())
        self._write_rest(change, is_claim=True)

    def lock(self, invoice_id: str) -> LockedInvoice | None:
        """The facts and the pending outbox rows, locked; see the port."""
        record = self._records.lock(invoice_id)
        return None if record is None else LockedInvoice(record.facts, self._outbox.lock_pending(invoice_id))

    def save(self, change: Change) -> tuple[OutboxItem, ...]:
        """Write a change of a locked invoice; see the port."""
        before = change.before
        self._scope.require(before.invoice.firm_id)
        record = self._records.lock(before.invoice.id)
        if record is None or record.facts.version != before.version:
            raise self._scope.failed(StaleVersion("The invoice was changed in between. Run the step again."))
        after = _in_order(change.after, before.version)
        if after != record.facts or change.state.figures != record.figures:
            self._put(
                change, InvoiceRecord(replace(after, version=before.version + 1), change.state.figures, change.now)
            )
            self._reversals.write(change, record.facts.reversals)
        return self._write_rest(change)

    def get(self, invoice_id: str) -> InvoiceRow | None:
        """The invoice as stored, without a lock."""
        record = self._records.get(invoice_id)
        return None if record is None else _row(record)

    def page(self, wanted: InvoiceFilter, request: PageRequest) -> Page[InvoiceRow]:
        """Invoices, newest first; see the port."""
        return newest_first(
            (record for record in self._records.all() if _is_wanted(record, wanted)),
            request,
            kinds=(datetime, str),
            order=lambda record: (record.facts.invoice.created_at, record.facts.invoice.id),
            item_of=_row,
        )

    def facts(self, invoice_id: str) -> InvoiceFacts | None:
        """The facts without a lock, for reading."""
        record = self._records.get(invoice_id)
        return None if record is None else record.facts

    def declined_at(self, stripe_payment_method_id: str, since: datetime) -> Sequence[datetime]:
        """When that payment method was declined, oldest first; see the port."""
        records = self._records.find("payment_method", stripe_payment_method_id)
        return sorted(
            attempt.at
            for record in records
            for attempt in derive_attempts(record.facts.attempts, record.facts.payments, record.facts.invoice.currency)
            if attempt.status is AttemptStatus.DECLINED
            and attempt.stripe_payment_method_id == stripe_payment_method_id
            and attempt.at >= since
        )

    def open_ids(self, after_id: str, limit: int) -> Sequence[str]:
        """Ids of invoices that may still have something to come; see the port."""
        open_ids = (record.facts.invoice.id for record in self._records.all() if _is_open(record))
        return sorted(invoice_id for invoice_id in open_ids if invoice_id > after_id)[:limit]

    def numbers_taken(self, prefix: str) -> int:
        """How many invoice numbers begin with `prefix`."""
        return sum(record.facts.invoice.number.startswith(prefix) for record in self._records.all())

    def _put(self, change: Change, record: InvoiceRecord) -> None:
        open_attempts = [a for a in record.facts.attempts if own_status(change.state, a) in OPEN_STATUSES]
        if len(open_attempts) > 1:
            raise self._scope.failed(
                Conflict("Another attempt of this invoice is still open; its outcome comes first.")
            )
        invoice = record.facts.invoice
        known = self._records.get(invoice.id)
        if known is None or known.facts.invoice != invoice:
            self._refuse_taken("number", invoice, invoice.number)
            self._refuse_taken("stripe_payment_intent_id", invoice, invoice.given_payment_intent_id)
            self._refuse_taken("stripe_invoice_id", invoice, invoice.stripe_invoice_id)
        self._records.put(invoice.id, record)

    def _refuse_taken(self, field: str, invoice: Invoice, value: str | None) -> None:
        if value is not None:
            self._records.reserve(field, (invoice.firm_id, value))
            if self._records.is_taken(field, (invoice.firm_id, value), invoice.id):
                raise self._scope.failed(Conflict(_UNIQUE[field]))

    def _write_rest(self, change: Change, *, is_claim: bool = False) -> tuple[OutboxItem, ...]:
        invoice = change.after.invoice
        for stripe_id in sorted(change.stripe_ids):
            self._link(Link(invoice.firm_id, stripe_id, invoice.id), is_claim=is_claim)
        self._journal.book(invoice.firm_id, invoice.id, change.ledger, change.now)
        self._journal.append(change.audit)
        for item in change.changed_outbox:
            self._outbox.save(item)
        return self._outbox.add(change.new_outbox)

    def _link(self, link: Link, *, is_claim: bool) -> None:
        key = (link.firm_id, link.stripe_id)
        known = self._links.lock(key)
        if known is None:
            self._links.put(key, link)
        elif known.invoice_id != link.invoice_id and is_claim:
            raise self._scope.failed(
                Conflict(f"stripe_ids: {link.stripe_id} belongs to invoice {known.invoice_id} already.")
            )


def _in_order(facts: InvoiceFacts, version: int) -> InvoiceFacts:
    attempts = sorted(facts.attempts, key=lambda attempt: (attempt.started_at, attempt.id))
    payments = sorted(facts.payments, key=lambda fact: fact.key)
    return replace(
        facts,
        attempts=tuple(attempts),
        payments=tuple(payments),
        version=version,
        reversals=reversals_in_order(facts.reversals),
    )


def _is_open(record: InvoiceRecord) -> bool:
    return record.figures.status in _OPEN or any(dispute.is_open for dispute in record.facts.disputes)


def _row(record: InvoiceRecord) -> InvoiceRow:
    return InvoiceRow(record.facts.invoice, record.figures, record.updated_at)


def _is_wanted(record: InvoiceRecord, wanted: InvoiceFilter) -> bool:
    invoice = record.facts.invoice
    return (
        wanted.status in (None, record.figures.status)
        and wanted.client_id in (None, invoice.client_id)
        and (wanted.q is None or _is_found(wanted.q, (invoice.number, invoice.description or "")))
    )


def _is_found(q: str, texts: Iterable[str]) -> bool:
    return any(q.lower() in text.lower() for text in texts)
