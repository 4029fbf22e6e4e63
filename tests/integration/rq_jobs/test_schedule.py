"""The schedule itself, with time in our hand."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from redis import Redis

from adapters.rq_jobs.moves import SCHEDULED_KEY, Move, let_go, move_due, queue_key
from adapters.rq_jobs.scheduler import DunlinScheduler
from tests.integration.rq_jobs.clocks import NOON, HandClock


@pytest.fixture
def scheduler(connection: Redis, clock: HandClock) -> DunlinScheduler:
    return DunlinScheduler(connection, clock)


def ready(connection: Redis) -> list[bytes]:
    return connection.lrange(queue_key("upkeep"), 0, -1)


def run_all(connection: Redis) -> list[bytes]:
    taken = ready(connection)
    connection.delete(queue_key("upkeep"))
    return taken


def test_a_time_is_kept_to_the_microsecond(scheduler: DunlinScheduler, connection: Redis) -> None:
    due_at = NOON + timedelta(microseconds=123_457)

    scheduler.enter("obx_1", "upkeep", due_at)

    assert connection.zscore(SCHEDULED_KEY, "obx_1") == due_at.timestamp()


def test_a_periodic_job_entered_at_each_start_has_one_entry(scheduler: DunlinScheduler, connection: Redis) -> None:
    for _start in range(3):
        scheduler.enter("obx_sweep", "upkeep", NOON, every_seconds=30)

    assert connection.zrange(SCHEDULED_KEY, 0, -1) == [b"obx_sweep"]


def test_a_periodic_job_comes_again_and_again(scheduler: DunlinScheduler, connection: Redis, clock: HandClock) -> None:
    scheduler.enter("obx_sweep", "upkeep", NOON, every_seconds=30)
    runs = 0

    for _step in range(10):
        scheduler.run_once()
        runs += len(run_all(connection))
        clock.move(15)

    assert runs == 5


def test_a_periodic_job_that_ended_is_not_dropped(scheduler: DunlinScheduler, connection: Redis) -> None:
    scheduler.enter("obx_sweep", "upkeep", NOON, every_seconds=30)
    scheduler.run_once()
    run_all(connection)

    let_go(connection, "obx_sweep", "upkeep", 0)

    assert (connection.exists("rq:job:obx_sweep"), connection.ttl("rq:job:obx_sweep")) == (1, -1)


def test_a_periodic_job_does_not_pile_up_while_nobody_works(
    scheduler: DunlinScheduler, connection: Redis, clock: HandClock
) -> None:
    scheduler.enter("obx_sweep", "upkeep", NOON, every_seconds=30)

    for _step in range(10):
        scheduler.run_once()
        clock.move(30)

    assert ready(connection) == [b"obx_sweep"]


def test_entering_an_id_again_replaces_its_queue_and_time(scheduler: DunlinScheduler, connection: Redis) -> None:
    scheduler.enter("obx_1", "retries", NOON)
    scheduler.enter("obx_1", "upkeep", NOON)

    scheduler.run_once()

    assert (ready(connection), connection.llen(queue_key("retries"))) == ([b"obx_1"], 0)


@pytest.mark.parametrize(
    "command",
    [
        lambda scheduler: scheduler.cron("0 2 * * *", "os.getcwd"),
        lambda scheduler: scheduler.enqueue_at(NOON, "os.getcwd"),
        lambda scheduler: scheduler.enqueue_in(timedelta(seconds=1), "os.getcwd"),
        lambda scheduler: scheduler.schedule(NOON, "os.getcwd", interval=3),
    ],
    ids=["cron", "enqueue_at", "enqueue_in", "schedule"],
)
def test_what_is_not_safe_in_rq_scheduler_cannot_be_used(
    command: Callable[[DunlinScheduler], object], scheduler: DunlinScheduler
) -> None:
    with pytest.raises(TypeError, match="by `enter`"):
        command(scheduler)


def test_a_bell_put_off_between_the_look_and_the_move_stays(scheduler: DunlinScheduler, connection: Redis) -> None:
    scheduler.enter("obx_1", "upkeep", NOON)
    scheduler.enter("obx_1", "upkeep", NOON + timedelta(seconds=5))

    moved = move_due(connection, [Move("obx_1", "upkeep")], NOON)

    assert (moved, ready(connection)) == (0, [])


def test_moving_the_same_job_twice_adds_it_once(scheduler: DunlinScheduler, connection: Redis) -> None:
    scheduler.enter("obx_1", "upkeep", NOON)

    moved = [move_due(connection, [Move("obx_1", "upkeep")], NOON) for _scheduler in range(2)]

    assert (moved, ready(connection)) == ([1, 0], [b"obx_1"])


def test_a_job_moves_its_time_while_it_is_in_the_schedule(scheduler: DunlinScheduler, connection: Redis) -> None:
    scheduler.enter("obx_1", "upkeep", NOON)
    job = next(iter(scheduler.get_jobs()))

    scheduler.change_execution_time(job, NOON + timedelta(seconds=0.5))

    assert connection.zscore(SCHEDULED_KEY, "obx_1") == NOON.timestamp() + 0.5
