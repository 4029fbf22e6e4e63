"""Single values between Python, columns and JSON."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any


def moment(value: datetime | str | None) -> datetime | None:
    """A stored time as aware UTC; PostgreSQL writes it as text within JSON."""
    if value is None:
        return None
    return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)


def known_moment(value: datetime | str) -> datetime:
    """A stored time that is never NULL."""
    return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)


def as_json(value: Any) -> str:
    """Rows as one parameter. Raises `ValueError` for a time without a zone."""
    return json.dumps(value, default=_plain, separators=(",", ":"))


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise ValueError(f"{value!r} has no zone")
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no place in a row")


def or_none(kind: Any, value: Any) -> Any:
    """`kind(value)`, or None for None."""
    return None if value is None else kind(value)
