"""Fields of what goes out: each is always there, and the documentation says what it holds."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate


class Shown(ma.Schema):
    """An answer: it holds the fields that it names, all of them, and no others."""

    class Meta:
        """marshmallow's options."""

        unknown = ma.RAISE


def instant_text(at: datetime) -> str:
    """RFC 3339 in UTC with Z; a fraction only where there is one."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


class Instant(fields.DateTime):
    """A time."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:  # noqa: ARG002 - marshmallow's
        return None if value is None else instant_text(value)


class OrNull(fields.String):
    """Text that is null where the inside keeps an empty one."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return super()._serialize(value, attr, obj, **kwargs) or None


def text(description: str, example: str, **options: Any) -> fields.String:
    """Text; `nullable=True`, `attribute=`."""
    return fields.String(**_options(description, example, options))


def text_or_null(description: str, example: str, **options: Any) -> OrNull:
    """Text that the inside keeps as empty where there is none."""
    return OrNull(**_options(description, example, {**options, "nullable": True}))


def choice(description: str, choices: Sequence[str], **options: Any) -> fields.String:
    """One of the values; the first is the example."""
    values = [str(value) for value in choices]
    return fields.String(validate=validate.OneOf(values), **_options(description, values[0], options))


def number(description: str, example: int, **options: Any) -> fields.Integer:
    """An integer."""
    return fields.Integer(**_options(description, example, options))


def fraction(description: str, example: float, **options: Any) -> fields.Float:
    """A number that is no amount of money."""
    return fields.Float(**_options(description, example, options))


def flag(description: str, **options: Any) -> fields.Boolean:
    """A boolean."""
    return fields.Boolean(**_options(description, example=True, options=options))


def instant(description: str, example: str = "2026-11-23T09:00:00Z", **options: Any) -> Instant:
    """A time."""
    return Instant(**_options(description, example, options))


def day(description: str, example: str = "2026-12-31", **options: Any) -> fields.Date:
    """A date."""
    return fields.Date(**_options(description, example, options))


def texts(description: str, example: Sequence[str], **options: Any) -> fields.List[str]:
    """A list of texts."""
    return fields.List(fields.String(), **_options(description, list(example), options))


def numbers(description: str, example: Sequence[int], **options: Any) -> fields.List[int]:
    """A list of integers."""
    return fields.List(fields.Integer(), **_options(description, list(example), options))


def facts(description: str, example: Mapping[str, Any], **options: Any) -> fields.Dict:
    """A flat object with text, integers, booleans and nulls under names that depend on the kind."""
    return fields.Dict(keys=fields.String(), **_options(description, dict(example), options))


def _options(description: str, example: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    rest = dict(options)
    return {
        "required": True,
        "allow_none": rest.pop("nullable", False),
        "metadata": {"description": description, "example": example},
        **rest,
    }
