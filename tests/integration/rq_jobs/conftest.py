"""Fixtures of the tests with real workers, schedulers and servers."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from adapters.rq_jobs.doorbell import RqJobScheduler
from adapters.rq_jobs.embedded_redis import EmbeddedRedis
from adapters.rq_jobs.queues import connect
from tests.integration.rq_jobs.clocks import HandClock, RealClock
from tests.integration.rq_jobs.crew import Crew
from tests.integration.rq_jobs.work import RUN


class RedisInHand:
    """A server of one test's own, to be killed, frozen, emptied and started again."""

    def __init__(self, folder: Path) -> None:
        self._server = EmbeddedRedis(folder / "redis", folder / "r.sock")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self._server.url

    def start(self) -> None:
        self._server.prepare()
        self._process = subprocess.Popen(self._server.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._server.wait_ready()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=10)
            self._process = None

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


@pytest.fixture
def connection(redis_url: str) -> Iterator[Redis]:
    with connect(redis_url, timeout_seconds=2) as client:
        yield client


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def doorbell(connection: Redis) -> RqJobScheduler:
    return RqJobScheduler(connection, RealClock(), job_function=RUN)


@pytest.fixture
def crew(redis_url: str, tmp_path: Path) -> Iterator[Crew]:
    crew = Crew(tmp_path, redis_url)
    yield crew
    crew.end()


@pytest.fixture
def redis_in_hand(tmp_path: Path) -> Iterator[RedisInHand]:
    server = RedisInHand(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def crew_in_hand(redis_in_hand: RedisInHand, tmp_path: Path) -> Iterator[Crew]:
    crew = Crew(tmp_path, redis_in_hand.url)
    yield crew
    crew.end()
