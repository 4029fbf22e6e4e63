"""SetupIntents, as Checkout makes and ends them: retrieve and list."""

from adapters.stripe_sandbox.lists import conditions_for, list_page
from adapters.stripe_sandbox.operations import Call, Operation, plays
from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import World


def begin_setup(world: World, customer_id: str, metadata: Json) -> Json:
    """A SetupIntent that waits for a card to be kept for charges without the customer."""
    setup_id = world.new_id("seti")
    setup: Json = {
        "id": setup_id,
        "object": "setup_intent",
        "application": None,
        "automatic_payment_methods": None,
        "cancellation_reason": None,
        "client_secret": f"{setup_id}_secret_{world.new_id('x')[2:]}",
        "created": world.now,
        "customer": customer_id,
        "description": None,
        "flow_directions": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "mandate": None,
        "metadata": metadata,
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_options": {"card": {"mandate_options": None, "network": None, "request_three_d_secure": None}},
        "payment_method_types": ["card"],
        "single_use_mandate": None,
        "status": "requires_payment_method",
        "usage": "off_session",
    }
    world.save(setup)
    world.emit("setup_intent.created", setup)
    return setup


def end_setup(world: World, setup: Json, method: Json) -> Json:
    """The card is kept: the bank will not ask for the customer again."""
    world.hide("payment_method", method["id"], is_set_up=True)
    done = world.save({**setup, "status": "succeeded", "payment_method": method["id"]})
    world.emit("setup_intent.succeeded", done)
    return done


def cancel_setup(world: World, setup: Json) -> None:
    """Nothing will come of it any more."""
    canceled = world.save({**setup, "status": "canceled", "cancellation_reason": "abandoned"})
    world.emit("setup_intent.canceled", canceled)


def _retrieve(call: Call) -> Json:
    return call.world.get("setup_intent", call.path["intent"])


def _list(call: Call) -> Json:
    conditions = conditions_for("setup_intent", call.params, ("customer",))
    return list_page(call.world, "setup_intent", call.params, conditions, url="/v1/setup_intents")


OPERATIONS = (
    Operation("GET /v1/setup_intents", _list, plays("created customer ending_before limit starting_after")),
    Operation("GET /v1/setup_intents/{intent}", _retrieve),
)
