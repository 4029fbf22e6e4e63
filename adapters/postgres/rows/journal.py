"""Rows of audit events and ledger entries."""

from typing import Any

from adapters.postgres.line import Row
from adapters.postgres.rows.values import known_moment
from domain.model.audit import AuditEvent, Severity
from domain.model.ledger import EntryKind, LedgerEntry


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


def ledger_row(firm_id: str, invoice_id: str, entry: LedgerEntry) -> dict[str, Any]:
    """A ledger entry as a row."""
    return {
        "firm_id": firm_id,
        "stripe_id": entry.stripe_id,
        "kind": entry.kind,
        "invoice_id": invoice_id,
        "amount_minor": entry.amount_minor,
        "currency": entry.currency,
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
    )
