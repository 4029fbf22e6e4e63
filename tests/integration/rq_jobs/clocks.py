"""Clocks for these tests."""

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 3, 29, 12, 0, 0, 250_000, tzinfo=UTC)


class RealClock:
    """The time of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class HandClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
