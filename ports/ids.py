"""New identifiers, and chance."""

from typing import Protocol


class Ids(Protocol):
    """Makes ids that nobody can guess, and secrets."""

    def new(self, prefix: str) -> str:
        """A new id such as `inv_…`: the prefix, an underscore, then 24 or more letters and digits."""

    def secret(self) -> str:
        """256 random bits as URL-safe text."""


class Chance(Protocol):
    """Randomness for jitter; seeded wherever a run has to be repeatable."""

    def fraction(self) -> float:
        """A number in [0, 1)."""
