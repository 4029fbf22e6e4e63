"""What the host application was told, and telling it again."""

from collections.abc import Mapping
from typing import Any

from domain.model.firms import Scope
from domain.model.host_deliveries import StoredHostEvent
from domain.services import webhook_endpoints
from entrypoints.web.api.blueprint import Answer, ApiBlueprint
from entrypoints.web.api.lists import page_request
from entrypoints.web.api.webhook_endpoint_schemas import HostEventPageSchema, HostEventQuery, HostEventSchema
from entrypoints.web.application import ports
from entrypoints.web.authentication import caller
from ports.host_repositories import HostEventFilter
from ports.repositories import Page

blueprint = ApiBlueprint("host-events", path="/host-events", description="What the host application is told.")


@blueprint.operation(
    "GET", "", Answer(200, HostEventPageSchema, "Events, newest first."), scope=Scope.READ, query=HostEventQuery
)
def list_host_events(query: Mapping[str, Any]) -> Page[StoredHostEvent]:
    """List what the host application is told, newest first.

    Only what an enabled endpoint wanted when it happened is kept.
    """
    wanted = HostEventFilter(query.get("type"), query.get("status"), query.get("invoice_id"))
    return webhook_endpoints.list_host_events(ports(), caller().firm_id, wanted, page_request(query))


@blueprint.operation("GET", "/<id:host_event_id>", Answer(200, HostEventSchema, "The event."), scope=Scope.READ)
def get_host_event(host_event_id: str) -> StoredHostEvent:
    """Show an event with its deliveries."""
    return webhook_endpoints.get_host_event(ports(), caller().firm_id, host_event_id)


@blueprint.operation(
    "POST",
    "/<id:host_event_id>/replay",
    Answer(200, HostEventSchema, "The event with its new deliveries."),
    scope=Scope.ADMIN,
)
def replay_host_event(host_event_id: str) -> StoredHostEvent:
    """Send an event again.

    It goes to every enabled endpoint that wants its type, as it was, under the same `webhook-id`: a host that took it
    before can tell. 409 when there is no such endpoint.
    """
    return webhook_endpoints.replay_host_event(ports(), caller().firm_id, host_event_id, caller().actor)
