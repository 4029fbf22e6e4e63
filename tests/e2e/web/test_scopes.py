"""Each route, as the URL map lists it, with a key of each scope."""

import pytest

from domain.model.firms import Scope
from tests.e2e.web.routes import Route, acceptable_body, api_routes, ids_of
from tests.e2e.web.web_world import WebWorld

ROUTES = api_routes()
# What needs more than reading for a GET and more than writing for the rest, or less.
EXCEPTIONS = {
    "GET /alert-settings": Scope.ADMIN,
    "DELETE /webhook-endpoints/<id:endpoint_id>": Scope.ADMIN,
    "PATCH /webhook-endpoints/<id:endpoint_id>": Scope.ADMIN,
    "POST /clients/<id:client_id>/erase": Scope.ADMIN,
    "POST /host-events/<id:host_event_id>/replay": Scope.ADMIN,
    "POST /notices/preview": Scope.READ,
    "POST /policy/preview": Scope.READ,
    "POST /webhook-endpoints": Scope.ADMIN,
    "POST /webhook-endpoints/<id:endpoint_id>/rotate-secret": Scope.ADMIN,
    "POST /webhook-events/<id:event_id>/replay": Scope.ADMIN,
    "PUT /alert-settings": Scope.ADMIN,
    "PUT /branding": Scope.ADMIN,
    "PUT /policy": Scope.ADMIN,
}


def needed(route: Route) -> Scope:
    return EXCEPTIONS.get(str(route), Scope.READ if route.method == "GET" else Scope.WRITE)


@pytest.mark.parametrize("scope", list(Scope), ids=str)
@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_a_route_opens_to_its_scope_and_larger_ones_only(web: WebWorld, route: Route, scope: Scope) -> None:
    answer = web.call(route.method, route.path(ids_of(web.north)), acceptable_body(route, web.north), scope=scope)

    assert (answer.status_code == 403) is not scope.includes(needed(route))


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_a_route_is_closed_without_a_key(idle_web: WebWorld, route: Route) -> None:
    answer = idle_web.http.open(f"/api/v1{route.path(ids_of(idle_web.north))}", method=route.method)

    assert answer.status_code == 401


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_the_document_names_the_scope(idle_web: WebWorld, route: Route) -> None:
    operation = idle_web.document.operation(route.method, f"/api/v1{route.path(ids_of(idle_web.north))}")

    assert f"Needs a key of scope `{needed(route)}`" in operation["description"]
