"""Reads Stripe's request encoding: `a[b][0]=c` in a query or form body becomes nested mappings."""

import re
from urllib.parse import parse_qsl

from adapters.stripe_sandbox.errors import ApiError
from adapters.stripe_sandbox.values import Json

FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 2000
MAX_DEPTH = 8
_KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")


def parse_form(form: bytes, content_type: str = "") -> Json:
    """Nested mappings with text at the leaves; `a[]` takes the next free number, so lists are mappings by number.

    Raises ApiError 400 for another content type (empty is good), for a key that cannot be read, for too many fields
    and for one that is both value and hash.
    """
    if form and content_type not in ("", FORM):
        raise _unreadable(f"The content type is '{content_type[:80]}', but Stripe's /v1 API takes {FORM} bodies.")
    try:
        pairs = parse_qsl(form.decode("utf-8"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError as error:
        raise _unreadable(f"The request could not be read: {error}.") from error
    parsed: Json = {}
    for key, value in pairs:
        _place(parsed, _path(key), value)
    return parsed


def _path(key: str) -> list[str]:
    match = _KEY.match(key)
    if match is None:
        raise _unreadable(f"Invalid parameter name: {key[:100]}")
    path = [match.group(1), *re.findall(r"\[([^\[\]]*)\]", match.group(2))]
    if len(path) > MAX_DEPTH:
        raise _unreadable(f"The parameter {path[0]} is nested more than {MAX_DEPTH} levels deep.")
    return path


def _place(target: Json, path: list[str], value: str) -> None:
    for name in path[:-1]:
        inner = target.setdefault(name or str(len(target)), {})
        if not isinstance(inner, dict):
            raise _unreadable(f"The parameter {path[0]} is given both as a value and as a hash.")
        target = inner
    name = path[-1] or str(len(target))
    if isinstance(target.get(name), dict):
        raise _unreadable(f"The parameter {path[0]} is given both as a value and as a hash.")
    target[name] = value


def _unreadable(message: str) -> ApiError:
    return ApiError(400, "invalid_request_error", message, is_executed=False)
