"""Counters of every process, added up in Redis, so that a work-horse that lives for one job counts too.

A process keeps its figures in memory and hands them over now and then; a figure lost with Redis is a counter that
starts
again, which Prometheus expects. Gauges are kept as they were last set.
"""

import json
import logging
import threading
from collections import defaultdict

from redis import Redis
from redis.exceptions import RedisError

COUNTERS_KEY = "dunlin:metrics:counters"
GAUGES_KEY = "dunlin:metrics:gauges"
BUCKETS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
INFINITY = "+Inf"
_FLUSH_SECONDS = 1.0

_log = logging.getLogger(__name__)


def series(name: str, labels: dict[str, str]) -> str:
    """The name under which one series is kept: readable back by `json.loads`."""
    return json.dumps([name, sorted(labels.items())])


class RedisMetrics:
    """The port `Metrics`. Recording never touches the network; `flush` does, and never raises."""

    def __init__(self, connection: Redis) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._counters: defaultdict[str, float] = defaultdict(float)
        self._gauges: dict[str, float] = {}
        self._flusher: threading.Thread | None = None
        self._stopped = threading.Event()

    def count(self, name: str, amount: int = 1, **labels: str) -> None:
        """Add to a counter."""
        with self._lock:
            self._counters[series(name, labels)] += amount

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        with self._lock:
            self._gauges[series(name, labels)] = value

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Add one duration to a histogram."""
        with self._lock:
            for bound in BUCKETS_SECONDS:
                if seconds <= bound:
                    self._counters[series(f"{name}_bucket", {**labels, "le": repr(bound)})] += 1
            self._counters[series(f"{name}_bucket", {**labels, "le": INFINITY})] += 1
            self._counters[series(f"{name}_sum", labels)] += seconds

    def flush(self) -> None:
        """Hand the figures over; while Redis is away they are kept for the next time."""
        with self._lock:
            counters, gauges = dict(self._counters), dict(self._gauges)
        if not counters and not gauges:
            return
        try:
            with self._connection.pipeline(transaction=True) as pipe:
                for field, amount in counters.items():
                    pipe.hincrbyfloat(COUNTERS_KEY, field, amount)
                if gauges:
                    pipe.hset(GAUGES_KEY, mapping={field: repr(value) for field, value in gauges.items()})
                pipe.execute()
        except RedisError as error:
            _log.debug("figures are kept for later, Redis is away: %s", type(error).__name__)
            return
        self._forget(counters)

    def _forget(self, handed_over: dict[str, float]) -> None:
        with self._lock:
            for field, amount in handed_over.items():
                self._counters[field] -= amount
                if not self._counters[field]:
                    del self._counters[field]
            self._gauges.clear()

    def flush_regularly(self) -> None:
        """Hand over once a second from a thread of its own, for processes that live long. Call it after any fork."""
        self._flusher = threading.Thread(target=self._run, name="metrics", daemon=True)
        self._flusher.start()

    def _run(self) -> None:
        while not self._stopped.wait(_FLUSH_SECONDS):
            self.flush()
