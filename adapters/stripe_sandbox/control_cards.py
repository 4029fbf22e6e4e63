"""/sandbox/payment_methods: how a card answers from now on."""

from dataclasses import asdict

from adapters.stripe_sandbox.control_requests import ControlError, ControlRoute, given_body
from adapters.stripe_sandbox.moods import parse_mood, set_mood
from adapters.stripe_sandbox.sandbox import Sandbox
from adapters.stripe_sandbox.test_cards import find_test_card
from adapters.stripe_sandbox.values import Json


def _change_card(sandbox: Sandbox, wanted: str) -> Json:
    mood = parse_mood(given_body())
    card = find_test_card(wanted)
    with sandbox.store.transaction() as connection:
        name = wanted if card is None else card.name
        known = connection.execute("SELECT 1 FROM objects WHERE kind = 'payment_method' AND id = ?", (name,)).fetchone()
        if card is None and known is None:
            raise ControlError(404, f"No such PaymentMethod: '{wanted}'. Use an attached one's id or a test id.")
        set_mood(connection, name, mood)
    return {"id": wanted, **asdict(mood)}


ROUTES = (ControlRoute("POST", "/payment_methods/<wanted>", _change_card),)
