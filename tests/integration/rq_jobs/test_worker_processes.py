"""Real workers, real signals: nothing is lost but time, and nothing runs that is not ours."""

import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from redis import Redis
from rq.registry import FailedJobRegistry

from adapters.rq_jobs.doorbell import RqJobScheduler
from adapters.rq_jobs.moves import queue_key
from adapters.rq_jobs.queues import connect
from ports.job_scheduler import Bell
from tests.integration.rq_jobs.clocks import RealClock
from tests.integration.rq_jobs.conftest import RedisInHand
from tests.integration.rq_jobs.crew import Crew
from tests.integration.rq_jobs.work import AGAIN_IN_SECONDS, RUN
from tests.waiting import eventually


def bell(outbox_id: str, *, in_seconds: float = 0.0, queue: str = "retries") -> Bell:
    return Bell(outbox_id, queue, datetime.now(UTC) + timedelta(seconds=in_seconds))


def failed_ids(connection: Redis) -> list[str]:
    return FailedJobRegistry("retries", connection=connection).get_job_ids()


def intermediate_ids(connection: Redis) -> list[bytes]:
    return connection.lrange(f"{queue_key('retries')}:intermediate", 0, -1)


def test_a_rung_row_is_run_in_a_fork_of_the_worker(crew: Crew, doorbell: RqJobScheduler) -> None:
    worker = crew.start_and_wait("worker")

    doorbell.ring([bell("obx_1")])

    eventually(lambda: crew.ids("ended") == ["obx_1"])
    assert crew.steps()[0].pid != worker.pid


def test_a_worker_runs_its_own_queue_alone(crew: Crew, doorbell: RqJobScheduler) -> None:
    crew.start_and_wait("worker", "notices")

    doorbell.ring([bell("obx_1", queue="retries"), bell("obx_2", queue="notices")])

    eventually(lambda: crew.ids("ended") == ["obx_2"])
    assert doorbell.waiting("retries") == {"obx_1"}


def test_a_finished_job_leaves_nothing_in_redis(crew: Crew, doorbell: RqJobScheduler, connection: Redis) -> None:
    crew.start_and_wait("worker")

    doorbell.ring([bell("obx_1")])

    eventually(lambda: crew.ids("ended"))
    eventually(lambda: not list(connection.scan_iter("*obx_1*")) and not intermediate_ids(connection))


def test_people_find_the_worker_by_its_title(crew: Crew) -> None:
    worker = crew.start_and_wait("worker")

    assert psutil.Process(worker.pid).cmdline()[0].strip() == "dunlin worker --queue retries"


def test_people_find_the_work_horse_by_another_title(crew: Crew, doorbell: RqJobScheduler) -> None:
    crew.start_and_wait("worker")

    doorbell.ring([bell("wait_1")])

    eventually(crew.steps)
    assert psutil.Process(crew.steps()[0].pid).cmdline()[0].strip() == "dunlin work-horse --queue retries"


def test_a_failing_job_is_not_run_again_by_rq(crew: Crew, doorbell: RqJobScheduler, connection: Redis) -> None:
    crew.start_and_wait("worker")

    doorbell.ring([bell("fail_1"), bell("obx_2")])

    eventually(lambda: crew.ids("ended") == ["obx_2"])
    assert (crew.ids(), failed_ids(connection)) == (["fail_1", "obx_2"], ["fail_1"])


def test_a_failed_job_does_not_stay_in_redis_for_ever(crew: Crew, doorbell: RqJobScheduler, connection: Redis) -> None:
    crew.start_and_wait("worker")

    doorbell.ring([bell("fail_1")])

    eventually(lambda: failed_ids(connection))
    assert 0 < connection.ttl("rq:job:fail_1") <= 86_400


def test_a_row_whose_job_failed_can_be_rung_for_again(crew: Crew, doorbell: RqJobScheduler, connection: Redis) -> None:
    crew.start_and_wait("worker")
    doorbell.ring([bell("fail_1")])
    eventually(lambda: failed_ids(connection))

    doorbell.ring([bell("fail_1")])

    eventually(lambda: crew.ids() == ["fail_1", "fail_1"])


def test_a_killed_work_horse_does_not_take_the_worker_along(crew: Crew, doorbell: RqJobScheduler) -> None:
    worker = crew.start_and_wait("worker")
    doorbell.ring([bell("wait_1")])
    eventually(crew.steps)

    os.kill(crew.steps()[0].pid, signal.SIGKILL)
    doorbell.ring([bell("obx_2")])

    eventually(lambda: crew.ids("ended") == ["obx_2"])
    assert worker.poll() is None


