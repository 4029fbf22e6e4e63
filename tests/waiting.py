"""Waiting for a condition, with a bound: tests never sleep for a guessed time."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")

_PAUSE_SECONDS = 0.02


def eventually(predicate: Callable[[], Seen], *, within_seconds: float = 5.0) -> Seen:
    """Ask until the answer is true, and return that answer.

    Raises AssertionError with the last answer (or the last AssertionError of the predicate itself) when
    `within_seconds` are over.
    """
    pause = threading.Event()
    give_up_at = time.monotonic() + within_seconds
    while True:
        failure: AssertionError | None = None
        try:
            seen = predicate()
        except AssertionError as error:
            failure = error
        else:
            if seen:
                return seen
        if time.monotonic() >= give_up_at:
            raise failure or AssertionError(f"still {seen!r} after {within_seconds} s")
        pause.wait(_PAUSE_SECONDS)
