"""Several schedulers at once: one works, none takes another one's lock, none is in the way of the next."""

import signal

import pytest
from redis import Redis

from adapters.rq_jobs.moves import queue_key
from adapters.rq_jobs.scheduler import DunlinScheduler
from tests.integration.rq_jobs.clocks import NOON, HandClock

LOCK = DunlinScheduler.scheduler_lock_key


@pytest.fixture
def scheduler(connection: Redis, clock: HandClock) -> DunlinScheduler:
    return DunlinScheduler(connection, clock)


def ready(connection: Redis) -> list[bytes]:
    return connection.lrange(queue_key("upkeep"), 0, -1)


def test_a_scheduler_does_nothing_while_another_one_has_the_lock(
    scheduler: DunlinScheduler, connection: Redis, clock: HandClock
) -> None:
    scheduler.enter("obx_1", "upkeep", NOON)
    other = DunlinScheduler(connection, clock)
    other.acquire_lock()

    assert (scheduler.run_once(), ready(connection)) == (0, [])


def test_a_scheduler_does_not_take_the_lock_of_another_one_away(
    scheduler: DunlinScheduler, connection: Redis, clock: HandClock
) -> None:
    other = DunlinScheduler(connection, clock)
    scheduler.acquire_lock()
    connection.delete(LOCK)  # as if it had run out
    other.acquire_lock()

    scheduler.remove_lock()

    assert connection.exists(LOCK)


def test_a_scheduler_that_has_lost_its_lock_stops_after_the_batch(
    scheduler: DunlinScheduler, connection: Redis
) -> None:
    for number in range(500):
        scheduler.enter(f"obx_{number}", "upkeep", NOON)
    scheduler.acquire_lock()
    connection.set(LOCK, "another one's")

    assert scheduler.enqueue_jobs() == 200


def test_the_lock_of_a_killed_scheduler_runs_out_within_seconds(scheduler: DunlinScheduler, connection: Redis) -> None:
    scheduler.acquire_lock()

    assert 0 < connection.pttl(LOCK) <= 3_000


def test_a_scheduler_starts_under_the_name_of_one_that_was_killed(connection: Redis, clock: HandClock) -> None:
    DunlinScheduler(connection, clock, name="one").register_birth()

    DunlinScheduler(connection, clock, name="one").register_birth()

    assert 0 < connection.ttl("rq:scheduler_instance:one") <= 10


def test_a_scheduler_is_not_there_any_more_ten_seconds_after_it_was_killed(
    scheduler: DunlinScheduler, connection: Redis
) -> None:
    scheduler.run_once()

    assert 0 < connection.ttl(scheduler.key) <= 10


def test_a_scheduler_leaves_the_signals_alone_until_it_runs(connection: Redis, clock: HandClock) -> None:
    before = signal.getsignal(signal.SIGTERM)

    DunlinScheduler(connection, clock).run_once()

    assert signal.getsignal(signal.SIGTERM) is before
