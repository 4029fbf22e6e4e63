"""Broken calls. Expected outcomes are values elsewhere; these are raised, and the edge translates them once."""

from dataclasses import dataclass


class DunlinError(Exception):
    """The root of what the domain raises; the text tells a person what happened and what to do."""


class NotFound(DunlinError):
    """No such object in this firm. Another firm's object is indistinguishable from none."""

    def __init__(self, kind: str, object_id: str) -> None:
        super().__init__(f"No {kind} {object_id!r} here. Check the id and that the key belongs to the right firm.")


@dataclass(frozen=True)
class FieldError:
    """One refused input: `field` is its name as the caller spelled it."""

    field: str
    message: str


class InvalidInput(DunlinError):
    """Input that no state of the world would make acceptable."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors))
        self.errors = errors


class Conflict(DunlinError):
    """The call is well formed, but the state of the object forbids it now."""


class StaleVersion(DunlinError):
    """Another transaction changed the row in between; the whole step may be run again."""


class UnsupportedCurrency(DunlinError):
    """Not a currency that Stripe charges in."""

    def __init__(self, currency: str) -> None:
        super().__init__(
            f"{currency!r} is not a currency that Stripe charges in. Use a lower-case ISO code such as 'usd'."
        )
