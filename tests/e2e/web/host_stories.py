"""Endpoints of the host application, and events for it, by way of the API."""

from typing import Any

from tests.e2e.web.web_world import Json, Tenant, WebWorld

URL = "https://billing.example.com/hooks"


def an_endpoint(web: WebWorld, *, by: Tenant | None = None, **wanted: Any) -> Json:
    """A new endpoint, with its secret."""
    made = web.call("POST", "/webhook-endpoints", {"url": URL, **wanted}, by=by)
    assert made.status_code == 201, made.text
    return dict(made.get_json())


def host_event_of(web: WebWorld, *, by: Tenant | None = None) -> Json:
    """The newest event for the host."""
    events = web.call("GET", "/host-events", by=by).get_json()["data"]
    return dict(events[0])
