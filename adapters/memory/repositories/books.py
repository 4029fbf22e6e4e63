"""The ledger over many invoices, in memory."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from adapters.memory.pages import newest_first
from adapters.memory.store import Booked, InvoiceRecord
from adapters.memory.tables import View
from ports.dispute_repositories import BookedSums, LedgerFilter, LedgerLine
from ports.repositories import Page, PageRequest


class MemoryBooks:
    """The port `Books`."""

    def __init__(self, *, ledger: View[tuple[str, str, str], Booked], invoices: View[str, InvoiceRecord]) -> None:
        self._ledger = ledger
        self._invoices = invoices

    def page(self, wanted: LedgerFilter, request: PageRequest) -> Page[LedgerLine]:
        """Entries, newest first by `occurred_at`; see the port."""
        return newest_first(
            (self._line(booked) for booked in self._ledger.all() if _is_wanted(booked, wanted)),
            request,
            kinds=(datetime, str, str),
            order=lambda line: (line.entry.occurred_at, line.entry.stripe_id, line.entry.kind.value),
            item_of=lambda line: line,
        )

    def sums(self, after_id: str, limit: int) -> Sequence[BookedSums]:
        """Invoices with any ledger entry or any amount, by id; see the port."""
        records = (record for record in self._invoices.all() if record.facts.invoice.id > after_id)
        summed = (self._sums(record) for record in sorted(records, key=lambda record: record.facts.invoice.id))
        return [sums for sums in summed if sums is not None][:limit]

    def _line(self, booked: Booked) -> LedgerLine:
        record = self._invoices.get(booked.invoice_id)
        assert record is not None, "an entry is written with its invoice"
        invoice = record.facts.invoice
        return LedgerLine(booked.entry, booked.recorded_at, invoice.id, invoice.number, invoice.client_id)

    def _sums(self, record: InvoiceRecord) -> BookedSums | None:
        invoice, figures = record.facts.invoice, record.figures
        entries = [booked.entry for booked in self._ledger.find("invoice", invoice.id)]
        if not entries and not any((figures.amount_paid, figures.amount_refunded, figures.amount_disputed)):
            return None
        own = ((entry.kind.value, entry.amount_minor) for entry in entries if entry.currency == invoice.currency)
        return BookedSums(
            firm_id=invoice.firm_id,
            invoice_id=invoice.id,
            number=invoice.number,
            status=figures.status,
            currency=invoice.currency,
            amount_paid=figures.amount_paid,
            amount_refunded=figures.amount_refunded,
            amount_disputed=figures.amount_disputed,
            updated_at=record.updated_at,
            by_kind=_summed(own),
            foreign_kinds=frozenset(entry.kind.value for entry in entries if entry.currency != invoice.currency),
        )


def _summed(amounts: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for kind, amount_minor in amounts:
        sums[kind] += amount_minor
    return dict(sums)


def _is_wanted(booked: Booked, wanted: LedgerFilter) -> bool:
    entry = booked.entry
    return (
        wanted.kind in (None, entry.kind)
        and wanted.invoice_id in (None, booked.invoice_id)
        and wanted.currency in (None, entry.currency)
        and (wanted.occurred_from is None or entry.occurred_at >= wanted.occurred_from)
        and (wanted.occurred_before is None or entry.occurred_at < wanted.occurred_before)
    )
