from datetime import UTC, datetime, timedelta

import pytest

from domain.model.cards import Card
from entrypoints.web.api.card_health import health, show_card

END_OF_2026 = datetime(2027, 1, 1, tzinfo=UTC)
DECEMBER = Card("pm_1", brand="visa", last4="4242", exp_month=12, exp_year=2026, is_default=True)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (END_OF_2026 - timedelta(days=31), "ok"),
        (END_OF_2026 - timedelta(days=30), "expiring"),
        (END_OF_2026 - timedelta(microseconds=1), "expiring"),
        (END_OF_2026, "expired"),
        (END_OF_2026 + timedelta(days=400), "expired"),
    ],
    ids=["before", "a month left", "last moment", "over", "long over"],
)
def test_a_card_is_good_to_the_end_of_its_month(now: datetime, expected: str) -> None:
    assert health(DECEMBER, now) == expected


def test_a_month_in_the_middle_of_the_year_ends_with_it() -> None:
    june = Card("pm_1", exp_month=6, exp_year=2026)

    assert health(june, datetime(2026, 6, 30, 23, 59, tzinfo=UTC)) == "expiring"
    assert health(june, datetime(2026, 7, 1, tzinfo=UTC)) == "expired"


def test_what_has_no_expiry_date_is_ok() -> None:
    assert health(Card("pm_1"), END_OF_2026) == "ok"


def test_a_card_is_shown_with_its_health_and_no_fingerprint() -> None:
    shown = show_card(DECEMBER, END_OF_2026)

    assert (shown.health, shown.last4, shown.is_default, shown.backup_rank) == ("expired", "4242", True, None)
    assert not hasattr(shown, "fingerprint")
