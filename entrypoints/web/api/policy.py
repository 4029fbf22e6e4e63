"""How the firm collects: its policy, and what a policy would give."""

from collections.abc import Mapping
from typing import Any

from domain.model.firms import Scope
from domain.model.policies import CountFrom, OldSlots, Policy, RetriesBy, Terms
from domain.services import firms
from entrypoints.web.api.blueprint import Answer, ApiBlueprint
from entrypoints.web.api.course_calendar import CalendarEntry, calendar
from entrypoints.web.api.notice_policy_schemas import notice_policy_from, notice_policy_shown
from entrypoints.web.api.policy_schemas import CalendarSchema, NewPolicySchema, PolicyPreviewSchema, PolicySchema
from entrypoints.web.application import ports
from entrypoints.web.authentication import caller
from ports.repositories import Page

blueprint = ApiBlueprint("policy", path="/policy", description="How the firm collects.")


@blueprint.operation("GET", "", Answer(200, PolicySchema, "The policy."), scope=Scope.READ)
def get_policy() -> dict[str, Any]:
    """Show the firm's policy."""
    return _shown(firms.get_policy(ports(), caller().firm_id))


@blueprint.operation(
    "PUT", "", Answer(200, PolicySchema, "The policy as it is now."), scope=Scope.ADMIN, body=NewPolicySchema
)
def replace_policy(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the firm's policy.

    The body is the whole policy: what it leaves out takes its default. Open invoices follow the new policy from now
    on.
    """
    return _shown(firms.replace_policy(ports(), caller().firm_id, _policy(wanted), caller().actor))


@blueprint.operation(
    "POST",
    "/preview",
    Answer(200, CalendarSchema, "Each retry, and when the invoice becomes overdue."),
    scope=Scope.READ,
    body=PolicyPreviewSchema,
)
def preview_policy(wanted: Mapping[str, Any]) -> Page[CalendarEntry]:
    """Show the calendar that a policy would give.

    The body is a policy as for replacing it, and changes nothing. Every attempt is taken to fail at the time at which
    it is due.
    """
    failed_at = wanted.get("failed_at", ports().clock.now())
    return Page(calendar(Terms(_policy(wanted), ports().day), failed_at), None)


def _policy(wanted: Mapping[str, Any]) -> Policy:
    return Policy(
        retry_delays_days=tuple(wanted["retry_delays_days"]),
        count_from=CountFrom(wanted["count_from"]),
        retries_by=RetriesBy(wanted["retries_by"]),
        old_slots=OldSlots(wanted["old_slots"]),
        dispute_reminder_hours=tuple(wanted["dispute_reminder_hours"]),
        notices=notice_policy_from(wanted),
        alert_quiet_hours=wanted["alert_quiet_hours"],
    )


def _shown(policy: Policy) -> dict[str, Any]:
    return {**vars(policy), **notice_policy_shown(policy.notices)}
