"""What a firm decides about collecting: when to retry, from where to count, and who retries."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from domain.model.errors import FieldError, InvalidInput
from domain.model.notice_policy import NoticePolicy

RETRIES_MAX = 8
"""Stripe recommends at most eight retries of one charge. Source: docs.stripe.com/declines/card, read 2026-11."""
DELAY_DAYS_MAX = 90
REMINDERS_MAX = 10
REMINDER_HOURS_MAX = 24 * 60
QUIET_HOURS_MAX = 24 * 7


class CountFrom(StrEnum):
    """From which failure the delay of a retry is counted."""

    PREVIOUS_FAILURE = "previous_failure"
    FIRST_FAILURE = "first_failure"


class RetriesBy(StrEnum):
    """Who retries an invoice that Stripe Billing owns: never both."""

    DUNLIN = "dunlin"
    STRIPE = "stripe"


class OldSlots(StrEnum):
    """What happens with a retry that is due because of facts more than a day old when first heard of."""

    HOLD = "hold"
    RUN = "run"


@dataclass(frozen=True)
class Policy:
    """A firm's policy. `retry_delays_days[n]` is the delay of retry n+1 in policy days.

    `dispute_reminder_hours` says how long before a dispute's deadline its reminders come, in real hours: the
    deadline is Stripe's. `alert_quiet_hours` is how long the firm's staff is told the same thing once, in real hours;
    0: each time.
    """

    retry_delays_days: tuple[int, ...] = (3, 7, 14)
    count_from: CountFrom = CountFrom.PREVIOUS_FAILURE
    retries_by: RetriesBy = RetriesBy.DUNLIN
    old_slots: OldSlots = OldSlots.HOLD
    dispute_reminder_hours: tuple[int, ...] = (168, 72, 24, 4)
    notices: NoticePolicy = field(default_factory=NoticePolicy)
    alert_quiet_hours: int = 4

    def __post_init__(self) -> None:
        errors = []
        if len(self.retry_delays_days) > RETRIES_MAX:
            errors.append(FieldError("retry_delays_days", f"At most {RETRIES_MAX} retries, as Stripe recommends."))
        if any(not 0 < days <= DELAY_DAYS_MAX for days in self.retry_delays_days):
            errors.append(FieldError("retry_delays_days", f"Each delay must be 1 to {DELAY_DAYS_MAX} days."))
        if self.count_from is CountFrom.FIRST_FAILURE and list(self.retry_delays_days) != sorted(
            set(self.retry_delays_days)
        ):
            errors.append(FieldError("retry_delays_days", "Counted from the first failure, the delays must increase."))
        if len(self.dispute_reminder_hours) > REMINDERS_MAX:
            errors.append(FieldError("dispute_reminder_hours", f"At most {REMINDERS_MAX} reminders."))
        if any(not 0 < hours <= REMINDER_HOURS_MAX for hours in self.dispute_reminder_hours):
            errors.append(FieldError("dispute_reminder_hours", f"Each must be 1 to {REMINDER_HOURS_MAX} hours."))
        if len(set(self.dispute_reminder_hours)) < len(self.dispute_reminder_hours):
            errors.append(FieldError("dispute_reminder_hours", "Each time is given once."))
        if not 0 <= self.alert_quiet_hours <= QUIET_HOURS_MAX:
            errors.append(FieldError("alert_quiet_hours", f"Must be 0 to {QUIET_HOURS_MAX} hours."))
        if errors:
            raise InvalidInput(*errors)


@dataclass(frozen=True)
class Terms:
    """A policy together with the length of its day (shorter than a day only in demonstrations)."""

    policy: Policy
    day: timedelta = timedelta(days=1)
