"""Customers: create, retrieve, update, delete, list."""

from typing import Any

from adapters.stripe_sandbox.errors import invalid_request, resource_missing
from adapters.stripe_sandbox.lists import conditions_for, list_page
from adapters.stripe_sandbox.metadata import merge_metadata
from adapters.stripe_sandbox.operations import Call, Operation, plays
from adapters.stripe_sandbox.payment_methods import attach_to_customer, detach_from_customer, list_of_customer
from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import World

_TEXTS = ("description", "email", "name", "phone")
_ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")
_SETTINGS = ("default_payment_method", "footer")


def create_customer(call: Call) -> Json:
    """POST /v1/customers. `payment_method` is attached at once, and may be named as the default in the same call."""
    world, params = call.world, dict(call.params)
    customer_id = world.new_id("cus")
    customer = world.save(_blank_customer(world, customer_id))
    given_method = call.text("payment_method")
    if given_method is not None:
        attached = attach_to_customer(world, given_method, customer_id, param="payment_method")
        settings = params.get("invoice_settings")
        if isinstance(settings, dict) and settings.get("default_payment_method") == given_method:
            params["invoice_settings"] = {**settings, "default_payment_method": attached["id"]}
    _apply(world, customer, params)
    world.save(customer, label=customer["email"])
    world.emit("customer.created", customer)
    return customer


def retrieve_customer(call: Call) -> Json:
    """GET /v1/customers/{customer}. A deleted one answers {"deleted": true}."""
    return call.world.get("customer", call.path["customer"])


def update_customer(call: Call) -> Json:
    """POST /v1/customers/{customer}."""
    world = call.world
    before = _living(world, call.path["customer"])
    customer = {**before, "invoice_settings": dict(before["invoice_settings"])}
    _apply(world, customer, call.params)
    world.save(customer, label=customer["email"])
    if customer != before:
        world.emit("customer.updated", customer, before=before)
    return customer


def delete_customer(call: Call) -> Json:
    """DELETE /v1/customers/{customer}: its payment methods are detached, the id answers "deleted" from now on."""
    world = call.world
    customer = _living(world, call.path["customer"])
    for method in world.select("kind = 'payment_method' AND customer = ?", (customer["id"],)):
        detach_from_customer(world, method)
    gone = {"id": customer["id"], "object": "customer", "deleted": True}
    world.emit("customer.deleted", world.get("customer", customer["id"]))
    world.save(gone)
    return gone


def list_customers(call: Call) -> Json:
    """GET /v1/customers, filters `email` (exact) and `created`."""
    conditions = conditions_for("customer", call.params, label="email")
    conditions.add("json_extract(body, '$.deleted') IS NULL")
    return list_page(call.world, "customer", call.params, conditions, url="/v1/customers")


def list_payment_methods(call: Call) -> Json:
    """GET /v1/customers/{customer}/payment_methods."""
    customer = _living(call.world, call.path["customer"])
    return list_of_customer(call, customer["id"], url=f"/v1/customers/{customer['id']}/payment_methods")


def retrieve_payment_method(call: Call) -> Json:
    """GET /v1/customers/{customer}/payment_methods/{payment_method}."""
    customer = _living(call.world, call.path["customer"])
    method = call.world.get("payment_method", call.path["payment_method"])
    if method["customer"] != customer["id"]:
        raise resource_missing("payment_method", method["id"], param="payment_method", is_path=True)
    return method


def _living(world: World, customer_id: str) -> Json:
    customer = world.get("customer", customer_id)
    if customer.get("deleted"):
        raise resource_missing("customer", customer_id, param="id", is_path=True)
    return customer


def _blank_customer(world: World, customer_id: str) -> Json:
    return {
        "id": customer_id,
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": world.now,
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": customer_id[-8:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def _apply(world: World, customer: Json, params: Json) -> None:
    for name in _TEXTS:
        if name in params:
            customer[name] = params[name] or None
    if "address" in params:
        customer["address"] = full_address(params["address"])
    if "shipping" in params:
        customer["shipping"] = _shipping(params["shipping"])
    if "preferred_locales" in params:
        customer["preferred_locales"] = params["preferred_locales"] or []
    if "tax_exempt" in params:
        customer["tax_exempt"] = params["tax_exempt"] or "none"
    if "invoice_prefix" in params:
        customer["invoice_prefix"] = params["invoice_prefix"]
    customer["metadata"] = merge_metadata(customer["metadata"], params.get("metadata"))
    _apply_settings(world, customer, params.get("invoice_settings") or {})


def _apply_settings(world: World, customer: Json, settings: Json) -> None:
    for name in settings:
        if name not in _SETTINGS:
            raise invalid_request(f"This sandbox does not act on invoice_settings[{name}].", param=name)
    if "footer" in settings:
        customer["invoice_settings"]["footer"] = settings["footer"] or None
    wanted = settings.get("default_payment_method")
    if wanted:
        method = world.find("payment_method", wanted)
        if method is None or method["customer"] != customer["id"]:
            raise invalid_request(
                f"The customer does not have a payment method with the ID {wanted}. "
                "The payment method must be attached to the customer.",
                param="invoice_settings[default_payment_method]",
                code="resource_missing",
            )
    if "default_payment_method" in settings:
        customer["invoice_settings"]["default_payment_method"] = wanted or None


def full_address(given: Any) -> Json | None:
    """An address with all its members, or None for ""."""
    return {name: given.get(name) or None for name in _ADDRESS} if given else None


def _shipping(given: Any) -> Json | None:
    if not given:
        return None
    return {"address": full_address(given.get("address")), "name": given.get("name"), "phone": given.get("phone")}


_FIELDS = "address description email invoice_settings metadata name phone preferred_locales shipping tax_exempt"
OPERATIONS = (
    Operation("POST /v1/customers", create_customer, plays(_FIELDS + " invoice_prefix payment_method")),
    Operation("GET /v1/customers", list_customers, plays("created email ending_before limit starting_after")),
    Operation("GET /v1/customers/{customer}", retrieve_customer),
    Operation("POST /v1/customers/{customer}", update_customer, plays(_FIELDS + " invoice_prefix")),
    Operation("DELETE /v1/customers/{customer}", delete_customer),
    Operation(
        "GET /v1/customers/{customer}/payment_methods",
        list_payment_methods,
        plays("ending_before limit starting_after type"),
    ),
    Operation("GET /v1/customers/{customer}/payment_methods/{payment_method}", retrieve_payment_method),
)