def test_the_job_of_a_killed_work_horse_is_not_run_again_by_rq(
    crew: Crew, doorbell: RqJobScheduler, connection: Redis
) -> None:
    crew.start_and_wait("worker")
    doorbell.ring([bell("wait_1")])
    eventually(crew.steps)

    os.kill(crew.steps()[0].pid, signal.SIGKILL)

    eventually(lambda: failed_ids(connection) == ["wait_1"])
    doorbell.ring([bell("obx_2")])
    eventually(lambda: crew.ids("ended") == ["obx_2"])
    assert crew.ids() == ["wait_1", "obx_2"]


def test_the_job_of_a_killed_work_horse_runs_when_the_sweep_rings(
    crew: Crew, doorbell: RqJobScheduler, connection: Redis
) -> None:
    crew.start_and_wait("worker")
    doorbell.ring([bell("wait_1")])
    eventually(crew.steps)
    os.kill(crew.steps()[0].pid, signal.SIGKILL)
    eventually(lambda: failed_ids(connection) == ["wait_1"])

    crew.let_go()
    doorbell.ring([bell("wait_1")])

    eventually(lambda: crew.ids("ended") == ["wait_1"])


def test_a_worker_and_its_work_horse_killed_in_mid_job_leave_the_row_to_the_sweep(
    crew: Crew, doorbell: RqJobScheduler, connection: Redis
) -> None:
    worker = crew.start_and_wait("worker")
    doorbell.ring([bell("wait_1")])
    eventually(crew.steps)
    worker.kill()
    os.kill(crew.steps()[0].pid, signal.SIGKILL)
    worker.wait(timeout=10)
    status_left_behind = connection.hget("rq:job:wait_1", "status")
    crew.let_go()

    crew.start_and_wait("worker")
    doorbell.ring([bell("wait_1")])

    eventually(lambda: crew.ids("ended") == ["wait_1"])
    assert status_left_behind == b"started"


def test_a_job_popped_by_a_killed_worker_is_seen_to_wait_no_more(
    crew: Crew, doorbell: RqJobScheduler, connection: Redis
) -> None:
    doorbell.ring([bell("obx_1")])

    crew.start("doomed-worker").wait(timeout=20)

    assert (doorbell.waiting("retries"), intermediate_ids(connection)) == (frozenset(), [b"obx_1"])


def test_a_job_popped_by_a_killed_worker_runs_once_when_the_sweep_rings(crew: Crew, doorbell: RqJobScheduler) -> None:
    doorbell.ring([bell("obx_1")])
    crew.start("doomed-worker").wait(timeout=20)
    crew.start_and_wait("worker")

    doorbell.ring([bell("obx_1")])
    doorbell.ring([bell("obx_2")])

    eventually(lambda: "obx_2" in crew.ids("ended"))
    assert crew.ids() == ["obx_1", "obx_2"]


def test_a_row_that_rings_for_itself_while_it_runs_is_run_again_then(crew: Crew, doorbell: RqJobScheduler) -> None:
    crew.start_and_wait("worker")
    crew.start_and_wait("scheduler")

    doorbell.ring([bell("again_1")])

    eventually(lambda: crew.ids("ended") == ["again_1", "again_1"])
    first, second = crew.steps()
    assert second.at - first.at >= AGAIN_IN_SECONDS


def test_a_row_rung_for_while_it_runs_is_run_again_after_that(crew: Crew, doorbell: RqJobScheduler) -> None:
    crew.start_and_wait("worker")
    doorbell.ring([bell("wait_1")])
    eventually(crew.steps)

    doorbell.ring([bell("wait_1")])
    crew.let_go()

    eventually(lambda: crew.ids("ended") == ["wait_1", "wait_1"])


def test_a_stopped_worker_lets_its_job_end(crew: Crew, doorbell: RqJobScheduler) -> None:
    worker = crew.start_and_wait("worker")
    doorbell.ring([bell("wait_1"), bell("obx_2")])
    eventually(crew.steps)

    worker.terminate()
    eventually(lambda: "warm shut down" in crew.log())
    crew.let_go()

    assert (worker.wait(timeout=10), crew.ids("ended")) == (0, ["wait_1"])


