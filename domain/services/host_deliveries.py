"""Sending one event to one endpoint of the host: read, send with no transaction open, record."""

import json
from dataclasses import dataclass, replace

from domain.model.audit import DUNLIN, MetadataValue, Note, Severity
from domain.model.host_deliveries import (
    Delivery,
    DeliveryStatus,
    HostAnswer,
    StoredHostEvent,
    canceled,
    delivered,
    refused,
)
from domain.model.host_events import envelope
from domain.model.outbox import OutboxItem, OutboxStatus
from domain.model.webhook_endpoints import (
    DisabledReason,
    WebhookEndpoint,
    after_failure,
    after_success,
    disabled,
)
from domain.services.bookkeeping import alert_items, audit_event
from domain.services.cases import done, is_same_claim
from domain.services.host_events import carried_by
from domain.services.steps import Ports, Step, in_firm
from ports.host_webhooks import HostWebhook, HostWebhooks


@dataclass(frozen=True)
class _Parcel:
    """What a claimed row carries, locked: the endpoint first, then the event."""

    row: OutboxItem
    stored: StoredHostEvent
    delivery: Delivery
    endpoint: WebhookEndpoint | None


def deliver_to_host(ports: Ports, hosts: HostWebhooks, item: OutboxItem) -> None:
    """Send what a claimed row carries, unless it is carried by another row by now or its endpoint takes nothing."""
    webhook = in_firm(ports, item.firm_id, lambda step: _prepare(step, item))
    if webhook is not None:
        answer = hosts.send(webhook)
        in_firm(ports, item.firm_id, lambda step: _record(step, item, answer))


def _prepare(step: Step, item: OutboxItem) -> HostWebhook | None:
    parcel = _parcel(step, item)
    if parcel is None:
        return None
    endpoint, delivery = parcel.endpoint, parcel.delivery
    if endpoint is None or not endpoint.is_enabled:
        why = "The endpoint was removed." if endpoint is None else "The endpoint is disabled."
        step.tx.host_events.save(parcel.stored.having(canceled(delivery, why)))
        step.tx.outbox.save(done(parcel.row, why))
        return None
    if endpoint.paused_until is not None and endpoint.paused_until > step.now:
        waiting = replace(delivery, next_try_at=endpoint.paused_until)
        step.tx.host_events.save(parcel.stored.having(waiting))
        _put_off(step, parcel.row, waiting, "The endpoint failed a moment ago and is left alone for a while.")
        return None
    event = parcel.stored.event
    body = json.dumps(envelope(event), separators=(",", ":"), ensure_ascii=False).encode()
    return HostWebhook(endpoint.url, event.id, step.now, body, endpoint.salts(step.now))


def _parcel(step: Step, item: OutboxItem) -> _Parcel | None:
    """None when there is nothing left to do for this row; it is finished then, if it is still ours."""
    event_id, endpoint_id = carried_by(item)
    endpoint = step.tx.webhook_endpoints.lock(endpoint_id)
    stored = step.tx.host_events.lock(event_id)
    row = step.tx.outbox.get(item.id)
    if row is None or not is_same_claim(row, item):
        return None
    delivery = stored.delivery_to(endpoint_id) if stored is not None else None
    if stored is None or delivery is None or delivery.outbox_id != row.id:
        step.tx.outbox.save(done(row, "A replay took its place."))
        return None
    if delivery.status is not DeliveryStatus.PENDING:
        step.tx.outbox.save(done(row))
        return None
    return _Parcel(row, stored, delivery, endpoint)


def _put_off(step: Step, row: OutboxItem, delivery: Delivery, why: str) -> None:
    due_at = delivery.next_try_at or step.now
    waiting = replace(row, status=OutboxStatus.DUE, due_at=due_at, lease_until=None, last_error=why)
    step.tx.outbox.save(waiting)
    step.ring_for([waiting])


