"""Rows of audit events and ledger entries."""

from datetime import datetime
from typing import Any

from adapters.postgres.line import Row
from adapters.postgres.rows.values import known_moment
from domain.model.audit import AuditEvent, Severity
from domain.model.ledger import EntryKind, LedgerEntry
from ports.dispute_repositories import BookedSums, LedgerLine


def audit_row(event: AuditEvent) -> dict[str, Any]:
    """An audit event as a row."""
    return {
        "firm_id": event.firm_id,
        "id": event.id,
        "action": event.action,
        "severity": event.severity,
        "subject_type": event.subject_type,
        "subject_id": event.subject_id,
        "invoice_id": event.invoice_id,
        "actor": event.actor,
        "summary": event.summary,
        "metadata": event.metadata,
        "created_at": event.created_at,
    }


def audit_event_of(row: Row) -> AuditEvent:
    """A row as an audit event."""
    return AuditEvent(
        id=row["id"],
        firm_id=row["firm_id"],
        action=row["action"],
        severity=Severity(row["severity"]),
        subject_type=row["subject_type"],
        subject_id=row["subject_id"],
        actor=row["actor"],
        created_at=known_moment(row["created_at"]),
        summary=row["summary"],
        metadata=row["metadata"],
        invoice_id=row["invoice_id"],
    )


def ledger_row(firm_id: str, invoice_id: str, entry: LedgerEntry, recorded_at: datetime) -> dict[str, Any]:
    """A ledger entry as a row, with when it happened."""
    return {
        "firm_id": firm_id,
        "stripe_id": entry.stripe_id,
        "kind": entry.kind,
        "invoice_id": invoice_id,
        "amount_minor": entry.amount_minor,
        "currency": entry.currency,
        "subject_id": entry.subject_id,
        "recorded_at": recorded_at,
        "occurred_at": entry.occurred_at,
    }


def ledger_entry_of(row: Row) -> LedgerEntry:
    """A row as a ledger entry."""
    return LedgerEntry(
        kind=EntryKind(row["kind"]),
        stripe_id=row["stripe_id"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        occurred_at=known_moment(row["occurred_at"]),
        subject_id=row["subject_id"],
    )


def ledger_line_of(row: Row) -> LedgerLine:
    """A ledger entry with what it belongs to."""
    return LedgerLine(
        entry=ledger_entry_of(row),
        recorded_at=known_moment(row["recorded_at"]),
        invoice_id=row["invoice_id"],
        invoice_number=row["number"],
        client_id=row["client_id"],
    )


def booked_sums_of(row: Row) -> BookedSums:
    """An invoice's figures beside the sums of its entries."""
    return BookedSums(
        firm_id=row["firm_id"],
        invoice_id=row["id"],
        number=row["number"],
        status=row["status"],
        currency=row["currency"],
        amount_paid=row["amount_paid"],
        amount_refunded=row["amount_refunded"],
        amount_disputed=row["amount_disputed"],
        updated_at=known_moment(row["updated_at"]),
        by_kind=row["by_kind"] or {},
        foreign_kinds=frozenset(row["foreign_kinds"] or ()),
    )
