"""What a firm may decide about notices, and when a mail may arrive. Quiet hours are by the client's own clock."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.model.errors import InvalidInput
from domain.model.notice_policy import NoticePolicy, QuietHours, StageRule
from domain.model.notices import NoticeStage
from tests.builders import NOW

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)
NIGHT = QuietHours(time(20), time(8))
LUNCH = QuietHours(time(12), time(14))
WORKING_DAYS = QuietHours(time(20), time(8), business_days_only=True)


def refused_fields(**given: object) -> set[str]:
    with pytest.raises(InvalidInput) as refusal:
        NoticePolicy(**given)  # type: ignore[arg-type]
    return {error.field for error in refusal.value.errors}


def at(text: str, zone: ZoneInfo = BERLIN, *, fold: int = 0) -> datetime:
    """A time on that clock, as aware UTC; the second of two equal times with `fold=1`."""
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


def test_everything_is_sent_at_once_but_the_polite_note_on_a_dispute() -> None:
    rules = {stage: NoticePolicy().rule(stage) for stage in NoticeStage}

    assert {stage for stage, rule in rules.items() if not rule.is_enabled} == {NoticeStage.DISPUTE_RECEIVED}
    assert {rule.delay_hours for rule in rules.values()} == {0}


def test_a_stage_follows_its_own_rule_and_the_others_their_default() -> None:
    policy = NoticePolicy({NoticeStage.RECEIPT: StageRule(is_enabled=False, delay_hours=2)})

    assert policy.rule(NoticeStage.RECEIPT) == StageRule(is_enabled=False, delay_hours=2)
    assert policy.rule(NoticeStage.FINAL_NOTICE) == StageRule()


@pytest.mark.parametrize("hours", [-1, 721])
def test_a_delay_below_nothing_or_above_thirty_days_is_refused(hours: int) -> None:
    rules = {NoticeStage.RECEIPT: StageRule(delay_hours=hours), NoticeStage.FINAL_NOTICE: StageRule(delay_hours=720)}

    assert refused_fields(stages=rules) == {"stages.receipt.delay_hours"}


def test_quiet_hours_that_never_end_are_refused() -> None:
    assert refused_fields(quiet_hours=QuietHours(time(8), time(8))) == {"quiet_hours"}


@pytest.mark.parametrize("times", [(time(8, 0, 1), time(9)), (time(8), time(9, 0, 0, 1))])
def test_quiet_hours_are_whole_minutes(times: tuple[time, time]) -> None:
    assert refused_fields(quiet_hours=QuietHours(*times)) == {"quiet_hours"}


def test_more_clients_or_addresses_than_anybody_needs_are_refused() -> None:
    clients = frozenset(f"cli_{number}" for number in range(1_001))
    addresses = tuple(f"test{number}@north.example" for number in range(21))

    assert refused_fields(excluded_client_ids=clients, test_addresses=addresses) == {
        "excluded_client_ids",
        "test_addresses",
    }


@pytest.mark.parametrize(
    ("now", "allowed"),
    [
        ("2026-03-03T19:59:59", "2026-03-03T19:59:59"),
        ("2026-03-03T20:00:00", "2026-03-04T08:00:00"),
        ("2026-03-03T23:59:59", "2026-03-04T08:00:00"),
        ("2026-03-04T00:00:00", "2026-03-04T08:00:00"),
        ("2026-03-04T07:59:59", "2026-03-04T08:00:00"),
        ("2026-03-04T08:00:00", "2026-03-04T08:00:00"),
    ],
)
def test_a_night_reaches_over_midnight(now: str, allowed: str) -> None:
    assert NIGHT.next_allowed(at(now), BERLIN) == at(allowed)


@pytest.mark.parametrize(
    ("now", "allowed"),
    [
        ("2026-03-03T11:59:00", "2026-03-03T11:59:00"),
        ("2026-03-03T12:00:00", "2026-03-03T14:00:00"),
        ("2026-03-03T13:30:15", "2026-03-03T14:00:00"),
        ("2026-03-03T14:00:00", "2026-03-03T14:00:00"),
        ("2026-03-03T23:30:00", "2026-03-03T23:30:00"),
    ],
)
def test_quiet_hours_within_a_day_end_on_it(now: str, allowed: str) -> None:
    assert LUNCH.next_allowed(at(now), BERLIN) == at(allowed)


@pytest.mark.parametrize(
    ("now", "allowed"),
    [
        ("2026-03-06T19:59:00", "2026-03-06T19:59:00"),  # a Friday
        ("2026-03-06T20:00:00", "2026-03-09T08:00:00"),
        ("2026-03-07T12:00:00", "2026-03-09T08:00:00"),
        ("2026-03-08T23:59:00", "2026-03-09T08:00:00"),
        ("2026-03-09T08:00:00", "2026-03-09T08:00:00"),
    ],
)
def test_on_weekends_mails_wait_for_monday_where_the_firm_says_so(now: str, allowed: str) -> None:
    assert WORKING_DAYS.next_allowed(at(now), BERLIN) == at(allowed)


def test_a_weekend_ends_at_midnight_where_no_quiet_hours_reach_over_it() -> None:
    quiet = QuietHours(time(12), time(14), business_days_only=True)

    assert quiet.next_allowed(at("2026-03-07T12:00:00"), BERLIN) == at("2026-03-09T00:00:00")


def test_the_clock_is_the_clients() -> None:
    now = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)

    assert NIGHT.next_allowed(now, ZoneInfo("Asia/Tokyo")) == at("2026-03-04T08:00:00", ZoneInfo("Asia/Tokyo"))
    assert NIGHT.next_allowed(now, ZoneInfo("America/New_York")) == at(
        "2026-03-03T08:00:00", ZoneInfo("America/New_York")
    )
    assert NIGHT.next_allowed(now, BERLIN) == now


def test_a_night_in_which_the_clock_changes_is_shorter_or_longer() -> None:
    spring, autumn = at("2026-03-28T20:00:00"), at("2026-10-24T20:00:00")

    assert NIGHT.next_allowed(spring, BERLIN) - spring == timedelta(hours=11)
    assert NIGHT.next_allowed(autumn, BERLIN) - autumn == timedelta(hours=13)


def test_quiet_hours_that_end_in_the_hour_that_is_left_out_end_with_it() -> None:
    quiet = QuietHours(time(20), time(2, 30))

    assert quiet.next_allowed(at("2026-03-29T01:00:00"), BERLIN) == at("2026-03-29T03:00:00")


def test_quiet_hours_that_end_in_the_hour_that_comes_twice_end_twice() -> None:
    quiet = QuietHours(time(20), time(2, 30))

    assert quiet.next_allowed(at("2026-10-25T01:00:00"), BERLIN) == at("2026-10-25T02:30:00", fold=0)
    assert quiet.next_allowed(at("2026-10-25T02:10:00", fold=1), BERLIN) == at("2026-10-25T02:30:00", fold=1)


def minutes() -> st.SearchStrategy[time]:
    return st.integers(0, 1439).map(lambda minute: time(minute // 60, minute % 60))


def is_quiet(quiet: QuietHours, moment: datetime, zone: ZoneInfo) -> bool:
    """The same said in another way: by how many minutes lie behind the beginning, round the clock."""
    local = moment.astimezone(zone)
    start, end, now = (clock.hour * 60 + clock.minute for clock in (quiet.starts_at, quiet.ends_at, local))
    return (now - start) % 1440 < (end - start) % 1440 or (quiet.business_days_only and local.isoweekday() > 5)


@settings(max_examples=150, deadline=None)
@given(
    st.tuples(minutes(), minutes()).filter(lambda times: times[0] != times[1]),
    st.booleans(),
    st.timedeltas(timedelta(0), timedelta(days=700)).map(lambda later: NOW + later),
    st.sampled_from(
        ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo"]
    ),
)
@example((time(20), time(2, 30)), False, at("2026-10-25T02:10:00", fold=1), "Europe/Berlin")
@example((time(2, 30), time(8)), False, at("2026-10-25T02:45:00", fold=0), "Europe/Berlin")
@example((time(3), time(2)), True, at("2026-03-27T04:00:00"), "Europe/Berlin")
@example((time(23), time(0, 30)), False, at("2026-04-23T23:30:00", ZoneInfo("Africa/Cairo")), "Africa/Cairo")
def test_a_mail_leaves_at_the_first_minute_that_is_not_quiet(
    times: tuple[time, time], business_days_only: bool, now: datetime, name: str
) -> None:
    quiet, zone = QuietHours(*times, business_days_only), ZoneInfo(name)

    allowed = quiet.next_allowed(now, zone)

    assert allowed >= now
    assert not is_quiet(quiet, allowed, zone)
    minute, between = now, []
    while minute < allowed:
        between.append(minute)
        minute = minute.replace(second=0, microsecond=0) + MINUTE
    assert all(is_quiet(quiet, moment, zone) for moment in between)
