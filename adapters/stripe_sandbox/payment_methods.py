"""PaymentMethods: Stripe's test ids, attach, detach, update, lists.

A test id (pm_card_visa) is not an object: each use makes a new PaymentMethod with its own id, as at Stripe.
"""

from typing import Any

from adapters.stripe_sandbox.declines import decline_for, error_fields
from adapters.stripe_sandbox.errors import ApiError, invalid_parameter, invalid_request, resource_missing
from adapters.stripe_sandbox.lists import conditions_for, empty_list, list_page
from adapters.stripe_sandbox.metadata import merge_metadata
from adapters.stripe_sandbox.moods import find_mood
from adapters.stripe_sandbox.operations import Call, Operation, plays
from adapters.stripe_sandbox.test_cards import CARDS, Card, find_test_card
from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import World

_ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")
_YEARS_VALID = 3
_USED_UP = (
    "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a "
    "connected account without Customer attachment, or was detached from a Customer. It may not be used again. "
    "To use a PaymentMethod multiple times, you must attach it to a Customer first."
)


def take_payment_method(world: World, wanted: str, *, param: str | None) -> Json:
    """The PaymentMethod with this id; a new one when the id is one of Stripe's test ids."""
    card = find_test_card(wanted)
    if card is not None:
        return _make(world, card)
    return world.get("payment_method", wanted, param=param)


def card_of(world: World, method: Json) -> Card:
    """The test card that a PaymentMethod was made of."""
    return CARDS[world.hidden("payment_method", method["id"])["card"]]


def check_usable(world: World, method: Json) -> None:
    """Raises ApiError 400 for one that was used without a customer, or detached."""
    if world.hidden("payment_method", method["id"]).get("is_used_up"):
        raise invalid_request(_USED_UP, param="payment_method")


def attach_to_customer(world: World, wanted: str, customer_id: str, *, param: str | None) -> Json:
    """Attach; a card that the bank refuses at once answers 402 and stays unattached."""
    method = take_payment_method(world, wanted, param=param)
    if method["customer"] is not None:
        raise invalid_request("The payment method you provided has already been attached to a customer.")
    check_usable(world, method)
    card = card_of(world, method)
    if not card.attaches and find_mood(world.connection, method["id"], card.name) is None:
        raise _refused_at_attach(card)
    method["customer"] = customer_id
    world.save(method)
    world.emit("payment_method.attached", method)
    return method


def detach_from_customer(world: World, method: Json) -> None:
    """Detach: the method cannot be used again, and is nobody's default any more."""
    before = dict(method)
    customer = world.get("customer", before["customer"])
    method["customer"] = None
    world.save(method)
    world.hide("payment_method", method["id"], is_used_up=True)
    world.emit("payment_method.detached", method, before=before)
    if customer["invoice_settings"]["default_payment_method"] == method["id"]:
        settings = {**customer["invoice_settings"], "default_payment_method": None}
        changed = world.save({**customer, "invoice_settings": settings}, label=customer["email"])
        world.emit("customer.updated", changed, before=customer)


def list_of_customer(call: Call, customer_id: str, *, url: str) -> Json:
    """The customer's PaymentMethods, newest first; all of them are cards."""
    if call.params.get("type") not in (None, "", "card"):
        return empty_list(url)
    conditions = conditions_for("payment_method", {**call.params, "customer": customer_id}, ("customer",))
    return list_page(call.world, "payment_method", call.params, conditions, url=url)


def _retrieve(call: Call) -> Json:
    return take_payment_method(call.world, call.path["payment_method"], param=None)


def _list(call: Call) -> Json:
    customer_id = call.text("customer")
    if customer_id is None:
        return empty_list("/v1/payment_methods")
    living_customer(call.world, customer_id)
    return list_of_customer(call, customer_id, url="/v1/payment_methods")


def _attach(call: Call) -> Json:
    customer_id = call.text("customer")
    if customer_id is None:
        raise invalid_parameter("Missing required param: customer.", param="customer", code="parameter_missing")
    living_customer(call.world, customer_id)
    return attach_to_customer(call.world, call.path["payment_method"], customer_id, param=None)


