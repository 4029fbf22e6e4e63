"""What ringing costs when Redis is slow, full or gone, and what stands in Redis after a ring."""

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis
from rq.registry import FailedJobRegistry

from adapters.rq_jobs.doorbell import RqJobScheduler
from adapters.rq_jobs.job import JsonJob
from adapters.rq_jobs.moves import SCHEDULED_KEY, queue_key
from adapters.rq_jobs.queues import connect
from ports.job_scheduler import Bell, QueueUnavailable
from tests.integration.rq_jobs.clocks import RealClock
from tests.integration.rq_jobs.conftest import RedisInHand


class Steps:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def lost() -> list[int]:
    return []


@pytest.fixture
def steps() -> Steps:
    return Steps()


@pytest.fixture
def ringing(redis_in_hand: RedisInHand, lost: list[int], steps: Steps) -> Iterator[RqJobScheduler]:
    with connect(redis_in_hand.url) as client:
        yield RqJobScheduler(client, RealClock(), on_lost=lost.append, monotonic=steps)


def bell(outbox_id: str = "obx_1", *, in_seconds: float = 0.0) -> Bell:
    return Bell(outbox_id, "retries", datetime.now(UTC) + timedelta(seconds=in_seconds))


def seconds_of(command: Callable[[], object]) -> float:
    began_at = time.monotonic()
    command()
    return time.monotonic() - began_at


def test_a_ring_that_redis_does_not_answer_takes_less_than_half_a_second(
    ringing: RqJobScheduler, redis_in_hand: RedisInHand, lost: list[int]
) -> None:
    ringing.ring([bell("obx_0")])
    redis_in_hand.freeze()

    seconds = seconds_of(lambda: ringing.ring([bell()]))

    assert (seconds < 0.5, lost) == (True, [1])


def test_a_first_ring_that_redis_does_not_answer_takes_less_than_half_a_second(
    ringing: RqJobScheduler, redis_in_hand: RedisInHand, lost: list[int]
) -> None:
    redis_in_hand.freeze()

    seconds = seconds_of(lambda: ringing.ring([bell()]))

    assert (seconds < 0.5, lost) == (True, [1])


def test_many_bells_wait_for_a_frozen_redis_once(
    ringing: RqJobScheduler, redis_in_hand: RedisInHand, lost: list[int]
) -> None:
    redis_in_hand.freeze()

    seconds = seconds_of(lambda: ringing.ring([bell(f"obx_{number}") for number in range(1_000)]))

    assert (seconds < 0.5, sum(lost)) == (True, 1_000)


def test_the_next_rings_do_not_wait_at_all(ringing: RqJobScheduler, redis_in_hand: RedisInHand) -> None:
    redis_in_hand.freeze()
    ringing.ring([bell()])

    seconds = seconds_of(lambda: [ringing.ring([bell()]) for _ring in range(20)])

    assert seconds < 0.05


def test_bells_are_heard_again_a_second_after_redis_is_back(
    ringing: RqJobScheduler, redis_in_hand: RedisInHand, steps: Steps
) -> None:
    redis_in_hand.kill()
    ringing.ring([bell()])
    redis_in_hand.start()

    steps.seconds += 1.0
    ringing.ring([bell("obx_2")])

    assert ringing.waiting("retries") == {"obx_2"}


def test_a_restart_of_redis_between_two_rings_loses_no_bell(
    ringing: RqJobScheduler, redis_in_hand: RedisInHand, lost: list[int]
) -> None:
    ringing.ring([bell("obx_1")])
    redis_in_hand.kill()
    redis_in_hand.start()

    ringing.ring([bell("obx_2")])

    assert (lost, "obx_2" in ringing.waiting("retries")) == ([], True)


def test_a_full_redis_loses_bells_and_raises_nothing(
    ringing: RqJobScheduler, redis_in_hand: RedisInHand, lost: list[int]
) -> None:
    with connect(redis_in_hand.url) as client:
        client.config_set("maxmemory", "1")

    ringing.ring([bell("obx_1"), bell("obx_2")])

    assert lost == [2]


def test_lost_bells_are_logged_once_in_a_while(
    ringing: RqJobScheduler, redis_in_hand: RedisInHand, steps: Steps, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    redis_in_hand.kill()

    for _second in range(40):
        ringing.ring([bell()])
        steps.seconds += 1.0

    assert [record.getMessage().split(" bells")[0] for record in caplog.records] == ["1", "30"]


def test_what_waits_in_a_frozen_redis_cannot_be_told(ringing: RqJobScheduler, redis_in_hand: RedisInHand) -> None:
    redis_in_hand.freeze()

    with pytest.raises(QueueUnavailable, match="TimeoutError"):
        ringing.waiting("retries")


def test_bells_can_be_rung_again_after_everything_was_deleted(
    ringing: RqJobScheduler, redis_in_hand: RedisInHand
) -> None:
    bells = [bell(f"obx_{number}") for number in range(100)]
    ringing.ring(bells)
    with connect(redis_in_hand.url) as client:
        client.flushall()
    gone = ringing.waiting("retries")

    ringing.ring(bells)

    assert (gone, len(ringing.waiting("retries"))) == (frozenset(), 100)


def test_a_long_queue_is_listed_within_a_second(connection: Redis, doorbell: RqJobScheduler) -> None:
    connection.rpush(queue_key("retries"), *[f"obx_{number:028}" for number in range(100_000)])

    seconds = seconds_of(lambda: doorbell.waiting("retries"))

    assert seconds < 1.0


def test_a_bell_rung_for_again_keeps_its_place(connection: Redis, doorbell: RqJobScheduler) -> None:
    doorbell.ring([bell("obx_1"), bell("obx_2")])

    doorbell.ring([bell("obx_1")])

    assert connection.lrange(queue_key("retries"), 0, -1) == [b"obx_1", b"obx_2"]


def test_a_bell_rung_for_a_failed_row_takes_it_from_the_failed_ones(
    connection: Redis, doorbell: RqJobScheduler
) -> None:
    job = JsonJob.for_outbox_row("obx_1", "retries", connection)
    FailedJobRegistry("retries", connection=connection).add(job, ttl=60)

    doorbell.ring([bell("obx_1", in_seconds=86_400 * 14)])

    assert connection.zcard("rq:failed:retries") == 0
    assert (connection.ttl("rq:job:obx_1"), connection.zcard(SCHEDULED_KEY)) == (-1, 1)


def test_rings_from_many_threads_leave_one_entry(connection: Redis, doorbell: RqJobScheduler) -> None:
    bells = [bell("obx_1")]

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _number: doorbell.ring(bells), range(64)))

    assert connection.lrange(queue_key("retries"), 0, -1) == [b"obx_1"]
