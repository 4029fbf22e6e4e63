"""The machine's clock."""

from datetime import UTC, datetime


class SystemClock:
    """The port `Clock` over the machine's own time."""

    def now(self) -> datetime:
        """The present as an aware UTC datetime."""
        return datetime.now(UTC)
