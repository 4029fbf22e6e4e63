"""The host's endpoints and events in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from adapters.memory.pages import newest_first
from adapters.memory.scope import Scope
from adapters.memory.store import Told
from adapters.memory.tables import View
from domain.model.errors import Conflict
from domain.model.firms import Firm
from domain.model.host_deliveries import StoredHostEvent
from domain.model.webhook_endpoints import WebhookEndpoint
from ports.host_repositories import HostEventFilter
from ports.repositories import Page, PageRequest


class MemoryWebhookEndpoints:
    """The port `WebhookEndpoints`."""

    def __init__(self, scope: Scope, endpoints: View[str, WebhookEndpoint], firms: View[str, Firm]) -> None:
        self._scope = scope
        self._endpoints = endpoints
        self._firms = firms

    def add(self, endpoint: WebhookEndpoint) -> None:
        """Store a new endpoint; see the port."""
        self._scope.require(endpoint.firm_id)
        if self._firms.get(endpoint.firm_id) is None:
            raise self._scope.failed(Conflict("firm_id: there is no such firm."))
        self._endpoints.put(endpoint.id, endpoint)

    def all(self) -> Sequence[WebhookEndpoint]:
        """Every endpoint, oldest first."""
        return sorted(self._endpoints.all(), key=lambda endpoint: (endpoint.created_at, endpoint.id))

    def get(self, endpoint_id: str) -> WebhookEndpoint | None:
        """The endpoint."""
        return self._endpoints.get(endpoint_id)

    def lock(self, endpoint_id: str) -> WebhookEndpoint | None:
        """The endpoint, locked."""
        return self._endpoints.lock(endpoint_id)

    def save(self, endpoint: WebhookEndpoint) -> None:
        """Replace it; see the port."""
        self._scope.require(endpoint.firm_id)
        known = self._endpoints.lock(endpoint.id)
        if known is not None:
            self._endpoints.put(endpoint.id, replace(endpoint, created_at=known.created_at))

    def remove(self, endpoint_id: str) -> None:
        """Remove it for good."""
        self._endpoints.remove(endpoint_id)


class MemoryHostEvents:
    """The port `HostEvents`."""

    def __init__(self, scope: Scope, events: View[str, Told], numbers: Iterator[int]) -> None:
        self._scope = scope
        self._events = events
        self._numbers = numbers

    def add(self, stored: StoredHostEvent) -> bool:
        """Store the event; see the port."""
        self._scope.require(stored.event.firm_id)
        if self._events.lock(stored.event.id) is not None:
            return False
        self._events.put(stored.event.id, Told(next(self._numbers), stored))
        return True

    def get(self, event_id: str) -> StoredHostEvent | None:
        """The event."""
        told = self._events.get(event_id)
        return None if told is None else told.stored

    def lock(self, event_id: str) -> StoredHostEvent | None:
        """The event, locked."""
        told = self._events.lock(event_id)
        return None if told is None else told.stored

    def save(self, stored: StoredHostEvent) -> None:
        """Replace the deliveries; see the port."""
        self._scope.require(stored.event.firm_id)
        told = self._events.lock(stored.event.id)
        if told is not None:
            kept = replace(told.stored, deliveries=stored.deliveries)
            self._events.put(stored.event.id, replace(told, stored=kept))

    def page(self, wanted: HostEventFilter, request: PageRequest) -> Page[StoredHostEvent]:
        """Events, newest first; see the port."""
        rows = (told for told in self._events.all() if _is_wanted(told.stored, wanted))
        return newest_first(
            rows, request, kinds=(int,), order=lambda told: (told.number,), item_of=lambda told: told.stored
        )


def _is_wanted(stored: StoredHostEvent, wanted: HostEventFilter) -> bool:
    return (
        wanted.type in (None, stored.event.type)
        and wanted.status in (None, stored.status)
        and wanted.invoice_id in (None, stored.event.invoice_id)
    )
