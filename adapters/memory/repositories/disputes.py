"""Disputes and the notes on them, in memory."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from adapters.memory.pages import newest_first, soonest_first
from adapters.memory.scope import Scope
from adapters.memory.store import DisputeRecord, Link
from adapters.memory.tables import View
from domain.model.dispute_notes import DisputeNote
from domain.model.disputes import Dispute
from domain.model.errors import Conflict
from ports.dispute_repositories import (
    DisputeFilter,
    DisputeOrder,
    DisputeRow,
    GroupBy,
    StandingDispute,
    SummaryLine,
    SummaryRequest,
)
from ports.repositories import Page, PageRequest

_NEVER = datetime(9999, 12, 31, tzinfo=UTC)


class MemoryDisputes:
    """The port `Disputes`."""

    def __init__(
        self,
        scope: Scope,
        *,
        disputes: View[str, DisputeRecord],
        notes: View[tuple[str, int], DisputeNote],
        links: View[tuple[str, str], Link],
    ) -> None:
        self._scope = scope
        self._links = links
        self._disputes = disputes
        self._notes = notes

    def hold(self, dispute_id: str) -> StandingDispute | None:
        """Hold this dispute until the transaction ends; see the port."""
        record = self._disputes.lock(dispute_id)
        return None if record is None else StandingDispute(record.dispute, record.invoice_id)

    def save_unmatched(self, dispute: Dispute, now: datetime) -> None:
        """Store or replace a held dispute that belongs to no invoice yet; see the port."""
        firm_id = self._scope.own_firm()
        known = self._disputes.lock(dispute.id)
        if known is not None and known.invoice_id is not None:
            raise self._scope.failed(Conflict(f"dispute {dispute.id} belongs to an invoice already."))
        self._disputes.put(dispute.id, DisputeRecord(firm_id, dispute, None, None, now))

    def get(self, dispute_id: str) -> DisputeRow | None:
        """The dispute by our id or by Stripe's."""
        record = self._disputes.get(dispute_id)
        found = [record] if record is not None else self._disputes.find("stripe_id", dispute_id)
        return self._row(found[0]) if found else None

    def page(self, wanted: DisputeFilter, request: PageRequest) -> Page[DisputeRow]:
        """Disputes in the wanted order; see the port."""
        records = (record for record in self._disputes.all() if _is_wanted(record, wanted))
        kinds = (datetime, str)
        if wanted.order is DisputeOrder.RESPOND_BY:
            return soonest_first(records, request, kinds=kinds, order=_by_deadline, item_of=self._row)
        return newest_first(records, request, kinds=kinds, order=_by_age, item_of=self._row)

    def summary(self, wanted: SummaryRequest) -> Sequence[SummaryLine]:
        """Sums over all disputes in reach, by group and currency; see the port."""
        sums: dict[tuple[str | None, str], _Sums] = {}
        for record in self._disputes.all():
            if _is_within(record.dispute.opened_at, wanted):
                key = (_group_of(record, wanted.group_by), record.dispute.money.currency)
                sums.setdefault(key, _Sums()).add(record.dispute)
        ordered = sorted(sums, key=lambda key: (key[0] is None, key))
        return [sums[group, currency].line(group, currency) for group, currency in ordered]

    def attachable(self, limit: int) -> Sequence[tuple[str, str, str]]:
        """Disputes whose invoice is known by now; see the port."""
        unmatched = sorted(
            (record for record in self._disputes.all() if record.invoice_id is None),
            key=lambda record: (record.firm_id, record.dispute.id),
        )
        found = ((record.firm_id, record.dispute.id, self._invoice_of(record)) for record in unmatched)
        return [(firm_id, dispute_id, invoice_id) for firm_id, dispute_id, invoice_id in found if invoice_id][:limit]

    def _invoice_of(self, record: DisputeRecord) -> str | None:
        told = record.dispute.newest
        for stripe_id in (told.stripe_charge_id, told.stripe_payment_intent_id):
            link = self._links.get((record.firm_id, stripe_id)) if stripe_id else None
            if link is not None:
                return link.invoice_id
        return None

    def open_stripe_ids(self, opened_before: datetime, limit: int) -> Sequence[tuple[str, str]]:
        """(firm id, Stripe id) of open disputes; see the port."""
        records = [r for r in self._disputes.all() if r.dispute.is_open and r.dispute.opened_at < opened_before]
        records.sort(key=lambda record: (record.updated_at, record.dispute.id))
        return [(record.firm_id, record.dispute.stripe_dispute_id) for record in records[:limit]]

    def _row(self, record: DisputeRecord) -> DisputeRow:
        notes_count = sum(note.version == 1 for note in self._notes.find("dispute", record.dispute.id))
        owners = (record.invoice_id, record.client_id)
        return DisputeRow(record.firm_id, record.dispute, *owners, notes_count, record.updated_at)


