"""Tells the people who run a firm's billing that something needs them."""

from dataclasses import dataclass
from typing import Protocol

from domain.model.audit import Severity


@dataclass(frozen=True)
class Alert:
    """What happened and what to do, without personal data. `subject_id` is the object concerned."""

    firm_id: str
    severity: Severity
    action: str
    subject_id: str
    text: str


class Alerter(Protocol):
    """Delivers alerts."""

    def alert(self, alert: Alert) -> None:
        """Deliver once. Raises `AlertNotDelivered` when no channel took it; the caller tries again. A repeat may be
        shown twice.
        """


class AlertNotDelivered(Exception):
    """No channel took the alert."""
