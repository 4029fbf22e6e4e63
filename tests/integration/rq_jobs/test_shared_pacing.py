"""One rate over all processes, kept in Redis, and what happens without it."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from redis import Redis

from adapters.redis_pacing.pacer import RedisRequestPacer
from adapters.rq_jobs.queues import connect
from ports.pacing import RequestPacer, TurnNotGranted
from tests.integration.rq_jobs.conftest import RedisInHand

LANE = "acct_1 payment_intents"


class Steps:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def client_in_hand(redis_in_hand: RedisInHand) -> Iterator[Redis]:
    with connect(redis_in_hand.url) as client:
        yield client


def take(pacer: RequestPacer, turns: int) -> float:
    began_at = time.monotonic()
    for _turn in range(turns):
        pacer.wait_for_turn(LANE)
    return time.monotonic() - began_at


def test_what_one_process_takes_another_one_has_to_wait_for(redis_url: str) -> None:
    with connect(redis_url) as first, connect(redis_url) as second:
        take(RedisRequestPacer(first, 5), 5)

        assert 0.8 < take(RedisRequestPacer(second, 5), 1) < 1.6


def test_no_second_has_more_turns_than_the_rate(redis_url: str) -> None:
    with connect(redis_url) as client:
        pacers = [RedisRequestPacer(client, 20) for _worker in range(3)]

        def taken_at(number: int) -> float:
            while True:
                with suppress(TurnNotGranted):  # a busy machine may keep a thread from its turn: it asks again
                    pacers[number % 3].wait_for_turn(LANE)
                    return time.monotonic()

        with ThreadPoolExecutor(6) as threads:
            times = sorted(threads.map(taken_at, range(50)))

    assert min(later - earlier for earlier, later in zip(times, times[20:], strict=False)) > 0.9


def test_a_frozen_redis_holds_a_request_up_for_less_than_half_a_second(
    client_in_hand: Redis, redis_in_hand: RedisInHand
) -> None:
    pacer = RedisRequestPacer(client_in_hand, 5)
    redis_in_hand.freeze()

    assert take(pacer, 5) < 0.5


def test_a_process_counts_alone_while_redis_is_gone(client_in_hand: Redis, redis_in_hand: RedisInHand) -> None:
    pacer = RedisRequestPacer(client_in_hand, 5)
    redis_in_hand.kill()
    take(pacer, 5)

    assert 0.8 < take(pacer, 1) < 1.6


def test_redis_counts_again_a_second_after_it_is_back(client_in_hand: Redis, redis_in_hand: RedisInHand) -> None:
    steps = Steps()
    pacer = RedisRequestPacer(client_in_hand, 5, monotonic=steps)
    redis_in_hand.kill()
    pacer.wait_for_turn(LANE)
    redis_in_hand.start()

    steps.seconds += 1.0
    pacer.wait_for_turn(LANE)

    assert list(client_in_hand.scan_iter("LIMITS:*")) != []
