"""Randomness for jitter."""

import random


class RandomChance:
    """The port `Chance`, unpredictable."""

    def __init__(self) -> None:
        self._random = random.SystemRandom()

    def fraction(self) -> float:
        """A number in [0, 1)."""
        return self._random.random()
