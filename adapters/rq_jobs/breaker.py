"""Stops asking a server that has just failed to answer, so that its callers do not all wait for it."""

import threading
from collections.abc import Callable


class CircuitBreaker:
    """After a failure nobody may try for `pause_seconds`, then one caller at a time may. Safe between threads."""

    def __init__(self, pause_seconds: float, monotonic: Callable[[], float]) -> None:
        self._pause_seconds = pause_seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._failing = False
        self._next_try_at = 0.0

    def may_try(self) -> bool:
        """Whether the caller may ask the server now; if so, it must report how that went."""
        with self._lock:
            if not self._failing:
                return True
            if self._monotonic() < self._next_try_at:
                return False
            self._next_try_at = self._monotonic() + self._pause_seconds
            return True

    def succeeded(self) -> None:
        """The server answered."""
        with self._lock:
            self._failing = False

    def failed(self) -> None:
        """The server did not answer."""
        with self._lock:
            self._failing = True
            self._next_try_at = self._monotonic() + self._pause_seconds
