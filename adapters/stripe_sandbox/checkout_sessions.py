"""Checkout Sessions in the modes payment and setup, on the hosted page: create, retrieve, list, expire.

Prices are given in the request (`price_data`), the customer is one that exists. As at Stripe since 2022-08-01, the
PaymentIntent is made when the customer pays, not with the session (docs.stripe.com/changelog, read 2026-11).
"""

from typing import Any

from adapters.stripe_sandbox.checkout_endings import expire_session
from adapters.stripe_sandbox.currencies import check_amount, check_currency
from adapters.stripe_sandbox.errors import invalid_parameter, invalid_request, missing_parameter
from adapters.stripe_sandbox.later import plan
from adapters.stripe_sandbox.lists import conditions_for, list_page
from adapters.stripe_sandbox.metadata import merge_metadata
from adapters.stripe_sandbox.operations import Call, Operation, plays
from adapters.stripe_sandbox.payment_methods import living_customer
from adapters.stripe_sandbox.setup_intents import begin_setup
from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import World

_KIND = "checkout.session"
_HALF_AN_HOUR, _DAY = 30 * 60, 24 * 60 * 60
_INTENT_DATA = ("description", "metadata", "setup_future_usage")


def create_session(call: Call) -> Json:
    """POST /v1/checkout/sessions. Expires by itself after `expires_at`: 30 minutes to 24 hours, by default 24 hours."""
    world, params = call.world, call.params
    for name in ("mode", "customer", "success_url"):
        if not call.text(name):
            raise missing_parameter(name)
    living_customer(world, str(params["customer"]))
    session = _blank(world, params)
    if params["mode"] == "payment":
        _price(session, params)
        hidden = {"intent_data": _intent_data(params.get("payment_intent_data") or {})}
    elif params["mode"] == "setup":
        metadata = merge_metadata({}, (params.get("setup_intent_data") or {}).get("metadata"))
        session["setup_intent"] = begin_setup(world, str(params["customer"]), metadata)["id"]
        hidden = {}
    else:
        raise invalid_parameter("This sandbox plays the modes payment and setup.", param="mode")
    world.save(session, label=session["status"])
    world.hide(_KIND, session["id"], **hidden)
    plan(world, session, "expired", after_seconds=session["expires_at"] - world.now)
    return session


def _blank(world: World, params: Json) -> Json:
    session_id = world.new_id("cs_test")
    return {
        "id": session_id,
        "object": _KIND,
        "after_expiration": None,
        "allow_promotion_codes": None,
        "amount_subtotal": None,
        "amount_total": None,
        "automatic_tax": {"enabled": False, "status": None},
        "billing_address_collection": None,
        "cancel_url": params.get("cancel_url") or None,
        "client_reference_id": params.get("client_reference_id") or None,
        "consent": None,
        "consent_collection": None,
        "created": world.now,
        "currency": None,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {"shipping_address": None, "submit": None},
        "customer": params["customer"],
        "customer_creation": None,
        "customer_details": None,
        "customer_email": None,
        "expires_at": _expires_at(world, params),
        "invoice": None,
        "invoice_creation": None,
        "livemode": False,
        "locale": params.get("locale") or None,
        "metadata": merge_metadata({}, params.get("metadata")),
        "mode": params["mode"],
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "payment_status": "no_payment_required" if params["mode"] == "setup" else "unpaid",
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_details": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": None,
        "subscription": None,
        "success_url": params["success_url"],
        "total_details": None,
        "url": f"{world.base_url}/sandbox/checkout/{session_id}",
    }


def _expires_at(world: World, params: Json) -> int:
    expires_at = int(params.get("expires_at") or world.now + _DAY)
    if not world.now + _HALF_AN_HOUR <= expires_at <= world.now + _DAY:
        raise invalid_parameter(
            "The `expires_at` timestamp must be at least 30 minutes and less than 24 hours from Checkout Session "
            "creation.",
            param="expires_at",
        )
    return expires_at


def _price(session: Json, params: Json) -> None:
    items: list[Any] = params.get("line_items") or []
    if not items:
        raise missing_parameter("line_items")
    prices = [item.get("price_data") for item in items]
    if not all(isinstance(price, dict) and price.get("unit_amount") not in (None, "") for price in prices):
        raise invalid_parameter("This sandbox plays line_items with price_data[unit_amount].", param="line_items")
    currency = check_currency(str(prices[0].get("currency") or ""))
    total = sum(
        int(price["unit_amount"]) * int(item.get("quantity") or 1) for item, price in zip(items, prices, strict=True)
    )
    session.update(
        currency=currency,
        amount_subtotal=total,
        amount_total=check_amount(total, currency),
        total_details={"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
    )


def _intent_data(given: Json) -> Json:
    for name in given:
        if name not in _INTENT_DATA:
            raise invalid_parameter(f"This sandbox does not act on payment_intent_data[{name}].", param=name)
    return given


def _retrieve(call: Call) -> Json:
    return call.world.get(_KIND, call.path["session"])


def _list(call: Call) -> Json:
    conditions = conditions_for(_KIND, call.params, ("customer", "payment_intent"), label="status")
    return list_page(call.world, _KIND, call.params, conditions, url="/v1/checkout/sessions")


def _expire(call: Call) -> Json:
    session = call.world.get(_KIND, call.path["session"])
    if session["status"] != "open":
        raise invalid_request(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of '
            f"`{session['status']}`."
        )
    return expire_session(call.world, session)


OPERATIONS = (
    Operation(
        "POST /v1/checkout/sessions",
        create_session,
        plays(
            "cancel_url client_reference_id customer expires_at line_items locale metadata mode payment_intent_data "
            "payment_method_types setup_intent_data success_url"
        ),
    ),
    Operation(
        "GET /v1/checkout/sessions",
        _list,
        plays("created customer ending_before limit payment_intent starting_after status"),
    ),
    Operation("GET /v1/checkout/sessions/{session}", _retrieve),
    Operation("POST /v1/checkout/sessions/{session}/expire", _expire),
)