def _detach(call: Call) -> Json:
    method = call.world.get("payment_method", call.path["payment_method"])
    if method["customer"] is None:
        raise invalid_request(
            "The payment method you provided is not attached to a customer so detachment is impossible."
        )
    detach_from_customer(call.world, method)
    return method


def _update(call: Call) -> Json:
    world, params = call.world, call.params
    before = world.get("payment_method", call.path["payment_method"])
    if before["customer"] is None:
        raise invalid_request("You must save this PaymentMethod to a customer before you can update it.")
    method = {**before, "card": {**before["card"], **_expiry(world, params.get("card") or {})}}
    if params.get("billing_details"):
        method["billing_details"] = _billing(before["billing_details"], params["billing_details"])
    if params.get("allow_redisplay"):
        method["allow_redisplay"] = params["allow_redisplay"]
    method["metadata"] = merge_metadata(before["metadata"], params.get("metadata"))
    world.save(method)
    if method != before:
        world.emit("payment_method.updated", method, before=before)
    return method


def living_customer(world: World, customer_id: str) -> Json:
    """The customer that a parameter names; resource_missing for none and for a deleted one."""
    customer = world.get("customer", customer_id, param="customer")
    if customer.get("deleted"):
        raise resource_missing("customer", customer_id, param="customer")
    return customer


def _refused_at_attach(card: Card) -> ApiError:
    decline = decline_for(card.decline_code or "generic_decline")
    fields = error_fields(decline, None, None)
    return ApiError(402, "card_error", decline.message, decline.code, decline.param, fields)


def _expiry(world: World, given: Json) -> Json:
    expiry: Json = {}
    for name in ("exp_month", "exp_year"):
        if given.get(name):
            expiry[name] = int(given[name])
    if not 1 <= expiry.get("exp_month", 1) <= 12:
        message = "Your card's expiration month is invalid."
        raise ApiError(402, "card_error", message, "invalid_expiry_month", "exp_month")
    if expiry.get("exp_year", world.now_at.year) < world.now_at.year:
        message = "Your card's expiration year is invalid."
        raise ApiError(402, "card_error", message, "invalid_expiry_year", "exp_year")
    return expiry


def _billing(current: Json, given: Any) -> Json:
    changed = {**current, **{name: value or None for name, value in given.items() if name != "address"}}
    if "address" in given:
        changed["address"] = {**current["address"], **{n: v or None for n, v in (given["address"] or {}).items()}}
    return changed


def _make(world: World, card: Card) -> Json:
    method: Json = {
        "id": world.new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": {
            "address": dict.fromkeys(_ADDRESS),
            "email": None,
            "name": None,
            "phone": None,
            "tax_id": None,
        },
        "card": _card_details(card, world.now_at.year + _YEARS_VALID),
        "created": world.now,
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }
    world.save(method)
    world.hide("payment_method", method["id"], card=card.name)
    return method


def _card_details(card: Card, expiry_year: int) -> Json:
    return {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": card.cvc_check},
        "country": card.country,
        "display_brand": {"amex": "american_express", "diners": "diners_club", "unionpay": "union_pay"}.get(
            card.brand, card.brand
        ),
        "exp_month": 8,
        "exp_year": expiry_year,
        "fingerprint": card.fingerprint,
        "funding": card.funding,
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


_PAGING = "ending_before limit starting_after"
OPERATIONS = (
    Operation("GET /v1/payment_methods", _list, plays(f"customer type {_PAGING}")),
    Operation("GET /v1/payment_methods/{payment_method}", _retrieve),
    Operation(
        "POST /v1/payment_methods/{payment_method}",
        _update,
        plays("allow_redisplay billing_details card metadata"),
    ),
    Operation("POST /v1/payment_methods/{payment_method}/attach", _attach, plays("customer")),
    Operation("POST /v1/payment_methods/{payment_method}/detach", _detach),
)
