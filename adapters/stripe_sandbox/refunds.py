"""Refunds: create, retrieve, update, cancel, list. Refusals as measured in Stripe's test mode."""

from adapters.stripe_sandbox.currencies import shown_amount
from adapters.stripe_sandbox.disputing import disputes_of, end_inquiries
from adapters.stripe_sandbox.errors import ApiError, invalid_parameter, invalid_request, resource_missing
from adapters.stripe_sandbox.fraud_warnings import end_warnings
from adapters.stripe_sandbox.later import plan
from adapters.stripe_sandbox.lists import conditions_for, list_page
from adapters.stripe_sandbox.metadata import merge_metadata
from adapters.stripe_sandbox.operations import Call, Operation, plays
from adapters.stripe_sandbox.payment_methods import card_of
from adapters.stripe_sandbox.refunding import make_refund, move_refund, tell_change
from adapters.stripe_sandbox.reviews import close_open_review
from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import World


def create_refund(call: Call) -> Json:
    """POST /v1/refunds: all that is left, or `amount`. Some test cards let it fail, or succeed, a moment later."""
    world = call.world
    charge = _wanted_charge(call)
    _check_refundable(world, charge)
    amount = _wanted_amount(call, charge)
    outcome = card_of(world, world.get("payment_method", charge["payment_method"])).refund
    refund = make_refund(
        world,
        charge,
        amount=amount,
        status="pending" if outcome == "pending" else "succeeded",
        reason=call.text("reason"),
        metadata=merge_metadata({}, call.params.get("metadata")),
    )
    if charge["refunded"]:
        end_inquiries(world, charge)
        end_warnings(world, charge)
        close_open_review(world, charge, "refunded_as_fraud" if refund["reason"] == "fraudulent" else "refunded")
    if outcome != "succeeds":
        plan(world, refund, "succeeded" if outcome == "pending" else "failed")
    return refund


def update_refund(call: Call) -> Json:
    """POST /v1/refunds/{refund}: only metadata can be changed."""
    before = call.world.get("refund", call.path["refund"])
    refund = {**before, "metadata": merge_metadata(before["metadata"], call.params.get("metadata"))}
    if refund != before:
        tell_change(call.world, refund, before)
    return refund


def cancel_refund(call: Call) -> Json:
    """POST /v1/refunds/{refund}/cancel: only one that waits for the customer."""
    refund = call.world.get("refund", call.path["refund"])
    if refund["status"] != "requires_action":
        raise invalid_request("Canceling this refund is unsupported.")
    return move_refund(call.world, refund, "canceled")


def _wanted_charge(call: Call) -> Json:
    charge_id, intent_id = call.text("charge"), call.text("payment_intent")
    if charge_id is None and intent_id is None:
        message = "One of the following params should be provided for this request: payment_intent or charge."
        raise invalid_request(message)
    if charge_id is not None and intent_id is not None:
        raise invalid_request("You may only specify one of these parameters: charge, payment_intent.")
    if charge_id is not None:
        charge = call.world.get("charge", charge_id)
    else:
        charge = _charge_of_intent(call.world, str(intent_id))
    if charge["status"] != "succeeded":
        raise _without_charge(charge["payment_intent"])
    return charge


def _charge_of_intent(world: World, intent_id: str) -> Json:
    intent = world.find("payment_intent", intent_id)
    if intent is None:
        raise resource_missing("payment_intent", intent_id, param="payment_intent", is_path=True)
    if intent["latest_charge"] is None:
        raise _without_charge(intent_id)
    return world.get("charge", intent["latest_charge"])


def _without_charge(intent_id: str) -> ApiError:
    return invalid_request(f"This PaymentIntent ({intent_id}) does not have a successful charge to refund.")


def _check_refundable(world: World, charge: Json) -> None:
    if not all(dispute["is_charge_refundable"] for dispute in disputes_of(world, charge)):
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise invalid_request(message, code="charge_disputed")
    if charge["refunded"]:
        message = f"Charge {charge['id']} has already been refunded."
        raise invalid_request(message, code="charge_already_refunded")


def _wanted_amount(call: Call, charge: Json) -> int:
    left = int(charge["amount"] - charge["amount_refunded"])
    if call.text("amount") is None:
        return left
    amount = int(call.params["amount"])
    if amount < 1:
        message = "This value must be greater than or equal to 1."
        raise invalid_parameter(message, param="amount", code="parameter_invalid_integer")
    if amount > left:
        wanted, rest = (shown_amount(minor, charge["currency"]) for minor in (amount, left))
        message = f"Refund amount ({wanted}) is greater than unrefunded amount on charge ({rest})"
        raise invalid_request(message, param="amount")
    return amount


def _retrieve(call: Call) -> Json:
    return call.world.get("refund", call.path["refund"])


def _list(call: Call) -> Json:
    conditions = conditions_for("refund", call.params, ("payment_intent",), label="charge")
    return list_page(call.world, "refund", call.params, conditions, url="/v1/refunds")


OPERATIONS = (
    Operation("POST /v1/refunds", create_refund, plays("amount charge metadata payment_intent reason")),
    Operation("GET /v1/refunds", _list, plays("charge created ending_before limit payment_intent starting_after")),
    Operation("GET /v1/refunds/{refund}", _retrieve),
    Operation("POST /v1/refunds/{refund}", update_refund, plays("metadata")),
    Operation("POST /v1/refunds/{refund}/cancel", cancel_refund),
)
