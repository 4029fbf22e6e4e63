"""Early fraud warnings (radar.early_fraud_warning): retrieve, list, and how one begins and stops being actionable.

Fraud types: the published stripe package 16.1.0. Actionable until the charge is disputed or fully refunded (its text).
"""

from adapters.stripe_sandbox.lists import conditions_for, list_page
from adapters.stripe_sandbox.operations import Call, Operation, plays
from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import World

FRAUD_TYPES = (
    "card_never_received",
    "fraudulent_card_application",
    "made_with_counterfeit_card",
    "made_with_lost_card",
    "made_with_stolen_card",
    "misc",
    "unauthorized_use_of_card",
)
_KIND = "radar.early_fraud_warning"


def warn_of_fraud(world: World, charge: Json, fraud_type: str) -> Json:
    """The card's bank reports the charge as fraud; no money moves."""
    warning = {
        "id": world.new_id("issfr"),
        "object": _KIND,
        "actionable": not charge["disputed"] and not charge["refunded"],
        "charge": charge["id"],
        "created": world.now,
        "fraud_type": fraud_type,
        "livemode": False,
        "payment_intent": charge["payment_intent"],
    }
    world.save(warning, label=charge["id"])
    world.emit(f"{_KIND}.created", warning)
    return warning


def end_warnings(world: World, charge: Json) -> None:
    """The charge was disputed or fully refunded: there is nothing left to do about its warnings."""
    for before in world.select("kind = ? AND label = ?", (_KIND, charge["id"])):
        if before["actionable"]:
            warning = world.save({**before, "actionable": False}, label=charge["id"])
            world.emit(f"{_KIND}.updated", warning, before=before)


def _retrieve(call: Call) -> Json:
    return call.world.get(_KIND, call.path["early_fraud_warning"])


def _list(call: Call) -> Json:
    conditions = conditions_for(_KIND, call.params, ("payment_intent",), label="charge")
    return list_page(call.world, _KIND, call.params, conditions, url="/v1/radar/early_fraud_warnings")


OPERATIONS = (
    Operation(
        "GET /v1/radar/early_fraud_warnings",
        _list,
        plays("charge created ending_before limit payment_intent starting_after"),
    ),
    Operation("GET /v1/radar/early_fraud_warnings/{early_fraud_warning}", _retrieve),
)
