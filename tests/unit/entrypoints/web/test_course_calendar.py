from datetime import timedelta

from domain.model.policies import CountFrom, Policy, Terms
from entrypoints.web.api.course_calendar import calendar
from tests.builders import NOW, days


def test_each_delay_is_counted_from_the_failure_before_it() -> None:
    entries = calendar(Terms(Policy((3, 7, 14))), NOW)

    assert [(entry.action, entry.at - NOW) for entry in entries] == [
        ("retry", days(3)),
        ("retry", days(10)),
        ("retry", days(24)),
        ("overdue", days(24)),
    ]
    assert [entry.number for entry in entries] == [1, 2, 3, 4]


def test_each_delay_may_be_counted_from_the_first_failure() -> None:
    entries = calendar(Terms(Policy((3, 7, 14), CountFrom.FIRST_FAILURE)), NOW)

    assert [entry.after_days for entry in entries] == [3, 7, 14, 14]


def test_without_retries_the_first_failure_is_the_last() -> None:
    (only,) = calendar(Terms(Policy(())), NOW)

    assert (only.number, only.action, only.at, only.after_days) == (1, "overdue", NOW, 0)


def test_short_days_shrink_the_times_and_not_the_count_of_days() -> None:
    entries = calendar(Terms(Policy((3, 7)), timedelta(seconds=2)), NOW)

    assert [(entry.at - NOW, entry.after_days) for entry in entries] == [
        (timedelta(seconds=6), 3),
        (timedelta(seconds=20), 10),
        (timedelta(seconds=20), 10),
    ]
