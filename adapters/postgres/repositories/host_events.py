"""The host's endpoints and events."""

from collections.abc import Sequence

from sqlalchemy import delete, insert, select, update

from adapters.postgres.line import Line
from adapters.postgres.pages import newest_first, of_firm
from adapters.postgres.rows.host import KNOWN_TYPES, endpoint_of, endpoint_row, host_event_of, host_event_row
from adapters.postgres.rows.values import as_json
from adapters.postgres.statements import ById, rows_of
from adapters.postgres.statements import insert as insert_rows
from adapters.postgres.tables.host import host_events, webhook_endpoints
from domain.model.host_deliveries import StoredHostEvent
from domain.model.webhook_endpoints import WebhookEndpoint
from ports.host_repositories import HostEventFilter
from ports.repositories import Page, PageRequest

_ENDPOINTS = ById(rows_of(webhook_endpoints, "WHERE {firm} true ORDER BY created_at, id"))
_ENDPOINT = ById(rows_of(webhook_endpoints, "WHERE {firm} id = %(id)s"))
_ENDPOINT_LOCKED = ById(rows_of(webhook_endpoints, "WHERE {firm} id = %(id)s FOR UPDATE"))
_EVENT = ById(rows_of(host_events, "WHERE {firm} id = %(id)s"))
_EVENT_LOCKED = ById(rows_of(host_events, "WHERE {firm} id = %(id)s FOR UPDATE"))
_ADD_EVENT = f"""
{insert_rows(host_events, "rows", without=("position",))}
ON CONFLICT (firm_id, id) DO NOTHING RETURNING host_events.id
"""
_SAVE_EVENT = """
UPDATE host_events SET status = %(status)s, deliveries = %(deliveries)s::json
WHERE firm_id = %(firm)s AND id = %(id)s
"""


class PostgresWebhookEndpoints:
    """The port `WebhookEndpoints`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def add(self, endpoint: WebhookEndpoint) -> None:
        """Store a new endpoint; see the port."""
        self._line.require(endpoint.firm_id)
        self._line.run(insert(webhook_endpoints).values(endpoint_row(endpoint)))

    def all(self) -> Sequence[WebhookEndpoint]:
        """Every endpoint, oldest first."""
        scope = self._line.scope
        return [endpoint_of(row) for row in self._line.ask(_ENDPOINTS.within(scope), {"firm": scope.firm_id})]

    def get(self, endpoint_id: str) -> WebhookEndpoint | None:
        """The endpoint."""
        return self._one(_ENDPOINT, endpoint_id)

    def lock(self, endpoint_id: str) -> WebhookEndpoint | None:
        """The endpoint, locked."""
        return self._one(_ENDPOINT_LOCKED, endpoint_id)

    def save(self, endpoint: WebhookEndpoint) -> None:
        """Replace it; see the port."""
        self._line.require(endpoint.firm_id)
        column = webhook_endpoints.c
        is_it = (column.firm_id == endpoint.firm_id) & (column.id == endpoint.id)
        row = endpoint_row(endpoint)
        kept = {name: row[name] for name in row if name not in {"firm_id", "id", "created_at"}}
        self._line.run(update(webhook_endpoints).where(is_it).values(kept))

    def remove(self, endpoint_id: str) -> None:
        """Remove it for good."""
        column = webhook_endpoints.c
        is_it = (*of_firm(self._line, column.firm_id), column.id == endpoint_id)
        self._line.run(delete(webhook_endpoints).where(*is_it))

    def _one(self, statement: ById, endpoint_id: str) -> WebhookEndpoint | None:
        scope = self._line.scope
        rows = self._line.ask(statement.within(scope), {"firm": scope.firm_id, "id": endpoint_id})
        return endpoint_of(rows[0]) if rows else None


class PostgresHostEvents:
    """The port `HostEvents`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def add(self, stored: StoredHostEvent) -> bool:
        """Store the event; see the port."""
        self._line.require(stored.event.firm_id)
        return bool(self._line.ask(_ADD_EVENT, {"rows": as_json([host_event_row(stored)])}))

    def get(self, event_id: str) -> StoredHostEvent | None:
        """The event."""
        return self._one(_EVENT, event_id)

    def lock(self, event_id: str) -> StoredHostEvent | None:
        """The event, locked."""
        return self._one(_EVENT_LOCKED, event_id)

    def save(self, stored: StoredHostEvent) -> None:
        """Replace the deliveries; see the port."""
        event = stored.event
        self._line.require(event.firm_id)
        deliveries = as_json(host_event_row(stored)["deliveries"])
        values = {"firm": event.firm_id, "id": event.id, "status": stored.status, "deliveries": deliveries}
        self._line.ask(_SAVE_EVENT, values)

    def page(self, wanted: HostEventFilter, request: PageRequest) -> Page[StoredHostEvent]:
        """Events, newest first; see the port."""
        column = host_events.c
        query = select(host_events).where(*of_firm(self._line, column.firm_id), column.type.in_(KNOWN_TYPES))
        if wanted.type is not None:
            query = query.where(column.type == str(wanted.type))
        if wanted.status is not None:
            query = query.where(column.status == str(wanted.status))
        if wanted.invoice_id is not None:
            query = query.where(column.invoice_id == wanted.invoice_id)
        return newest_first(self._line, query, request, order=(column.position,), item_of=host_event_of)

    def _one(self, statement: ById, event_id: str) -> StoredHostEvent | None:
        scope = self._line.scope
        rows = self._line.ask(statement.within(scope), {"firm": scope.firm_id, "id": event_id})
        return host_event_of(rows[0]) if rows else None
