"""`expand[]`: replaces ids by their objects, as deep as four levels (docs.stripe.com/api/expanding_objects)."""

from typing import Any

from adapters.stripe_sandbox.errors import invalid_parameter
from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import World

MAX_DEPTH = 4
_TARGETS = {
    ("payment_intent", "customer"): "customer",
    ("payment_intent", "payment_method"): "payment_method",
    ("payment_intent", "latest_charge"): "charge",
    ("charge", "customer"): "customer",
    ("charge", "payment_intent"): "payment_intent",
    ("payment_method", "customer"): "customer",
    ("invoice_settings", "default_payment_method"): "payment_method",
    ("payment_intent", "review"): "review",
    ("charge", "balance_transaction"): "balance_transaction",
    ("charge", "payment_method"): "payment_method",
    ("charge", "review"): "review",
    ("refund", "balance_transaction"): "balance_transaction",
    ("refund", "charge"): "charge",
    ("refund", "customer"): "customer",
    ("refund", "failure_balance_transaction"): "balance_transaction",
    ("refund", "payment_intent"): "payment_intent",
    ("refund", "payment_method"): "payment_method",
    ("dispute", "charge"): "charge",
    ("dispute", "payment_intent"): "payment_intent",
    ("radar.early_fraud_warning", "charge"): "charge",
    ("radar.early_fraud_warning", "payment_intent"): "payment_intent",
    ("checkout.session", "payment_intent"): "payment_intent",
    ("checkout.session", "setup_intent"): "setup_intent",
    ("setup_intent", "payment_method"): "payment_method",
    ("review", "charge"): "charge",
    ("review", "payment_intent"): "payment_intent",
}
_SOURCES = {"ch": "charge", "re": "refund", "du": "dispute"}


def expand_all(world: World, body: Json, wanted: list[str]) -> Json:
    """The answer with every wanted path expanded. Raises ApiError 400 for one that cannot be."""
    for path in wanted:
        names = path.split(".")
        if len(names) > MAX_DEPTH:
            message = f"You cannot expand more than {MAX_DEPTH} levels of a property (property: {path})."
            raise invalid_parameter(message, param="expand")
        body = _expand(world, body, names, str(body.get("object")), path)
    return body


def _expand(world: World, body: Json, names: list[str], kind: str, path: str) -> Json:
    name, rest = names[0], names[1:]
    if kind == "list" and name == "data" and rest:
        return {**body, "data": [_expand(world, item, rest, str(item["object"]), path) for item in body["data"]]}
    value: Any = body.get(name)
    target = _target(kind, name, value)
    if target is None and not (isinstance(value, dict) and rest):
        raise invalid_parameter(f"This property cannot be expanded ({path}).", param="expand")
    if isinstance(value, str) and target is not None:
        value = world.find(target, value)
    if rest and isinstance(value, dict):
        value = _expand(world, value, rest, target or name, path)
    return {**body, name: value}


def _target(kind: str, name: str, value: Any) -> str | None:
    if (kind, name) == ("balance_transaction", "source"):
        return _SOURCES[str(value).split("_", maxsplit=1)[0]]
    return _TARGETS.get((kind, name))
