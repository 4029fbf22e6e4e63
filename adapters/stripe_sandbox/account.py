"""The account itself and its webhook endpoint."""

from adapters.stripe_sandbox.errors import resource_missing
from adapters.stripe_sandbox.lists import empty_list
from adapters.stripe_sandbox.operations import Call, Operation, plays
from adapters.stripe_sandbox.values import API_VERSION, Json

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


OPERATIONS = (
    Operation("GET /v1/account", _retrieve_account),
    Operation("GET /v1/webhook_endpoints", _list_endpoints, plays("ending_before limit starting_after")),
    Operation("GET /v1/webhook_endpoints/{webhook_endpoint}", _retrieve_endpoint),
)
