"""The account itself, its webhook endpoint, its events, and the invoices' payments (there are no invoices)."""

from adapters.stripe_sandbox.errors import invalid_request, resource_missing
from adapters.stripe_sandbox.lists import conditions_for, empty_list, list_page
from adapters.stripe_sandbox.operations import Call, Operation, plays
from adapters.stripe_sandbox.values import API_VERSION, Json
from adapters.stripe_sandbox.world import World

MOST_TYPES = 20
_ENDPOINT_ID = "we_1SandboxEndpoint000000000"


def _retrieve_account(call: Call) -> Json:
    return {
        "id": call.world.account,
        "object": "account",
        "business_profile": {
            "mcc": None,
            "name": "Dunlin sandbox",
            "product_description": None,
            "support_address": None,
            "support_email": None,
            "support_phone": None,
            "support_url": None,
            "url": None,
        },
        "business_type": "company",
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "country": "US",
        "default_currency": "usd",
        "details_submitted": True,
        "email": None,
        "metadata": {},
        "payouts_enabled": True,
        "type": "standard",
    }


def _list_endpoints(call: Call) -> Json:
    page = empty_list("/v1/webhook_endpoints")
    url = call.world.webhook_url
    if url is not None:
        page["data"] = [_endpoint(url)]
    return page


def _retrieve_endpoint(call: Call) -> Json:
    url = call.world.webhook_url
    if url is None or call.path["webhook_endpoint"] != _ENDPOINT_ID:
        raise resource_missing("webhook endpoint", call.path["webhook_endpoint"], param="id", is_path=True)
    return _endpoint(url)


def _endpoint(url: str) -> Json:
    return {
        "id": _ENDPOINT_ID,
        "object": "webhook_endpoint",
        "api_version": API_VERSION,
        "application": None,
        "created": 1735689600,
        "description": "Where this sandbox delivers its events",
        "enabled_events": ["*"],
        "livemode": False,
        "metadata": {},
        "status": "enabled",
        "url": url,
    }


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


def _list_invoice_payments(_: Call) -> Json:
    return empty_list("/v1/invoice_payments")


_PAGING = "ending_before limit starting_after"
OPERATIONS = (
    Operation("GET /v1/account", _retrieve_account),
    Operation("GET /v1/webhook_endpoints", _list_endpoints, plays(_PAGING)),
    Operation("GET /v1/webhook_endpoints/{webhook_endpoint}", _retrieve_endpoint),
    Operation("GET /v1/events", _list_events, plays(f"created delivery_success type types {_PAGING}")),
    Operation("GET /v1/events/{id}", _retrieve_event),
    Operation("GET /v1/invoice_payments", _list_invoice_payments, plays(f"created invoice status {_PAGING}")),
)