@dataclass
class _Sums:
    """One group's sums in one currency."""

    counts: Counter[str] = field(default_factory=Counter)
    amounts: Counter[str] = field(default_factory=Counter)
    inquiries_count: int = 0
    resolved_count: int = 0
    resolved_seconds: float = 0.0

    def add(self, dispute: Dispute) -> None:
        """Count the dispute."""
        self.counts[dispute.status.value] += 1
        self.amounts[dispute.status.value] += dispute.money.amount_minor
        self.inquiries_count += dispute.is_inquiry
        if dispute.closed_at is not None:
            self.resolved_count += 1
            self.resolved_seconds += (dispute.closed_at - dispute.opened_at).total_seconds()

    def line(self, group: str | None, currency: str) -> SummaryLine:
        """The sums in the port's words."""
        return SummaryLine(
            group=group,
            currency=currency,
            counts=dict(self.counts),
            amounts=dict(self.amounts),
            inquiries_count=self.inquiries_count,
            resolved_count=self.resolved_count,
            resolved_seconds=self.resolved_seconds,
        )


class MemoryDisputeNotes:
    """The port `DisputeNotes`."""

    def __init__(
        self, scope: Scope, *, disputes: View[str, DisputeRecord], notes: View[tuple[str, int], DisputeNote]
    ) -> None:
        self._scope = scope
        self._disputes = disputes
        self._notes = notes

    def add(self, note: DisputeNote) -> None:
        """Store a note's first or next version; see the port."""
        self._scope.require(note.firm_id)
        dispute = self._disputes.get(note.dispute_id)
        if dispute is None or dispute.firm_id != note.firm_id:
            raise self._scope.failed(Conflict("dispute_id: there is no such dispute in this firm."))
        if self._notes.lock((note.id, note.version)) is not None:
            raise self._scope.failed(Conflict("version: this note has been edited in between. Read it again."))
        self._notes.put((note.id, note.version), note)

    def get(self, note_id: str) -> DisputeNote | None:
        """The newest version."""
        return max(self._notes.find("note", note_id), key=lambda note: note.version, default=None)

    def versions(self, note_id: str) -> Sequence[DisputeNote]:
        """All versions, oldest first."""
        return sorted(self._notes.find("note", note_id), key=lambda note: note.version)

    def page(self, dispute_id: str, request: PageRequest) -> Page[DisputeNote]:
        """The newest version of each note of the dispute, newest note first; see the port."""
        return newest_first(
            _newest_versions(self._notes.find("dispute", dispute_id)),
            request,
            kinds=(datetime, str),
            order=lambda note: (note.created_at, note.id),
            item_of=lambda note: note,
        )


def _newest_versions(notes: Iterable[DisputeNote]) -> Iterable[DisputeNote]:
    return {note.id: note for note in sorted(notes, key=lambda note: note.version)}.values()


def _by_age(record: DisputeRecord) -> tuple[datetime, str]:
    return record.dispute.opened_at, record.dispute.id


def _by_deadline(record: DisputeRecord) -> tuple[datetime, str]:
    return record.dispute.respond_by or _NEVER, record.dispute.id


def _is_within(opened_at: datetime, wanted: SummaryRequest) -> bool:
    is_late_enough = wanted.opened_from is None or opened_at >= wanted.opened_from
    return is_late_enough and (wanted.opened_before is None or opened_at < wanted.opened_before)


def _group_of(record: DisputeRecord, group_by: GroupBy | None) -> str | None:
    match group_by:
        case GroupBy.REASON:
            return record.dispute.newest.reason
        case GroupBy.BRAND:
            return record.dispute.newest.brand
        case GroupBy.CLIENT:
            return record.client_id
        case GroupBy.MONTH:
            return f"{record.dispute.opened_at.astimezone(UTC):%Y-%m}"
        case _:
            return None


def _is_wanted(record: DisputeRecord, wanted: DisputeFilter) -> bool:
    dispute = record.dispute
    is_in_time = wanted.respond_before is None or (dispute.respond_by or _NEVER) < wanted.respond_before
    return (
        is_in_time
        and wanted.status in (None, dispute.status)
        and wanted.reason in (None, dispute.newest.reason)
        and wanted.client_id in (None, record.client_id)
        and wanted.invoice_id in (None, record.invoice_id)
        and wanted.is_inquiry in (None, dispute.is_inquiry)
        and wanted.is_matched in (None, record.invoice_id is not None)
    )
