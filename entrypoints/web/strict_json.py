"""JSON as the API takes it: one object, no doubts about what was meant."""

import json
from typing import Any, NoReturn

from domain.model.errors import FieldError, InvalidInput
from entrypoints.web.problems import MALFORMED, ProblemFound

_DEPTH_MAX = 32


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`; an empty body is an empty object.

    Raises `ProblemFound` (400) for what is no JSON, names a key twice or is nested too deeply, and `InvalidInput`
    for JSON that is no object.
    """
    if not body.strip():
        return {}
    try:
        parsed = json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refused)
    except UnicodeDecodeError as error:
        raise ProblemFound(MALFORMED, "The body is not UTF-8.") from error
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        where = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise ProblemFound(MALFORMED, f"The body is not valid JSON{where}.") from error
    if not isinstance(parsed, dict):
        raise InvalidInput(FieldError("body", "Must be a JSON object."))
    _check_depth(parsed, _DEPTH_MAX)
    return parsed


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ProblemFound(MALFORMED, "The body names a key twice; it is not clear which one is meant.")
    return found


def _refused(_: str) -> NoReturn:
    raise ProblemFound(MALFORMED, "The body holds NaN or Infinity, which JSON does not have.")


def _check_depth(value: Any, levels_left: int) -> None:
    if not isinstance(value, (dict, list)):
        return
    if levels_left == 0:
        raise _too_deep()
    for entry in value.values() if isinstance(value, dict) else value:
        _check_depth(entry, levels_left - 1)


def _too_deep() -> ProblemFound:
    return ProblemFound(MALFORMED, f"The body is nested deeper than {_DEPTH_MAX} levels.")
