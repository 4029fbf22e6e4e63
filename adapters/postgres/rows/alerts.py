"""Rows of what a firm's staff was told lately."""

from dataclasses import asdict
from typing import Any

from adapters.postgres.line import Row
from adapters.postgres.rows.values import known_moment, moment
from domain.model.alert_pacing import Quiet
from domain.model.alert_rules import Watch
from domain.model.alerts import Alert
from domain.model.audit import Severity


def alert_json(alert: Alert) -> dict[str, Any]:
    """An alert as it is stored."""
    return asdict(alert)


def alert_of(stored: Row) -> Alert:
    """A stored alert."""
    return Alert(**{**stored, "severity": Severity(stored["severity"])})


def quiet_of(row: Row) -> Quiet:
    """A row as a quiet period."""
    return Quiet(
        firm_id=row["firm_id"],
        action=row["action"],
        subject_id=row["subject_id"],
        severity=Severity(row["severity"]),
        began_at=known_moment(row["began_at"]),
        ends_at=known_moment(row["ends_at"]),
        held_count=row["held_count"],
        latest=None if row["latest"] is None else alert_of(row["latest"]),
    )


def watch_of(row: Row) -> Watch:
    """A row as what the rules remember of its firm."""
    return Watch(moment(row["rate_high_since"]), moment(row["unmatched_told_until"]))
