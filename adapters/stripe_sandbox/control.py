"""/sandbox: how cards answer, which faults there are, what the bank really did. Never subject to faults or limits."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import Blueprint, request

from adapters.stripe_sandbox.charging import (
    Circumstances,
    charge_intent,
    fail,
    fail_authentication,
    succeed,
)
from adapters.stripe_sandbox.declines import decline_for
from adapters.stripe_sandbox.errors import ApiError
from adapters.stripe_sandbox.faults import FaultError
from adapters.stripe_sandbox.forms import parse_form
from adapters.stripe_sandbox.moods import MoodError, parse_mood, set_mood
from adapters.stripe_sandbox.sandbox import Sandbox
from adapters.stripe_sandbox.test_cards import find_test_card
from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import Origin, World

_NOBODY = Origin(None, None)
_METADATA_KEY_LENGTH = 40


class ControlError(Exception):
    """A /sandbox request that cannot be done; `field` names what is wrong, if it is a field."""

    def __init__(self, status: int, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.field = field


def control_routes(sandbox: Sandbox) -> Blueprint:
    """The endpoints below /sandbox."""
    routes = Blueprint("sandbox", __name__, url_prefix="/sandbox")

    def act(status: str, carry_out: Callable[[World, Json, Json], Json]) -> Callable[[str], Json]:
        return lambda intent_id: _act(sandbox, intent_id, status, carry_out)

    for method, path, view in (
        ("GET", "/health", lambda: _health(sandbox)),
        ("GET", "/faults", lambda: asdict(sandbox.faults.settings)),
        ("POST", "/faults", lambda: _change_faults(sandbox, _given())),
        ("POST", "/payment_methods/<card>", lambda card: _change_card(sandbox, card, _given())),
        ("GET", "/charges", lambda: _charges(sandbox)),
        ("POST", "/payment_intents/<intent_id>/authenticate", act("requires_action", _authenticate)),
        ("POST", "/payment_intents/<intent_id>/settle", act("processing", _settle)),
    ):
        routes.add_url_rule(path, endpoint=f"{method} {path}".replace(".", " "), view_func=view, methods=[method])
    routes.register_error_handler(ControlError, lambda error: _error(error.status, str(error), error.field))
    routes.register_error_handler(FaultError, lambda error: _error(400, str(error), error.field))
    routes.register_error_handler(MoodError, lambda error: _error(400, str(error), error.field))
    routes.register_error_handler(ApiError, lambda error: _error(error.status, error.message, error.param))
    return routes


def _health(sandbox: Sandbox) -> Json:
    with sandbox.store.reading() as connection:
        (pending,) = connection.execute("SELECT count(*) FROM deliveries WHERE state = 'pending'").fetchone()
    return {"status": "ok", "pending_webhooks": pending}


def _change_faults(sandbox: Sandbox, given: Json) -> Json:
    with sandbox.store.transaction() as connection:
        return asdict(sandbox.faults.change(connection, given))


def _error(status: int, message: str, field: str | None) -> tuple[Json, int]:
    return {"error": {"type": "sandbox_error", "message": message, "param": field}}, status


def _given() -> Json:
    body = request.get_data(cache=False)
    if not body.strip():
        return {}
    if request.mimetype != "application/json":
        return parse_form(body.decode("utf-8", "replace"))
    try:
        given: Any = json.loads(body)
    except ValueError as error:
        raise ControlError(400, f"The body is not JSON: {error}") from error
    if not isinstance(given, dict):
        raise ControlError(400, "The body must be a JSON object.")
    return given


def _change_card(sandbox: Sandbox, wanted: str, given: Json) -> Json:
    mood = parse_mood(given)
    card = find_test_card(wanted)
    with sandbox.store.transaction() as connection:
        name = wanted if card is None else card.name
        known = connection.execute("SELECT 1 FROM objects WHERE kind = 'payment_method' AND id = ?", (name,)).fetchone()
        if card is None and known is None:
            raise ControlError(404, f"No such PaymentMethod: '{wanted}'. Use an attached one's id or a test id.")
        set_mood(connection, name, mood)
    return {"id": wanted, **asdict(mood)}


def _charges(sandbox: Sandbox) -> Json:
    where, values = ["kind = 'charge'"], []
    for name, value in request.args.items():
        if not name.startswith("metadata[") or not name.endswith("]") or len(name) > _METADATA_KEY_LENGTH + 10:
            raise ControlError(400, f"Unknown filter '{name[:80]}'. Filter by metadata[NAME]=VALUE.", name[:80])
        where.append("EXISTS (SELECT 1 FROM json_each(body, '$.metadata') WHERE key = ? AND value = ?)")
        values += [name[len("metadata[") : -1], value]
    with sandbox.store.reading() as connection:
        rows = connection.execute(
            f"SELECT body, account FROM objects WHERE {' AND '.join(where)} ORDER BY sequence",  # noqa: S608 - own text
            values,
        ).fetchall()
    data = [{**json.loads(body), "account": account} for body, account in rows]
    return {"object": "list", "data": data, "has_more": False, "url": "/sandbox/charges"}


def _act(sandbox: Sandbox, intent_id: str, status: str, act: Callable[[World, Json, Json], Json]) -> Json:
    given = _given()
    if given.get("outcome") not in ("succeed", "fail"):
        raise ControlError(400, "outcome must be succeed or fail.", "outcome")
    with sandbox.store.reading() as connection:
        row = connection.execute(
            "SELECT account FROM objects WHERE kind = 'payment_intent' AND id = ?", (intent_id,)
        ).fetchone()
    if row is None:
        raise ControlError(404, f"No such payment_intent: '{intent_id}'")
    with sandbox.world(row[0], _NOBODY) as world:
        intent = world.get("payment_intent", intent_id)
        if intent["status"] != status:
            raise ControlError(409, f"The PaymentIntent is {intent['status']}; it must be {status} for this.")
        return act(world, intent, given)


def _authenticate(world: World, intent: Json, given: Json) -> Json:
    method = world.get("payment_method", intent["payment_method"])
    if given["outcome"] == "fail":
        return fail_authentication(world, intent, method)
    try:
        return charge_intent(world, intent, method, Circumstances(is_authenticated=True))
    except ApiError as declined:
        if not declined.keeps_changes:
            raise
        return intent


def _settle(world: World, intent: Json, given: Json) -> Json:
    method = world.get("payment_method", intent["payment_method"])
    charge = world.get("charge", intent["latest_charge"])
    if given["outcome"] == "succeed":
        return succeed(world, intent, method, charge, Circumstances())
    code = str(given.get("decline_code") or "generic_decline")
    fail(world, intent, method, decline_for(code), charge)
    return intent
