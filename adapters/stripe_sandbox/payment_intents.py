"""PaymentIntents: create, retrieve, update, confirm, cancel, list."""

from adapters.stripe_sandbox.charging import Circumstances, charge_intent
from adapters.stripe_sandbox.currencies import check_amount, check_currency
from adapters.stripe_sandbox.errors import invalid_parameter, invalid_request, unexpected_state
from adapters.stripe_sandbox.intent_fields import apply_fields, blank_intent
from adapters.stripe_sandbox.lists import conditions_for, list_page
from adapters.stripe_sandbox.operations import Call, Operation, plays
from adapters.stripe_sandbox.payment_methods import check_usable, living_customer, take_payment_method
from adapters.stripe_sandbox.values import Json

OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
_FROZEN_ONCE_DONE = ("amount", "currency", "customer", "payment_method", "setup_future_usage")
_OFF_SESSION = {"true": True, "false": False, "one_off": True, "recurring": True}
_NEEDS_CONFIRM = ("off_session", "error_on_requires_action", "return_url")
_METHOD_IS_MISSING = (
    "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the "
    "PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment "
    "method or ConfirmationToken."
)


def create_intent(call: Call) -> Json:
    """POST /v1/payment_intents. With `confirm` it is charged at once; refused so, it still exists afterwards."""
    world, params = call.world, call.params
    if not params.get("confirm"):
        for name in _NEEDS_CONFIRM:
            if params.get(name):
                message = f"The parameter `{name}` cannot be passed unless `confirm` is set to true."
                raise invalid_parameter(message, param=name)
    currency = check_currency(str(params["currency"]))
    amount = check_amount(int(params["amount"]), currency)
    if call.text("customer"):
        living_customer(world, str(params["customer"]))
    intent = blank_intent(world, amount, currency)
    apply_fields(intent, params)
    method = _wanted_method(call, intent)
    if method is not None and not params.get("confirm"):
        intent.update(payment_method=method["id"], status="requires_confirmation")
    world.save(intent)
    world.emit("payment_intent.created", intent)
    if not params.get("confirm"):
        return intent
    if method is None:
        raise unexpected_state(_METHOD_IS_MISSING, intent)
    return _charge(call, intent, method)


def retrieve_intent(call: Call) -> Json:
    """GET /v1/payment_intents/{intent}."""
    return call.world.get("payment_intent", call.path["intent"])


def update_intent(call: Call) -> Json:
    """POST /v1/payment_intents/{intent}: any update clears last_payment_error, as Stripe's description says."""
    world, params = call.world, call.params
    intent = world.get("payment_intent", call.path["intent"])
    for name in _FROZEN_ONCE_DONE:
        if name in params and intent["status"] not in OPEN:
            raise unexpected_state(
                f"This PaymentIntent's {name} could not be updated because it has a status of {intent['status']}. "
                f"You may only update the {name} of a PaymentIntent with one of the following statuses: "
                f"{', '.join(OPEN)}.",
                intent,
            )
    if call.text("customer"):
        living_customer(world, str(params["customer"]))
    _apply_price(intent, params)
    apply_fields(intent, params)
    method = _wanted_method(call, intent)
    if method is not None:
        intent.update(payment_method=method["id"], status="requires_confirmation", next_action=None)
    elif params.get("payment_method") == "":
        intent.update(payment_method=None, status="requires_payment_method", next_action=None)
    intent["last_payment_error"] = None
    return world.save(intent)


def confirm_intent(call: Call) -> Json:
    """POST /v1/payment_intents/{intent}/confirm."""
    world = call.world
    intent = world.get("payment_intent", call.path["intent"])
    if intent["status"] == "succeeded":
        raise unexpected_state(
            "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.",
            intent,
        )
    if intent["status"] not in OPEN:
        raise unexpected_state(
            f"You cannot confirm this PaymentIntent because it has a status of {intent['status']}. Only a "
            f"PaymentIntent with one of the following statuses may be confirmed: {', '.join(OPEN)}.",
            intent,
        )
    apply_fields(intent, call.params)
    method = _wanted_method(call, intent)
    if method is None and intent["payment_method"] is not None:
        method = world.get("payment_method", intent["payment_method"], param="payment_method")
        _check_owner(method, intent)
        check_usable(world, method)
    if method is None:
        raise unexpected_state(_METHOD_IS_MISSING, intent)
    return _charge(call, intent, method)


