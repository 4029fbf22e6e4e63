"""Spans of time in queries: `from` and `to`, each a time or a date."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from marshmallow import fields

from domain.model.errors import FieldError, InvalidInput
from entrypoints.web.api.fields import Moment

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class MomentOrDay(fields.String):
    """A time with its zone, or a date, which is that day in UTC: a `datetime` or a `date` inside."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._moment = Moment()
        self._moment.error_messages["invalid"] = (
            "Must be an RFC 3339 time with its zone, such as 2026-11-23T09:00:00Z, or a date as YYYY-MM-DD."
        )

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:  # noqa: ARG002 - marshmallow's
        if isinstance(value, str) and _DAY.fullmatch(value):
            return self._moment.deserialize(f"{value}T00:00:00Z").date()
        return self._moment.deserialize(value)


def span_from(description: str) -> MomentOrDay:
    """The field `from`."""
    return _field("from", f"{description}, from this time or day on (UTC).", "2026-11-01")


def span_to(description: str) -> MomentOrDay:
    """The field `to`."""
    return _field("to", f"{description}, before this time, or up to the end of this day (UTC).", "2026-11-30")


def _field(name: str, description: str, example: str) -> MomentOrDay:
    return MomentOrDay(data_key=name, metadata={"description": description, "example": example})


def span(query: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """[from, before) of a query with the fields `span_from` and `span_to`; a day as `to` is in the span.

    Raises `InvalidInput` naming `from` when it is after `to`.
    """
    first, last = query.get("span_from"), query.get("span_to")
    begins_at = None if first is None else _beginning(first)
    ends_at = None if last is None else _beginning(last)
    if ends_at is not None and not isinstance(last, datetime):
        ends_at += timedelta(days=1)
    if begins_at is not None and ends_at is not None:
        is_day = not isinstance(last, datetime)
        if begins_at > ends_at or (is_day and begins_at == ends_at):
            raise InvalidInput(FieldError("from", "Must not be after `to`."))
    return begins_at, ends_at


def _beginning(value: date) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, time.min, UTC)
