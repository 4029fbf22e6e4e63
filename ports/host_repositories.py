"""Collections of the host's endpoints and events; see `ports.repositories`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.model.host_deliveries import StoredHostEvent
from domain.model.webhook_endpoints import WebhookEndpoint
from ports.repositories import Page, PageRequest


class WebhookEndpoints(Protocol):
    """A firm's endpoints. Methods that write raise `WrongFirm` for another firm's."""

    def add(self, endpoint: WebhookEndpoint) -> None:
        """Store a new endpoint. Raises `Conflict` when its firm is not there."""

    def all(self) -> Sequence[WebhookEndpoint]:
        """Every endpoint, enabled or not, oldest first; there are never many."""

    def get(self, endpoint_id: str) -> WebhookEndpoint | None:
        """The endpoint."""

    def lock(self, endpoint_id: str) -> WebhookEndpoint | None:
        """The endpoint, locked until the transaction ends."""

    def save(self, endpoint: WebhookEndpoint) -> None:
        """Replace everything but the id, the firm and when it was made."""

    def remove(self, endpoint_id: str) -> None:
        """Remove it for good. Deliveries to it stay as they are."""


@dataclass(frozen=True)
class HostEventFilter:
    """Which host events to list."""

    type: str | None = None
    status: str | None = None
    invoice_id: str | None = None


class HostEvents(Protocol):
    """Events for the host. What happened is never changed; what became of its deliveries is."""

    def add(self, stored: StoredHostEvent) -> bool:
        """Store the event; False when there is one with its id already, and then nothing changes."""

    def get(self, event_id: str) -> StoredHostEvent | None:
        """The event."""

    def lock(self, event_id: str) -> StoredHostEvent | None:
        """The event, locked until the transaction ends."""

    def save(self, stored: StoredHostEvent) -> None:
        """Replace the deliveries."""

    def page(self, wanted: HostEventFilter, request: PageRequest) -> Page[StoredHostEvent]:
        """Events, newest first by when they were stored. Raises `BadCursor`."""
