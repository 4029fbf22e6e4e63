"""The audit log."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from domain.model.audit import AuditEvent, Severity
from domain.model.firms import Scope
from domain.model.seal_checks import Damage
from domain.services import reading, verification
from domain.services.verification import Verdict
from entrypoints.web.api import shown
from entrypoints.web.api.blueprint import Answer, ApiBlueprint
from entrypoints.web.api.fields import Choice, Text
from entrypoints.web.api.lists import ListQuery, page_of, page_request
from entrypoints.web.api.shown import Shown
from entrypoints.web.application import application, ports
from entrypoints.web.authentication import caller
from ports.repositories import AuditFilter, Page

blueprint = ApiBlueprint("audit-events", path="/audit-events", description="Every change, by whom and why.")

_SEVERITIES = [severity.value for severity in Severity]
_DAMAGES = [damage.value for damage in Damage]
_VERIFIED_MAX = 250_000
"""Rows that are verified well within the time that a request may take."""


class AuditEventQuery(ListQuery):
    """Which audit events to list."""

    action = Text(longest=100, metadata={"description": "Only this action.", "example": "payment_failed"})
    severity = Choice(_SEVERITIES, metadata={"description": "Only of this severity."})
    subject = Text(longest=255, metadata={"description": "Only about the object, or the invoice, of this id."})


class AuditEventSchema(Shown):
    """One change."""

    id = shown.text("Ours.", "aud_8Zx3cV6bNm1QwErT5yUi9o")
    action = shown.text("What happened.", "payment_failed")
    severity = shown.choice("How grave it is.", _SEVERITIES)
    subject_type = shown.text("What kind of object changed.", "attempt")
    subject_id = shown.text("Which one.", "att_9Wq4tYx2LmK8vBn5RzCd7f")
    actor = shown.text("Who: `stripe`, `dunlin`, or `api_key:` and its prefix.", "api_key:3f9a81c27d40")
    metadata = shown.facts(
        "What belongs to it; amounts in minor units.", {"invoice_id": "inv_3Kd8vT5bNq1XyZ7WcRmF2h", "retry_count": 1}
    )
    created_at = shown.instant("When.")


AuditEventPageSchema = page_of(AuditEventSchema, "AuditEventPage")


@blueprint.operation(
    "GET", "", Answer(200, AuditEventPageSchema, "Audit events, newest first."), scope=Scope.READ, query=AuditEventQuery
)
def list_audit_events(query: Mapping[str, Any]) -> Page[AuditEvent]:
    """List audit events, newest first."""
    wanted = AuditFilter(action=query.get("action"), severity=query.get("severity"), subject=query.get("subject"))
    return reading.list_audit_events(ports(), caller().firm_id, wanted, page_request(query))


class FindingSchema(Shown):
    """The first thing that does not hold."""

    damage = shown.choice("What is wrong.", _DAMAGES)
    text = shown.text("The same in words.", "The row at position 812, sealed in 40, is missing.")
    seal_number = shown.number("The seal concerned.", 40, nullable=True)
    position = shown.number("Where the row stands in the log.", 812, nullable=True)
    event_id = shown.text("The audit event that stands there now.", "aud_8Zx3cV6bNm1QwErT5yUi9o", nullable=True)


class CheckpointSchema(Shown):
    """A firm's newest seal, as it is remembered outside the database."""

    number = shown.number("Of the seal.", 1207)
    hash = shown.text("Of the seal: SHA-256.", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")
    sealed_at = shown.instant("When it was made.")


class VerificationSchema(Shown):
    """Whether the audit log is as it was sealed."""

    is_intact = shown.flag("Whether everything holds.")
    seals_count = shown.number("How many seals there are; 0 when something is broken.", 1207)
    sealed_count = shown.number("How many events they list; 0 when something is broken.", 48_310)
    unsealed_count = shown.number("How many newer events wait to be sealed, for a minute at most.", 3)
    checkpoint = fields.Nested(CheckpointSchema, required=True, allow_none=True)
    finding = fields.Nested(FindingSchema, required=True, allow_none=True)


@blueprint.operation(
    "GET",
    "/verify",
    Answer(200, VerificationSchema, "What was found; `is_intact` false with the first thing that does not hold."),
    scope=Scope.READ,
    errors=(409,),
)
def verify_audit_events() -> Mapping[str, Any]:
    """Hold the audit log against its seals.

    A sealed event that was changed, removed, inserted, reordered or cut off is found. `checkpoint` is null where this
    server keeps none; without it, events cut off at the end are not missed. 409 for more than 250,000 sealed events:
    `dunlin audit verify` does those.
    """
    found = verification.verify_firm(ports(), application().checkpoints, caller().firm_id, rows_max=_VERIFIED_MAX)
    return _shown(found)


def _shown(found: Verdict) -> Mapping[str, Any]:
    return {
        "is_intact": found.finding is None,
        "seals_count": found.seals_count,
        "sealed_count": found.sealed_count,
        "unsealed_count": found.unsealed_count,
        "checkpoint": found.checkpoint,
        "finding": found.finding,
    }
