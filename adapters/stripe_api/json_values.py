"""Reading single values out of Stripe's JSON: a value is what it should be, is absent, or is an error that names it."""

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

Json = Mapping[str, Any]

_TEXT_LENGTH_MAX = 500
_ID = re.compile(r"[!-~]{1,255}")
# Far above any amount that Stripe takes (eight digits, twelve for some currencies), far below a bigint.
_AMOUNT_MAX = 10**15
_YEAR_10000 = 253_402_300_800
_CURRENCY = re.compile(r"[A-Za-z]{3}")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,63}")
_COUNT_MAX = 1_000_000


class UnreadableShape(Exception):
    """A field is not what Stripe's API promises. The text names the field and shows no value but a `word`."""


def text(source: Json, name: str) -> str | None:
    """The text under `name`, cut to 500 characters; None where it is missing, empty or no text."""
    value = source.get(name)
    return _clean(value)[:_TEXT_LENGTH_MAX] if isinstance(value, str) and value else None


def word(source: Json, name: str) -> str | None:
    """The value of an enumeration under `name`: a short lower-case name, which cannot be anybody's data; else None."""
    value = source.get(name)
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def status_among(source: Json, known: Collection[str]) -> str:
    """The object's status. Raises `UnreadableShape` for one that is not known: what it means cannot be guessed."""
    status = word(source, "status")
    if status is None or status not in known:
        shown = f" ({status})" if status else ""
        raise UnreadableShape(f"status is none of those that this version knows{shown}")
    return status


def identifier(source: Json, name: str) -> str | None:
    """The id under `name`, which holds an id or, expanded, the object itself; None where it holds neither."""
    value = source.get(name)
    if isinstance(value, Mapping):
        value = value.get("id")
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def required_id(source: Json, field: str = "id") -> str:
    """The object's own id. Raises `UnreadableShape`."""
    value = source.get(field)
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise UnreadableShape(f"{field} is not an id")
    return value


def mapping(source: Json, name: str) -> Json:
    """The object under `name`, empty where there is none."""
    value = source.get(name)
    return value if isinstance(value, Mapping) else {}


def members(source: Json, name: str) -> tuple[Json, ...]:
    """The objects of the list under `name`, which is Stripe's list object with `data`; empty where there is none."""
    entries = mapping(source, name).get("data")
    return tuple(entry for entry in entries if isinstance(entry, Mapping)) if isinstance(entries, list) else ()


def amount(source: Json, name: str) -> int | None:
    """The amount in minor units under `name`; None where it is missing. Raises `UnreadableShape`."""
    value = source.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _AMOUNT_MAX:
        raise UnreadableShape(f"{name} is not an amount in minor units")
    return value


def required_amount(source: Json, name: str) -> int:
    """The amount in minor units under `name`. Raises `UnreadableShape`, also where it is missing."""
    value = amount(source, name)
    if value is None:
        raise UnreadableShape(f"{name} is missing")
    return value


def signed_amount(source: Json, name: str) -> int:
    """The amount in minor units under `name`, which may be negative. Raises `UnreadableShape`."""
    value = source.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not -_AMOUNT_MAX <= value <= _AMOUNT_MAX:
        raise UnreadableShape(f"{name} is not an amount in minor units")
    return value


def count(source: Json, name: str) -> int | None:
    """The number of things under `name`; None where it is missing. Raises `UnreadableShape`."""
    value = source.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _COUNT_MAX:
        raise UnreadableShape(f"{name} is not a count")
    return value


def required_currency(source: Json) -> str:
    """The currency in lower case. Raises `UnreadableShape`, also where it is missing."""
    value = currency(source)
    if value is None:
        raise UnreadableShape("currency is missing")
    return value


def currency(source: Json) -> str | None:
    """The currency in lower case; None where it is missing. Raises `UnreadableShape`."""
    value = source.get("currency")
    if value is None:
        return None
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise UnreadableShape("currency is not a currency code")
    return value.lower()


def moment(source: Json, name: str) -> datetime | None:
    """The time under `name`, epoch seconds, as an aware UTC datetime; None where missing. Raises `UnreadableShape`."""
    value = source.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < _YEAR_10000:
        raise UnreadableShape(f"{name} is not a time in epoch seconds")
    return datetime.fromtimestamp(value, UTC)


def _clean(value: str) -> str:
    """PostgreSQL stores neither NUL nor half a surrogate pair."""
    return value.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")
