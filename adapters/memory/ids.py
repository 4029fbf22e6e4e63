"""Ids that count from one, so that a run repeats exactly: for tests and the simulator, never for production."""

import itertools
import threading


class CountingIds:
    """The port `Ids` without its randomness: equal sequences of calls give equal ids."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._mutex = threading.Lock()

    def new(self, prefix: str) -> str:
        """The prefix, an underscore and a number of 24 digits."""
        return f"{prefix}_{self._next():024d}"

    def secret(self) -> str:
        """43 letters and digits, as many as 256 bits take; anybody can guess them."""
        return f"secret{self._next():037d}"

    def _next(self) -> int:
        with self._mutex:
            return next(self._numbers)
