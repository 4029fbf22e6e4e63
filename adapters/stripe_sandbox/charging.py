"""What happens when a PaymentIntent is confirmed: the bank's decision and its traces.

The traces are those of Stripe: a charge (unless the customer must authenticate first), the PaymentIntent's new state,
and the events charge.succeeded, charge.failed or charge.pending before payment_intent.succeeded, .payment_failed,
.processing or .requires_action.
"""

from dataclasses import dataclass

from adapters.stripe_sandbox.aftermath import follow_charge
from adapters.stripe_sandbox.balance_transactions import book_charge
from adapters.stripe_sandbox.charges import approve, leave_pending, make_charge, refuse
from adapters.stripe_sandbox.declines import Decline, decline_for, error_fields
from adapters.stripe_sandbox.errors import ApiError, documentation_url
from adapters.stripe_sandbox.moods import Mood, count_decline, find_mood
from adapters.stripe_sandbox.payment_methods import card_of
from adapters.stripe_sandbox.test_cards import Card
from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import World

_AUTHENTICATION_NOT_HANDLED = (
    "This payment required an authentication action to complete, but `error_on_requires_action` was set. "
    "When you're ready, you can upgrade your integration to handle actions at "
    "https://stripe.com/docs/payments/payment-intents/upgrade-to-handle-actions."
)


@dataclass(frozen=True)
class Circumstances:
    """How a confirmation was asked for. `is_authenticated`: the customer has just passed 3-D Secure."""

    off_session: bool = False
    error_on_requires_action: bool = False
    return_url: str | None = None
    is_authenticated: bool = False
    asks_three_d_secure: bool = False


def charge_intent(world: World, intent: Json, method: Json, circumstances: Circumstances) -> Json:
    """Charge the PaymentIntent and answer its new state. Raises ApiError 402, which keeps the traces."""
    card = card_of(world, method)
    mood = find_mood(world.connection, method["id"], card.name)
    intent["payment_method"] = method["id"]
    intent.update(next_action=None, last_payment_error=None)
    if _must_authenticate(world, card, mood, method, circumstances):
        return _ask_or_refuse(world, intent, method, circumstances)
    decline = _decline(card, mood)
    if decline is not None:
        if mood is not None:
            count_decline(world.connection, method["id"], card.name)
        raise fail(world, intent, method, decline)
    if mood is not None and mood.processing:
        return _leave_processing(world, intent, method, card)
    return succeed(world, intent, method, make_charge(world, intent, method), circumstances)


def succeed(world: World, intent: Json, method: Json, charge: Json, circumstances: Circumstances) -> Json:
    """The charge is paid and with it the PaymentIntent."""
    card = card_of(world, method)
    approve(charge, card)
    charge["balance_transaction"] = book_charge(world, charge)["id"]
    if circumstances.is_authenticated:
        charge["payment_method_details"]["card"]["three_d_secure"] = _passed_three_d_secure()
    world.save(charge)
    world.emit("charge.succeeded", charge)
    follow_charge(world, charge, card)
    intent.update(
        status="succeeded", amount_received=intent["amount"], latest_charge=charge["id"], payment_method=method["id"]
    )
    world.save(intent)
    world.emit("payment_intent.succeeded", intent)
    _keep_or_use_up(world, intent, method, circumstances)
    return intent


def fail(world: World, intent: Json, method: Json, decline: Decline, charge: Json | None = None) -> ApiError:
    """The charge (a new one unless given) is refused; the PaymentIntent waits for another method. Answers the error."""
    charge = make_charge(world, intent, method) if charge is None else charge
    refuse(charge, decline)
    world.save(charge)
    world.emit("charge.failed", charge)
    fields = error_fields(decline, charge["id"], method)
    intent["latest_charge"] = charge["id"]
    _wait_for_method(world, intent, decline.code, {**fields, "message": decline.message})
    return ApiError(
        402,
        "card_error",
        decline.message,
        decline.code,
        decline.param,
        {**fields, "payment_intent": intent},
        keeps_changes=True,
    )


