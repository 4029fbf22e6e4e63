"""Rows of the host's endpoints and events."""

from dataclasses import asdict
from typing import Any

from adapters.postgres.line import Row
from adapters.postgres.rows.values import known_moment, moment, or_none
from domain.model.host_deliveries import Delivery, DeliveryStatus, StoredHostEvent
from domain.model.host_events import HostEvent, HostEventType
from domain.model.webhook_endpoints import DisabledReason, WebhookEndpoint

KNOWN_TYPES = frozenset(kind.value for kind in HostEventType)


def endpoint_row(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """An endpoint as a row."""
    types, reason = endpoint.event_types, endpoint.disabled_reason
    return {
        **asdict(endpoint),
        "event_types": None if types is None else [kind.value for kind in types],
        "disabled_reason": None if reason is None else reason.value,
    }


def endpoint_of(row: Row) -> WebhookEndpoint:
    """A row as an endpoint. Types that only a newer version knows are left to it."""
    types = row["event_types"]
    return WebhookEndpoint(
        id=row["id"],
        firm_id=row["firm_id"],
        url=row["url"],
        salt=row["salt"],
        created_at=known_moment(row["created_at"]),
        updated_at=known_moment(row["updated_at"]),
        description=row["description"],
        event_types=None if types is None else tuple(HostEventType(kind) for kind in types if kind in KNOWN_TYPES),
        is_enabled=row["is_enabled"],
        previous_salt=row["previous_salt"],
        previous_until=moment(row["previous_until"]),
        failing_since=moment(row["failing_since"]),
        paused_until=moment(row["paused_until"]),
        last_success_at=moment(row["last_success_at"]),
        disabled_at=moment(row["disabled_at"]),
        disabled_reason=or_none(DisabledReason, row["disabled_reason"]),
    )


def host_event_row(stored: StoredHostEvent) -> dict[str, Any]:
    """An event with its deliveries as a row."""
    event = stored.event
    return {
        "firm_id": event.firm_id,
        "id": event.id,
        "type": event.type,
        "occurred_at": event.occurred_at,
        "created_at": stored.created_at,
        "invoice_id": event.invoice_id,
        "data": event.data,
        "status": stored.status,
        "deliveries": [asdict(delivery) for delivery in stored.deliveries],
    }


def host_event_of(row: Row) -> StoredHostEvent:
    """A row as an event with its deliveries."""
    event = HostEvent(
        id=row["id"],
        firm_id=row["firm_id"],
        type=HostEventType(row["type"]),
        occurred_at=known_moment(row["occurred_at"]),
        data=row["data"],
        invoice_id=row["invoice_id"],
    )
    deliveries = tuple(_delivery_of(stored) for stored in row["deliveries"])
    return StoredHostEvent(event, known_moment(row["created_at"]), deliveries)


def _delivery_of(stored: Row) -> Delivery:
    return Delivery(
        endpoint_id=stored["endpoint_id"],
        outbox_id=stored["outbox_id"],
        started_at=known_moment(stored["started_at"]),
        next_try_at=moment(stored["next_try_at"]),
        status=DeliveryStatus(stored["status"]),
        tries=stored["tries"],
        last_tried_at=moment(stored["last_tried_at"]),
        response_status=stored["response_status"],
        last_error=stored["last_error"],
        delivered_at=moment(stored["delivered_at"]),
    )
