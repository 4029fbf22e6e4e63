"""Pages by keyset: the rows after a position, so that a page costs the same however far it lies."""

import base64
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Label, Select, tuple_

from adapters.postgres.line import Line, Row
from adapters.postgres.tables.columns import UtcDateTime
from ports.repositories import BadCursor, Page, PageRequest

T = TypeVar("T")
Order = Sequence[Column[Any] | Label[Any]]
"""Columns of the query, none of them ever NULL, that together tell its rows apart."""

LIMIT_MAX = 1000


def newest_first(
    line: Line,
    query: Select[Any],
    request: PageRequest,
    *,
    order: Order,
    item_of: Callable[[Row], T],
) -> Page[T]:
    """The page of `query` that `request` asks for, the greatest `order` first. Raises `BadCursor`."""
    if request.cursor is not None:
        query = query.where(tuple_(*order) < tuple_(*_decoded(request.cursor, order)))
    return _page(line, query.order_by(*(column.desc() for column in order)), request, order, item_of)


def soonest_first(
    line: Line,
    query: Select[Any],
    request: PageRequest,
    *,
    order: Order,
    item_of: Callable[[Row], T],
) -> Page[T]:
    """The same, the smallest `order` first."""
    if request.cursor is not None:
        query = query.where(tuple_(*order) > tuple_(*_decoded(request.cursor, order)))
    return _page(line, query.order_by(*order), request, order, item_of)


def _page(line: Line, query: Select[Any], request: PageRequest, order: Order, item_of: Callable[[Row], T]) -> Page[T]:
    limit = min(max(request.limit, 1), LIMIT_MAX)
    rows = line.core(query.limit(limit + 1))
    page = rows[:limit]
    next_cursor = _encoded([page[-1][column.name] for column in order]) if len(rows) > limit else None
    return Page(tuple(item_of(row) for row in page), next_cursor)


def of_firm(line: Line, column: Column[Any]) -> list[ColumnElement[bool]]:
    """The condition that names the transaction's firm; none in a system transaction."""
    return [] if line.scope.firm_id is None else [column == line.scope.firm_id]


def _encoded(position: Sequence[Any]) -> str:
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in position]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode()


def _decoded(cursor: str, order: Order) -> list[Any]:
    try:
        position = json.loads(base64.b64decode(cursor.encode(), altchars=b"-_", validate=True))
        return [_typed(value, column) for value, column in zip(position, order, strict=True)]
    except (TypeError, ValueError) as error:  # bad base64, text, JSON, length or type of an element
        raise BadCursor("The cursor is none of ours: use next_cursor of the page before, unchanged.") from error


def _typed(value: Any, column: Column[Any] | Label[Any]) -> Any:
    if isinstance(column.type, UtcDateTime):
        moment = datetime.fromisoformat(value)
        if moment.utcoffset() is None:
            raise ValueError("a position without a zone")
        return moment
    if type(value) is not column.type.python_type:
        raise TypeError(f"{value!r} has the wrong type")
    return value