def fail_authentication(world: World, intent: Json, method: Json) -> Json:
    """The customer did not pass 3-D Secure: no charge was made."""
    message = (
        "We are unable to authenticate your payment method. Please choose a different payment method and try again."
    )
    code = "payment_intent_authentication_failure"
    error = {"type": "invalid_request_error", "message": message, "payment_method": method}
    _wait_for_method(world, intent, code, error)
    return intent


def _must_authenticate(world: World, card: Card, mood: Mood | None, method: Json, circumstances: Circumstances) -> bool:
    if circumstances.is_authenticated:
        return False
    if mood is not None:
        return mood.decline_code == "authentication_required" and not circumstances.off_session
    if card.authentication == "never":
        return circumstances.asks_three_d_secure and not circumstances.off_session
    is_set_up = card.authentication == "set_up" or (
        card.authentication == "unless_set_up" and world.hidden("payment_method", method["id"]).get("is_set_up")
    )
    return not (is_set_up and (circumstances.off_session or card.authentication == "unless_set_up"))


def _ask_or_refuse(world: World, intent: Json, method: Json, circumstances: Circumstances) -> Json:
    if circumstances.off_session:
        raise fail(world, intent, method, decline_for("authentication_required"))
    if circumstances.error_on_requires_action:
        decline = Decline("authentication_not_handled", message=_AUTHENTICATION_NOT_HANDLED)
        fields = error_fields(decline, None, method)
        _wait_for_method(world, intent, decline.code, {**fields, "message": decline.message})
        extra = {**fields, "payment_intent": intent}
        raise ApiError(402, "card_error", decline.message, decline.code, None, extra, keeps_changes=True)
    page = f"{world.base_url}/sandbox/payment_intents/{intent['id']}/authenticate"
    intent.update(status="requires_action", next_action=_next_action(page, circumstances.return_url))
    world.save(intent)
    world.emit("payment_intent.requires_action", intent)
    return intent


def _next_action(page: str, return_url: str | None) -> Json:
    if return_url is None:
        return {
            "type": "use_stripe_sdk",
            "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": page},
        }
    return {"type": "redirect_to_url", "redirect_to_url": {"return_url": return_url, "url": page}}


def _decline(card: Card, mood: Mood | None) -> Decline | None:
    if mood is not None:
        return None if mood.decline_code is None else decline_for(mood.decline_code, mood.advice_code)
    return None if card.decline_code is None else decline_for(card.decline_code)


def _leave_processing(world: World, intent: Json, method: Json, card: Card) -> Json:
    charge = make_charge(world, intent, method)
    leave_pending(charge, card)
    world.save(charge)
    world.emit("charge.pending", charge)
    intent.update(status="processing", latest_charge=charge["id"])
    world.save(intent)
    world.emit("payment_intent.processing", intent)
    return intent


def _wait_for_method(world: World, intent: Json, code: str, given: Json) -> None:
    error = {"type": "card_error", "code": code, "doc_url": documentation_url(code), **given}
    intent.update(status="requires_payment_method", payment_method=None, next_action=None)
    intent["last_payment_error"] = dict(sorted(error.items()))
    world.save(intent)
    world.emit("payment_intent.payment_failed", intent)


def _keep_or_use_up(world: World, intent: Json, method: Json, circumstances: Circumstances) -> None:
    if method["customer"] is None and intent["customer"] and intent["setup_future_usage"]:
        method["customer"] = intent["customer"]
        world.save(method)
        world.emit("payment_method.attached", method)
    if intent["setup_future_usage"] == "off_session" and circumstances.is_authenticated:
        world.hide("payment_method", method["id"], is_set_up=True)
    if method["customer"] is None:
        world.hide("payment_method", method["id"], is_used_up=True)


def _passed_three_d_secure() -> Json:
    return {
        "authentication_flow": "challenge",
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": None,
        "version": "2.2.0",
    }
