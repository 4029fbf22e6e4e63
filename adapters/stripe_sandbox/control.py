"""/sandbox: what only a stand-in can do. Never subject to faults, keys or limits."""

from dataclasses import asdict
from functools import partial

from flask import Blueprint

from adapters.stripe_sandbox import (
    control_cards,
    control_checkout,
    control_disputes,
    control_fraud,
    control_payments,
    control_refunds,
)
from adapters.stripe_sandbox.control_requests import ControlError, ControlRoute, given_body
from adapters.stripe_sandbox.errors import ApiError
from adapters.stripe_sandbox.faults import FaultError
from adapters.stripe_sandbox.moods import MoodError
from adapters.stripe_sandbox.sandbox import Sandbox
from adapters.stripe_sandbox.values import Json


def control_routes(sandbox: Sandbox) -> Blueprint:
    """The endpoints below /sandbox; more of them come from more files with ROUTES."""
    routes = Blueprint("sandbox", __name__, url_prefix="/sandbox", template_folder="templates")
    for route in _ALL_ROUTES:
        view = partial(route.view, sandbox)
        routes.add_url_rule(route.path, f"{route.method} {route.path}", view, methods=[route.method])
    routes.register_error_handler(ControlError, lambda error: _error(error.status, str(error), error.field))
    routes.register_error_handler(FaultError, lambda error: _error(400, str(error), error.field))
    routes.register_error_handler(MoodError, lambda error: _error(400, str(error), error.field))
    routes.register_error_handler(ApiError, lambda error: _error(error.status, error.message, error.param))
    return routes


def _health(sandbox: Sandbox) -> Json:
    with sandbox.store.reading() as connection:
        (pending,) = connection.execute("SELECT count(*) FROM deliveries WHERE state = 'pending'").fetchone()
    return {"status": "ok", "pending_webhooks": pending}


def _faults(sandbox: Sandbox) -> Json:
    return asdict(sandbox.faults.settings)


def _change_faults(sandbox: Sandbox) -> Json:
    given = given_body()
    with sandbox.store.transaction() as connection:
        return asdict(sandbox.faults.change(connection, given))


def _error(status: int, message: str, field: str | None) -> tuple[Json, int]:
    return {"error": {"type": "sandbox_error", "message": message, "param": field}}, status


_ROUTES = (
    ControlRoute("GET", "/health", _health),
    ControlRoute("GET", "/faults", _faults),
    ControlRoute("POST", "/faults", _change_faults),
)
_ALL_ROUTES = (
    *_ROUTES,
    *control_cards.ROUTES,
    *control_payments.ROUTES,
    *control_checkout.ROUTES,
    *control_refunds.ROUTES,
    *control_disputes.ROUTES,
    *control_fraud.ROUTES,
)
