"""How often a firm's staff is told: the same thing once in a quiet period, and no storm of single alerts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.model.alerts import Alert
from domain.model.audit import Severity

ALERTS_PER_MINUTE = 10
"""What goes beyond this in one minute of one firm is put into one digest."""
MINUTE = timedelta(minutes=1)
DIGEST_LINES_MAX = 20

NEVER_QUIET = frozenset({"dispute_deadline_near"})
"""Each of these is about another point in time: the next one is news, however close."""

_ORDER = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True)
class Quiet:
    """A quiet period of one (action, subject): what began it was told; `held_count` more were held back since.

    `latest` is the newest that was held back; `severity` the gravest that was told.
    """

    firm_id: str
    action: str
    subject_id: str
    severity: Severity
    began_at: datetime
    ends_at: datetime
    held_count: int = 0
    latest: Alert | None = None


def hear(known: Quiet | None, alert: Alert, length: timedelta, now: datetime) -> tuple[Quiet | None, bool]:
    """The quiet period after this alert, and whether the alert is told now. A graver one is never held back."""
    if alert.action in NEVER_QUIET or not length:
        return known, True
    if known is not None and now < known.ends_at and _ORDER[alert.severity] <= _ORDER[known.severity]:
        return replace(known, held_count=known.held_count + 1, latest=alert), False
    return _begun(known, alert, length, now), True


def _begun(known: Quiet | None, alert: Alert, length: timedelta, now: datetime) -> Quiet:
    """A new period; what an earlier one still holds back is told at the end of this one."""
    held = (known.held_count, known.latest) if known is not None else (0, None)
    return Quiet(alert.firm_id, alert.action, alert.subject_id, alert.severity, now, now + length, *held)


def end(known: Quiet, length: timedelta, now: datetime) -> tuple[Quiet, Alert | None]:
    """The period that follows one that is over, and the summary of what was held back, if anything was."""
    if known.latest is None or now < known.ends_at:
        return known, None
    times = "once" if known.held_count == 1 else f"{known.held_count} times"
    since = f"{known.began_at:%Y-%m-%d %H:%M} UTC"
    summary = replace(known.latest, text=f"Again {times} since {since}. The latest: {known.latest.text}")
    return replace(known, began_at=now, ends_at=now + length, held_count=0, latest=None), summary


@dataclass(frozen=True)
class Pace:
    """How many alerts a firm was told in the minute that began at `minute_began_at`."""

    minute_began_at: datetime | None = None
    count: int = 0

    def after(self, now: datetime) -> tuple["Pace", bool]:
        """The pace with one more alert at `now`, and whether it is told by itself."""
        if self.minute_began_at is None or not self.minute_began_at <= now < self.minute_ends_at:
            return Pace(now, 1), True
        return Pace(self.minute_began_at, self.count + 1), self.count < ALERTS_PER_MINUTE

    @property
    def minute_ends_at(self) -> datetime:
        """When the digest of this minute goes out."""
        assert self.minute_began_at is not None
        return self.minute_began_at + MINUTE


def digest(firm_id: str, alerts: Sequence[Alert]) -> Alert:
    """One alert of many, the gravest first; `alerts` are in the order of time and not empty."""
    ordered = sorted(alerts, key=lambda alert: -_ORDER[alert.severity])
    lines = [f"{alert.severity}: {alert.text}" for alert in ordered[:DIGEST_LINES_MAX]]
    rest = len(ordered) - len(lines)
    if rest:
        lines.append(f"And {rest} more: GET /api/v1/audit-events lists them all.")
    text = "\n".join((f"{len(ordered)} more alerts came within a minute.", *lines))
    return Alert(firm_id, ordered[0].severity, "alert_digest", firm_id, text, "firm")
