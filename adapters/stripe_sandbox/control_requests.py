"""What the endpoints below /sandbox share: reading a body, JSON or form, and refusing."""

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from flask import request
from flask.typing import ResponseReturnValue

from adapters.stripe_sandbox.errors import LABELS
from adapters.stripe_sandbox.forms import parse_form
from adapters.stripe_sandbox.sandbox import Sandbox
from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import Origin, World

NOBODY = Origin(None, None)
_WHOLE = re.compile(r"^-?\d{1,12}$", re.ASCII)


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


def find_object(sandbox: Sandbox, kind: str, wanted: str) -> Json:
    """The object of this id in whichever account it is, which its member `account` names. Raises ControlError 404."""
    with sandbox.store.reading() as connection:
        row = connection.execute(
            "SELECT body, account FROM objects WHERE kind = ? AND id = ?", (kind, wanted)
        ).fetchone()
    if row is None:
        raise ControlError(404, f"No such {LABELS.get(kind, kind)}: '{wanted}'")
    return {**json.loads(row[0]), "account": row[1]}


def account_of_charge(sandbox: Sandbox, given: Json) -> str:
    """The account that has the charge named by the member `charge`. Raises ControlError 400 or 404."""
    if not isinstance(given.get("charge"), str) or not given["charge"]:
        raise ControlError(400, "charge must be the id of a charge.", "charge")
    return str(find_object(sandbox, "charge", given["charge"])["account"])


def paid_charge(world: World, given: Json) -> Json:
    """That charge. Raises ControlError 409 unless it has succeeded."""
    charge = world.get("charge", given["charge"])
    if charge["status"] != "succeeded":
        raise ControlError(409, f"The charge is {charge['status']}; it must have succeeded for this.", "charge")
    return charge


def check_names(given: Json, known: tuple[str, ...]) -> None:
    """Raises ControlError 400 for a member that this endpoint does not have."""
    for name in given:
        if name not in known:
            raise ControlError(400, f"There is no '{name[:80]}' here. There are: {', '.join(known)}.", name[:80])


def choice(given: Json, name: str, choices: tuple[str, ...]) -> str | None:
    """One of the choices, or None when it is missing or empty. Raises ControlError 400."""
    value = given.get(name)
    if value in (None, ""):
        return None
    if value not in choices:
        raise ControlError(400, f"{name} must be one of {', '.join(choices)}.", name)
    return str(value)


def whole_number(given: Json, name: str, *, least: int, most: int) -> int | None:
    """A whole number, or None when it is missing or empty; a form's text will do. Raises ControlError 400."""
    value = given.get(name)
    if value in (None, ""):
        return None
    if isinstance(value, bool) or not _WHOLE.match(str(value)) or not least <= int(value) <= most:
        raise ControlError(400, f"{name} must be a whole number from {least} to {most}.", name)
    return int(value)


def flag(given: Json, name: str) -> bool:
    """True or false; false when it is missing. Raises ControlError 400."""
    value = given.get(name)
    if value in (None, "", False, "false"):
        return False
    if value in (True, "true"):
        return True
    raise ControlError(400, f"{name} must be true or false.", name)
