"""What people read and write down about disputes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.model.audit import Actor, MetadataValue, Note, Severity
from domain.model.derivation import derive
from domain.model.dispute_notes import DisputeNote
from domain.model.dispute_statuses import DisputeStatus
from domain.model.errors import Conflict, FieldError, InvalidInput, NotFound
from domain.model.exposure import Exposure
from domain.model.money import Money
from domain.model.refunds import RefundReason, RefundRequest
from domain.services.bookkeeping import audit_event, terms_of
from domain.services.refunds import WantedRefund, request_refund
from domain.services.steps import Ports, Step, in_firm
from ports.dispute_repositories import (
    DisputeFilter,
    DisputeRow,
    GroupBy,
    LedgerFilter,
    LedgerLine,
    SummaryLine,
    SummaryRequest,
)
from ports.repositories import Page, PageRequest

GROUPS_MAX = 1_000
"""A summary by client shows the largest groups; its totals count all."""


@dataclass(frozen=True)
class DisputeView:
    """A dispute with what can be done about it: `refund_in_full` is what would end an inquiry if it was given back."""

    row: DisputeRow
    refund_in_full: Money | None = None


def get_dispute(ports: Ports, firm_id: str, any_id: str) -> DisputeView:
    """The dispute by our id or Stripe's. Raises `NotFound`."""

    def read(step: Step) -> DisputeView:
        row = _row(step, any_id)
        exposure = _refundable(step, firm_id, row)
        money = None if exposure is None else Money(exposure.ceiling_minor, exposure.payment.currency)
        return DisputeView(row, money)

    return in_firm(ports, firm_id, read)


def refund_disputed(ports: Ports, firm_id: str, any_id: str, by: Actor) -> RefundRequest:
    """Give back all that is left of an inquiry's charge, which ends the inquiry without a chargeback or a fee.

    A partial refund does not end it. Source: docs.stripe.com/disputes/how-disputes-work. Raises `NotFound`, `Conflict`.
    """

    def find(step: Step) -> tuple[str, str | None]:
        row = _row(step, any_id)
        exposure = _refundable(step, firm_id, row)
        if exposure is None or row.invoice_id is None:
            raise Conflict("Only an open inquiry whose charge can still be refunded is ended by a refund.")
        payment = exposure.payment
        return row.invoice_id, payment.stripe_charge_id or payment.stripe_payment_intent_id

    invoice_id, charge_id = in_firm(ports, firm_id, find)
    wanted = WantedRefund(stripe_charge_id=charge_id, reason=RefundReason.REQUESTED_BY_CUSTOMER)
    return request_refund(ports, firm_id, invoice_id, wanted, by)


def _row(step: Step, any_id: str) -> DisputeRow:
    row = step.tx.disputes.get(any_id)
    if row is None:
        raise NotFound("dispute", any_id)
    return row


def _refundable(step: Step, firm_id: str, row: DisputeRow) -> Exposure | None:
    """The payment that an open inquiry is about, while something of it can be refunded."""
    if row.invoice_id is None or not (row.dispute.is_inquiry and row.dispute.is_open):
        return None
    facts, firm = step.tx.history.facts(row.invoice_id), step.tx.firms.get(firm_id)
    if facts is None or firm is None:
        return None
    exposures = derive(facts, terms_of(step, firm)).exposures
    mine = [exposure for exposure in exposures if any(d.id == row.dispute.id for d in exposure.disputes)]
    return next((exposure for exposure in mine if exposure.ceiling_minor > 0 and exposure.refusal is None), None)


def list_disputes(ports: Ports, firm_id: str, wanted: DisputeFilter, request: PageRequest) -> Page[DisputeRow]:
    """Disputes in the wanted order. Raises `BadCursor`."""
    return in_firm(ports, firm_id, lambda step: step.tx.disputes.page(wanted, request))


def list_ledger(ports: Ports, firm_id: str, wanted: LedgerFilter, request: PageRequest) -> Page[LedgerLine]:
    """Ledger entries, newest first. Raises `BadCursor`."""
    return in_firm(ports, firm_id, lambda step: step.tx.books.page(wanted, request))


def add_note(ports: Ports, firm_id: str, any_id: str, body: str, by: Actor) -> DisputeNote:
    """Write a note. Raises `NotFound`, and `InvalidInput` for an empty or a too long one."""

    def add(step: Step) -> DisputeNote:
        row = _row(step, any_id)
        note = DisputeNote(
            id=step.ports.ids.new("not"),
            firm_id=firm_id,
            dispute_id=row.dispute.id,
            version=1,
            body=body,
            author=str(by),
            created_at=step.now,
        )
        _keep(step, row, note, "dispute_note_added", by)
        return note

    return in_firm(ports, firm_id, add)


