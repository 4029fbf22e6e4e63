"""Each route, as the URL map lists it, with the ids of another firm: what is theirs is neither seen nor changed."""

import json

import pytest

from tests import stripe_events
from tests.builders import NOW
from tests.e2e.web.host_stories import an_endpoint, host_event_of
from tests.e2e.web.reversal_stories import tell_dispute
from tests.e2e.web.routes import Route, acceptable_body, api_routes, ids_of
from tests.e2e.web.web_world import Tenant, WebWorld

ROUTES = api_routes()
READS = [route for route in ROUTES if route.method == "GET"]
BY_ID = [route for route in ROUTES if route.arguments]
OTHERS = [route for route in ROUTES if not route.arguments]

# What is answered to a route without an id in its path when the body speaks of another firm's objects.
ANSWERS_TO_FOREIGN_BODIES = {
    "GET /audit-events": 200,
    "GET /audit-events/verify": 200,
    "GET /clients": 200,
    "GET /disputes": 200,
    "GET /disputes/summary": 200,
    "GET /host-events": 200,
    "GET /invoices": 200,
    "GET /ledger": 200,
    "GET /notices": 200,
    "GET /outbox": 200,
    "GET /policy": 200,
    "GET /alert-settings": 200,
    "GET /branding": 200,
    "GET /webhook-endpoints": 200,
    "GET /webhook-events": 200,
    "POST /clients": 201,
    "POST /invoices": 422,
    "POST /policy/preview": 200,
    "POST /notices/preview": 200,
    "POST /webhook-endpoints": 201,
    "PUT /policy": 200,
    "PUT /alert-settings": 200,
    "PUT /branding": 200,
}
# What is found and then refused for the state that it is in here: nothing was paid.
REFUSED_BY_STATE = {
    "POST /clients/<id:client_id>/erase",
    "POST /disputes/<id:dispute_id>/refund",
    "POST /invoices/<id:invoice_id>/refunds",
}


@pytest.fixture
def web() -> WebWorld:
    """Both firms have everything that can be listed: an event, attempts, a dispute (an inquiry, so that the invoice
    stays as it is) with a note, audit events, outbox rows.
    """
    world = WebWorld()
    for tenant in (world.north, world.south):
        tenant.made["endpoint_id"] = an_endpoint(world, by=tenant)["id"]
        metadata = {"invoice_id": tenant.invoice_id}
        intent = stripe_events.payment_intent(
            f"pi_{tenant.firm_id}",
            "requires_payment_method",
            metadata=metadata,
            charge_id=f"ch_{tenant.firm_id}",
            error=stripe_events.decline_error(f"ch_{tenant.firm_id}", "insufficient_funds"),
        )
        event_id = f"evt_{tenant.firm_id}"
        world.deliver(stripe_events.event("payment_intent.payment_failed", intent, NOW, id=event_id))
        dispute = {"status": "warning_needs_response", "stripe_dispute_id": f"dp_{tenant.firm_id}"}
        tell_dispute(world, f"ch_{tenant.firm_id}", intent_id=f"pi_{tenant.firm_id}", **dispute)
        noted = world.call("POST", f"/disputes/dp_{tenant.firm_id}/notes", {"body": "A secret."}, by=tenant)
        tenant.made["note_id"] = noted.get_json()["id"]
        tenant.made["host_event_id"] = host_event_of(world, by=tenant)["id"]
    return world


def everything_of(web: WebWorld, tenant: Tenant) -> list[object]:
    """All that the tenant itself can read."""
    return [web.call("GET", route.path(ids_of(tenant)), by=tenant).get_json() for route in READS]


@pytest.mark.parametrize("route", BY_ID, ids=str)
def test_another_firms_object_answers_404_and_stays_as_it_is(web: WebWorld, route: Route) -> None:
    before = everything_of(web, web.south)

    foreign = web.call(route.method, route.path(ids_of(web.south)), acceptable_body(route, web.south), by=web.north)

    assert foreign.status_code == 404
    assert everything_of(web, web.south) == before


@pytest.mark.parametrize("route", BY_ID, ids=str)
def test_another_firms_object_is_answered_as_if_there_were_none(web: WebWorld, route: Route) -> None:
    unknown_ids = dict.fromkeys(ids_of(web.south), "unknown_1")

    foreign = web.call(route.method, route.path(ids_of(web.south)), acceptable_body(route, web.north))
    unknown = web.call(route.method, route.path(unknown_ids), acceptable_body(route, web.north))

    shown = foreign.text
    for argument in route.arguments:
        shown = shown.replace(ids_of(web.south)[argument], "unknown_1")
    assert (foreign.status_code, shown) == (unknown.status_code, unknown.text)


@pytest.mark.parametrize("route", BY_ID, ids=str)
def test_ones_own_object_is_found(web: WebWorld, route: Route) -> None:
    own = web.call(route.method, route.path(ids_of(web.north)), acceptable_body(route, web.north))

    assert own.status_code in ({409} if str(route) in REFUSED_BY_STATE else {200, 201, 202})


@pytest.mark.parametrize("route", OTHERS, ids=str)
def test_a_body_that_speaks_of_another_firms_objects_touches_and_shows_nothing_of_theirs(
    web: WebWorld, route: Route
) -> None:
    before = everything_of(web, web.south)

    answer = web.call(route.method, route.rule, acceptable_body(route, web.south), by=web.north)

    assert answer.status_code == ANSWERS_TO_FOREIGN_BODIES[str(route)]
    shown = json.dumps(answer.get_json())
    asked = json.dumps(acceptable_body(route, web.south) or {})
    assert [each for each in secrets_of(web.south) if each in shown and each not in asked] == []
    assert everything_of(web, web.south) == before


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/invoices", "client_id"),
        ("/host-events", "invoice_id"),
        ("/outbox", "invoice_id"),
        ("/outbox", "dispute_id"),
        ("/disputes", "client_id"),
        ("/disputes", "invoice_id"),
        ("/audit-events", "subject"),
    ],
)
def test_a_filter_with_another_firms_id_finds_nothing(web: WebWorld, path: str, query: str) -> None:
    theirs = {"subject": web.south.invoice_id, **ids_of(web.south)}[query]

    mine = web.call("GET", path, query={query: theirs})

    assert mine.get_json()["data"] == []
    assert web.call("GET", path, query={query: theirs}, by=web.south).get_json()["data"]


def test_a_cursor_of_another_firm_leads_to_nothing_of_theirs(web: WebWorld) -> None:
    cursor = web.call("GET", "/audit-events", query={"limit": "1"}, by=web.south).get_json()["next_cursor"]

    mine = web.call("GET", "/audit-events", query={"cursor": cursor}, by=web.north)

    assert [each for each in secrets_of(web.south) if each in mine.text] == []


def secrets_of(tenant: Tenant) -> list[str]:
    """Texts that only the tenant should ever see."""
    return [
        tenant.firm_id,
        tenant.client_id,
        tenant.invoice_id,
        tenant.stripe_customer_id,
        f"evt_{tenant.firm_id}",
        f"dp_{tenant.firm_id}",
        *ids_of(tenant).values(),
        *(key.split("_")[1] for key in tenant.keys.values()),
    ]
