"""Audit events and ledger entries in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from adapters.memory.pages import newest_first
from adapters.memory.store import Booked, Written
from adapters.memory.tables import View
from domain.model.audit import AuditEvent
from domain.model.ledger import LedgerEntry
from ports.repositories import AuditFilter, Page, PageRequest


class MemoryJournal:
    """The port `Journal`."""

    def __init__(
        self, audit: View[int, Written], ledger: View[tuple[str, str, str], Booked], numbers: Iterator[int]
    ) -> None:
        self._audit = audit
        self._ledger = ledger
        self._numbers = numbers

    def append(self, events: Sequence[AuditEvent]) -> None:
        """Write audit events."""
        for event in events:
            number = next(self._numbers)
            self._audit.put(number, Written(number, event))

    def book(self, firm_id: str, invoice_id: str, entries: Sequence[LedgerEntry], now: datetime) -> None:
        """Write an invoice's ledger entries; those that are known stay as they are, but for when they happened."""
        for entry in entries:
            key = (firm_id, entry.kind.value, entry.stripe_id)
            known = self._ledger.lock(key)
            if known is None:
                self._ledger.put(key, Booked(firm_id, invoice_id, entry, now))
            elif known.entry.occurred_at != entry.occurred_at:
                dated = replace(known.entry, occurred_at=entry.occurred_at)
                self._ledger.put(key, replace(known, entry=dated))

    def page(self, wanted: AuditFilter, request: PageRequest) -> Page[AuditEvent]:
        """Audit events, newest first; see the port."""
        rows = (row for row in self._audit.all() if _is_wanted(row.event, wanted))
        return newest_first(rows, request, kinds=(datetime, int), order=_position, item_of=lambda row: row.event)

    def of_invoice(self, invoice_id: str, limit: int) -> Sequence[AuditEvent]:
        """An invoice's audit events, oldest first."""
        rows = sorted(self._audit.find("invoice", invoice_id), key=_position)
        return [row.event for row in rows[:limit]]

    def ledger_of(self, invoice_id: str) -> Sequence[LedgerEntry]:
        """An invoice's ledger entries, oldest first."""
        entries = (booked.entry for booked in self._ledger.find("invoice", invoice_id))
        return sorted(entries, key=lambda entry: (entry.occurred_at, entry.stripe_id, entry.kind))


def _position(row: Written) -> tuple[datetime, int]:
    return row.event.created_at, row.number


def _is_wanted(event: AuditEvent, wanted: AuditFilter) -> bool:
    return (
        wanted.action in (None, event.action)
        and wanted.severity in (None, event.severity)
        and (wanted.subject is None or wanted.subject in (event.subject_id, event.invoice_id))
    )
