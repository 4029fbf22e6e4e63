"""What a firm may decide about retries. Expected values: design.md 5, stripe-facts 5."""

import pytest

from domain.model.errors import InvalidInput
from domain.model.policies import CountFrom, OldSlots, Policy, RetriesBy


def refused_fields(**given: object) -> set[str]:
    with pytest.raises(InvalidInput) as refusal:
        Policy(**given)  # type: ignore[arg-type]
    return {error.field for error in refusal.value.errors}


def test_by_default_retries_follow_after_three_seven_and_fourteen_days_from_the_failure_before() -> None:
    assert Policy() == Policy((3, 7, 14), CountFrom.PREVIOUS_FAILURE, RetriesBy.DUNLIN, OldSlots.HOLD)


def test_a_firm_may_do_without_retries() -> None:
    assert Policy(retry_delays_days=()).retry_delays_days == ()


def test_up_to_eight_retries_are_taken() -> None:
    assert len(Policy(retry_delays_days=(1,) * 8).retry_delays_days) == 8


def test_more_than_eight_retries_are_refused() -> None:
    assert refused_fields(retry_delays_days=(1,) * 9) == {"retry_delays_days"}


@pytest.mark.parametrize("days", [0, -1, 91])
def test_a_delay_is_one_to_ninety_days(days: int) -> None:
    assert refused_fields(retry_delays_days=(3, days)) == {"retry_delays_days"}


@pytest.mark.parametrize("delays", [(7, 3), (3, 3)])
def test_counted_from_the_first_failure_delays_must_increase(delays: tuple[int, ...]) -> None:
    assert refused_fields(retry_delays_days=delays, count_from=CountFrom.FIRST_FAILURE) == {"retry_delays_days"}


def test_counted_from_the_failure_before_delays_may_be_in_any_order() -> None:
    assert Policy(retry_delays_days=(7, 3, 3)).retry_delays_days == (7, 3, 3)
