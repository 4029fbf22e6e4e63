"""How often networks let a card be tried. Expected values: stripe-facts 5."""

from datetime import UTC, date, datetime, timedelta

import pytest

from domain.model.network_rules import HISTORY_WINDOW, LIMITS, exhausted, in_force

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def declines(number: int, within: timedelta, before: datetime = NOW) -> list[datetime]:
    """So many declines, spread over the time before."""
    return [before - within * step / number for step in range(number)]


def test_visa_allows_twenty_in_thirty_days() -> None:
    assert exhausted("visa", declines(19, timedelta(days=29)), NOW) is None


def test_visa_stops_at_twenty_in_thirty_days() -> None:
    assert exhausted("visa", declines(20, timedelta(days=29)), NOW) is not None


def test_visas_older_rule_of_fifteen_holds_before_its_end() -> None:
    before = datetime(2026, 4, 17, tzinfo=UTC)

    assert exhausted("visa", declines(15, timedelta(days=29), before), before) is not None


def test_one_rule_for_each_window_is_in_force() -> None:
    assert [limit.attempts_max for limit in in_force("visa", date(2026, 4, 18))] == [20]


def test_mastercard_stops_at_ten_in_a_day() -> None:
    assert exhausted("mastercard", declines(10, timedelta(hours=20)), NOW) is not None


def test_mastercard_allows_nine_in_a_day() -> None:
    assert exhausted("mastercard", declines(9, timedelta(hours=20)), NOW) is None


def test_mastercard_stops_at_thirty_five_in_thirty_days() -> None:
    assert exhausted("mastercard", declines(35, timedelta(days=29)), NOW) is not None


def test_mastercard_allows_thirty_four_in_thirty_days() -> None:
    assert exhausted("mastercard", declines(34, timedelta(days=29)), NOW) is None


def test_what_lies_before_the_window_does_not_count() -> None:
    old = [NOW - timedelta(days=30), *declines(19, timedelta(days=29))]

    assert exhausted("visa", old, NOW) is None


@pytest.mark.parametrize("network", ["amex", "unknown", ""])
def test_a_network_without_a_rule_sets_no_limit(network: str) -> None:
    assert exhausted(network, declines(500, timedelta(days=1)), NOW) is None


def test_the_history_that_is_read_reaches_over_every_window() -> None:
    assert max(limit.window for limit in LIMITS) == HISTORY_WINDOW == timedelta(days=30)


@pytest.mark.parametrize("limit", LIMITS)
def test_every_rule_names_its_source(limit) -> None:  # type: ignore[no-untyped-def]
    assert limit.source
