"""Who can write to Redis must not be able to run code, to stop a worker or to stop the scheduler."""

import json
import pickle
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis import Redis
from rq.registry import FailedJobRegistry

from adapters.rq_jobs.doorbell import RqJobScheduler
from adapters.rq_jobs.moves import SCHEDULED_KEY, queue_key
from adapters.rq_jobs.quarantine import QUARANTINE_KEY, quarantine
from adapters.rq_jobs.scheduler import DunlinScheduler
from ports.job_scheduler import Bell
from tests.integration.rq_jobs import work
from tests.integration.rq_jobs.clocks import NOON, HandClock
from tests.integration.rq_jobs.crew import Crew
from tests.waiting import eventually

Spoil = Callable[[Redis], bytes]
HASH = "rq:job:obx_bad"


class Exploit:
    """Runs code of its own when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[()]]:
        return work.mark, ()


def good_fields() -> dict[str | bytes, str | bytes]:
    payload = json.dumps([work.RUN, None, ["obx_bad"], {}]).encode()
    return {"created_at": "2026-03-29T12:00:00.000000Z", "data": payload, "origin": "retries", "status": "scheduled"}


def unreadable_data(connection: Redis) -> bytes:
    connection.hset(HASH, mapping=good_fields() | {"data": b"\x00garbage"})
    return b"obx_bad"


def unreadable_date(connection: Redis) -> bytes:
    connection.hset(HASH, mapping=good_fields() | {"created_at": "yesterday"})
    return b"obx_bad"


def unknown_status(connection: Redis) -> bytes:
    connection.hset(HASH, mapping=good_fields() | {"status": "excited"})
    return b"obx_bad"


def no_payload(connection: Redis) -> bytes:
    connection.hset(HASH, mapping={"origin": "retries"})
    return b"obx_bad"


def unreadable_field_name(connection: Redis) -> bytes:
    connection.hset(HASH, mapping=good_fields() | {b"\xff": b"1"})
    return b"obx_bad"


def far_too_long(connection: Redis) -> bytes:
    connection.hset(HASH, mapping=good_fields() | {"data": b"[" * 100_000})
    return b"obx_bad"


def not_even_a_hash(connection: Redis) -> bytes:
    connection.set(HASH, "text")
    return b"obx_bad"


def an_id_that_is_not_text(_connection: Redis) -> bytes:
    return b"\xff\xfe"


def an_id_with_a_colon(connection: Redis) -> bytes:
    connection.hset("rq:job:obx:bad", mapping=good_fields())
    return b"obx:bad"


def a_pickled_payload(connection: Redis) -> bytes:
    exploit = zlib.compress(pickle.dumps((work.RUN, None, (Exploit(),), {})))
    connection.hset(HASH, mapping=good_fields() | {"data": exploit, "meta": pickle.dumps(Exploit())})
    return b"obx_bad"


def another_function(connection: Redis) -> bytes:
    payload = json.dumps([work.MARK, None, ["obx_bad"], {}]).encode()
    connection.hset(HASH, mapping=good_fields() | {"data": payload})
    return b"obx_bad"


def a_queue_that_nobody_has(connection: Redis) -> bytes:
    connection.hset(HASH, mapping=good_fields() | {"origin": "nowhere"})
    return b"obx_bad"


NOT_A_JOB = [
    unreadable_date,
    unknown_status,
    unreadable_field_name,
    far_too_long,
    not_even_a_hash,
    an_id_that_is_not_text,
    an_id_with_a_colon,
]
A_JOB_BUT_NOT_OURS = [unreadable_data, a_pickled_payload, another_function]


def quarantined(connection: Redis) -> list[str]:
    return [json.loads(note)["id"] for note in connection.lrange(QUARANTINE_KEY, 0, -1)]


@pytest.mark.parametrize("spoil", [*NOT_A_JOB, *A_JOB_BUT_NOT_OURS, no_payload, a_queue_that_nobody_has])
def test_the_scheduler_sets_a_bad_entry_aside_and_moves_the_others(
    spoil: Spoil, connection: Redis, clock: HandClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(work.FOLDER_VARIABLE, str(tmp_path))
    scheduler = DunlinScheduler(connection, clock, job_function=work.RUN)
    scheduler.enter("obx_good", "retries", NOON)
    connection.zadd(SCHEDULED_KEY, {spoil(connection): 1.0})

    moved = scheduler.run_once()

    assert (moved, connection.lrange(queue_key("retries"), 0, -1)) == (1, [b"obx_good"])
    assert connection.zcard(SCHEDULED_KEY) == 0
    assert len(quarantined(connection)) == 1
    assert not (tmp_path / "marked").exists()


def test_the_scheduler_drops_an_entry_without_a_hash_and_says_so(
    connection: Redis, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    scheduler = DunlinScheduler(connection, clock)
    scheduler.enter("obx_lost", "retries", NOON)
    connection.delete("rq:job:obx_lost")

    moved = scheduler.run_once()

    assert (moved, connection.zcard(SCHEDULED_KEY)) == (0, 0)
    assert "'obx_lost' was due, but Redis has lost it" in caplog.text


def test_a_real_scheduler_with_a_bad_entry_goes_on(crew: Crew, doorbell: RqJobScheduler, connection: Redis) -> None:
    connection.zadd(SCHEDULED_KEY, {unreadable_date(connection): 1.0})
    scheduler = crew.start_and_wait("scheduler")

    doorbell.ring([Bell("obx_1", "retries", datetime.now(UTC))])

    eventually(lambda: quarantined(connection) == ["obx_bad"])
    assert doorbell.waiting("retries") == {"obx_1"}
    assert scheduler.poll() is None


def test_the_quarantine_keeps_the_newest_thousand(connection: Redis) -> None:
    for number in range(1_005):
        quarantine(connection, f"obx_{number}".encode(), "a test", "it is one")

    ids = quarantined(connection)

    assert (len(ids), ids[0], ids[-1]) == (1_000, "obx_1004", "obx_5")


def test_what_was_set_aside_does_not_stay_for_ever(connection: Redis, clock: HandClock) -> None:
    connection.zadd(SCHEDULED_KEY, {unreadable_date(connection): 1.0})

    DunlinScheduler(connection, clock).run_once()

    assert 0 < connection.ttl(HASH) <= 86_400


@pytest.mark.parametrize("spoil", NOT_A_JOB)
def test_a_worker_sets_a_bad_entry_aside_and_runs_the_next_job(
    spoil: Spoil, crew: Crew, doorbell: RqJobScheduler, connection: Redis
) -> None:
    connection.rpush(queue_key("retries"), spoil(connection))
    doorbell.ring([Bell("obx_1", "retries", datetime.now(UTC))])

    worker = crew.start_and_wait("worker")

    eventually(lambda: crew.ids("ended") == ["obx_1"])
    assert len(quarantined(connection)) == 1
    assert worker.poll() is None
    eventually(lambda: connection.llen(f"{queue_key('retries')}:intermediate") == 0)


@pytest.mark.parametrize("spoil", A_JOB_BUT_NOT_OURS)
def test_a_worker_refuses_a_job_that_is_not_ours_and_runs_the_next(
    spoil: Spoil, crew: Crew, doorbell: RqJobScheduler, connection: Redis, tmp_path: Path
) -> None:
    connection.rpush(queue_key("retries"), spoil(connection))
    doorbell.ring([Bell("obx_1", "retries", datetime.now(UTC))])

    worker = crew.start_and_wait("worker")

    eventually(lambda: crew.ids("ended") == ["obx_1"])
    assert FailedJobRegistry("retries", connection=connection).get_job_ids() == ["obx_bad"]
    assert "Job obx_bad was refused" in crew.log()
    assert worker.poll() is None
    assert not (tmp_path / "marked").exists()


def test_the_payload_of_a_refused_job_is_not_kept_for_tools_that_load_pickles(crew: Crew, connection: Redis) -> None:
    connection.rpush(queue_key("retries"), a_pickled_payload(connection))

    crew.start_and_wait("worker")

    eventually(lambda: connection.hget(HASH, "status") == b"failed")
    stored = connection.hget(HASH, "data")
    assert stored is not None
    assert json.loads(zlib.decompress(stored)) == ["refused", None, [], {}]


def test_a_worker_drops_an_id_whose_hash_is_lost(crew: Crew, doorbell: RqJobScheduler, connection: Redis) -> None:
    connection.rpush(queue_key("retries"), "obx_lost")
    doorbell.ring([Bell("obx_1", "retries", datetime.now(UTC))])

    crew.start_and_wait("worker")

    eventually(lambda: crew.ids("ended") == ["obx_1"])
    eventually(lambda: connection.llen(f"{queue_key('retries')}:intermediate") == 0)


@pytest.mark.parametrize("outbox_id", ["obx_1", "fail_1"])
def test_callbacks_that_stand_in_redis_are_not_called(
    outbox_id: str, crew: Crew, doorbell: RqJobScheduler, connection: Redis, tmp_path: Path
) -> None:
    doorbell.ring([Bell(outbox_id, "retries", datetime.now(UTC))])
    callbacks = {"success_callback_name": work.MARK, "failure_callback_name": work.MARK}
    connection.hset(f"rq:job:{outbox_id}", mapping=callbacks | {"retries_left": "3"})
    doorbell.ring([Bell("obx_2", "retries", datetime.now(UTC))])

    crew.start_and_wait("worker")

    eventually(lambda: "obx_2" in crew.ids("ended"))
    assert not (tmp_path / "marked").exists()
    assert crew.ids() == [outbox_id, "obx_2"]