def cancel_intent(call: Call) -> Json:
    """POST /v1/payment_intents/{intent}/cancel."""
    world = call.world
    intent = world.get("payment_intent", call.path["intent"])
    if intent["status"] not in OPEN:
        raise unexpected_state(
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}. Only a PaymentIntent "
            "with one of the following statuses may be canceled: requires_payment_method, requires_capture, "
            "requires_confirmation, requires_action.",
            intent,
        )
    reason = call.text("cancellation_reason")
    intent.update(status="canceled", canceled_at=world.now, cancellation_reason=reason, next_action=None)
    world.save(intent)
    world.emit("payment_intent.canceled", intent)
    return intent


def list_intents(call: Call) -> Json:
    """GET /v1/payment_intents, filters `customer` and `created`."""
    conditions = conditions_for("payment_intent", call.params, ("customer",))
    return list_page(call.world, "payment_intent", call.params, conditions, url="/v1/payment_intents")


def _charge(call: Call, intent: Json, method: Json) -> Json:
    params = call.params
    options = intent["payment_method_options"]["card"]
    off_session = params.get("off_session", "false")
    if off_session not in _OFF_SESSION:
        message = f"Invalid off_session: must be one of {', '.join(_OFF_SESSION)}"
        raise invalid_parameter(message, param="off_session")
    circumstances = Circumstances(
        off_session=_OFF_SESSION[off_session],
        error_on_requires_action=bool(params.get("error_on_requires_action")),
        return_url=call.text("return_url"),
        asks_three_d_secure=options["request_three_d_secure"] in ("any", "challenge"),
    )
    if circumstances.off_session and params.get("setup_future_usage"):
        message = "You cannot provide `setup_future_usage` when `off_session` is true."
        raise invalid_parameter(message, param="setup_future_usage")
    return charge_intent(call.world, intent, method, circumstances)


def _wanted_method(call: Call, intent: Json) -> Json | None:
    wanted = call.text("payment_method")
    if wanted is None:
        return None
    method = take_payment_method(call.world, wanted, param="payment_method")
    _check_owner(method, intent)
    check_usable(call.world, method)
    return method


def _check_owner(method: Json, intent: Json) -> None:
    owner = method["customer"]
    if owner is None or owner == intent["customer"]:
        return
    if intent["customer"] is None:
        raise invalid_request(
            f"The PaymentMethod {method['id']} belongs to a Customer. Please include the Customer in the `customer` "
            "parameter on the PaymentIntent.",
            param="payment_method",
        )
    raise invalid_request(
        f"PaymentMethod {method['id']} does not belong to the Customer {intent['customer']} you supplied. Please use "
        "this PaymentMethod with the Customer that it belongs to instead.",
        param="payment_method",
    )


def _apply_price(intent: Json, params: Json) -> None:
    if "currency" in params:
        intent["currency"] = check_currency(str(params["currency"]))
    if "amount" in params or "currency" in params:
        intent["amount"] = check_amount(
            int(params["amount"] if "amount" in params else intent["amount"]), intent["currency"]
        )


_FIELDS = (
    "description metadata payment_method payment_method_options payment_method_types receipt_email "
    "setup_future_usage shipping statement_descriptor statement_descriptor_suffix transfer_group"
)
_CONFIRMATION = "error_on_requires_action off_session return_url use_stripe_sdk"
OPERATIONS = (
    Operation(
        "POST /v1/payment_intents",
        create_intent,
        plays(
            f"amount automatic_payment_methods capture_method confirm confirmation_method currency customer {_FIELDS} "
            f"{_CONFIRMATION}"
        ),
    ),
    Operation(
        "GET /v1/payment_intents",
        list_intents,
        plays("created customer ending_before limit starting_after"),
    ),
    Operation("GET /v1/payment_intents/{intent}", retrieve_intent, plays("client_secret")),
    Operation(
        "POST /v1/payment_intents/{intent}", update_intent, plays(f"amount capture_method currency customer {_FIELDS}")
    ),
    Operation(
        "POST /v1/payment_intents/{intent}/confirm",
        confirm_intent,
        plays(
            "capture_method payment_method payment_method_options payment_method_types receipt_email "
            f"setup_future_usage shipping {_CONFIRMATION}"
        ),
    ),
    Operation("POST /v1/payment_intents/{intent}/cancel", cancel_intent, plays("cancellation_reason")),
)
