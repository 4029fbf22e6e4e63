"""A client-side rate limit of one process, over a clock of the caller's: for unit tests and the simulator."""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable

from ports.pacing import TurnNotGranted

_WINDOW_SECONDS = 1.0
_LONGEST_WAIT_SECONDS = 2.0


class MemoryRequestPacer:
    """The port `RequestPacer` over one process: at most `rate_per_second` turns in any second of each lane."""

    def __init__(
        self,
        rate_per_second: int = 20,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate_per_second = rate_per_second
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = threading.Lock()
        self._granted_at: defaultdict[str, deque[float]] = defaultdict(deque)

    def wait_for_turn(self, lane: str) -> None:
        """Return when one more request may leave in `lane`; see the port."""
        give_up_at = self._monotonic() + _LONGEST_WAIT_SECONDS
        while (wait_seconds := self._take_turn(lane)) > 0:
            if self._monotonic() + wait_seconds > give_up_at:
                raise TurnNotGranted(f"no turn came free in {lane!r} within {_LONGEST_WAIT_SECONDS:g} s")
            self._sleep(wait_seconds)

    def _take_turn(self, lane: str) -> float:
        """Take a turn and answer 0.0, or answer after how many seconds one comes free."""
        with self._lock:
            now = self._monotonic()
            granted = self._granted_at[lane]
            while granted and granted[0] <= now - _WINDOW_SECONDS:
                granted.popleft()
            if len(granted) < self._rate_per_second:
                granted.append(now)
                return 0.0
            return granted[0] + _WINDOW_SECONDS - now
