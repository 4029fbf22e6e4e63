"""Real schedulers, real signals: each bell reaches its queue once, whoever is killed, and none too early."""

from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from adapters.rq_jobs.doorbell import RqJobScheduler
from adapters.rq_jobs.moves import SCHEDULED_KEY, queue_key
from adapters.rq_jobs.queues import connect
from adapters.rq_jobs.scheduler import DunlinScheduler
from ports.job_scheduler import Bell
from tests.integration.rq_jobs.clocks import RealClock
from tests.integration.rq_jobs.conftest import RedisInHand
from tests.integration.rq_jobs.crew import Crew
from tests.integration.rq_jobs.work import RUN
from tests.waiting import eventually

MANY = 5_000


def bell(outbox_id: str, *, in_seconds: float = 0.0, queue: str = "retries") -> Bell:
    return Bell(outbox_id, queue, datetime.now(UTC) + timedelta(seconds=in_seconds))


def enter_many(connection: Redis) -> None:
    scheduler = DunlinScheduler(connection, RealClock(), job_function=RUN)
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    with connection.pipeline(transaction=False) as pipe:
        for number in range(MANY):
            scheduler.enter(f"obx_{number}", "retries", an_hour_ago, pipeline=pipe)
        pipe.execute()


def queued(connection: Redis) -> list[bytes]:
    return connection.lrange(queue_key("retries"), 0, -1)


def test_a_bell_reaches_its_queue_when_its_time_has_come(crew: Crew, doorbell: RqJobScheduler) -> None:
    crew.start_and_wait("scheduler")

    doorbell.ring([bell("obx_1", in_seconds=0.4)])

    assert doorbell.waiting("retries") == frozenset()
    eventually(lambda: doorbell.waiting("retries") == {"obx_1"}, within_seconds=2)


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/St_Johns"])
def test_the_zone_of_the_machine_changes_nothing(zone: str, crew: Crew, doorbell: RqJobScheduler) -> None:
    crew.start_and_wait("scheduler", TZ=zone)

    doorbell.ring([bell("obx_1", in_seconds=0.3), bell("obx_2", in_seconds=3_600)])

    eventually(lambda: doorbell.waiting("retries") == {"obx_1"}, within_seconds=2)


def test_ten_jobs_a_second_start_never_early_and_within_two_seconds(crew: Crew, doorbell: RqJobScheduler) -> None:
    crew.start_and_wait("scheduler")
    crew.start_and_wait("worker")
    bells = [bell(f"obx_{number}", in_seconds=0.5 + number / 10) for number in range(20)]
    due_at = {rung.outbox_id: rung.due_at.timestamp() for rung in bells}

    doorbell.ring(bells)

    eventually(lambda: len(crew.ids()) == len(bells), within_seconds=10)
    delays = [step.at - due_at[step.outbox_id] for step in crew.steps()]
    assert min(delays) >= 0.0
    assert max(delays) < 2.0


def test_a_scheduler_killed_again_and_again_delivers_each_bell_once(crew: Crew, connection: Redis) -> None:
    enter_many(connection)

    for moved_before_the_kill in (1, 1_000, 3_000):
        scheduler = crew.start("scheduler")
        eventually(lambda least=moved_before_the_kill: len(queued(connection)) >= least, within_seconds=20)
        scheduler.kill()
        scheduler.wait(timeout=10)
    crew.start("scheduler")

    eventually(lambda: connection.zcard(SCHEDULED_KEY) == 0, within_seconds=20)
    ids = queued(connection)
    assert (len(ids), len(set(ids))) == (MANY, MANY)


def test_two_schedulers_deliver_each_bell_once(crew: Crew, connection: Redis) -> None:
    enter_many(connection)

    crew.start("scheduler")
    crew.start("scheduler")

    eventually(lambda: connection.zcard(SCHEDULED_KEY) == 0, within_seconds=20)
    ids = queued(connection)
    assert (len(ids), len(set(ids))) == (MANY, MANY)


def test_another_scheduler_takes_over_within_seconds_of_a_kill(
    crew: Crew, doorbell: RqJobScheduler, connection: Redis
) -> None:
    killed = DunlinScheduler(connection, RealClock(), job_function=RUN, name="one")
    killed.register_birth()
    killed.acquire_lock()  # and never gives it back

    crew.start_and_wait("scheduler")
    doorbell.ring([bell("obx_1", in_seconds=0.1)])

    eventually(lambda: doorbell.waiting("retries") == {"obx_1"}, within_seconds=5)


def test_a_stopped_scheduler_ends_at_once_and_says_that_it_has(crew: Crew, connection: Redis) -> None:
    scheduler = crew.start_and_wait("scheduler")

    scheduler.terminate()

    assert scheduler.wait(timeout=2) == 0
    assert connection.exists(DunlinScheduler.scheduler_lock_key) == 0
    keys = list(connection.scan_iter("rq:scheduler_instance:*"))
    assert [connection.hexists(key, "death") for key in keys] == [True]


def test_a_scheduler_goes_on_when_redis_was_killed_and_started_again(
    crew_in_hand: Crew, redis_in_hand: RedisInHand
) -> None:
    scheduler = crew_in_hand.start_and_wait("scheduler")
    redis_in_hand.kill()
    eventually(lambda: "Redis did not answer" in crew_in_hand.log())
    redis_in_hand.start()

    with connect(redis_in_hand.url, timeout_seconds=2) as connection:
        doorbell = RqJobScheduler(connection, RealClock(), job_function=RUN)
        doorbell.ring([bell("obx_1", in_seconds=0.1)])
        eventually(lambda: doorbell.waiting("retries") == {"obx_1"})

    assert scheduler.poll() is None


def test_a_scheduler_waits_for_a_redis_that_is_not_there_yet(crew_in_hand: Crew, redis_in_hand: RedisInHand) -> None:
    redis_in_hand.kill()
    scheduler = crew_in_hand.start("scheduler")
    eventually(lambda: "Redis did not answer" in crew_in_hand.log(), within_seconds=20)

    redis_in_hand.start()

    crew_in_hand.wait_for("scheduler")
    assert scheduler.poll() is None


def test_a_scheduler_without_redis_can_be_stopped(crew_in_hand: Crew, redis_in_hand: RedisInHand) -> None:
    redis_in_hand.kill()
    scheduler = crew_in_hand.start("scheduler")
    eventually(lambda: "Redis did not answer" in crew_in_hand.log(), within_seconds=20)

    scheduler.terminate()

    assert scheduler.wait(timeout=4) == 0


def test_a_scheduler_works_again_after_all_of_redis_was_deleted(crew_in_hand: Crew, redis_in_hand: RedisInHand) -> None:
    crew_in_hand.start_and_wait("scheduler")
    with connect(redis_in_hand.url, timeout_seconds=2) as connection:
        doorbell = RqJobScheduler(connection, RealClock(), job_function=RUN)
        connection.flushall()
        connection.script_flush()

        doorbell.ring([bell("obx_1", in_seconds=0.1)])

        eventually(lambda: doorbell.waiting("retries") == {"obx_1"})
