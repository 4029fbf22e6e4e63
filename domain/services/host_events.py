"""Writing down what the host application is to be told, in the transaction of its cause."""

from collections.abc import Sequence

from domain.model.host_deliveries import Delivery, StoredHostEvent
from domain.model.host_events import HostEvent
from domain.model.outbox import OutboxItem, OutboxKind
from domain.model.webhook_endpoints import WebhookEndpoint
from domain.services.steps import Step

_HOST_EVENT = "host_event_id"
_ENDPOINT = "endpoint_id"


def tell_host(step: Step, events: Sequence[HostEvent]) -> tuple[OutboxItem, ...]:
    """Store the events that an enabled endpoint of the firm wants and that are new; the rows by which they leave.

    The caller adds the rows to the outbox. All events are of the transaction's firm.
    """
    if not events:
        return ()
    endpoints = step.tx.webhook_endpoints.all()
    rows: list[OutboxItem] = []
    for event in events:
        wanting = [endpoint for endpoint in endpoints if endpoint.wants(event.type)]
        if wanting:
            rows += _store(step, event, wanting)
    return tuple(rows)


def _store(step: Step, event: HostEvent, endpoints: Sequence[WebhookEndpoint]) -> list[OutboxItem]:
    rows = [delivery_row(step, event, endpoint.id) for endpoint in endpoints]
    deliveries = tuple(new_delivery(step, row) for row in rows)
    is_new = step.tx.host_events.add(StoredHostEvent(event, step.now, deliveries))
    return rows if is_new else []


def delivery_row(step: Step, event: HostEvent, endpoint_id: str, *, replay_id: str = "") -> OutboxItem:
    """The row that carries the event to the endpoint; a replay has a row of its own."""
    return OutboxItem(
        id=step.ports.ids.new("out"),
        firm_id=event.firm_id,
        kind=OutboxKind.HOST_WEBHOOK,
        dedupe_key=":".join(filter(None, (OutboxKind.HOST_WEBHOOK, event.id, endpoint_id, replay_id))),
        due_at=step.now,
        payload={_HOST_EVENT: event.id, _ENDPOINT: endpoint_id},
    )


def new_delivery(step: Step, row: OutboxItem) -> Delivery:
    """The delivery that a new row carries."""
    return Delivery(row.payload[_ENDPOINT], row.id, started_at=step.now, next_try_at=row.due_at)


def carried_by(row: OutboxItem) -> tuple[str, str]:
    """(event id, endpoint id) of what a row carries."""
    return row.payload[_HOST_EVENT], row.payload[_ENDPOINT]