def edit_note(ports: Ports, firm_id: str, any_id: str, note_id: str, body: str, *, by: Actor) -> DisputeNote:
    """Write a note anew: a next version; the ones before stay readable. Raises as `add_note`, and `Conflict`."""

    def edit(step: Step) -> DisputeNote:
        row, standing = _row(step, any_id), _note(step, any_id, note_id)
        edited = replace(standing, version=standing.version + 1, body=body, edited_by=str(by), edited_at=step.now)
        _keep(step, row, edited, "dispute_note_edited", by)
        return edited

    return in_firm(ports, firm_id, edit)


def _note(step: Step, any_id: str, note_id: str) -> DisputeNote:
    note = step.tx.dispute_notes.get(note_id)
    if note is None or note.dispute_id != _row(step, any_id).dispute.id:
        raise NotFound("note", note_id)
    return note


def _keep(step: Step, row: DisputeRow, note: DisputeNote, action: str, by: Actor) -> None:
    """The audit event says that something was noted, never what: notes are for people's eyes."""
    step.tx.dispute_notes.add(note)
    words = f"A note on dispute {row.dispute.stripe_dispute_id} was written, version {note.version}."
    metadata: dict[str, MetadataValue] = {"dispute_id": row.dispute.id, "note_id": note.id, "version": note.version}
    told = Note(action, Severity.INFO, words, "dispute", row.dispute.id, metadata)
    step.tx.journal.append([audit_event(step, row.firm_id, told, by, row.invoice_id)])


def list_notes(ports: Ports, firm_id: str, any_id: str, request: PageRequest) -> Page[DisputeNote]:
    """The newest version of each note, newest note first. Raises `NotFound`, `BadCursor`."""
    return in_firm(ports, firm_id, lambda step: step.tx.dispute_notes.page(_row(step, any_id).dispute.id, request))


def note_versions(ports: Ports, firm_id: str, any_id: str, note_id: str) -> Sequence[DisputeNote]:
    """All versions of a note, oldest first. Raises `NotFound`."""

    def read(step: Step) -> Sequence[DisputeNote]:
        return step.tx.dispute_notes.versions(_note(step, any_id, note_id).id)

    return in_firm(ports, firm_id, read)


@dataclass(frozen=True)
class Sums:
    """Counts and amounts by status; amounts are minor units, by currency first."""

    counts: dict[DisputeStatus, int]
    inquiries: int
    amounts: dict[str, dict[DisputeStatus, int]]
    resolved: int
    resolved_seconds: float

    @property
    def total(self) -> int:
        """How many disputes."""
        return sum(self.counts.values())

    @property
    def win_rate(self) -> float | None:
        """Won over won plus lost; None when none was decided."""
        decided = self.counts[DisputeStatus.WON] + self.counts[DisputeStatus.LOST]
        return self.counts[DisputeStatus.WON] / decided if decided else None

    @property
    def average_days_to_resolve(self) -> float | None:
        """From opening to end, over those that have ended; None when none has."""
        return self.resolved_seconds / self.resolved / 86_400 if self.resolved else None


@dataclass(frozen=True)
class DisputeSummary:
    """All disputes of the time, and the same by group: (group or None, sums), largest first, months in order."""

    all: Sums
    groups: tuple[tuple[str | None, Sums], ...]


def summarize(ports: Ports, firm_id: str, wanted: SummaryRequest) -> DisputeSummary:
    """Sums over the firm's disputes. Raises `InvalidInput` when `from` is after `to`."""
    if wanted.opened_from and wanted.opened_before and wanted.opened_from > wanted.opened_before:
        raise InvalidInput(FieldError("from", "Must not be after `to`."))
    lines = in_firm(ports, firm_id, lambda step: step.tx.disputes.summary(wanted))
    by_group: dict[str | None, list[SummaryLine]] = {}
    for line in lines:
        by_group.setdefault(line.group, []).append(line)
    groups = [(group, _sums(of_group)) for group, of_group in by_group.items()]
    is_by_time = wanted.group_by is GroupBy.MONTH
    groups.sort(key=lambda pair: pair[0] or "" if is_by_time else (-pair[1].total, pair[0] or ""))
    return DisputeSummary(_sums(lines), tuple(groups[:GROUPS_MAX]) if wanted.group_by else ())


def _sums(lines: Sequence[SummaryLine]) -> Sums:
    amounts: dict[str, dict[DisputeStatus, int]] = {}
    for line in lines:
        sums = amounts.setdefault(line.currency, dict.fromkeys(DisputeStatus, 0))
        for status in DisputeStatus:
            sums[status] += line.amounts.get(status, 0)
    return Sums(
        counts={status: sum(line.counts.get(status, 0) for line in lines) for status in DisputeStatus},
        inquiries=sum(line.inquiries_count for line in lines),
        amounts=dict(sorted(amounts.items())),
        resolved=sum(line.resolved_count for line in lines),
        resolved_seconds=sum(line.resolved_seconds for line in lines),
    )
