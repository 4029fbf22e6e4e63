"""A clock that stands until it is moved: for tests and the simulator."""

from datetime import datetime, timedelta


class SettableClock:
    """The port `Clock`; `start` and every time set are aware UTC."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self.set(start)

    def now(self) -> datetime:
        """The time that was set last."""
        return self._now

    def set(self, at: datetime) -> None:
        """Make it `at`. Raises `ValueError` for a time that is not UTC."""
        if at.utcoffset() != timedelta(0):
            raise ValueError(f"{at!r} is not an aware UTC time")
        self._now = at

    def advance(self, by: timedelta) -> datetime:
        """Move on; the new time."""
        self.set(self._now + by)
        return self._now
