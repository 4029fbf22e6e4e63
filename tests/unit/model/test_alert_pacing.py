"""Quiet periods and digests."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.model.alert_pacing import ALERTS_PER_MINUTE, DIGEST_LINES_MAX, Pace, Quiet, digest, end, hear
from domain.model.alerts import Alert
from domain.model.audit import Severity
from tests.builders import FIRM_ID, NOW

HOURS = timedelta(hours=4)
MINUTE = timedelta(minutes=1)
ALERT = Alert(FIRM_ID, Severity.WARNING, "refund_failed", "re_1", "The refund failed.", "refund")


def told_at(now: datetime = NOW) -> Quiet:
    quiet, is_told = hear(None, ALERT, HOURS, now)
    assert is_told
    assert quiet is not None
    return quiet


def test_the_same_again_within_the_quiet_period_is_counted_and_not_told() -> None:
    quiet, is_told = hear(told_at(), replace(ALERT, text="Again."), HOURS, NOW + HOURS - MINUTE)

    assert quiet is not None
    assert (is_told, quiet.held_count) == (False, 1)


def test_the_same_is_told_again_once_the_quiet_period_is_over() -> None:
    _, is_told = hear(told_at(), ALERT, HOURS, NOW + HOURS)

    assert is_told


def test_a_graver_alert_about_the_same_is_never_held_back() -> None:
    _, is_told = hear(told_at(), replace(ALERT, severity=Severity.CRITICAL), HOURS, NOW + MINUTE)

    assert is_told


def test_every_deadline_reminder_is_told() -> None:
    reminder = replace(ALERT, severity=Severity.CRITICAL, action="dispute_deadline_near")

    assert hear(None, reminder, HOURS, NOW) == (None, True)
    assert hear(told_at(), reminder, HOURS, NOW)[1]


def test_without_a_quiet_period_everything_is_told() -> None:
    assert hear(None, ALERT, timedelta(0), NOW) == (None, True)


def test_the_summary_counts_what_was_held_back_and_shows_the_latest() -> None:
    quiet = told_at()
    for number in range(3):
        quiet, _ = hear(quiet, replace(ALERT, text=f"Number {number}."), HOURS, NOW + MINUTE)  # type: ignore[assignment]

    after, summary = end(quiet, HOURS, NOW + HOURS)

    assert summary is not None
    assert summary.text == "Again 3 times since 2026-03-02 09:00 UTC. The latest: Number 2."
    assert (after.held_count, after.latest, after.ends_at) == (0, None, NOW + 2 * HOURS)


def test_a_quiet_period_that_held_nothing_back_ends_in_silence() -> None:
    assert end(told_at(), HOURS, NOW + HOURS)[1] is None


def test_a_period_that_began_anew_is_not_summed_up_early() -> None:
    held, _ = hear(told_at(), ALERT, HOURS, NOW + MINUTE)
    assert held is not None

    assert end(held, HOURS, NOW + HOURS - MINUTE) == (held, None)


@given(st.lists(st.tuples(st.timedeltas(timedelta(0), timedelta(hours=6)), st.sampled_from(Severity)), max_size=30))
def test_no_alert_is_lost_each_is_told_or_counted(steps: list[tuple[timedelta, Severity]]) -> None:
    quiet: Quiet | None = None
    now, told, summed = NOW, 0, 0
    for after, severity in steps:
        now += after
        if quiet is not None and now >= quiet.ends_at:
            held = quiet.held_count
            quiet, summary = end(quiet, HOURS, now)
            summed += held
            assert (summary is not None) == (held > 0)
        quiet, is_told = hear(quiet, replace(ALERT, severity=severity), HOURS, now)
        told += is_told

    assert told + summed + (quiet.held_count if quiet else 0) == len(steps)


def test_ten_alerts_in_a_minute_are_told_by_themselves_and_the_eleventh_is_not() -> None:
    pace, told = Pace(), []
    for _ in range(ALERTS_PER_MINUTE + 2):
        pace, is_alone = pace.after(NOW)
        told.append(is_alone)

    assert told == [True] * ALERTS_PER_MINUTE + [False, False]
    assert pace.minute_ends_at == NOW + MINUTE
    assert pace.after(NOW + MINUTE) == (Pace(NOW + MINUTE, 1), True)


@given(st.lists(st.timedeltas(timedelta(0), timedelta(seconds=90)), max_size=60))
def test_no_minute_has_more_than_so_many_single_alerts(gaps: list[timedelta]) -> None:
    now, pace, alone = NOW, Pace(), dict[datetime, int]()
    for gap in gaps:
        now += gap
        pace, is_alone = pace.after(now)
        assert pace.minute_began_at is not None
        alone[pace.minute_began_at] = alone.get(pace.minute_began_at, 0) + is_alone

    assert all(count <= ALERTS_PER_MINUTE for count in alone.values())


def test_a_digest_shows_the_gravest_first_and_counts_the_rest() -> None:
    alerts = [replace(ALERT, text=f"Number {number}.") for number in range(DIGEST_LINES_MAX + 5)]
    alerts.append(replace(ALERT, severity=Severity.CRITICAL, text="The worst."))

    told = digest(FIRM_ID, alerts)

    lines = told.text.splitlines()
    assert (told.severity, told.action) == (Severity.CRITICAL, "alert_digest")
    assert lines[:3] == ["26 more alerts came within a minute.", "CRITICAL: The worst.", "WARNING: Number 0."]
    assert lines[-1].startswith("And 6 more: ")
