"""A client-side rate limit that all workers share through Redis, with the moving window of the package `limits`."""

import logging
import threading
import time
from collections.abc import Callable

from limits import RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis import Redis

from ports.pacing import TurnNotGranted

_LONGEST_WAIT_SECONDS = 2.0
_SHORTEST_WAIT_SECONDS = 0.001
_ALONE_SECONDS = 1.0

_log = logging.getLogger(__name__)


class RedisRequestPacer:
    """The port `RequestPacer`: at most `rate_per_second` turns in any second of each lane, over all processes.

    `connection` should have short time-outs. While Redis does not answer, this process alone counts, and Redis is
    asked again after a second. `monotonic` and `sleep` are for tests; the window itself follows the clocks of the
    machines, which are taken to agree within some milliseconds.
    """

    def __init__(
        self,
        connection: Redis,
        rate_per_second: int = 20,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limit = RateLimitItemPerSecond(rate_per_second, namespace="dunlin")
        pool = connection.connection_pool
        self._shared = MovingWindowRateLimiter(RedisStorage("redis://", connection_pool=pool, wrap_exceptions=True))
        self._lock = threading.Lock()
        self._own: MovingWindowRateLimiter | None = None
        self._monotonic = monotonic
        self._sleep = sleep
        self._alone_until = float("-inf")

    def wait_for_turn(self, lane: str) -> None:
        """Return when one more request may leave in `lane`; see the port."""
        give_up_at = self._monotonic() + _LONGEST_WAIT_SECONDS
        while (wait_seconds := self._take_turn(lane)) > 0:
            if self._monotonic() + wait_seconds > give_up_at:
                raise TurnNotGranted(f"no turn came free in {lane!r} within {_LONGEST_WAIT_SECONDS:g} s")
            self._sleep(wait_seconds)

    def _take_turn(self, lane: str) -> float:
        """Take a turn and answer 0.0, or answer after how many seconds one comes free."""
        if self._monotonic() >= self._alone_until:
            try:
                return self._ask(self._shared, lane)
            except StorageError as error:
                self._alone_until = self._monotonic() + _ALONE_SECONDS
                _log.warning("Redis does not count requests (%s); this process counts alone", error)
        return self._ask(self._own_limiter(), lane)

    def _own_limiter(self) -> MovingWindowRateLimiter:
        with self._lock:
            if self._own is None:  # made when needed, because it starts a thread
                self._own = MovingWindowRateLimiter(MemoryStorage())
            return self._own

    def _ask(self, limiter: MovingWindowRateLimiter, lane: str) -> float:
        if limiter.hit(self._limit, lane):
            return 0.0
        # All who wait wake when the oldest turn runs out; those who looked now and then would come too late each time.
        free_at = limiter.get_window_stats(self._limit, lane).reset_time
        return max(_SHORTEST_WAIT_SECONDS, free_at - time.time())
