"""/sandbox/checkout: the page that stands in for Stripe's Checkout. Cards are chosen, not typed."""

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from adapters.stripe_sandbox.checkout_endings import complete_if_paid, refusal_text, submit_card
from adapters.stripe_sandbox.control_requests import ControlError, ControlRoute, find_object, given_body
from adapters.stripe_sandbox.errors import ApiError
from adapters.stripe_sandbox.sandbox import Sandbox
from adapters.stripe_sandbox.test_cards import find_test_card
from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import Origin

_KIND = "checkout.session"
CARDS = (
    ("pm_card_visa", "Visa 4242: pays"),
    ("pm_card_mastercard", "Mastercard 4444: pays"),
    ("pm_card_authenticationRequired", "Visa 3184: the bank asks the customer each time"),
    ("pm_card_chargeCustomerFail", "Visa 0341: can be saved, and is declined"),
    ("pm_card_chargeDeclined", "Visa 0002: is declined at once"),
)


def _page(sandbox: Sandbox, session_id: str) -> ResponseReturnValue:
    session = find_object(sandbox, _KIND, session_id)
    if session["status"] == "open" and session["payment_intent"] is not None:
        with sandbox.world(session["account"], _origin()) as world:
            session = complete_if_paid(world, world.get(_KIND, session_id))
    return _went_well(session) or _shown(session)


def _submit(sandbox: Sandbox, session_id: str) -> ResponseReturnValue:
    """{card} pays with a test card (or keeps it), {outcome: cancel} goes back."""
    given = given_body()
    session = find_object(sandbox, _KIND, session_id)
    if given.get("outcome") == "cancel":
        return redirect(str(session["cancel_url"] or session["success_url"]), 303)
    card = str(given.get("card") or "")
    if find_test_card(card) is None:
        raise ControlError(400, "card must be one of Stripe's test PaymentMethods, such as pm_card_visa.", "card")
    refusal = None
    with sandbox.world(session["account"], _origin()) as world:
        session = world.get(_KIND, session_id)
        if session["status"] == "open":
            try:
                session = submit_card(world, session, card, f"{world.base_url}/sandbox/checkout/{session_id}")
            except ApiError as error:
                refusal = refusal_text(error)
        intent = world.find("payment_intent", session["payment_intent"] or "")
    if refusal is None and session["status"] == "open" and intent and intent["status"] == "requires_action":
        return redirect(intent["next_action"]["redirect_to_url"]["url"], 303)
    return _went_well(session) or (_shown(session, refusal), 402 if refusal else 200)


def _went_well(session: Json) -> ResponseReturnValue | None:
    if session["status"] != "complete":
        return None
    return redirect(session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]), 303)


def _shown(session: Json, refusal: str | None = None) -> str:
    return render_template("checkout.html", session=session, cards=CARDS, refusal=refusal)


def _origin() -> Origin:
    return Origin(None, None, request.host_url.rstrip("/"))


ROUTES = (
    ControlRoute("GET", "/checkout/<session_id>", _page),
    ControlRoute("POST", "/checkout/<session_id>", _submit),
)
