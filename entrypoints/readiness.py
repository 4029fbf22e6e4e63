"""Whether an installation is ready, part by part, and the figures that are read at the moment of asking."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.error import URLError
from urllib.request import urlopen

from redis import Redis
from redis.exceptions import RedisError

from adapters.rq_jobs.presence import absent
from domain.services.steps import Ports, in_system
from entrypoints.queues import QUEUES
from entrypoints.settings import Settings
from ports.unit_of_work import StorageUnavailable

SWEEPS_MISSED_MAX = 3
_SANDBOX_SECONDS = 1.0
_SWEEP_SECONDS = 5.0
OK = "ok"


@dataclass(frozen=True)
class Readiness:
    """Asks each part, the database by `database`. An answer is `ok`, or what is the matter in words."""

    settings: Settings
    ports: Ports
    redis: Redis
    database: Callable[[], str]

    def checks(self) -> Mapping[str, str]:
        """Every part by name, with `ok` or what is the matter."""
        parts: dict[str, str] = {"database": self.database(), "sweep": self._sweep(), **self._queue()}
        if self.settings.uses_sandbox:
            parts["sandbox"] = self._sandbox()
        return parts

    def gauges(self) -> Mapping[str, float]:
        """Figures that the database knows best."""
        try:
            last = self._last_sweep_at()
        except StorageUnavailable:
            return {"dunlin_database_up": 0.0}
        age = {} if last is None else {"dunlin_sweep_age_seconds": (self.ports.clock.now() - last).total_seconds()}
        return {"dunlin_database_up": 1.0, **age}

    def _sweep(self) -> str:
        try:
            last = self._last_sweep_at()
        except StorageUnavailable:
            return "unknown while the database is away"
        limit = timedelta(seconds=SWEEPS_MISSED_MAX * self.settings.sweep_seconds + _SWEEP_SECONDS)
        if last is None or self.ports.clock.now() - last > limit:
            return "the last sweep is too long ago: is `dunlin sweep` running?"
        return OK

    def _last_sweep_at(self) -> datetime | None:
        return in_system(self.ports, lambda step: step.tx.heartbeats.last("sweep"))

    def _queue(self) -> Mapping[str, str]:
        expected = frozenset({"scheduler", *(f"worker:{queue}" for queue in QUEUES)})
        try:
            missing = absent(self.redis, expected)
        except RedisError as error:
            return {"redis": f"does not answer ({type(error).__name__})"}
        told: dict[str, str] = {
            process: "not heard of for 15 s" if process in missing else OK for process in sorted(expected)
        }
        return {"redis": OK, **told}

    def _sandbox(self) -> str:
        url = f"{self.settings.sandbox_url}/sandbox/health"
        try:
            with urlopen(url, timeout=_SANDBOX_SECONDS):  # noqa: S310 - the address is our own
                return OK
        except (URLError, TimeoutError, OSError):
            return "does not answer"
