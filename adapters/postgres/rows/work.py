"""Rows of the outbox and the inbox."""

from typing import Any

from adapters.postgres.line import Row
from adapters.postgres.rows.values import as_json, known_moment, moment
from domain.model.inbox import InboxEntry, InboxStatus, StripeEvent
from domain.model.outbox import OutboxItem, OutboxKind, OutboxStatus


def outbox_row(item: OutboxItem) -> dict[str, Any]:
    """One thing to do as a row."""
    return {
        "firm_id": item.firm_id,
        "id": item.id,
        "kind": item.kind,
        "dedupe_key": item.dedupe_key,
        "due_at": item.due_at,
        "status": item.status,
        "invoice_id": item.invoice_id,
        "attempt_id": item.attempt_id,
        "dispute_id": item.dispute_id,
        "refund_id": item.refund_id,
        "payload": item.payload,
        "tries": item.tries,
        "last_error": item.last_error,
        "lease_until": item.lease_until,
    }


def outbox_item_of(row: Row) -> OutboxItem:
    """A row as one thing to do."""
    return OutboxItem(
        id=row["id"],
        firm_id=row["firm_id"],
        kind=OutboxKind(row["kind"]),
        dedupe_key=row["dedupe_key"],
        due_at=known_moment(row["due_at"]),
        status=OutboxStatus(row["status"]),
        invoice_id=row["invoice_id"],
        attempt_id=row["attempt_id"],
        dispute_id=row["dispute_id"],
        refund_id=row["refund_id"],
        payload=row["payload"],
        tries=row["tries"],
        last_error=row["last_error"],
        lease_until=moment(row["lease_until"]),
    )


def inbox_values(entry: InboxEntry) -> dict[str, Any]:
    """A stored event as parameters; its body is JSON text already."""
    event = entry.event
    return {
        "firm_id": entry.firm_id,
        "account": event.account,
        "event_id": event.id,
        "type": event.type,
        "livemode": event.livemode,
        "api_version": event.api_version,
        "created_at": event.created_at,
        "body": as_json(event.body),
        "status": entry.status.value,
        "received_at": entry.received_at,
        "invoice_id": entry.invoice_id,
        "error": entry.error,
        "processed_at": entry.processed_at,
        "tries": entry.tries,
        "stripe_ids": list(entry.stripe_ids),
    }


def inbox_entry_of(row: Row) -> InboxEntry:
    """A row as a stored event."""
    event = StripeEvent(
        id=row["event_id"],
        type=row["type"],
        account=row["account"],
        created_at=known_moment(row["created_at"]),
        livemode=row["livemode"],
        api_version=row["api_version"],
        body=row["body"],
    )
    return InboxEntry(
        event=event,
        status=InboxStatus(row["status"]),
        received_at=known_moment(row["received_at"]),
        firm_id=row["firm_id"],
        invoice_id=row["invoice_id"],
        error=row["error"],
        processed_at=moment(row["processed_at"]),
        tries=row["tries"],
        stripe_ids=tuple(row["stripe_ids"]),
    )
