"""How a Checkout Session goes on and ends: a card is submitted, it is complete, it expires."""

from adapters.stripe_sandbox.charging import Circumstances, charge_intent
from adapters.stripe_sandbox.errors import ApiError
from adapters.stripe_sandbox.intent_fields import apply_fields, blank_intent
from adapters.stripe_sandbox.later import forget
from adapters.stripe_sandbox.payment_intents import OPEN
from adapters.stripe_sandbox.payment_methods import attach_to_customer, take_payment_method
from adapters.stripe_sandbox.setup_intents import cancel_setup, end_setup
from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import World

_KIND = "checkout.session"


def submit_card(world: World, session: Json, card: str, return_url: str) -> Json:
    """The customer submits a card on the page: the session's new state. Raises ApiError 402 when it is refused.

    Where the bank asks for the customer, the session's PaymentIntent has a `next_action` that leads to `return_url`.
    """
    if session["mode"] == "setup":
        method = attach_to_customer(world, card, session["customer"], param=None)
        end_setup(world, world.get("setup_intent", session["setup_intent"]), method)
        return _complete(world, session, "no_payment_required")
    intent = _intent_of(world, session)
    session = world.save({**session, "payment_intent": intent["id"]}, label=session["status"])
    method = take_payment_method(world, card, param=None)
    charge_intent(world, intent, method, Circumstances(return_url=return_url))
    return complete_if_paid(world, session)


def complete_if_paid(world: World, session: Json) -> Json:
    """The session, complete when its PaymentIntent has succeeded."""
    intent = world.find("payment_intent", session["payment_intent"]) if session["payment_intent"] else None
    if session["status"] == "open" and intent is not None and intent["status"] == "succeeded":
        return _complete(world, session, "paid")
    return session


def expire_session(world: World, session: Json) -> Json:
    """Nobody can pay on its page any more; its intent is canceled."""
    forget(world, session)
    expired = world.save({**session, "status": "expired", "url": None}, label="expired")
    intent = world.find("payment_intent", session["payment_intent"]) if session["payment_intent"] else None
    if intent is not None and intent["status"] in OPEN:
        intent.update(status="canceled", canceled_at=world.now, cancellation_reason="abandoned", next_action=None)
        world.save(intent)
        world.emit("payment_intent.canceled", intent)
    if session["setup_intent"] is not None:
        cancel_setup(world, world.get("setup_intent", session["setup_intent"]))
    world.emit("checkout.session.expired", expired)
    return expired


def _intent_of(world: World, session: Json) -> Json:
    if session["payment_intent"] is not None:
        return world.get("payment_intent", session["payment_intent"])
    intent = blank_intent(world, session["amount_total"], session["currency"])
    data = world.hidden(_KIND, session["id"]).get("intent_data") or {}
    apply_fields(intent, {**data, "customer": session["customer"]})
    world.save(intent)
    world.emit("payment_intent.created", intent)
    return intent


def _complete(world: World, session: Json, payment_status: str) -> Json:
    forget(world, session)
    done = {**session, "status": "complete", "payment_status": payment_status, "url": None}
    world.save(done, label="complete")
    world.emit("checkout.session.completed", done)
    return done


def refusal_text(error: ApiError) -> str:
    """What the page tells the customer; anything but a refused card is a fault of the request. Raises that."""
    if error.status != 402:
        raise error
    return error.message
