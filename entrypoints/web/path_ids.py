"""Ids in paths."""

from typing import Any

from werkzeug.routing import BaseConverter


class IdConverter(BaseConverter):
    """1 to 255 printable ASCII characters without a slash: anything else names nothing and is no path of ours."""

    regex = r"[!-.0-~]{1,255}"


def parameter_schema(_: IdConverter) -> dict[str, Any]:
    """How the documentation shows such an id."""
    return {"type": "string", "minLength": 1, "maxLength": 255}
