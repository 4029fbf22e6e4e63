"""Events: retrieve and list. They are recorded by World.emit."""

from adapters.stripe_sandbox.errors import invalid_request
from adapters.stripe_sandbox.lists import conditions_for, list_page
from adapters.stripe_sandbox.operations import Call, Operation, plays
from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import World

MOST_TYPES = 20


def _retrieve_event(call: Call) -> Json:
    return _with_pending(call.world, call.world.get("event", call.path["id"]))


def _list_events(call: Call) -> Json:
    params = call.params
    conditions = conditions_for("event", params)
    types = params.get("types") or []
    if types and params.get("type"):
        raise invalid_request("You may only specify one of these parameters: type, types.")
    if len(types) > MOST_TYPES:
        raise invalid_request(f"You may pass up to {MOST_TYPES} types.", param="types")
    wanted = types or ([params["type"]] if params.get("type") else [])
    if wanted:
        conditions.add("(" + " OR ".join("label GLOB ?" for _ in wanted) + ")", *wanted)
    if isinstance(params.get("delivery_success"), bool):
        undelivered = "EXISTS (SELECT 1 FROM deliveries WHERE event = objects.id AND state <> 'delivered')"
        conditions.add(f"NOT {undelivered}" if params["delivery_success"] else undelivered)
    page = list_page(call.world, "event", params, conditions, url="/v1/events")
    page["data"] = [_with_pending(call.world, event) for event in page["data"]]
    return page


def _with_pending(world: World, event: Json) -> Json:
    row = world.connection.execute(
        "SELECT count(*) FROM deliveries WHERE event = ? AND state = 'pending'", (event["id"],)
    ).fetchone()
    return {**event, "pending_webhooks": int(row[0])}


OPERATIONS = (
    Operation(
        "GET /v1/events",
        _list_events,
        plays("created delivery_success ending_before limit starting_after type types"),
    ),
    Operation("GET /v1/events/{id}", _retrieve_event),
)
