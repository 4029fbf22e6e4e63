"""`ports.clock` and `ports.ids`: the machine's own, and those that repeat."""

import itertools
import re
from datetime import UTC, datetime, timedelta

import pytest

from adapters.memory.chance import SeededChance
from adapters.memory.clock import SettableClock
from adapters.memory.ids import CountingIds
from adapters.system.chance import RandomChance
from adapters.system.clock import SystemClock
from adapters.system.ids import RandomIds
from ports.clock import Clock
from ports.ids import Chance, Ids
from tests.builders import NOW


@pytest.fixture(params=["system", "memory"])
def clock(request: pytest.FixtureRequest) -> Clock:
    return SystemClock() if request.param == "system" else SettableClock(NOW)


@pytest.fixture(params=["system", "memory"])
def ids(request: pytest.FixtureRequest) -> Ids:
    return RandomIds() if request.param == "system" else CountingIds()


@pytest.fixture(params=["system", "memory"])
def chance(request: pytest.FixtureRequest) -> Chance:
    return RandomChance() if request.param == "system" else SeededChance(1)


def test_the_present_is_aware_utc(clock: Clock) -> None:
    assert clock.now().utcoffset() == timedelta(0)


def test_time_does_not_run_backwards(clock: Clock) -> None:
    assert clock.now() <= clock.now()


def test_the_machines_clock_tells_the_time() -> None:
    assert abs(SystemClock().now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_settable_clock_stands_until_it_is_moved() -> None:
    clock = SettableClock(NOW)

    moved_to = clock.advance(timedelta(days=3))

    assert clock.now() == moved_to == NOW + timedelta(days=3)


@pytest.mark.parametrize("at", [datetime(2026, 1, 1), datetime.fromisoformat("2026-01-01T00:00:00+01:00")])  # noqa: DTZ001
def test_a_settable_clock_refuses_what_is_not_utc(at: datetime) -> None:
    with pytest.raises(ValueError, match="not an aware UTC time"):
        SettableClock(NOW).set(at)


def test_an_id_is_its_prefix_and_at_least_24_letters_and_digits(ids: Ids) -> None:
    assert re.fullmatch(r"inv_[0-9A-Za-z]{24,}", ids.new("inv"))


def test_ids_and_secrets_never_repeat(ids: Ids) -> None:
    made = [ids.new("inv") for _ in range(1000)] + [ids.secret() for _ in range(1000)]

    assert len(set(made)) == len(made)


def test_a_secret_is_256_bits_of_url_safe_text(ids: Ids) -> None:
    assert re.fullmatch(r"[0-9A-Za-z_-]{43}", ids.secret())


def test_chance_is_a_fraction(chance: Chance) -> None:
    drawn = [chance.fraction() for _ in range(1000)]

    assert all(0 <= fraction < 1 for fraction in drawn)
    assert max(drawn) - min(drawn) > 0.9


def test_equal_seeds_give_equal_chances_and_other_seeds_others() -> None:
    one, same, other = SeededChance(7), SeededChance(7), SeededChance(8)

    drawn = [(one.fraction(), same.fraction(), other.fraction()) for _ in range(10)]

    assert [a for a, _, _ in drawn] == [b for _, b, _ in drawn]
    assert [a for a, _, _ in drawn] != [c for _, _, c in drawn]


def test_counted_ids_repeat_from_run_to_run() -> None:
    runs = [[ids.new("inv"), ids.secret(), ids.new("att")] for ids in (CountingIds(), CountingIds())]

    assert runs[0] == runs[1]


def test_random_ids_use_the_whole_alphabet() -> None:
    ids = RandomIds()

    letters = set(itertools.chain.from_iterable(ids.new("x")[2:] for _ in range(200)))

    assert len(letters) == 62
