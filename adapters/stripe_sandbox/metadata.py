"""Metadata: up to 50 keys of 40 characters, values of 500; an empty one removes (docs.stripe.com/api/metadata)."""

from typing import Any

from adapters.stripe_sandbox.errors import invalid_parameter
from adapters.stripe_sandbox.values import Json

MAX_KEYS = 50
MAX_KEY_LENGTH = 40
MAX_VALUE_LENGTH = 500


def merge_metadata(current: Json, given: Any) -> Json:
    """The metadata after an update: given keys replace, an empty value removes its key, "" removes them all."""
    if given is None:
        return current
    if given == "":
        return {}
    for key, value in given.items():
        _check(key, value)
    merged = {key: value for key, value in {**current, **given}.items() if value != ""}
    if len(merged) > MAX_KEYS:
        message = f"You cannot have more than {MAX_KEYS} metadata keys on an object."
        raise invalid_parameter(message, param="metadata")
    return merged


def _check(key: str, value: str) -> None:
    if len(key) > MAX_KEY_LENGTH:
        message = f"Metadata keys can only be {MAX_KEY_LENGTH} characters long; '{key[:60]}' is {len(key)}."
        raise invalid_parameter(message, param="metadata")
    if len(value) > MAX_VALUE_LENGTH:
        message = f"Metadata values can have up to {MAX_VALUE_LENGTH} characters; that of '{key}' has {len(value)}."
        raise invalid_parameter(message, param=f"metadata[{key}]")
