"""Figures that nobody looks at."""


class NoMetrics:
    """The port `Metrics`, for runs that are watched in other ways."""

    def count(self, name: str, amount: int = 1, **labels: str) -> None:
        """Nothing."""

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Nothing."""

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Nothing."""
