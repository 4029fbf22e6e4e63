"""What happens before and after every operation of the API, in one place."""

import time

from flask import Flask, Response, current_app, g, request

from domain.model.firms import Scope
from entrypoints.web import idempotency
from entrypoints.web.application import ports
from entrypoints.web.authentication import FailedLogins, authenticate, require
from entrypoints.web.bodies import read_body
from entrypoints.web.problems import UNSUPPORTED_MEDIA_TYPE, ProblemFound
from entrypoints.web.strict_json import parse_object

# A note of 10,000 characters fits, however they are escaped (12 bytes at most).
BODY_BYTES_MAX = 131_072

_FAILED_LOGINS = "dunlin.failed_logins"
_METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def register(app: Flask) -> None:
    """Let `app` count wrong keys."""
    app.extensions[_FAILED_LOGINS] = FailedLogins()


def enter(scope: Scope) -> Response | None:
    """Who asks, whether they may, what they sent, and whether it was answered before. Raises `ProblemFound`."""
    g.entered_at = time.perf_counter()
    authenticate(current_app.extensions[_FAILED_LOGINS])
    require(scope)
    if request.method not in _METHODS_WITH_BODY:
        return None
    body = read_body(BODY_BYTES_MAX)
    if body and not request.is_json:
        detail = "The body is not declared as JSON. Send it with 'Content-Type: application/json'."
        raise ProblemFound(UNSUPPORTED_MEDIA_TYPE, detail)
    g.body = parse_object(body)
    return idempotency.begin(g.body) if request.method == "POST" else None


def leave(response: Response) -> Response:
    """Keep the answer for a repeat, and count the request."""
    idempotency.end(response)
    if "entered_at" in g:
        ports().metrics.observe(
            "dunlin_api_request_seconds",
            time.perf_counter() - g.entered_at,
            operation=request.endpoint or "",
            status=str(response.status_code),
        )
    return response
