"""Cutting sorted rows into pages."""

import base64
import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from ports.repositories import BadCursor, Page, PageRequest

V = TypeVar("V")
T = TypeVar("T")

LIMIT_MAX = 1000


def newest_first(
    rows: Iterable[V], request: PageRequest, *, order: Callable[[V], tuple[Any, ...]], item_of: Callable[[V], T]
) -> Page[T]:
    """The page of `rows` that `request` asks for, those with the greatest `order` (text and numbers) first."""
    after = None if request.cursor is None else _decoded(request.cursor)
    limit = min(max(request.limit, 1), LIMIT_MAX)
    listed = sorted(rows, key=order, reverse=True)
    try:
        left = [row for row in listed if after is None or order(row) < after]
    except TypeError as error:
        raise BadCursor(_BAD) from error
    page = left[:limit]
    next_cursor = _encoded(order(page[-1])) if len(left) > limit else None
    return Page(tuple(item_of(row) for row in page), next_cursor)


_BAD = "The cursor is none of ours: use next_cursor of the page before, unchanged."


def _encoded(position: tuple[Any, ...]) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def _decoded(cursor: str) -> tuple[Any, ...]:
    try:
        position = json.loads(base64.b64decode(cursor.encode(), altchars=b"-_", validate=True))
    except ValueError as error:  # bad base64, bad UTF-8 and bad JSON are all of this kind
        raise BadCursor(_BAD) from error
    if not isinstance(position, list):
        raise BadCursor(_BAD)
    return tuple(position)
