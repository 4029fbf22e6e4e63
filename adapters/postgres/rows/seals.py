"""Rows of the audit log as they are stored, and of its seals."""

from typing import Any

from adapters.postgres.line import Row
from adapters.postgres.rows.values import known_moment, moment
from domain.model.seals import AuditRow, Seal, SealEntry

STORED = """
a.firm_id, a.position, a.transaction::text::bigint AS transaction, a.id, a.action, a.severity, a.subject_type,
a.subject_id, a.invoice_id, a.actor, a.summary, a.metadata::text AS metadata,
CASE WHEN a.created_at >= '0001-01-02Z' AND a.created_at < '9999-12-31Z' THEN a.created_at END AS created_at
"""
"""Every column of the row `a` of audit_events to the letter; a time that Python has no word for is NULL."""


def stored_row_of(row: Row) -> AuditRow:
    """What `STORED` reads as a value."""
    return AuditRow(
        firm_id=row["firm_id"],
        position=row["position"],
        transaction=row["transaction"],
        id=row["id"],
        action=row["action"],
        severity=row["severity"],
        subject_type=row["subject_type"],
        subject_id=row["subject_id"],
        invoice_id=row["invoice_id"],
        actor=row["actor"],
        summary=row["summary"],
        metadata=row["metadata"],
        created_at=moment(row["created_at"]),
    )


def seal_row(seal: Seal) -> dict[str, Any]:
    """A seal as a row."""
    return {
        "firm_id": seal.firm_id,
        "number": seal.number,
        "sealed_at": seal.sealed_at,
        "events_count": seal.events_count,
        "first_position": seal.first_position,
        "last_position": seal.last_position,
        "settled_below": seal.settled_below,
        "newest_at": seal.newest_at,
        "previous_hash": seal.previous_hash,
        "hash": seal.hash,
    }


def seal_of(row: Row) -> Seal:
    """A row as a seal."""
    return Seal(
        firm_id=row["firm_id"],
        number=row["number"],
        sealed_at=known_moment(row["sealed_at"]),
        events_count=row["events_count"],
        first_position=row["first_position"],
        last_position=row["last_position"],
        settled_below=row["settled_below"],
        newest_at=known_moment(row["newest_at"]),
        previous_hash=row["previous_hash"],
        hash=row["hash"],
    )


def entry_row(seal: Seal, entry: SealEntry) -> dict[str, Any]:
    """A seal's entry as a row."""
    return {
        "firm_id": seal.firm_id,
        "position": entry.position,
        "seal_number": seal.number,
        "row_hash": entry.row_hash,
    }
