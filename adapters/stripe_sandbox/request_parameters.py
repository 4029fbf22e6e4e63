"""Checks a request against the table of parameters that Stripe knows, and turns text into values.

The table, request_parameters.json, is derived from Stripe's own API descriptions; its first member says which.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from adapters.stripe_sandbox.errors import invalid_parameter, missing_parameter
from adapters.stripe_sandbox.values import Json

_INTEGER = re.compile(r"^-?\d{1,18}$")
_BOOLEANS = {"true": True, "false": False}
MAX_TEXT = 5000
# The longer texts of Stripe's description: POST /v1/disputes/{dispute}.
_LONG_TEXTS = (
    "access_activity_log cancellation_policy_disclosure cancellation_rebuttal duplicate_charge_explanation "
    "product_description refund_policy_disclosure refund_refusal_explanation uncategorized_text"
)
MAX_TEXTS = dict.fromkeys((f"evidence[{name}]" for name in _LONG_TEXTS.split()), 20_000)


@cache
def parameter_table() -> dict[str, Json]:
    """Operation ("POST /v1/customers") -> {"required": [...], "parameters": tree}."""
    text = (Path(__file__).parent / "request_parameters.json").read_text(encoding="utf-8")
    operations: dict[str, Json] = json.loads(text)["operations"]
    return operations


def check_parameters(operation: str, given: Json) -> Json:
    """The parameters with their types, lists as lists. An empty text stays: it asks to unset the parameter.

    Raises ApiError 400: parameter_unknown, parameter_missing, parameter_invalid_integer and the like.
    """
    entry = parameter_table()[operation]
    checked = _object(entry["parameters"], given, "")
    for name in entry["required"]:
        if name not in checked:
            raise missing_parameter(name)
        if checked[name] == "":
            raise invalid_parameter(
                f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter; "
                f"however '{name}' cannot be unset. You should remove '{name}' from your request or supply a "
                "non-empty value.",
                param=name,
                code="parameter_invalid_empty",
            )
    return checked


def _object(fields: Json, given: Json, path: str) -> Json:
    checked: Json = {}
    for name, value in given.items():
        full = f"{path}[{name}]" if path else name
        spec = fields.get(name) if name else None
        if spec is None:
            raise invalid_parameter(f"Received unknown parameter: {full}", param=full, code="parameter_unknown")
        checked[name] = _value(spec, value, full)
    return checked


def _value(spec: Any, value: Any, path: str) -> Any:
    if value == "":
        return ""
    if isinstance(spec, list):
        return _list(spec[0], value, path)
    if isinstance(spec, dict):
        return _mapping(spec, value, path)
    if spec == "any":
        return value
    if not isinstance(value, str):
        raise invalid_parameter(f"Invalid {spec.split(' ')[0]}: {json.dumps(value)}", param=path)
    return _scalar(spec, value, path)


def _list(spec: Any, value: Any, path: str) -> list[Any]:
    if not isinstance(value, dict) or not all(key.isdigit() for key in value):
        raise invalid_parameter(f"Invalid array: {path} must be a list of values.", param=path)
    ordered = sorted(value.items(), key=lambda item: int(item[0]))
    return [_value(spec, inner, f"{path}[{position}]") for position, (_, inner) in enumerate(ordered)]


def _mapping(spec: Json, value: Any, path: str) -> Any:
    if not isinstance(value, dict):
        if "" in spec:
            return _value(spec[""], value, path)
        raise invalid_parameter(f"Invalid object: {path} must be a hash of values.", param=path)
    if "*" in spec:
        return {name: _value(spec["*"], inner, f"{path}[{name}]") for name, inner in value.items()}
    return _object(spec, value, path)


def _scalar(spec: str, value: str, path: str) -> Any:
    if spec == "integer":
        if not _INTEGER.match(value):
            raise invalid_parameter(f"Invalid integer: {value[:100]}", param=path, code="parameter_invalid_integer")
        return int(value)
    if spec == "boolean":
        if value not in _BOOLEANS:
            raise invalid_parameter(f"Invalid boolean: {value[:100]}", param=path)
        return _BOOLEANS[value]
    if spec.startswith("enum "):
        _check_choice(spec[5:].split("|"), value, path)
    longest = MAX_TEXTS.get(path, MAX_TEXT)
    if len(value) > longest:
        raise invalid_parameter(
            f"Invalid string: {path} must be at most {longest} characters", param=path, code="parameter_invalid_string"
        )
    return value


def _check_choice(choices: list[str], value: str, path: str) -> None:
    if value not in choices:
        listed = ", ".join(choice for choice in choices if choice)
        raise invalid_parameter(f"Invalid {path}: must be one of {listed}", param=path)
