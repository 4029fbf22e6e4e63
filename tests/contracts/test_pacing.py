"""What every client-side rate limit does."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adapters.memory.pacing import MemoryRequestPacer
from adapters.redis_pacing.pacer import RedisRequestPacer
from adapters.rq_jobs.queues import connect
from ports.pacing import RequestPacer, TurnNotGranted

NewPacer = Callable[[int], RequestPacer]


@pytest.fixture(params=["memory", "redis", "redis that is down"])
def new_pacer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewPacer]:
    if request.param == "memory":
        yield MemoryRequestPacer
        return
    is_down = request.param == "redis that is down"
    url = f"unix://{tmp_path}/nobody.sock" if is_down else request.getfixturevalue("redis_url")
    connection = connect(url)
    yield lambda rate_per_second: RedisRequestPacer(connection, rate_per_second)
    connection.close()


def seconds_of(command: Callable[[], object]) -> float:
    began_at = time.monotonic()
    command()
    return time.monotonic() - began_at


def take(pacer: RequestPacer, turns: int, lane: str = "acct_1 payment_intents") -> None:
    for _ in range(turns):
        pacer.wait_for_turn(lane)


def test_turns_within_the_rate_are_granted_at_once(new_pacer: NewPacer) -> None:
    pacer = new_pacer(20)

    assert seconds_of(lambda: take(pacer, 20)) < 0.5


def test_one_turn_more_waits_until_a_second_has_passed(new_pacer: NewPacer) -> None:
    pacer = new_pacer(5)

    assert 0.9 < seconds_of(lambda: take(pacer, 6)) < 1.6


def test_another_lane_does_not_wait(new_pacer: NewPacer) -> None:
    pacer = new_pacer(5)
    take(pacer, 5, "acct_1 payment_intents")

    assert seconds_of(lambda: take(pacer, 5, "acct_2 payment_intents")) < 0.5


def test_who_gets_no_turn_within_two_seconds_is_told_so(new_pacer: NewPacer) -> None:
    pacer = new_pacer(1)
    refused_after: list[float] = []
    lock = threading.Lock()

    def ask(_number: int) -> bool:
        began_at = time.monotonic()
        try:
            pacer.wait_for_turn("acct_1 payment_intents")
        except TurnNotGranted:
            with lock:
                refused_after.append(time.monotonic() - began_at)
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        granted = sum(threads.map(ask, range(8)))

    assert granted in {2, 3}
    assert max(refused_after) < 2.5
