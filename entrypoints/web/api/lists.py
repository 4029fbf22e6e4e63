"""Lists: `{"data": […], "next_cursor": …}`, asked for by `limit` and `cursor`."""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

import marshmallow as ma
from marshmallow import fields

from entrypoints.web.api.fields import Accepted, QueryNumber, Text
from entrypoints.web.api.shown import Shown
from ports.repositories import BadCursor, Page, PageRequest

T = TypeVar("T")

_LIMIT_MAX = 100
_LIMIT_DEFAULT = 20
_CURSOR = "`next_cursor` of the page before; opaque."


def _limit(description: str, **options: Any) -> QueryNumber:
    return QueryNumber(least=1, most=_LIMIT_MAX, metadata={"description": description, "example": 20}, **options)


def _cursor() -> Text:
    return Text(longest=1024, metadata={"description": _CURSOR})


class ListQuery(Accepted):
    """Which page of a list."""

    limit = _limit("How many, at most.", load_default=_LIMIT_DEFAULT)
    cursor = _cursor()


class WholeListQuery(Accepted):
    """Which page of a short list; without `limit`, all of it."""

    limit = _limit("How many, at most. Without it: all, since there are never many.")
    cursor = _cursor()


def page_request(query: Mapping[str, Any]) -> PageRequest:
    """What a checked `ListQuery` asks for."""
    return PageRequest(query["limit"], query.get("cursor"))


def page_of(item: type[ma.Schema], name: str, **beside: fields.Field[Any]) -> type[ma.Schema]:
    """The schema of a page of such items; `name` is what the documentation calls it, `beside` are further fields."""
    cursor = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The `cursor` of the next page; null on the last.", "example": None},
    )
    body = {
        "data": fields.List(fields.Nested(item), required=True, attribute="items"),
        "next_cursor": cursor,
        **beside,
    }
    return cast("type[ma.Schema]", type(f"{name}Schema", (Shown,), body))


def cut(items: Sequence[T], query: Mapping[str, Any], key: Callable[[T], str]) -> Page[T]:
    """The page of a whole list that a checked `WholeListQuery` asks for; `key` tells one item from another.

    Raises `BadCursor` for a cursor that names none of the items.
    """
    cursor = query.get("cursor")
    first = 0 if cursor is None else _position(items, cursor, key)
    limit = query.get("limit")
    last = len(items) if limit is None else first + limit
    page = tuple(items[first:last])
    return Page(page, _encoded(key(page[-1])) if last < len(items) else None)


def _position(items: Sequence[T], cursor: str, key: Callable[[T], str]) -> int:
    for index, item in enumerate(items):
        if _encoded(key(item)) == cursor:
            return index + 1
    raise BadCursor("The cursor names nothing in this list: use next_cursor of the page before, unchanged.")


def _encoded(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()