def test_a_signal_to_the_whole_group_lets_the_job_end_too(crew: Crew, doorbell: RqJobScheduler) -> None:
    worker = crew.start_and_wait("worker")
    doorbell.ring([bell("wait_1")])
    eventually(crew.steps)

    os.killpg(worker.pid, signal.SIGTERM)
    eventually(lambda: "warm shut down" in crew.log())
    crew.let_go()

    assert (worker.wait(timeout=10), crew.ids("ended")) == (0, ["wait_1"])


def test_an_idle_worker_stops_at_once(crew: Crew) -> None:
    worker = crew.start_and_wait("worker")

    worker.terminate()

    assert worker.wait(timeout=2) == 0


def test_a_worker_goes_on_when_redis_was_killed_and_started_again(
    crew_in_hand: Crew, redis_in_hand: RedisInHand
) -> None:
    worker = crew_in_hand.start_and_wait("worker")
    redis_in_hand.kill()
    eventually(lambda: "could not connect" in crew_in_hand.log() or "going on in" in crew_in_hand.log())
    redis_in_hand.start()

    with connect(redis_in_hand.url, timeout_seconds=2) as connection:
        RqJobScheduler(connection, RealClock(), job_function=RUN).ring([bell("obx_1")])

    eventually(lambda: crew_in_hand.ids("ended") == ["obx_1"], within_seconds=10)
    assert worker.poll() is None


def test_a_worker_goes_on_when_redis_was_killed_while_a_job_ran(crew_in_hand: Crew, redis_in_hand: RedisInHand) -> None:
    worker = crew_in_hand.start_and_wait("worker")
    with connect(redis_in_hand.url, timeout_seconds=2) as connection:
        doorbell = RqJobScheduler(connection, RealClock(), job_function=RUN)
        doorbell.ring([bell("wait_1")])
        eventually(crew_in_hand.steps)
        redis_in_hand.kill()
        crew_in_hand.let_go()
        eventually(lambda: crew_in_hand.ids("ended") == ["wait_1"])
        redis_in_hand.start()

        eventually(lambda: doorbell.ring([bell("obx_2")]) or crew_in_hand.ids("ended")[1:], within_seconds=10)

    assert worker.poll() is None


def test_a_worker_in_trouble_lets_its_job_end_before_it_takes_another(
    crew: Crew, doorbell: RqJobScheduler, tmp_path: Path
) -> None:
    worker = crew.start_and_wait("fragile-worker")
    doorbell.ring([bell("wait_1"), bell("obx_2")])
    eventually(crew.steps)

    (tmp_path / "trouble").touch()
    eventually(lambda: "found an unhandled exception" in crew.log())
    (tmp_path / "trouble").unlink()
    with pytest.raises(AssertionError):
        eventually(lambda: "obx_2" in crew.ids(), within_seconds=1.5)
    crew.let_go()

    eventually(lambda: crew.ids("ended") == ["wait_1", "obx_2"])
    assert worker.poll() is None


def test_a_worker_waits_for_a_redis_that_is_not_there_yet(crew_in_hand: Crew, redis_in_hand: RedisInHand) -> None:
    redis_in_hand.kill()
    worker = crew_in_hand.start("worker")
    eventually(lambda: "going on in" in crew_in_hand.log(), within_seconds=20)

    redis_in_hand.start()

    crew_in_hand.wait_for("worker")
    assert worker.poll() is None


def test_a_worker_without_redis_can_be_stopped(crew_in_hand: Crew, redis_in_hand: RedisInHand) -> None:
    redis_in_hand.kill()
    worker = crew_in_hand.start("worker")
    eventually(lambda: "going on in" in crew_in_hand.log(), within_seconds=20)

    worker.terminate()

    assert worker.wait(timeout=5) == 0


def test_rows_are_run_after_all_of_redis_was_deleted(crew_in_hand: Crew, redis_in_hand: RedisInHand) -> None:
    crew_in_hand.start_and_wait("worker")
    crew_in_hand.start_and_wait("scheduler")
    with connect(redis_in_hand.url, timeout_seconds=2) as connection:
        doorbell = RqJobScheduler(connection, RealClock(), job_function=RUN)
        doorbell.ring([bell(f"obx_{number}", in_seconds=600) for number in range(100)])
        connection.flushall()

        doorbell.ring([bell("obx_1"), bell("obx_2", in_seconds=0.3)])

    eventually(lambda: sorted(crew_in_hand.ids("ended")) == ["obx_1", "obx_2"])
