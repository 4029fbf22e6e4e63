"""Which workers and schedulers are there, for whoever asks whether the installation is ready."""

from datetime import timedelta
from typing import Final

from redis import Redis

PRESENT_SECONDS: Final = 15

PRESENCE_PREFIX: Final = "dunlin:present:"


def announce(connection: Redis, process: str) -> None:
    """Say for 15 seconds that `process` (`worker:retries`, `scheduler`) is there; to be called from its heartbeat."""
    connection.set(PRESENCE_PREFIX + process, "1", ex=timedelta(seconds=PRESENT_SECONDS))


def absent(connection: Redis, processes: frozenset[str]) -> frozenset[str]:
    """Those of `processes` that have not been heard of for 15 seconds. Raises `redis.RedisError`."""
    expected = sorted(processes)
    answers = connection.mget([PRESENCE_PREFIX + process for process in expected]) if expected else []
    return frozenset(process for process, answer in zip(expected, answers, strict=True) if answer is None)
