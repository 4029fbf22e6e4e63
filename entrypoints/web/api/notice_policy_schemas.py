"""What a firm decides about notices, as it comes in and goes out."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from domain.model.mail_checks import is_address
from domain.model.notice_policy import DELAY_HOURS_MAX, EXCLUDED_MAX, TEST_ADDRESSES_MAX, NoticePolicy, QuietHours
from domain.model.notices import NoticeStage
from entrypoints.web.api import shown
from entrypoints.web.api.fields import Accepted, Flag, Messages, Text, WallTime, WholeNumber
from entrypoints.web.api.shown import Shown

_ENABLED = "Whether it is sent; all are unless said otherwise, but for `dispute_received`."
_DELAY = "How many hours after its cause it is sent, in hours of the policy's day."
_STAGES = "Which notices are sent, and how long after their cause."
_STARTS = "From when on, on the client's clock (UTC where no time zone is known)."
_ENDS = "Until when; earlier than the start: on the next day."
_BUSINESS_DAYS = "Whether there are no mails on Saturdays and Sundays either."
_QUIET_HOURS = "When no mail arrives: it waits until they are over; null: mails leave at any time."
_EXCLUDED = "Ids of clients that get no notices."
_TEST_ADDRESSES = "While there are any, every notice goes to these addresses and to nobody else."
_LIST_ERRORS: Messages = {"invalid": "Must be a list of texts.", "null": "Must not be null."}


def _is_address(text: str) -> None:
    """Raise `marshmallow.ValidationError` unless it is one e-mail address."""
    if not is_address(text):
        raise ma.ValidationError("Must be one e-mail address, such as billing@acme.example.")


def _list(item: Text, most: int, description: str, example: list[str]) -> fields.List[str]:
    return fields.List(
        item,
        load_default=list,
        error_messages=_LIST_ERRORS,
        validate=validate.Length(max=most, error="At most {max}."),
        metadata={"description": description, "example": example},
    )


class NewStageRuleSchema(Accepted):
    """A stage's rule: what is left out takes its default."""

    enabled = Flag(metadata={"description": _ENABLED})
    delay_hours = WholeNumber(least=0, most=DELAY_HOURS_MAX, metadata={"description": _DELAY, "example": 0})


NewStagesSchema = Accepted.from_dict(
    {stage.value: fields.Nested(NewStageRuleSchema) for stage in NoticeStage}, name="NewStages"
)


class NewQuietHoursSchema(Accepted):
    """When no mail arrives."""

    start = WallTime(required=True, metadata={"description": _STARTS, "example": "20:00"})
    end = WallTime(required=True, metadata={"description": _ENDS, "example": "08:00"})
    business_days_only = Flag(load_default=False, metadata={"description": _BUSINESS_DAYS})


class NewNoticePolicySchema(Accepted):
    """What a policy says about notices: what is left out takes its default."""

    stages = fields.Nested(NewStagesSchema, load_default=dict, metadata={"description": _STAGES})
    quiet_hours = fields.Nested(
        NewQuietHoursSchema, load_default=None, allow_none=True, metadata={"description": _QUIET_HOURS}
    )
    excluded_clients = _list(Text(longest=64), EXCLUDED_MAX, _EXCLUDED, ["cli_7Jq2mX9LzK4tVw8RbYpD3n"])
    test_addresses = _list(
        Text(longest=254, validate=[_is_address]), TEST_ADDRESSES_MAX, _TEST_ADDRESSES, ["test@north.example"]
    )


class StageRuleSchema(Shown):
    """Whether and when a stage is sent."""

    enabled = shown.flag(_ENABLED, attribute="is_enabled")
    delay_hours = shown.number(_DELAY, 0)


class QuietHoursSchema(Shown):
    """When no mail arrives."""

    start = fields.Time(
        format="%H:%M", required=True, attribute="starts_at", metadata={"description": _STARTS, "example": "20:00"}
    )
    end = fields.Time(
        format="%H:%M", required=True, attribute="ends_at", metadata={"description": _ENDS, "example": "08:00"}
    )
    business_days_only = shown.flag(_BUSINESS_DAYS)


class NoticePolicySchema(Shown):
    """What a policy says about notices."""

    stages = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(StageRuleSchema),
        required=True,
        metadata={"description": f"{_STAGES} Every stage is named."},
    )
    quiet_hours = fields.Nested(
        QuietHoursSchema, required=True, allow_none=True, metadata={"description": _QUIET_HOURS}
    )
    excluded_clients = shown.texts(_EXCLUDED, ["cli_7Jq2mX9LzK4tVw8RbYpD3n"])
    test_addresses = shown.texts(_TEST_ADDRESSES, ["test@north.example"])


def notice_policy_from(wanted: Mapping[str, Any]) -> NoticePolicy:
    """A body of `NewNoticePolicySchema` as a policy. Raises `InvalidInput`.

    A rule that says what holds anyway is not kept, so that putting back what is shown changes nothing.
    """
    default, quiet = NoticePolicy(), wanted["quiet_hours"]
    rules = {
        NoticeStage(stage): replace(default.rule(NoticeStage(stage)), **_rule(given))
        for stage, given in wanted["stages"].items()
    }
    return NoticePolicy(
        stages={stage: rule for stage, rule in rules.items() if rule != default.rule(stage)},
        quiet_hours=None if quiet is None else QuietHours(quiet["start"], quiet["end"], quiet["business_days_only"]),
        excluded_client_ids=frozenset(wanted["excluded_clients"]),
        test_addresses=tuple(dict.fromkeys(wanted["test_addresses"])),
    )


def notice_policy_shown(policy: NoticePolicy) -> dict[str, Any]:
    """A policy with the rule of every stage."""
    return {
        "stages": {stage.value: policy.rule(stage) for stage in NoticeStage},
        "quiet_hours": policy.quiet_hours,
        "excluded_clients": sorted(policy.excluded_client_ids),
        "test_addresses": policy.test_addresses,
    }


def _rule(given: Mapping[str, Any]) -> dict[str, Any]:
    names = {"enabled": "is_enabled", "delay_hours": "delay_hours"}
    return {names[name]: value for name, value in given.items()}
