"""Stripe's events as they are stored, and processing them again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.model.errors import NotFound
from domain.model.firms import Scope
from domain.model.inbox import InboxEntry, InboxStatus
from domain.services import reading
from domain.services.steps import in_firm
from domain.services.webhooks import EventNotProcessed, replay_event
from entrypoints.web.api import shown
from entrypoints.web.api.blueprint import Answer, ApiBlueprint
from entrypoints.web.api.fields import Choice
from entrypoints.web.api.lists import ListQuery, page_of, page_request
from entrypoints.web.api.shown import Shown
from entrypoints.web.application import application, ports
from entrypoints.web.authentication import caller
from ports.repositories import Page

blueprint = ApiBlueprint("webhook-events", path="/webhook-events", description="Stripe's events, as they are stored.")

_STATUSES = [status.value for status in InboxStatus]


class WebhookEventQuery(ListQuery):
    """Which events to list."""

    status = Choice(_STATUSES, metadata={"description": "Only in this status."})


class WebhookEventSchema(Shown):
    """A stored event of the firm."""

    id = shown.text("Stripe's.", "evt_1PgafmB7WZ01zgkW", attribute="event.id")
    type = shown.text("Stripe's.", "payment_intent.payment_failed", attribute="event.type")
    account = shown.text_or_null(
        "The Connect account; null for the platform's own.", "acct_1PgafmB7WZ01", attribute="event.account"
    )
    api_version = shown.text("Its shape.", "2026-10-28.endive", nullable=True, attribute="event.api_version")
    livemode = shown.flag("Whether it is about real money.", attribute="event.livemode")
    status = shown.choice("What became of it.", _STATUSES)
    error = shown.text("Why it was not processed.", "No invoice is known for it yet.", nullable=True)
    invoice_id = shown.text("The invoice that it belongs to.", "inv_3Kd8vT5bNq1XyZ7WcRmF2h", nullable=True)
    received_at = shown.instant("When it was first received.")
    processed_at = shown.instant("When it was processed.", nullable=True)


class ReplaySchema(Shown):
    """What became of an event that was processed again."""

    event = shown.text("Stripe's id.", "evt_1PgafmB7WZ01zgkW")
    outcome = shown.choice("What became of it now.", _STATUSES)
    error = shown.text("Why it could not be processed.", "charge.id is missing", nullable=True)


@dataclass(frozen=True)
class Replay:
    """A replayed event with what became of it."""

    event: str
    outcome: str
    error: str | None = None


WebhookEventPageSchema = page_of(WebhookEventSchema, "WebhookEventPage")


@blueprint.operation(
    "GET",
    "",
    Answer(200, WebhookEventPageSchema, "Events, newest first."),
    scope=Scope.READ,
    query=WebhookEventQuery,
)
def list_webhook_events(query: Mapping[str, Any]) -> Page[InboxEntry]:
    """List the firm's stored events, newest first.

    Events that no firm owns yet are seen on the command line alone: `dunlin events list`.
    """
    return reading.list_events(ports(), caller().firm_id, query.get("status"), page_request(query))


@blueprint.operation(
    "POST",
    "/<id:event_id>/replay",
    Answer(200, ReplaySchema, "What became of it; `failed` with the error where it could not be processed."),
    scope=Scope.ADMIN,
)
def replay_webhook_event(event_id: str) -> Replay:
    """Process a stored event again.

    What is known already changes nothing. An event that fails again answers 200 too: its `outcome` is `failed`, with
    the error beside it.
    """
    firm_id = caller().firm_id
    found = in_firm(ports(), firm_id, lambda step: tuple(step.tx.backlog.find(event_id)))
    if not found:
        raise NotFound("webhook event", event_id)
    account, stored_id = found[0]
    try:
        receipt = replay_event(ports(), application().mailroom, account, stored_id)
    except EventNotProcessed as failed:
        return Replay(event_id, InboxStatus.FAILED.value, str(failed))
    if receipt is None:
        raise NotFound("webhook event", event_id)
    return Replay(receipt.event_id, receipt.outcome.value)
