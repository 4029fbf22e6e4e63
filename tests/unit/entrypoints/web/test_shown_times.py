from datetime import UTC, datetime, timedelta, timezone

import pytest

from entrypoints.web.api.shown import instant_text


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 3, 2, 9, tzinfo=UTC), "2026-03-02T09:00:00Z"),
        (datetime(2026, 3, 2, 9, 0, 0, 120000, tzinfo=UTC), "2026-03-02T09:00:00.120000Z"),
        (datetime(2026, 3, 2, 9, tzinfo=timezone(timedelta(hours=5))), "2026-03-02T04:00:00Z"),
    ],
    ids=["whole second", "fraction", "another zone"],
)
def test_times_are_shown_in_utc_with_a_fraction_only_where_there_is_one(at: datetime, expected: str) -> None:
    assert instant_text(at) == expected
