"""Randomness that repeats: for tests and the simulator."""

import random


class SeededChance:
    """The port `Chance` from a seed: equal seeds give equal sequences."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - jitter, not a secret

    def fraction(self) -> float:
        """A number in [0, 1)."""
        return self._random.random()
