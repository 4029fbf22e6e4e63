"""Arguments as marshmallow checks them: unknown names are refused, errors are the domain's `InvalidInput`."""

from collections.abc import Iterator
from typing import Any, NoReturn

import marshmallow as ma
from flask import Request, g
from marshmallow.exceptions import SCHEMA
from webargs.flaskparser import FlaskParser

from domain.model.errors import FieldError, InvalidInput


class StrictParser(FlaskParser):
    """Takes the body that the gate has read and parsed."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": ma.RAISE}  # noqa: RUF012 - as the base class has it

    def _raw_load_json(self, req: Request) -> Any:  # noqa: ARG002 - the base class passes it
        return g.body

    def handle_error(self, error: ma.ValidationError, *_: Any, **__: Any) -> NoReturn:
        """Raise every refused field in the domain's own words."""
        found = error.messages_dict
        raise InvalidInput(*(each for messages in found.values() for each in _flat(messages, ""))) from error


def refuse_body() -> None:
    """For operations that take no body: an empty object will do."""
    if g.body:
        raise InvalidInput(*(FieldError(name, UNKNOWN) for name in g.body))


UNKNOWN = "There is no such field here. Remove it; /api/docs lists the fields."


def _flat(messages: Any, path: str) -> Iterator[FieldError]:
    """Nested fields are named with dots; an item of a list is named in the message."""
    if isinstance(messages, dict):
        for name, below in messages.items():
            if isinstance(name, int):
                for error in _flat(below, path):
                    yield FieldError(error.field, f"Item {name + 1}: {error.message}")
            elif name == SCHEMA:
                yield from _flat(below, path)
            else:
                yield from _flat(below, f"{path}.{name}" if path else str(name))
        return
    for message in messages if isinstance(messages, list) else [messages]:
        yield FieldError(path or "body", str(message))
