"""Stripe's request limit for each endpoint, as a bucket that fills steadily (docs.stripe.com/rate-limits)."""

import threading
from collections.abc import Callable

from adapters.stripe_sandbox.errors import rate_limited

TEST_MODE_LIMIT = 25
MOST_BUCKETS = 10_000


class RateLimits:
    """At most `per_second` requests a second and endpoint of an account, and as many at once; None: no limit."""

    def __init__(self, per_second: int | None, monotonic: Callable[[], float]) -> None:
        self._per_second = per_second
        self._monotonic = monotonic
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, account: str, endpoint: str) -> None:
        """Count one request. Raises ApiError 429 when there were too many."""
        if self._per_second is None:
            return
        with self._lock:
            if len(self._buckets) > MOST_BUCKETS:
                self._buckets.clear()
            now = self._monotonic()
            left, seen_at = self._buckets.get((account, endpoint), (float(self._per_second), now))
            left = min(float(self._per_second), left + (now - seen_at) * self._per_second)
            self._buckets[account, endpoint] = (left - 1 if left >= 1 else left, now)
        if left < 1:
            raise rate_limited()
