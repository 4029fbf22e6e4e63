"""What is kept about alerts, and what their rules look at. As in `ports.repositories`, a firm's transaction sees its
own.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.model.alert_pacing import Pace, Quiet
from domain.model.alert_rules import Payments, Unmatched, Watch
from domain.model.alerts import Alert, AlertSettings


class AlertBook(Protocol):
    """Where a firm's alerts go, and what its staff was told lately."""

    def settings(self, firm_id: str) -> AlertSettings:
        """The firm's addresses; none where none were set."""

    def save_settings(self, firm_id: str, settings: AlertSettings) -> None:
        """Replace them."""

    def lock_pace(self, firm_id: str) -> Pace:
        """The firm's pace, locked until the transaction ends: whoever decides about a firm's alerts takes it first."""

    def save_pace(self, firm_id: str, pace: Pace) -> None:
        """Replace it."""

    def watch(self, firm_id: str) -> Watch:
        """What the rules remember of the firm."""

    def save_watch(self, firm_id: str, watch: Watch) -> None:
        """Replace it."""

    def quiet(self, firm_id: str, action: str, subject_id: str) -> Quiet | None:
        """The last quiet period of that action and subject, over or not."""

    def save_quiet(self, quiet: Quiet, now: datetime) -> None:
        """Store or replace it. Some that are over by `now` and hold nothing back are forgotten on the way."""

    def keep_for_digest(self, key: str, alert: Alert) -> None:
        """Put an alert aside for the firm's next digest; a known key changes nothing."""

    def take_for_digest(self, firm_id: str) -> Sequence[Alert]:
        """Take every alert that was put aside, in the order in which they were."""


class AlertSigns(Protocol):
    """What the rules look at: figures of every firm at once (system transactions)."""

    def payments_since(self, since: datetime) -> Mapping[str, Payments]:
        """How many payments failed and succeeded since then, by firm; firms without any are left out.

        Each decline and each paid PaymentIntent counts once, however many sources told of it, and a failed charge that
        is told as paid too is paid. Out-of-band payments do not count.
        """

    def watches(self) -> Mapping[str, Watch]:
        """What the rules remember, by firm; firms of which they remember nothing are left out."""

    def unmatched_before(self, received_before: datetime) -> Mapping[str, Unmatched]:
        """Events received by then that are unmatched still, by firm; those that no firm owns are left out."""
