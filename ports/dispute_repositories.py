"""Disputes, their notes, and the ledger. As in `ports.repositories`, a firm's transaction sees its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.model.dispute_notes import DisputeNote
from domain.model.disputes import Dispute
from domain.model.ledger import LedgerEntry
from ports.repositories import Page, PageRequest


@dataclass(frozen=True)
class DisputeRow:
    """A dispute for reading. `invoice_id` and `client_id` are None while no invoice is known for it."""

    firm_id: str
    dispute: Dispute
    invoice_id: str | None
    client_id: str | None
    notes_count: int
    updated_at: datetime

    @property
    def fee_minor(self) -> int:
        """Its fees in minor units, 0 while nothing moved."""
        return self.dispute.fee.amount_minor if self.dispute.fee else 0

    @property
    def fee_currency(self) -> str | None:
        """The currency of its fees."""
        return self.dispute.fee.currency if self.dispute.fee else None


@dataclass(frozen=True)
class StandingDispute:
    """A dispute as it is stored, held against every other writer."""

    dispute: Dispute
    invoice_id: str | None


class DisputeOrder(StrEnum):
    """How disputes are listed: newest first (by `opened_at`), or those that must be answered first (without a
    deadline last).
    """

    NEWEST = "newest"
    RESPOND_BY = "respond_by"


@dataclass(frozen=True)
class DisputeFilter:
    """Which disputes to list. `respond_before` excludes those without a deadline; `is_matched` False: no invoice."""

    status: str | None = None
    reason: str | None = None
    client_id: str | None = None
    invoice_id: str | None = None
    respond_before: datetime | None = None
    is_inquiry: bool | None = None
    is_matched: bool | None = None
    order: DisputeOrder = DisputeOrder.NEWEST


class GroupBy(StrEnum):
    """By what a summary is split. A month is that of `opened_at`, in UTC, as `2026-11`."""

    REASON = "reason"
    MONTH = "month"
    BRAND = "brand"
    CLIENT = "client"


@dataclass(frozen=True)
class SummaryRequest:
    """Disputes opened in [opened_from, opened_before), each bound open when None."""

    opened_from: datetime | None = None
    opened_before: datetime | None = None
    group_by: GroupBy | None = None


@dataclass(frozen=True)
class SummaryLine:
    """Sums over the disputes of one group and one currency; `group` is None where a dispute has none.

    `counts` and `amounts` are by status; amounts in minor units of `currency`. `resolved_seconds` is the sum, over the
    `resolved_count` that have ended, of the time from opening to end.
    """

    group: str | None
    currency: str
    counts: dict[str, int]
    amounts: dict[str, int]
    inquiries_count: int
    resolved_count: int
    resolved_seconds: float


class Disputes(Protocol):
    """Disputes. Those of an invoice are written with it (`Invoices.save`)."""

    def hold(self, dispute_id: str) -> StandingDispute | None:
        """Hold this dispute (stored or still to come) until the transaction ends; what is stored of it.

        To be called before an invoice is locked: who comes second waits here.
        """

    def save_unmatched(self, dispute: Dispute, now: datetime) -> None:
        """Store or replace a held dispute that belongs to no invoice yet (firm transactions).

        Raises `Conflict` when it belongs to one.
        """

    def get(self, dispute_id: str) -> DisputeRow | None:
        """The dispute by our id or by Stripe's."""

    def page(self, wanted: DisputeFilter, request: PageRequest) -> Page[DisputeRow]:
        """Disputes in the wanted order. Raises `BadCursor`."""

    def summary(self, wanted: SummaryRequest) -> Sequence[SummaryLine]:
        """Sums over all of the firm's disputes, inquiries too, by group and currency (those without a group last)."""

    def attachable(self, limit: int) -> Sequence[tuple[str, str, str]]:
        """(firm id, dispute id, invoice id) of disputes without an invoice whose charge or PaymentIntent belongs to an
        invoice of the firm by now; the charge's where both do.
        """

    def open_stripe_ids(self, opened_before: datetime, limit: int) -> Sequence[tuple[str, str]]:
        """(firm id, Stripe id) of open disputes opened before then, longest without change first."""


class DisputeNotes(Protocol):
    """Internal notes on disputes. An edit is a new version; no version is changed or removed."""

    def add(self, note: DisputeNote) -> None:
        """Store a note's first or next version.

        Raises `Conflict` when that version is there already, or the dispute is not.
        """

    def get(self, note_id: str) -> DisputeNote | None:
        """The newest version."""

    def versions(self, note_id: str) -> Sequence[DisputeNote]:
        """All versions, oldest first."""

    def page(self, dispute_id: str, request: PageRequest) -> Page[DisputeNote]:
        """The newest version of each note of the dispute, newest note first. Raises `BadCursor`."""


@dataclass(frozen=True)
class LedgerFilter:
    """Which ledger entries to list: what happened in [occurred_from, occurred_before), of one kind, one invoice."""

    kind: str | None = None
    invoice_id: str | None = None
    currency: str | None = None
    occurred_from: datetime | None = None
    occurred_before: datetime | None = None


@dataclass(frozen=True)
class LedgerLine:
    """A ledger entry with what it belongs to. `recorded_at` is when it was booked."""

    entry: LedgerEntry
    recorded_at: datetime
    invoice_id: str
    invoice_number: str
    client_id: str


@dataclass(frozen=True)
class BookedSums:
    """One invoice's stored figures beside what the ledger holds of it, in minor units of the invoice's currency.

    `by_kind` sums the entries in that currency; `foreign_kinds` are kinds that were booked in another one.
    """

    firm_id: str
    invoice_id: str
    number: str
    status: str
    currency: str
    amount_paid: int
    amount_refunded: int
    amount_disputed: int
    updated_at: datetime
    by_kind: dict[str, int]
    foreign_kinds: frozenset[str] = field(default_factory=frozenset)


class Books(Protocol):
    """The ledger over many invoices."""

    def page(self, wanted: LedgerFilter, request: PageRequest) -> Page[LedgerLine]:
        """Entries, newest first by `occurred_at`. Raises `BadCursor`."""

    def sums(self, after_id: str, limit: int) -> Sequence[BookedSums]:
        """Invoices with any ledger entry or any amount, by id, after `after_id` (empty: from the start)."""
