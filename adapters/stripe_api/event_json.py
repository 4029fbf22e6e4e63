"""Parsing an event so strictly that what comes out can be stored and read again as it is."""

import json
import re
from math import isfinite
from typing import Any, NoReturn

from adapters.stripe_api.json_values import UnreadableShape, mapping, moment, required_id
from domain.model.inbox import StripeEvent

_DEPTH_MAX = 64
_UNSTORABLE_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


class NotStorable(Exception):
    """The text is no JSON object that can be kept. The text says why and shows nothing of the payload."""


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`: UTF-8, no duplicate keys, finite numbers, at most 64 levels.

    NUL characters and unpaired surrogates, which PostgreSQL's jsonb refuses, become U+FFFD: a customer may have typed
    them, and the event must not be lost for it. Raises `NotStorable`.
    """
    problem, parsed = "", None
    try:
        parsed = json.loads(
            body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refused_constant, parse_float=_finite
        )
    except NotStorable as refusal:
        problem = str(refusal)
    except UnicodeDecodeError:
        problem = "The body is not UTF-8."
    except RecursionError:
        problem = f"The body is nested deeper than {_DEPTH_MAX} levels."
    except ValueError:
        problem = "The body is not valid JSON."
    if problem:
        # Raised here, not above: the parser's own errors carry the body, and would ride along as the context.
        raise NotStorable(problem)
    if not isinstance(parsed, dict):
        raise NotStorable("The body is not a JSON object.")
    if not _is_suspicious(body):
        return parsed
    storable: dict[str, Any] = _storable(parsed, _DEPTH_MAX)
    return storable


def read_event(event: dict[str, Any]) -> StripeEvent:
    """The event in `event`, which `parse_object` gave. Raises `UnreadableShape`."""
    if event.get("object") == "v2.core.event":
        raise UnreadableShape(
            "This is a thin event (v2), which holds no object: in Stripe's dashboard, set the event destination to "
            "snapshot payloads"
        )
    created_at = moment(event, "created")
    if created_at is None:
        raise UnreadableShape("created is missing")
    if not isinstance(event.get("livemode"), bool):
        raise UnreadableShape("livemode is neither true nor false")
    if not isinstance(mapping(event, "data").get("object"), dict):
        raise UnreadableShape("data.object is not an object")
    return StripeEvent(
        id=required_id(event),
        type=required_id(event, "type"),
        account=_optional(event, "account") or "",
        created_at=created_at,
        livemode=event["livemode"],
        api_version=_optional(event, "api_version"),
        body=event,
    )


def _optional(event: dict[str, Any], name: str) -> str | None:
    return None if event.get(name) is None else required_id(event, name)


def _is_suspicious(body: bytes) -> bool:
    """Whether a look at every value is worth its time: an escape that cannot be stored, or many brackets."""
    return body.count(b"{") + body.count(b"[") > _DEPTH_MAX or _UNSTORABLE_ESCAPE.search(body) is not None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotStorable("The body names a key twice.")
    return found


def _refused_constant(_: str) -> NoReturn:
    raise NotStorable("The body holds a number that JSON does not have (NaN or Infinity).")


def _finite(digits: str) -> float:
    value = float(digits)
    if not isfinite(value):
        raise NotStorable("The body holds a number that is too large.")
    return value


def _storable(value: Any, levels_left: int) -> Any:
    if isinstance(value, str):
        return _text(value)
    if not isinstance(value, (dict, list)):
        return value
    if levels_left == 0:
        raise NotStorable(f"The body is nested deeper than {_DEPTH_MAX} levels.")
    if isinstance(value, list):
        return [_storable(entry, levels_left - 1) for entry in value]
    return _unique([(_text(key), _storable(entry, levels_left - 1)) for key, entry in value.items()])


def _text(value: str) -> str:
    if value.isascii() and "\0" not in value:
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")
