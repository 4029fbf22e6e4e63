"""The audit log."""

from collections.abc import Mapping
from typing import Any

from domain.model.audit import AuditEvent, Severity
from domain.model.firms import Scope
from domain.services import reading
from entrypoints.web.api import shown
from entrypoints.web.api.blueprint import Answer, ApiBlueprint
from entrypoints.web.api.fields import Choice, Text
from entrypoints.web.api.lists import ListQuery, page_of, page_request
from entrypoints.web.api.shown import Shown
from entrypoints.web.application import ports
from entrypoints.web.authentication import caller
from ports.repositories import AuditFilter, Page

blueprint = ApiBlueprint("audit-events", path="/audit-events", description="Every change, by whom and why.")

_SEVERITIES = [severity.value for severity in Severity]


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
