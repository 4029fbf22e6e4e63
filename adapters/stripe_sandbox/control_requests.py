"""What the endpoints below /sandbox share: reading a body, JSON or form, and refusing."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from flask import request
from flask.typing import ResponseReturnValue

from adapters.stripe_sandbox.forms import parse_form
from adapters.stripe_sandbox.values import Json


class ControlRoute(NamedTuple):
    """One endpoint below /sandbox; `view` gets the sandbox and the parts of the path."""

    method: str
    path: str
    view: Callable[..., ResponseReturnValue]


class ControlError(Exception):
    """A /sandbox request that cannot be done; `field` names what is wrong, if it is a field."""

    def __init__(self, status: int, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.field = field


def given_body() -> Json:
    """The body's members, from JSON or a form; none for an empty body. Raises ControlError or ApiError 400."""
    body = request.get_data(cache=False)
    if not body.strip():
        return {}
    if request.mimetype != "application/json":
        return parse_form(body)
    try:
        given: Any = json.loads(body)
    except ValueError as error:
        raise ControlError(400, f"The body is not JSON: {error}") from error
    if not isinstance(given, dict):
        raise ControlError(400, "The body must be a JSON object.")
    return given
