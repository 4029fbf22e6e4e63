"""The processes as they are started in production."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from adapters.rq_jobs.presence import PRESENT_SECONDS, absent, announce
from tests.waiting import eventually

PROJECT = Path(__file__).resolve().parents[3]
Start = Callable[[str], "subprocess.Popen[bytes]"]


@pytest.fixture
def start(redis_url: str, tmp_path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def start_program(program: str) -> subprocess.Popen[bytes]:
        settings = "import os; from entrypoints.settings import Settings; settings = Settings.from_env(os.environ); "
        environment = os.environ | {"REDIS_URL": redis_url, "DUNLIN_HOME": str(tmp_path)}
        started.append(subprocess.Popen([sys.executable, "-c", settings + program], cwd=PROJECT, env=environment))
        return started[-1]

    yield start_program
    for process in started:
        process.kill()
        process.wait(timeout=10)


def test_the_scheduler_says_that_it_is_there_and_stops_when_told(start: Start, connection: Redis) -> None:
    scheduler = start("from entrypoints.scheduler import run; run(settings)")
    eventually(lambda: not absent(connection, frozenset({"scheduler"})), within_seconds=20)

    scheduler.terminate()

    assert scheduler.wait(timeout=5) == 0


def test_a_worker_says_that_it_is_there_and_stops_when_told(start: Start, connection: Redis) -> None:
    worker = start("from entrypoints.worker import run; run(settings, 'upkeep')")
    eventually(lambda: not absent(connection, frozenset({"worker:upkeep"})), within_seconds=20)

    worker.terminate()

    assert worker.wait(timeout=5) == 0


def test_who_has_not_been_heard_of_is_absent(connection: Redis) -> None:
    announce(connection, "worker:retries")

    assert absent(connection, frozenset({"worker:retries", "scheduler"})) == {"scheduler"}


def test_nobody_is_expected_and_nobody_is_absent(connection: Redis) -> None:
    assert absent(connection, frozenset()) == frozenset()


def test_an_announcement_holds_for_fifteen_seconds(connection: Redis) -> None:
    announce(connection, "scheduler")

    assert 0 < connection.ttl("dunlin:present:scheduler") <= PRESENT_SECONDS
