"""What every doorbell does, whether its bells stand in memory or in Redis."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest

from adapters.memory.job_scheduler import MemoryJobScheduler
from adapters.rq_jobs.doorbell import RqJobScheduler
from adapters.rq_jobs.moves import queue_key
from adapters.rq_jobs.queues import connect
from adapters.rq_jobs.scheduler import DunlinScheduler
from ports.job_scheduler import Bell, JobScheduler, QueueUnavailable

NOON = datetime(2026, 3, 29, 12, 0, 0, 250_000, tzinfo=UTC)


class HandClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at


class House(Protocol):
    """A doorbell with what stands around it."""

    doorbell: JobScheduler
    lost_bells: int

    def pass_time(self, seconds: float) -> None:
        """Let time go on, and the scheduler do its work."""

    def take_all(self, queue: str) -> list[str]:
        """What the workers of `queue` would run, one after the other."""

    def lose_the_queue_server(self) -> None:
        """From now on nobody answers."""


class MemoryHouse:
    def __init__(self) -> None:
        self.clock = HandClock()
        self.doorbell = MemoryJobScheduler(self.clock)

    @property
    def lost_bells(self) -> int:
        return self.doorbell.lost_bells

    def pass_time(self, seconds: float) -> None:
        self.clock.at += timedelta(seconds=seconds)

    def take_all(self, queue: str) -> list[str]:
        return self.doorbell.take(queue)

    def lose_the_queue_server(self) -> None:
        self.doorbell.is_down = True


class RedisHouse:
    def __init__(self, url: str, nowhere: Path) -> None:
        self.clock = HandClock()
        self.lost_bells = 0
        self._nowhere = nowhere
        self._connection = connect(url, timeout_seconds=2)
        self._scheduler = DunlinScheduler(self._connection, self.clock)
        self.doorbell = RqJobScheduler(self._connection, self.clock, on_lost=self._count)

    def pass_time(self, seconds: float) -> None:
        self.clock.at += timedelta(seconds=seconds)
        self._scheduler.run_once()

    def take_all(self, queue: str) -> list[str]:
        taken = []
        while (entry := self._connection.lpop(queue_key(queue))) is not None:
            taken.append(entry.decode())
        return taken

    def lose_the_queue_server(self) -> None:
        self.close()
        self._connection = connect(f"unix://{self._nowhere}/nobody.sock")
        self.doorbell = RqJobScheduler(self._connection, self.clock, on_lost=self._count)

    def close(self) -> None:
        self._connection.close()

    def _count(self, lost_bells: int) -> None:
        self.lost_bells += lost_bells


@pytest.fixture(params=["memory", "redis"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    if request.param == "memory":
        yield MemoryHouse()
        return
    redis_house = RedisHouse(request.getfixturevalue("redis_url"), tmp_path)
    yield redis_house
    redis_house.close()


def bell(outbox_id: str = "obx_1", *, queue: str = "retries", in_seconds: float = 0.0) -> Bell:
    return Bell(outbox_id, queue, NOON + timedelta(seconds=in_seconds))


def test_a_bell_of_the_past_waits_at_once(house: House) -> None:
    house.doorbell.ring([bell(in_seconds=-86_400)])

    assert house.doorbell.waiting("retries") == {"obx_1"}


def test_a_bell_of_this_very_moment_waits_at_once(house: House) -> None:
    house.doorbell.ring([bell(in_seconds=0)])

    assert house.doorbell.waiting("retries") == {"obx_1"}


def test_a_bell_for_later_does_not_wait_a_millisecond_too_early(house: House) -> None:
    house.doorbell.ring([bell(in_seconds=60.5)])

    house.pass_time(60.499)

    assert house.doorbell.waiting("retries") == frozenset()


def test_a_bell_for_later_waits_when_its_time_has_come(house: House) -> None:
    house.doorbell.ring([bell(in_seconds=60.5)])

    house.pass_time(60.5)

    assert house.doorbell.waiting("retries") == {"obx_1"}


def test_each_queue_has_its_own_bells(house: House) -> None:
    house.doorbell.ring([bell("obx_1"), bell("obx_2", queue="notices"), bell("obx_3", queue="upkeep")])

    assert [house.doorbell.waiting(queue) for queue in ("retries", "notices", "upkeep")] == [
        {"obx_1"},
        {"obx_2"},
        {"obx_3"},
    ]


def test_the_bell_that_was_due_first_is_taken_first(house: House) -> None:
    house.doorbell.ring([bell("obx_1", in_seconds=3), bell("obx_2", in_seconds=1), bell("obx_3", in_seconds=2)])

    house.pass_time(5)

    assert house.take_all("retries") == ["obx_2", "obx_3", "obx_1"]


def test_ringing_again_makes_no_second_waiting_entry(house: House) -> None:
    house.doorbell.ring([bell()])
    house.doorbell.ring([bell(), bell()])

    taken = house.take_all("retries")

    assert taken == ["obx_1"]


def test_ringing_again_for_a_scheduled_row_makes_no_second_entry(house: House) -> None:
    house.doorbell.ring([bell(in_seconds=5)])
    house.doorbell.ring([bell(in_seconds=7)])

    house.pass_time(10)
    house.pass_time(10)

    assert house.take_all("retries") == ["obx_1"]


def test_ringing_again_for_later_puts_a_scheduled_row_off(house: House) -> None:
    house.doorbell.ring([bell(in_seconds=5)])
    house.doorbell.ring([bell(in_seconds=50)])

    house.pass_time(10)

    assert house.doorbell.waiting("retries") == frozenset()


def test_ringing_again_for_later_takes_a_waiting_row_back(house: House) -> None:
    house.doorbell.ring([bell()])
    house.doorbell.ring([bell(in_seconds=5)])

    assert house.doorbell.waiting("retries") == frozenset()


def test_ringing_again_for_now_brings_a_scheduled_row_forward_once(house: House) -> None:
    house.doorbell.ring([bell(in_seconds=5)])
    house.doorbell.ring([bell()])

    taken = house.take_all("retries")
    house.pass_time(10)

    assert (taken, house.take_all("retries")) == (["obx_1"], [])


def test_the_last_of_two_bells_in_one_ring_counts(house: House) -> None:
    house.doorbell.ring([bell(), bell(in_seconds=5)])

    assert house.doorbell.waiting("retries") == frozenset()


def test_a_row_that_was_taken_can_be_rung_for_again(house: House) -> None:
    house.doorbell.ring([bell()])
    house.take_all("retries")

    house.doorbell.ring([bell()])

    assert house.take_all("retries") == ["obx_1"]


def test_many_bells_at_once_all_wait(house: House) -> None:
    house.doorbell.ring([bell(f"obx_{number}") for number in range(1_001)])

    assert len(house.doorbell.waiting("retries")) == 1_001


def test_no_bells_at_all_are_fine(house: House) -> None:
    house.doorbell.ring([])

    assert house.doorbell.waiting("retries") == frozenset()


def test_a_waiting_bell_can_be_silenced(house: House) -> None:
    house.doorbell.ring([bell()])

    house.doorbell.silence(["obx_1"])

    assert house.take_all("retries") == []


def test_a_scheduled_bell_can_be_silenced(house: House) -> None:
    house.doorbell.ring([bell(in_seconds=5)])

    house.doorbell.silence(["obx_1"])
    house.pass_time(10)

    assert house.take_all("retries") == []


def test_silencing_an_unknown_row_is_fine(house: House) -> None:
    house.doorbell.ring([bell()])

    house.doorbell.silence(["obx_unknown"])

    assert house.doorbell.waiting("retries") == {"obx_1"}


def test_a_silenced_row_can_be_rung_for_again(house: House) -> None:
    house.doorbell.ring([bell()])
    house.doorbell.silence(["obx_1"])

    house.doorbell.ring([bell()])

    assert house.doorbell.waiting("retries") == {"obx_1"}


def test_bells_that_nobody_hears_are_counted_and_nothing_is_raised(house: House) -> None:
    house.lose_the_queue_server()

    house.doorbell.ring([bell("obx_1"), bell("obx_2", in_seconds=5)])

    assert house.lost_bells == 2


def test_silencing_raises_nothing_when_the_queue_is_down(house: House) -> None:
    house.lose_the_queue_server()

    house.doorbell.silence(["obx_1"])

    assert house.lost_bells == 0


def test_a_queue_that_cannot_be_asked_says_so(house: House) -> None:
    house.lose_the_queue_server()

    with pytest.raises(QueueUnavailable):
        house.doorbell.waiting("retries")


def test_a_queue_that_nobody_works_on_is_refused(house: House) -> None:
    with pytest.raises(ValueError, match="there is no queue 'retrys'"):
        house.doorbell.ring([bell(queue="retrys")])


def test_a_time_without_a_zone_is_refused(house: House) -> None:
    with pytest.raises(ValueError, match="without a zone"):
        house.doorbell.ring([Bell("obx_1", "retries", datetime(2026, 3, 29, 12))])  # noqa: DTZ001 - that is the point
