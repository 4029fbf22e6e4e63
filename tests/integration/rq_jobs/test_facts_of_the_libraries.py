"""What rq 3.0 and rq-scheduler 0.14 do by themselves: why we override them, and what we lean on.

When one of these fails after an upgrade, the code that answers to it can perhaps go.
"""

import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis
from rq.job import Job, JobStatus, Retry
from rq.queue import Queue
from rq.serializers import JSONSerializer
from rq.timeouts import JobTimeoutException, UnixSignalDeathPenalty
from rq.worker import Worker
from rq_scheduler import Scheduler

from tests.integration.rq_jobs import work

NOON = datetime(2026, 3, 29, 12, 0, 0, 750_000, tzinfo=UTC)


@pytest.fixture
def scheduler(connection: Redis) -> Scheduler:
    return Scheduler(connection=connection)


def scheduled(connection: Redis) -> list[tuple[bytes, float]]:
    return connection.zrange(Scheduler.scheduled_jobs_key, 0, -1, withscores=True)


# -- rq-scheduler


def test_one_unreadable_job_ends_its_pass(scheduler: Scheduler, connection: Redis) -> None:
    scheduler.enqueue_at(NOON - timedelta(days=400), "os.getcwd", job_id="bad")
    connection.hset("rq:job:bad", "created_at", "yesterday")

    with pytest.raises(ValueError, match="yesterday"):
        scheduler.enqueue_jobs()


def test_a_lost_hash_is_dropped_without_a_word(
    scheduler: Scheduler, connection: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    scheduler.enqueue_at(datetime(2026, 1, 1, tzinfo=UTC), "os.getcwd", job_id="lost")
    connection.delete("rq:job:lost")

    scheduler.enqueue_jobs()

    assert (scheduled(connection), caplog.text) == ([], "")


def test_fractions_of_a_second_are_cut(scheduler: Scheduler, connection: Redis) -> None:
    scheduler.enqueue_at(NOON, "os.getcwd", job_id="fraction")

    assert scheduled(connection) == [(b"fraction", NOON.timestamp() - 0.75)]


def test_a_periodic_job_without_an_id_is_entered_at_each_start(scheduler: Scheduler, connection: Redis) -> None:
    for _start in range(3):
        scheduler.schedule(NOON, "os.getcwd", interval=60)

    assert len(scheduled(connection)) == 3


def test_the_second_entry_of_an_id_overwrites_the_first(scheduler: Scheduler, connection: Redis) -> None:
    scheduler.enqueue_at(NOON, "os.getcwd", job_id="same")
    scheduler.enqueue_at(NOON, "os.getpid", job_id="same")

    assert Job.fetch("same", connection=connection).func_name == "os.getpid"


def test_its_jobs_are_pickled(scheduler: Scheduler, connection: Redis) -> None:
    job = scheduler.enqueue_at(NOON, "os.getcwd", job_id="pickle")

    assert job.data.startswith(b"\x80")


def test_cron_lines_are_read_in_the_zone_of_the_process() -> None:
    program = (
        "import warnings; warnings.simplefilter('ignore'); "
        "from rq_scheduler.utils import get_next_scheduled_time as next_time; "
        "print(next_time('0 2 * * *', use_local_timezone=False).hour)"
    )

    told = subprocess.run(
        [sys.executable, "-c", program], env={"TZ": "Asia/Tokyo"}, capture_output=True, text=True, check=True
    )

    assert told.stdout.strip() == "17"


def test_a_scheduler_deletes_the_lock_of_another_one(connection: Redis) -> None:
    first, second = Scheduler(connection=connection), Scheduler(connection=connection)
    first.acquire_lock()
    connection.delete(Scheduler.scheduler_lock_key)  # it ran out
    second.acquire_lock()

    first.remove_lock()

    assert connection.exists(Scheduler.scheduler_lock_key) == 0


def test_a_scheduler_does_not_start_under_the_name_of_a_killed_one(connection: Redis) -> None:
    Scheduler(connection=connection, name="one").register_birth()

    with pytest.raises(ValueError, match="already an active RQ scheduler"):
        Scheduler(connection=connection, name="one").register_birth()


# -- RQ


def test_a_worker_on_one_queue_keeps_a_popped_id_in_the_intermediate_list(connection: Redis) -> None:
    queue = Queue("retries", connection=connection)
    queue.enqueue("os.getcwd", job_id="popped")

    Queue.dequeue_any([queue], None, connection)

    assert (queue.get_job_ids(), queue.intermediate_queue.get_job_ids()) == ([], ["popped"])


def test_a_worker_on_two_queues_keeps_a_popped_id_nowhere(connection: Redis) -> None:
    queues = [Queue(name, connection=connection) for name in ("retries", "notices")]
    queues[0].enqueue("os.getcwd", job_id="popped")

    Queue.dequeue_any(queues, None, connection)

    assert (queues[0].get_job_ids(), queues[0].intermediate_queue.get_job_ids()) == ([], [])
    assert Job.fetch("popped", connection=connection).get_status() == JobStatus.QUEUED


def test_a_retry_with_an_interval_is_parked_where_rq_scheduler_does_not_look(connection: Redis) -> None:
    queue = Queue("retries", connection=connection)
    job = queue.enqueue("os.getcwd", retry=Retry(max=1, interval=60))

    with connection.pipeline() as pipe:
        job.retry(queue, pipe)
        pipe.execute()

    assert connection.zcard("rq:scheduled:retries") == 1
    assert scheduled(connection) == []


def test_a_finished_job_drops_its_hash_although_it_was_scheduled_again(scheduler: Scheduler, connection: Redis) -> None:
    job = scheduler.enqueue_at(NOON, "os.getcwd", job_id="again", job_result_ttl=0)

    job.cleanup(0)

    assert (connection.exists("rq:job:again"), len(scheduled(connection))) == (0, 1)


def test_a_job_can_swallow_its_time_out() -> None:
    with UnixSignalDeathPenalty(1, JobTimeoutException):
        outcome = work.swallow_everything(threading.Event())

    assert outcome == "swallowed"


def test_an_unreadable_job_ends_a_worker(connection: Redis) -> None:
    queue = Queue("retries", connection=connection, serializer=JSONSerializer)
    queue.enqueue("os.getcwd", job_id="bad")
    queue.enqueue("os.getcwd", job_id="good")
    connection.hset("rq:job:bad", "created_at", "yesterday")

    Worker([queue], connection=connection, serializer=JSONSerializer).work(burst=True)

    assert queue.get_job_ids() == ["good"]
