"""Cutting sorted rows into pages."""

import base64
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from ports.repositories import BadCursor, Page, PageRequest

V = TypeVar("V")
T = TypeVar("T")

LIMIT_MAX = 1000


def newest_first(
    rows: Iterable[V],
    request: PageRequest,
    *,
    kinds: Sequence[type],
    order: Callable[[V], tuple[Any, ...]],
    item_of: Callable[[V], T],
) -> Page[T]:
    """The page of `rows` that `request` asks for, those with the greatest `order` first, whose parts are of `kinds`."""
    after = _position(request, kinds)
    left = sorted((row for row in rows if after is None or order(row) < after), key=order, reverse=True)
    return _page(left, request, order, item_of)


def soonest_first(
    rows: Iterable[V],
    request: PageRequest,
    *,
    kinds: Sequence[type],
    order: Callable[[V], tuple[Any, ...]],
    item_of: Callable[[V], T],
) -> Page[T]:
    """The same, those with the smallest `order` first."""
    after = _position(request, kinds)
    left = sorted((row for row in rows if after is None or order(row) > after), key=order)
    return _page(left, request, order, item_of)


def _position(request: PageRequest, kinds: Sequence[type]) -> tuple[Any, ...] | None:
    return None if request.cursor is None else _decoded(request.cursor, kinds)


def _page(
    left: Sequence[V], request: PageRequest, order: Callable[[V], tuple[Any, ...]], item_of: Callable[[V], T]
) -> Page[T]:
    limit = min(max(request.limit, 1), LIMIT_MAX)
    page = left[:limit]
    next_cursor = _encoded(order(page[-1])) if len(left) > limit else None
    return Page(tuple(item_of(row) for row in page), next_cursor)


def _encoded(position: tuple[Any, ...]) -> str:
    plain = [part.isoformat() if isinstance(part, datetime) else part for part in position]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode()


def _decoded(cursor: str, kinds: Sequence[type]) -> tuple[Any, ...]:
    try:
        position = json.loads(base64.b64decode(cursor.encode(), altchars=b"-_", validate=True))
        return tuple(_typed(part, kind) for part, kind in zip(position, kinds, strict=True))
    except (TypeError, ValueError) as error:  # bad base64, text, JSON, length or type of a part
        raise BadCursor("The cursor is none of ours: use next_cursor of the page before, unchanged.") from error


def _typed(part: Any, kind: type) -> Any:
    if kind is datetime:
        moment = datetime.fromisoformat(part)
        if moment.utcoffset() is None:
            raise ValueError("a position without a zone")
        return moment
    if type(part) is not kind:
        raise TypeError(f"{part!r} is no {kind.__name__}")
    return part
