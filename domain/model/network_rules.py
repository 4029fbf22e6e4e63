"""How often the card networks let a declined payment be tried again: dated data, newest rule first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta


@dataclass(frozen=True)
class NetworkLimit:
    """At most `attempts_max` attempts on one card within `window`, in force since `valid_from_on`."""

    network: str
    attempts_max: int
    window: timedelta
    valid_from_on: date
    source: str


LIMITS = (
    NetworkLimit("visa", 20, timedelta(days=30), date(2026, 4, 18), "Visa Core Rules, 18 April 2026 (was 15)"),
    NetworkLimit("visa", 15, timedelta(days=30), date(2021, 4, 17), "Visa Core Rules before 18 April 2026"),
    NetworkLimit(
        "mastercard", 10, timedelta(days=1), date(2023, 1, 1), "Mastercard TPE excessive attempts: 10 declines in a day"
    ),
    NetworkLimit(
        "mastercard", 35, timedelta(days=30), date(2023, 1, 1), "Mastercard TPE excessive attempts: 35 in 30 days"
    ),
)

# The widest window of the table: how far back the history of a card has to be read.
HISTORY_WINDOW = max(limit.window for limit in LIMITS)


def in_force(network: str, on: date) -> tuple[NetworkLimit, ...]:
    """The limits of `network` on that day: for each window the newest rule that had begun."""
    newest: dict[timedelta, NetworkLimit] = {}
    for limit in LIMITS:
        if limit.network == network and limit.valid_from_on <= on:
            known = newest.get(limit.window)
            if known is None or known.valid_from_on < limit.valid_from_on:
                newest[limit.window] = limit
    return tuple(newest.values())


def exhausted(network: str, declined_at: Iterable[datetime], now: datetime) -> NetworkLimit | None:
    """The limit that one more attempt at `now` would break, or None.

    `declined_at` are the times of the card's declined attempts; ones outside every window are harmless.
    """
    times = tuple(declined_at)
    for limit in in_force(network, now.date()):
        if sum(1 for at in times if now - limit.window < at <= now) >= limit.attempts_max:
            return limit
    return None
