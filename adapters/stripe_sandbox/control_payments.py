"""/sandbox/charges and /sandbox/payment_intents: what the bank did, and what the customer or the bank does next."""

import json
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from adapters.stripe_sandbox.charging import Circumstances, charge_intent, fail, fail_authentication, succeed
from adapters.stripe_sandbox.control_requests import NOBODY, ControlError, ControlRoute, find_object, given_body
from adapters.stripe_sandbox.declines import decline_for
from adapters.stripe_sandbox.errors import ApiError
from adapters.stripe_sandbox.sandbox import Sandbox
from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import World

_LONGEST_FILTER = 50


def _charges(sandbox: Sandbox) -> Json:
    where, values = ["kind = 'charge'"], []
    for name, value in request.args.items():
        if not name.startswith("metadata[") or not name.endswith("]") or len(name) > _LONGEST_FILTER:
            raise ControlError(400, f"Unknown filter '{name[:80]}'. Filter by metadata[NAME]=VALUE.", name[:80])
        where.append("EXISTS (SELECT 1 FROM json_each(body, '$.metadata') WHERE key = ? AND value = ?)")
        values += [name[len("metadata[") : -1], value]
    statement = f"SELECT body, account FROM objects WHERE {' AND '.join(where)} ORDER BY sequence"  # noqa: S608 - own text
    with sandbox.store.reading() as connection:
        rows = connection.execute(statement, values).fetchall()
    data = [{**json.loads(body), "account": account} for body, account in rows]
    return {"object": "list", "data": data, "has_more": False, "url": "/sandbox/charges"}


def _authenticate(sandbox: Sandbox, intent_id: str) -> ResponseReturnValue:
    given = given_body()
    return_url = _return_url(find_object(sandbox, "payment_intent", intent_id))
    intent = _act(sandbox, intent_id, given, "requires_action", _finish_authentication)
    if given.get("from") != "page" or return_url is None:
        return intent
    outcome = {
        "payment_intent": intent["id"],
        "payment_intent_client_secret": intent["client_secret"],
        "redirect_status": "succeeded" if intent["status"] == "succeeded" else "failed",
    }
    return redirect(f"{return_url}{'&' if urlsplit(return_url).query else '?'}{urlencode(outcome)}", 303)


def _authentication_page(sandbox: Sandbox, intent_id: str) -> str:
    return render_template("authenticate.html", intent=find_object(sandbox, "payment_intent", intent_id))


def _settle(sandbox: Sandbox, intent_id: str) -> Json:
    return _act(sandbox, intent_id, given_body(), "processing", _finish_processing)


def _act(
    sandbox: Sandbox, intent_id: str, given: Json, status: str, finish: Callable[[World, Json, Json], Json]
) -> Json:
    if given.get("outcome") not in ("succeed", "fail"):
        raise ControlError(400, "outcome must be succeed or fail.", "outcome")
    account = find_object(sandbox, "payment_intent", intent_id)["account"]
    with sandbox.world(account, NOBODY) as world:
        intent = world.get("payment_intent", intent_id)
        if intent["status"] != status:
            raise ControlError(409, f"The PaymentIntent is {intent['status']}; it must be {status} for this.")
        return finish(world, intent, given)


def _return_url(intent: Json) -> str | None:
    url = ((intent["next_action"] or {}).get("redirect_to_url") or {}).get("return_url")
    return str(url) if url and urlsplit(url).scheme in ("http", "https") else None


def _finish_authentication(world: World, intent: Json, given: Json) -> Json:
    method = world.get("payment_method", intent["payment_method"])
    if given["outcome"] == "fail":
        return fail_authentication(world, intent, method)
    try:
        return charge_intent(world, intent, method, Circumstances(is_authenticated=True))
    except ApiError as declined:
        if not declined.keeps_changes:
            raise
        return intent


def _finish_processing(world: World, intent: Json, given: Json) -> Json:
    method = world.get("payment_method", intent["payment_method"])
    charge = world.get("charge", intent["latest_charge"])
    if given["outcome"] == "succeed":
        return succeed(world, intent, method, charge, Circumstances())
    fail(world, intent, method, decline_for(str(given.get("decline_code") or "generic_decline")), charge)
    return intent


ROUTES = (
    ControlRoute("GET", "/charges", _charges),
    ControlRoute("GET", "/payment_intents/<intent_id>/authenticate", _authentication_page),
    ControlRoute("POST", "/payment_intents/<intent_id>/authenticate", _authenticate),
    ControlRoute("POST", "/payment_intents/<intent_id>/settle", _settle),
)