def _record(step: Step, item: OutboxItem, answer: HostAnswer) -> None:
    """Who lost the claim while it sent records nothing: whoever has it now sends again, under the same id."""
    parcel = _parcel(step, item)
    if parcel is None:
        return
    if answer.is_success:
        _arrived(step, parcel, answer)
    elif answer.is_gone:
        _gone(step, parcel, answer)
    else:
        _failed(step, parcel, answer)


def _arrived(step: Step, parcel: _Parcel, answer: HostAnswer) -> None:
    if parcel.endpoint is not None:
        step.tx.webhook_endpoints.save(after_success(parcel.endpoint, step.now))
    step.tx.host_events.save(parcel.stored.having(delivered(parcel.delivery, answer, step.now)))
    step.tx.outbox.save(done(parcel.row))


def _gone(step: Step, parcel: _Parcel, answer: HostAnswer) -> None:
    tried = refused(parcel.delivery, answer, step.now, step.ports.chance.fraction())
    step.tx.host_events.save(parcel.stored.having(replace(tried, status=DeliveryStatus.FAILED, next_try_at=None)))
    step.tx.outbox.save(done(parcel.row, answer.error))
    if parcel.endpoint is not None and parcel.endpoint.is_enabled:
        _disable(step, parcel.endpoint, DisabledReason.GONE, "answered 410 Gone")


def _failed(step: Step, parcel: _Parcel, answer: HostAnswer) -> None:
    after = refused(parcel.delivery, answer, step.now, step.ports.chance.fraction())
    step.tx.host_events.save(parcel.stored.having(after))
    is_over = after.status is DeliveryStatus.FAILED
    if is_over:
        step.tx.outbox.save(done(parcel.row, answer.error))
    else:
        _put_off(step, parcel.row, after, answer.error or "")
    endpoint = parcel.endpoint
    if endpoint is None or not endpoint.is_enabled:
        return
    step.tx.webhook_endpoints.save(after_failure(endpoint, step.now))
    if not is_over:
        return
    if endpoint.last_success_at is None or endpoint.last_success_at < after.started_at:
        _disable(step, after_failure(endpoint, step.now), DisabledReason.FAILING, "took nothing for five days")
    else:
        _tell_lost(step, parcel, after)


def _disable(step: Step, endpoint: WebhookEndpoint, reason: DisabledReason, what: str) -> None:
    step.tx.webhook_endpoints.save(disabled(endpoint, step.now, reason))
    words = (
        f"Webhook endpoint {endpoint.id} {what} and was disabled: the host application is told nothing there any more. "
        "Mend it, enable it, and replay what it missed."
    )
    alert_key = f"endpoint_disabled:{endpoint.id}:{step.now.isoformat()}"
    metadata = {"endpoint_id": endpoint.id, "reason": reason.value}
    note = Note(
        "webhook_endpoint_disabled",
        Severity.CRITICAL,
        words,
        "webhook_endpoint",
        endpoint.id,
        metadata,
        alert_key,
    )
    _tell(step, endpoint.firm_id, note, None)


def _tell_lost(step: Step, parcel: _Parcel, delivery: Delivery) -> None:
    event = parcel.stored.event
    words = (
        f"The host application did not take {event.type} {event.id} for five days at endpoint {delivery.endpoint_id}: "
        f"{delivery.last_error} Mend that and replay the event."
    )
    metadata: dict[str, MetadataValue] = {
        "host_event_id": event.id,
        "endpoint_id": delivery.endpoint_id,
        "tries": delivery.tries,
    }
    alert_key = f"host_event_lost:{event.id}:{delivery.outbox_id}"
    note = Note("host_event_lost", Severity.WARNING, words, "host_event", event.id, metadata, alert_key)
    _tell(step, event.firm_id, note, event.invoice_id)


def _tell(step: Step, firm_id: str, note: Note, invoice_id: str | None) -> None:
    step.tx.journal.append([audit_event(step, firm_id, note, DUNLIN, invoice_id)])
    step.ring_for(step.tx.outbox.add(alert_items(step, firm_id, [note], invoice_id)))
