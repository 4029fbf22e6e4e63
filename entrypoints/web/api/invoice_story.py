"""What happened to an invoice, and what happens next."""

from collections.abc import Mapping
from typing import Any

from domain.model.audit import AuditEvent
from domain.model.firms import Scope
from domain.services import reading
from domain.services.reading import Plan
from entrypoints.web.api.blueprint import Answer, ApiBlueprint
from entrypoints.web.api.invoice_story_schemas import (
    AttemptPageSchema,
    AttemptShown,
    PlanSchema,
    TimelinePageSchema,
)
from entrypoints.web.api.lists import WholeListQuery, cut
from entrypoints.web.application import application, ports
from entrypoints.web.authentication import caller
from ports.repositories import Page

blueprint = ApiBlueprint(
    "invoice-story", path="/invoices/<id:invoice_id>", description="What happened to an invoice, and what happens next."
)


@blueprint.operation(
    "GET",
    "/attempts",
    Answer(200, AttemptPageSchema, "Attempts in order of time."),
    scope=Scope.READ,
    query=WholeListQuery,
    errors=(404,),
)
def list_attempts(query: Mapping[str, Any], invoice_id: str) -> Page[AttemptShown]:
    """List an invoice's attempts, ours and those we heard of, oldest first."""
    attempts = reading.list_attempts(ports(), caller().firm_id, invoice_id)
    shown = [AttemptShown(invoice_id, attempt) for attempt in attempts]
    return cut(shown, query, lambda each: each.attempt.id)


@blueprint.operation(
    "GET",
    "/timeline",
    Answer(200, TimelinePageSchema, "Everything that happened, oldest first."),
    scope=Scope.READ,
    query=WholeListQuery,
    errors=(404,),
)
def show_timeline(query: Mapping[str, Any], invoice_id: str) -> Page[AuditEvent]:
    """Show everything that happened to an invoice, in order, with who and why."""
    events = reading.timeline(ports(), caller().firm_id, invoice_id)
    return cut(events, query, lambda event: event.id)


@blueprint.operation("GET", "/plan", Answer(200, PlanSchema, "The plan."), scope=Scope.READ, errors=(404,))
def show_plan(invoice_id: str) -> Plan:
    """Show what happens next with an invoice: when, on which card, and the reasons.

    The card is read from Stripe now; while Stripe does not answer, the plan says so and leaves the card open.
    """
    return reading.plan(ports(), application().cards, caller().firm_id, invoice_id)
