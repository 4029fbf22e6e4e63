"""Tidying what killed workers left: forgotten, never judged."""

from datetime import timedelta

import pytest
from redis import Redis

from adapters.rq_jobs.maintenance import tidy
from adapters.rq_jobs.scheduler import DunlinScheduler
from adapters.rq_jobs.worker import DunlinQueue
from tests.integration.rq_jobs.clocks import NOON, HandClock


@pytest.fixture
def scheduler(connection: Redis, clock: HandClock) -> DunlinScheduler:
    return DunlinScheduler(connection, clock)


def upkeep(connection: Redis) -> DunlinQueue:
    return DunlinQueue("upkeep", connection=connection)


def test_tidying_forgets_what_a_killed_worker_has_popped(scheduler: DunlinScheduler, connection: Redis) -> None:
    scheduler.enter("obx_1", "upkeep", NOON)
    scheduler.run_once()
    queue = upkeep(connection)
    connection.lmove(queue.key, queue.intermediate_queue_key, "LEFT", "RIGHT")

    tidy(queue)

    assert connection.llen(queue.intermediate_queue_key) == 0
    assert 0 < connection.ttl("rq:job:obx_1") <= 86_400


def test_tidying_keeps_a_job_that_was_rung_for_again(scheduler: DunlinScheduler, connection: Redis) -> None:
    scheduler.enter("obx_1", "upkeep", NOON + timedelta(days=14))
    queue = upkeep(connection)
    connection.rpush(queue.intermediate_queue_key, "obx_1")
    connection.zadd(queue.started_job_registry.key, {"obx_1:execution": 1.0})

    tidy(queue)

    assert connection.ttl("rq:job:obx_1") == -1
    assert connection.hget("rq:job:obx_1", "status") == b"scheduled"
    assert connection.zcard(queue.started_job_registry.key) == 0


def test_tidying_does_not_read_jobs_and_so_cannot_fail_over_one(connection: Redis) -> None:
    queue = upkeep(connection)
    connection.rpush(queue.intermediate_queue_key, b"\xff\xfe")
    connection.zadd(queue.started_job_registry.key, {"obx_1:execution": 1.0})
    connection.hset("rq:job:obx_1", mapping={"created_at": "yesterday", "data": b"\x00"})

    tidy(queue)

    assert connection.llen(queue.intermediate_queue_key) == 0
