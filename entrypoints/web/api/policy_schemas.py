"""Policies as they come in and go out, and the calendar that one gives."""

from typing import Any

from marshmallow import fields, validate

from domain.model.policies import (
    DELAY_DAYS_MAX,
    QUIET_HOURS_MAX,
    REMINDER_HOURS_MAX,
    REMINDERS_MAX,
    RETRIES_MAX,
    CountFrom,
    OldSlots,
    Policy,
    RetriesBy,
)
from entrypoints.web.api import shown
from entrypoints.web.api.fields import Choice, Messages, Moment, WholeNumber
from entrypoints.web.api.lists import page_of
from entrypoints.web.api.notice_policy_schemas import NewNoticePolicySchema, NoticePolicySchema
from entrypoints.web.api.shown import Shown

_DEFAULT = Policy()

_DELAYS = "The delay of each retry in days."
_COUNT_FROM = "From which failure a delay is counted."
_RETRIES_BY = "Who retries an invoice that Stripe Billing owns: never both."
_OLD_SLOTS = "What becomes of a retry whose failure was more than a day old when it was first heard of."
_REMINDERS = "How many hours before a dispute's deadline its reminders come."
_ALERT_QUIET = "For how many hours the staff is told the same thing once; the rest is summed up then. 0: each time."
_LIST_ERRORS: Messages = {"invalid": "Must be a list of integers.", "null": "Must not be null."}


def _choice(kind: type[Any], default: str, description: str) -> Choice:
    return Choice(
        [value.value for value in kind], load_default=default, metadata={"description": description, "example": default}
    )


class NewPolicySchema(NewNoticePolicySchema):
    """A whole policy: what is left out takes its default."""

    retry_delays_days = fields.List(
        WholeNumber(least=1, most=DELAY_DAYS_MAX),
        error_messages=_LIST_ERRORS,
        load_default=lambda: list(_DEFAULT.retry_delays_days),
        validate=validate.Length(max=RETRIES_MAX, error="At most {max} retries, as Stripe recommends."),
        metadata={
            "description": f"{_DELAYS} Default: 3, 7, 14. They must increase when counted from the first failure.",
            "example": [3, 7, 14],
        },
    )
    count_from = _choice(CountFrom, _DEFAULT.count_from.value, _COUNT_FROM)
    retries_by = _choice(RetriesBy, _DEFAULT.retries_by.value, _RETRIES_BY)
    old_slots = _choice(OldSlots, _DEFAULT.old_slots.value, _OLD_SLOTS)
    dispute_reminder_hours = fields.List(
        WholeNumber(least=1, most=REMINDER_HOURS_MAX),
        error_messages=_LIST_ERRORS,
        load_default=lambda: list(_DEFAULT.dispute_reminder_hours),
        validate=validate.Length(max=REMINDERS_MAX, error="At most {max} reminders."),
        metadata={
            "description": f"{_REMINDERS} Default: 168, 72, 24, 4. Real hours: the deadline is Stripe's.",
            "example": [168, 72, 24, 4],
        },
    )
    alert_quiet_hours = WholeNumber(
        least=0,
        most=QUIET_HOURS_MAX,
        load_default=_DEFAULT.alert_quiet_hours,
        metadata={"description": _ALERT_QUIET, "example": _DEFAULT.alert_quiet_hours},
    )


class PolicyPreviewSchema(NewPolicySchema):
    """A policy to try out, and when the first failure happens."""

    failed_at = Moment(
        metadata={"description": "The first failure; now when missing.", "example": "2026-11-23T09:00:00Z"}
    )


class PolicySchema(NoticePolicySchema):
    """How a firm collects."""

    retry_delays_days = shown.numbers(_DELAYS, [3, 7, 14])
    count_from = shown.choice(_COUNT_FROM, list(CountFrom))
    retries_by = shown.choice(_RETRIES_BY, list(RetriesBy))
    old_slots = shown.choice(_OLD_SLOTS, list(OldSlots))
    dispute_reminder_hours = shown.numbers(_REMINDERS, [168, 72, 24, 4])
    alert_quiet_hours = shown.number(_ALERT_QUIET, 4)


class CalendarEntrySchema(Shown):
    """One step of the failure course."""

    number = shown.number("Its place, from 1.", 1)
    action = shown.choice(
        "What happens; `overdue`: the last retry failed, nothing more is charged.", ["retry", "overdue"]
    )
    at = shown.instant("When, if each attempt fails at once.")
    after_days = shown.number("Days of the policy after the first failure.", 3)


CalendarSchema = page_of(CalendarEntrySchema, "Calendar")
