"""A job is one id in JSON, and Redis decides nothing else about it."""

import json
import zlib
from datetime import UTC, datetime

import pytest
from redis import Redis
from rq.job import Job
from rq.serializers import DefaultSerializer, JSONSerializer

from adapters.rq_jobs.doorbell import RqJobScheduler
from adapters.rq_jobs.job import JobRefusedError, JsonJob, json_job_class
from ports.job_scheduler import Bell
from tests.integration.rq_jobs import work
from tests.integration.rq_jobs.test_hostile_entries import HASH, good_fields


def stored_job(connection: Redis, **fields: str) -> JsonJob:
    connection.hset(HASH, mapping={**good_fields(), **fields})
    job = json_job_class(work.RUN).fetch("obx_bad", connection=connection)
    assert isinstance(job, JsonJob)
    return job


def test_a_job_carries_one_id_as_json_and_nothing_else(doorbell: RqJobScheduler, connection: Redis) -> None:
    doorbell.ring([Bell("obx_1", "retries", datetime.now(UTC))])

    data = connection.hget("rq:job:obx_1", "data")

    assert data is not None
    assert json.loads(zlib.decompress(data)) == [work.RUN, None, ["obx_1"], {}]


def test_a_job_is_json_also_when_pickle_is_asked_for(connection: Redis) -> None:
    job = JsonJob("obx_1", connection, serializer=DefaultSerializer)

    assert job.serializer is JSONSerializer


def test_limits_that_stand_in_redis_are_not_taken_over(connection: Redis) -> None:
    job = stored_job(connection, timeout="-1", result_ttl="-1", failure_ttl="-1", repeats_left="9", retries_left="9")

    assert (job.timeout, job.result_ttl, job.failure_ttl) == (60, 0, 86_400)
    assert (job.repeats_left, job.retries_left) == (None, None)


def test_dependencies_and_webhooks_that_stand_in_redis_are_not_taken_over(connection: Redis) -> None:
    webhook = json.dumps([{"url": "http://127.0.0.1:1/", "job_status": "failed"}])

    job = stored_job(connection, webhooks=webhook, dependency_ids='["obx_9"]', rate_limit_key="all")

    assert (job.webhooks, job.dependency_ids, job.rate_limit_key) == ([], [], None)


@pytest.mark.parametrize(
    "payload",
    [
        [work.MARK, None, ["obx_bad"], {}],
        [work.RUN, None, ["obx_other"], {}],
        [work.RUN, None, ["obx_bad", "more"], {}],
        [work.RUN, None, ["obx_bad"], {"more": 1}],
        [work.RUN, "instance", ["obx_bad"], {}],
        {"a": 1, "b": 2, "c": 3, "d": 4},
        [],
        "text",
    ],
)
def test_only_our_function_with_its_own_id_may_be_called(payload: object, connection: Redis) -> None:
    job = stored_job(connection, data=json.dumps(payload))

    with pytest.raises(JobRefusedError):
        _ = job.func


def test_our_function_may_be_called(connection: Redis) -> None:
    assert stored_job(connection).func is work.run


@pytest.mark.parametrize("outbox_id", ["obx:1", "obx 1", "", "x" * 129, "öbx"])
def test_an_id_that_cannot_be_the_id_of_a_job_is_refused(outbox_id: str, doorbell: RqJobScheduler) -> None:
    with pytest.raises(ValueError, match="cannot be the id of a job"):
        doorbell.ring([Bell(outbox_id, "retries", datetime.now(UTC))])


def test_rq_itself_still_refuses_ids_with_a_colon(connection: Redis) -> None:
    with pytest.raises(ValueError, match="letters, numbers, underscores and dashes"):
        Job("obx:1", connection=connection)
