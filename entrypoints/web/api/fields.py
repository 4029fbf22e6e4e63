"""Fields of what comes in: strict about types, bounded, and telling what is wanted."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from domain.model.errors import UnsupportedCurrency
from domain.model.money import SUPPORTED
from entrypoints.web.api.arguments import UNKNOWN

Messages = dict[str, str | list[Any] | dict[Any, Any]]

_MESSAGES: Messages = {"required": "Is required.", "null": "Must not be null."}
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WALL_TIME = re.compile(r"[0-9]{2}:[0-9]{2}")


class Accepted(ma.Schema):
    """A request: fields that it does not name are refused."""

    class Meta:
        """marshmallow's options."""

        unknown = ma.RAISE

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.error_messages = {**self.error_messages, "unknown": UNKNOWN, "type": "Must be an object."}


class Text(fields.String):
    """One line of text: 1 to `longest` characters, not blank, without control characters."""

    refused = frozenset({"Cc", "Cs", "Zl", "Zp"})
    allowed = ""
    control = "Must not hold control characters, such as line breaks or NUL."

    def __init__(self, *, longest: int, **options: Any) -> None:
        messages: Messages = {
            **_MESSAGES,
            "invalid": "Must be text.",
            "blank": "Must not be blank.",
            "control": self.control,
        }
        length = validate.Length(min=1, max=longest, error="Must have 1 to {max} characters.")
        super().__init__(error_messages=messages, validate=[length, *options.pop("validate", ())], **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if any(unicodedata.category(character) in self.refused for character in text if character not in self.allowed):
            raise self.make_error("control")
        if text and not text.strip():
            raise self.make_error("blank")
        return text


class LongText(Text):
    """Text of several lines: 1 to `longest` characters, not blank, without other control characters."""

    refused = frozenset({"Cc", "Cs"})
    allowed = "\r\n\t"
    control = "Must not hold control characters but line breaks and tabs."


def supported_currency(currency: str) -> None:
    """Raise `marshmallow.ValidationError` unless Stripe charges in it."""
    if currency not in SUPPORTED:
        raise ma.ValidationError(str(UnsupportedCurrency(currency)))


class Choice(fields.String):
    """One of the values that are named."""

    def __init__(self, choices: list[str], **options: Any) -> None:
        one_of = validate.OneOf(choices, error="Must be one of: {choices}.")
        super().__init__(error_messages={**_MESSAGES, "invalid": "Must be text."}, validate=one_of, **options)


class WholeNumber(fields.Integer):
    """A JSON integer: no text, no boolean, no 10.0."""

    def __init__(self, *, least: int, most: int, **options: Any) -> None:
        bounds = validate.Range(min=least, max=most, error="Must be {min} to {max}.")
        super().__init__(error_messages={**_MESSAGES, "invalid": "Must be an integer."}, validate=bounds, **options)

    def _validated(self, value: Any) -> int:
        if type(value) is not int:
            raise self.make_error("invalid")
        return value


class QueryNumber(WholeNumber):
    """The same in a query, where everything is text."""

    def _validated(self, value: Any) -> int:
        if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,9}", value):
            raise self.make_error("invalid")
        return int(value)


class Flag(fields.Boolean):
    """A JSON boolean: no text, no number."""

    def __init__(self, **options: Any) -> None:
        super().__init__(error_messages={**_MESSAGES, "invalid": "Must be true or false."}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return super()._deserialize(value, attr, data, **kwargs)


class QueryFlag(Flag):
    """The same in a query: `true` or `false`."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if value not in {"true", "false"}:
            raise self.make_error("invalid")
        return super()._deserialize(value == "true", attr, data, **kwargs)


class Day(fields.Date):
    """A date as YYYY-MM-DD."""

    def __init__(self, **options: Any) -> None:
        super().__init__(error_messages={**_MESSAGES, "invalid": "Must be a date as YYYY-MM-DD."}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> date:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            raise self.make_error("invalid")
        return super()._deserialize(value, attr, data, **kwargs)


class WallTime(fields.Time):
    """A time of day as HH:MM."""

    def __init__(self, **options: Any) -> None:
        super().__init__(error_messages={**_MESSAGES, "invalid": "Must be a time of day as HH:MM."}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> time:
        if not isinstance(value, str) or not _WALL_TIME.fullmatch(value):
            raise self.make_error("invalid")
        return super()._deserialize(value, attr, data, **kwargs)


class Moment(fields.AwareDateTime):
    """A time with its zone, RFC 3339; UTC inside."""

    def __init__(self, **options: Any) -> None:
        messages: Messages = {
            **_MESSAGES,
            "invalid": "Must be an RFC 3339 time with its zone, such as 2026-11-23T09:00:00Z.",
            "range": "Must lie between the years 2000 and 2200.",
        }
        super().__init__(error_messages=messages, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> datetime:
        if not isinstance(value, str) or not _MOMENT.fullmatch(value):
            raise self.make_error("invalid")
        moment = super()._deserialize(value.upper(), attr, data, **kwargs)
        if not _EARLIEST <= moment < _LATEST:
            raise self.make_error("range")
        return moment.astimezone(UTC)
