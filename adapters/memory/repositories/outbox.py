"""The outbox in memory."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from adapters.memory.pages import newest_first
from adapters.memory.scope import Scope
from adapters.memory.store import WAITING, Planned
from adapters.memory.tables import View
from domain.model.outbox import OutboxItem, OutboxStatus
from ports.repositories import OutboxFilter, Page, PageRequest


class MemoryOutbox:
    """The ports `Outbox` and `OutboxSchedule`."""

    def __init__(self, scope: Scope, rows: View[str, Planned], numbers: Iterator[int]) -> None:
        self._scope = scope
        self._rows = rows
        self._numbers = numbers

    def add(self, items: Sequence[OutboxItem]) -> tuple[OutboxItem, ...]:
        """Store rows; see the port."""
        return tuple(kept for item in items if (kept := self._add(item)) is not None)

    def claim(self, item_id: str, now: datetime, lease_until: datetime) -> OutboxItem | None:
        """Take a due row for us alone; see the port."""
        row = self._rows.lock_free(item_id)
        if row is None or not _is_to_be_had(row.item, now):
            return None
        item = replace(row.item, status=OutboxStatus.CLAIMED, lease_until=lease_until, tries=row.item.tries + 1)
        self._rows.put(item_id, replace(row, item=item))
        return item

    def get(self, item_id: str) -> OutboxItem | None:
        """The row."""
        row = self._rows.get(item_id)
        return None if row is None else row.item

    def save(self, item: OutboxItem) -> None:
        """Replace invoice, due time, status, tries, lease and error."""
        self._scope.require(item.firm_id)
        row = self._rows.lock(item.id)
        if row is not None:
            kept = replace(
                row.item,
                invoice_id=item.invoice_id,
                due_at=item.due_at,
                status=item.status,
                tries=item.tries,
                lease_until=item.lease_until,
                last_error=item.last_error,
            )
            self._rows.put(item.id, replace(row, item=kept))

    def pending_for(self, invoice_id: str) -> Sequence[OutboxItem]:
        """The invoice's rows that are due, claimed or held, by due time."""
        return _by_time(row.item for row in self._rows.find("pending", invoice_id))

    def lock_pending(self, invoice_id: str) -> tuple[OutboxItem, ...]:
        """The same, locked."""
        for item in self.pending_for(invoice_id):
            self._rows.lock(item.id)
        return tuple(self.pending_for(invoice_id))

    def pending_for_dispute(self, dispute_id: str) -> Sequence[OutboxItem]:
        """The dispute's rows that are due, claimed or held, by due time, locked."""
        for row in self._rows.find("pending of dispute", dispute_id):
            self._rows.lock(row.item.id)
        return _by_time(row.item for row in self._rows.find("pending of dispute", dispute_id))

    def due(self, before: datetime, limit: int) -> Sequence[OutboxItem]:
        """Rows due by then, fair between firms; see the port."""
        due = (row.item for row in self._rows.find(WAITING, WAITING) if _is_due(row.item, before))
        by_firm = groupby(
            sorted(due, key=lambda item: (item.firm_id, _waits_since(item), item.id)), lambda i: i.firm_id
        )
        in_turns = ((turn, item) for _, items in by_firm for turn, item in enumerate(items))
        chosen = heapq.nsmallest(limit, in_turns, key=lambda pair: (pair[0], _waits_since(pair[1]), pair[1].id))
        return sorted((item for _, item in chosen), key=lambda item: (_waits_since(item), item.id))

    def page(self, wanted: OutboxFilter, request: PageRequest) -> Page[OutboxItem]:
        """Rows, newest first; see the port."""
        rows = (row for row in self._rows.all() if _is_wanted(row.item, wanted))
        return newest_first(rows, request, kinds=(int,), order=lambda row: (row.number,), item_of=lambda row: row.item)

    def _add(self, item: OutboxItem) -> OutboxItem | None:
        dedupe = (item.firm_id, item.dedupe_key)
        self._rows.reserve("dedupe_key", dedupe)
        known = next(iter(self._rows.find("dedupe_key", dedupe)), None)
        if known is None:
            self._rows.put(item.id, Planned(next(self._numbers), item))
            return item
        locked = self._rows.lock(known.item.id)
        if locked is None or locked.item.status is not OutboxStatus.CANCELED:
            return None
        revived = replace(item, id=locked.item.id)
        self._rows.put(revived.id, replace(locked, item=revived))
        return revived


def _is_to_be_had(item: OutboxItem, now: datetime) -> bool:
    if item.status is OutboxStatus.DUE:
        return item.due_at <= now
    return item.status is OutboxStatus.CLAIMED and item.lease_until is not None and item.lease_until < now


def _is_due(item: OutboxItem, before: datetime) -> bool:
    if item.status is OutboxStatus.DUE:
        return item.due_at <= before
    return item.lease_until is not None and item.lease_until < before


def _waits_since(item: OutboxItem) -> datetime:
    """When the row could be had, which for a claimed one is the end of its lease."""
    if item.status is OutboxStatus.CLAIMED and item.lease_until is not None:
        return item.lease_until
    return item.due_at


def _by_time(items: Iterable[OutboxItem]) -> list[OutboxItem]:
    return sorted(items, key=lambda item: (item.due_at, item.id))


def _is_wanted(item: OutboxItem, wanted: OutboxFilter) -> bool:
    return (
        wanted.status in (None, item.status)
        and wanted.kind in (None, item.kind)
        and wanted.invoice_id in (None, item.invoice_id)
        and wanted.dispute_id in (None, item.dispute_id)
    )
