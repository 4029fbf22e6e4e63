"""What people do about the endpoints of a firm's host application, and about the events that go there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from domain.model.audit import Actor, MetadataValue, Note, Severity
from domain.model.errors import Conflict, FieldError, InvalidInput, NotFound
from domain.model.host_addresses import BadHostAddress
from domain.model.host_deliveries import StoredHostEvent
from domain.model.host_events import HostEventType
from domain.model.webhook_endpoints import ENDPOINTS_MAX, WebhookEndpoint, disabled, enabled, rotated
from domain.services.bookkeeping import audit_event
from domain.services.host_events import delivery_row, new_delivery
from domain.services.steps import Ports, Step, in_firm
from ports.host_repositories import HostEventFilter
from ports.host_webhooks import HostWebhooks
from ports.repositories import Page, PageRequest


@dataclass(frozen=True)
class NewEndpoint:
    """What a new endpoint is made of; `event_types` None: all."""

    url: str
    event_types: tuple[HostEventType, ...] | None = None
    description: str | None = None
    enabled: bool = True


@dataclass(frozen=True)
class EndpointWithSecret:
    """An endpoint and its secret, which is shown this once."""

    endpoint: WebhookEndpoint
    secret: str


def create_endpoint(
    ports: Ports, hosts: HostWebhooks, firm_id: str, wanted: NewEndpoint, by: Actor
) -> EndpointWithSecret:
    """A new endpoint with a secret of its own. Raises `InvalidInput` for a URL that nothing may be sent to, and
    `Conflict` when the firm has as many as it may have.
    """
    _check(hosts, wanted.url)

    def create(step: Step) -> WebhookEndpoint:
        if len(step.tx.webhook_endpoints.all()) >= ENDPOINTS_MAX:
            raise Conflict(f"A firm has at most {ENDPOINTS_MAX} webhook endpoints. Remove one first.")
        endpoint = WebhookEndpoint(
            id=step.ports.ids.new("wep"),
            firm_id=firm_id,
            url=wanted.url,
            salt=step.ports.ids.secret(),
            created_at=step.now,
            updated_at=step.now,
            description=wanted.description,
            event_types=wanted.event_types,
        )
        endpoint = endpoint if wanted.enabled else disabled(endpoint, step.now)
        step.tx.webhook_endpoints.add(endpoint)
        _write(step, endpoint, by, "webhook_endpoint_created", "was created")
        return endpoint

    endpoint = in_firm(ports, firm_id, create)
    return EndpointWithSecret(endpoint, hosts.secret(endpoint.salt))


def _check(hosts: HostWebhooks, url: str) -> None:
    try:
        hosts.check_url(url)
    except BadHostAddress as bad:
        raise InvalidInput(FieldError("url", str(bad))) from bad


def list_endpoints(ports: Ports, firm_id: str) -> Sequence[WebhookEndpoint]:
    """Every endpoint, oldest first."""
    return in_firm(ports, firm_id, lambda step: step.tx.webhook_endpoints.all())


def get_endpoint(ports: Ports, firm_id: str, endpoint_id: str) -> WebhookEndpoint:
    """The endpoint. Raises `NotFound`."""
    endpoint = in_firm(ports, firm_id, lambda step: step.tx.webhook_endpoints.get(endpoint_id))
    if endpoint is None:
        raise NotFound("webhook endpoint", endpoint_id)
    return endpoint


def change_endpoint(
    ports: Ports, hosts: HostWebhooks, firm_id: str, endpoint_id: str, changes: Mapping[str, Any], *, by: Actor
) -> WebhookEndpoint:
    """Change `url`, `event_types`, `description` or `enabled`; what is not named stays. Raises as `create_endpoint`,
    and `NotFound`.
    """
    get_endpoint(ports, firm_id, endpoint_id)
    if "url" in changes:
        _check(hosts, changes["url"])

    def change(step: Step) -> WebhookEndpoint:
        standing = _locked(step, endpoint_id)
        plain = {name: value for name, value in changes.items() if name != "enabled"}
        changed = replace(standing, **plain)
        if changes.get("enabled", changed.is_enabled) is not changed.is_enabled:
            changed = enabled(changed, step.now) if changes["enabled"] else disabled(changed, step.now)
        if changed != standing:
            changed = replace(changed, updated_at=step.now)
            step.tx.webhook_endpoints.save(changed)
            names = ", ".join(sorted(changes))
            _write(step, changed, by, "webhook_endpoint_changed", f"was changed: {names}")
        return changed

    return in_firm(ports, firm_id, change)


def remove_endpoint(ports: Ports, firm_id: str, endpoint_id: str, by: Actor) -> WebhookEndpoint:
    """Remove an endpoint for good, as it was; what was still to be sent there is not. Raises `NotFound`."""

    def remove(step: Step) -> WebhookEndpoint:
        endpoint = _locked(step, endpoint_id)
        step.tx.webhook_endpoints.remove(endpoint_id)
        _write(step, endpoint, by, "webhook_endpoint_removed", "was removed")
        return endpoint

    return in_firm(ports, firm_id, remove)


def rotate_secret(ports: Ports, hosts: HostWebhooks, firm_id: str, endpoint_id: str, by: Actor) -> EndpointWithSecret:
    """A new secret; the one before signs beside it for a day. Raises `NotFound`."""

    def rotate(step: Step) -> WebhookEndpoint:
        endpoint = rotated(_locked(step, endpoint_id), step.ports.ids.secret(), step.now)
        step.tx.webhook_endpoints.save(endpoint)
        _write(step, endpoint, by, "webhook_secret_rotated", "has a new secret")
        return endpoint

    endpoint = in_firm(ports, firm_id, rotate)
    return EndpointWithSecret(endpoint, hosts.secret(endpoint.salt))


def list_host_events(
    ports: Ports, firm_id: str, wanted: HostEventFilter, request: PageRequest
) -> Page[StoredHostEvent]:
    """Events that were to be told, newest first. Raises `BadCursor`."""
    return in_firm(ports, firm_id, lambda step: step.tx.host_events.page(wanted, request))


def get_host_event(ports: Ports, firm_id: str, event_id: str) -> StoredHostEvent:
    """The event. Raises `NotFound`."""
    stored = in_firm(ports, firm_id, lambda step: step.tx.host_events.get(event_id))
    if stored is None:
        raise NotFound("host event", event_id)
    return stored


def replay_host_event(ports: Ports, firm_id: str, event_id: str, by: Actor) -> StoredHostEvent:
    """Send an event again, under its own id, to every enabled endpoint that wants its type. Raises `NotFound`, and
    `Conflict` when there is none.
    """

    def replay(step: Step) -> StoredHostEvent:
        known = step.tx.host_events.get(event_id)
        if known is None:
            raise NotFound("host event", event_id)
        wanting = [each for each in step.tx.webhook_endpoints.all() if each.wants(known.event.type)]
        if not wanting:
            raise Conflict(f"No enabled webhook endpoint wants {known.event.type}. Make or enable one first.")
        for endpoint in wanting:
            _resume(step, endpoint.id)
        stored = step.tx.host_events.lock(event_id)
        assert stored is not None
        replay_id = step.ports.ids.new("rpl")
        rows = [delivery_row(step, stored.event, endpoint.id, replay_id=replay_id) for endpoint in wanting]
        for row in rows:
            stored = stored.having(new_delivery(step, row))
        step.tx.host_events.save(stored)
        step.ring_for(step.tx.outbox.add(rows))
        words = f"Host event {event_id} is sent again."
        note = Note("host_event_replayed", Severity.INFO, words, "host_event", event_id, {"host_event_id": event_id})
        step.tx.journal.append([audit_event(step, firm_id, note, by, stored.event.invoice_id)])
        return stored

    return in_firm(ports, firm_id, replay)


def _resume(step: Step, endpoint_id: str) -> None:
    """Who replays has mended the endpoint: it is not left alone any longer."""
    endpoint = step.tx.webhook_endpoints.lock(endpoint_id)
    if endpoint is not None and endpoint.paused_until is not None:
        step.tx.webhook_endpoints.save(replace(endpoint, paused_until=None))


def _locked(step: Step, endpoint_id: str) -> WebhookEndpoint:
    endpoint = step.tx.webhook_endpoints.lock(endpoint_id)
    if endpoint is None:
        raise NotFound("webhook endpoint", endpoint_id)
    return endpoint


def _write(step: Step, endpoint: WebhookEndpoint, by: Actor, action: str, what: str) -> None:
    """Neither address nor secret is written down: an address may hold a secret of the host's."""
    metadata: dict[str, MetadataValue] = {"endpoint_id": endpoint.id, "enabled": endpoint.is_enabled}
    words = f"Webhook endpoint {endpoint.id} {what}."
    note = Note(action, Severity.INFO, words, "webhook_endpoint", endpoint.id, metadata)
    step.tx.journal.append([audit_event(step, endpoint.firm_id, note, by)])
