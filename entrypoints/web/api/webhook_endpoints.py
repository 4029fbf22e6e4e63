"""Where the firm's host application takes events."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.model.firms import Scope
from domain.model.host_events import HostEventType
from domain.model.webhook_endpoints import WebhookEndpoint
from domain.services import webhook_endpoints
from domain.services.webhook_endpoints import EndpointWithSecret, NewEndpoint
from entrypoints.web import idempotency
from entrypoints.web.api.blueprint import Answer, ApiBlueprint
from entrypoints.web.api.lists import WholeListQuery, cut
from entrypoints.web.api.webhook_endpoint_schemas import (
    NewWebhookEndpointSchema,
    WebhookEndpointChangesSchema,
    WebhookEndpointPageSchema,
    WebhookEndpointSchema,
    WebhookEndpointWithSecretSchema,
)
from entrypoints.web.application import application, ports
from entrypoints.web.authentication import caller
from ports.repositories import Page

blueprint = ApiBlueprint(
    "webhook-endpoints", path="/webhook-endpoints", description="Where the host application takes events."
)


@dataclass(frozen=True)
class ShownEndpoint(WebhookEndpoint):
    """An endpoint with the secret that is shown once."""

    secret: str | None = None


@blueprint.operation(
    "GET",
    "",
    Answer(200, WebhookEndpointPageSchema, "Endpoints, oldest first."),
    scope=Scope.READ,
    query=WholeListQuery,
)
def list_webhook_endpoints(query: Mapping[str, Any]) -> Page[WebhookEndpoint]:
    """List webhook endpoints, oldest first."""
    return cut(webhook_endpoints.list_endpoints(ports(), caller().firm_id), query, lambda endpoint: endpoint.id)


@blueprint.operation(
    "POST",
    "",
    Answer(201, WebhookEndpointWithSecretSchema, "The endpoint with its secret."),
    scope=Scope.ADMIN,
    body=NewWebhookEndpointSchema,
)
def create_webhook_endpoint(wanted: Mapping[str, Any]) -> tuple[ShownEndpoint, dict[str, str]]:
    """Make a webhook endpoint.

    Its secret is shown this once. 422 where nothing may be sent to the URL; 409 when the firm has as many endpoints as
    it may have.
    """
    new = NewEndpoint(**_typed(wanted))
    made = webhook_endpoints.create_endpoint(ports(), application().hosts, caller().firm_id, new, caller().actor)
    return _shown_once(made), {"Location": f"/api/v1/webhook-endpoints/{made.endpoint.id}"}


@blueprint.operation("GET", "/<id:endpoint_id>", Answer(200, WebhookEndpointSchema, "The endpoint."), scope=Scope.READ)
def get_webhook_endpoint(endpoint_id: str) -> WebhookEndpoint:
    """Show a webhook endpoint."""
    return webhook_endpoints.get_endpoint(ports(), caller().firm_id, endpoint_id)


@blueprint.operation(
    "PATCH",
    "/<id:endpoint_id>",
    Answer(200, WebhookEndpointSchema, "The endpoint as it is now."),
    scope=Scope.ADMIN,
    body=WebhookEndpointChangesSchema,
)
def change_webhook_endpoint(changes: Mapping[str, Any], endpoint_id: str) -> WebhookEndpoint:
    """Change a webhook endpoint.

    Fields that are not sent stay. Enabling one forgets its failures; what it missed is replayed event by event.
    """
    hosts, firm_id = application().hosts, caller().firm_id
    return webhook_endpoints.change_endpoint(ports(), hosts, firm_id, endpoint_id, _typed(changes), by=caller().actor)


@blueprint.operation(
    "DELETE", "/<id:endpoint_id>", Answer(200, WebhookEndpointSchema, "The endpoint as it was."), scope=Scope.ADMIN
)
def remove_webhook_endpoint(endpoint_id: str) -> WebhookEndpoint:
    """Remove a webhook endpoint, for good.

    What was still to be sent there is canceled; what was sent stays listed with its events.
    """
    return webhook_endpoints.remove_endpoint(ports(), caller().firm_id, endpoint_id, caller().actor)


@blueprint.operation(
    "POST",
    "/<id:endpoint_id>/rotate-secret",
    Answer(200, WebhookEndpointWithSecretSchema, "The endpoint with its new secret."),
    scope=Scope.ADMIN,
)
def rotate_webhook_secret(endpoint_id: str) -> ShownEndpoint:
    """Give a webhook endpoint a new secret.

    It is shown this once. For 24 hours the secret before it signs as well: each request carries two signatures.
    """
    hosts, firm_id = application().hosts, caller().firm_id
    return _shown_once(webhook_endpoints.rotate_secret(ports(), hosts, firm_id, endpoint_id, caller().actor))


def _typed(given: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(given)
    if values.get("event_types") is not None:
        values["event_types"] = tuple(HostEventType(kind) for kind in dict.fromkeys(values["event_types"]))
    return values


def _shown_once(made: EndpointWithSecret) -> ShownEndpoint:
    idempotency.keep_without("secret")
    return ShownEndpoint(**vars(made.endpoint), secret=made.secret)
