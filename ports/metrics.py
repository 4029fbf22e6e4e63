"""Counters and gauges for whoever watches over the service."""

from typing import Protocol


class Metrics(Protocol):
    """Records figures; never raises, never blocks."""

    def count(self, name: str, amount: int = 1, **labels: str) -> None:
        """Add `amount` to the counter `name` (letters, digits, underscores). Labels hold no personal data."""

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set the gauge `name`."""

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Add one duration to the histogram `name`."""
