"""Webhook endpoints and host events as they come in and go out."""

from typing import Any

from marshmallow import fields, validate

from domain.model.host_addresses import URL_LENGTH_MAX
from domain.model.host_deliveries import DeliveryStatus
from domain.model.host_events import HostEventType
from domain.model.webhook_endpoints import DisabledReason
from entrypoints.web.api import shown
from entrypoints.web.api.fields import Accepted, Choice, Flag, Messages, Text
from entrypoints.web.api.lists import ListQuery, page_of
from entrypoints.web.api.shown import Shown

_TYPES = [kind.value for kind in HostEventType]
_STATUSES = [status.value for status in DeliveryStatus]
_URL = "Where events are sent: https, a host on the public internet, port 443 or one from 1024 on."
_EVENT_TYPES = "Which types are sent there; null: all, also those to come."
_DESCRIPTION = "What it is, for people."
_SECRET = "whsec_bHc2ZzNyT2pkY0tYb1NqV2xKc0pZb0tQd0VzR0Z0ZkE="  # noqa: S105 - an example
_LIST_ERRORS: Messages = {"invalid": "Must be a list of event types."}


def _url(**options: Any) -> Text:
    example = "https://billing.example.com/hooks/dunlin"
    return Text(longest=URL_LENGTH_MAX, metadata={"description": _URL, "example": example}, **options)


def _event_types(**options: Any) -> fields.List[str]:
    return fields.List(
        Choice(_TYPES),
        allow_none=True,
        error_messages=_LIST_ERRORS,
        validate=validate.Length(min=1, max=len(_TYPES), error="Must have {min} to {max} types, or be null for all."),
        metadata={"description": _EVENT_TYPES, "example": ["invoice.overdue", "invoice.recovered"]},
        **options,
    )


def _description(**options: Any) -> Text:
    metadata = {"description": _DESCRIPTION, "example": "Stops and restores service."}
    return Text(longest=200, allow_none=True, metadata=metadata, **options)


def _enabled(**options: Any) -> Flag:
    return Flag(metadata={"description": "Whether events are sent there."}, **options)


class NewWebhookEndpointSchema(Accepted):
    """An endpoint that is to be made."""

    url = _url(required=True)
    event_types = _event_types(load_default=None)
    description = _description(load_default=None)
    enabled = _enabled(load_default=True)


class WebhookEndpointChangesSchema(Accepted):
    """What is to be changed of an endpoint; what is left out stays."""

    url = _url()
    event_types = _event_types()
    description = _description()
    enabled = _enabled()


class WebhookEndpointSchema(Shown):
    """Where the host application takes events. Its secret is shown once, when it is made or rotated."""

    id = shown.text("Ours.", "wep_5Rt6yUi8OpAs2DfGh4JkLz")
    url = shown.text(_URL, "https://billing.example.com/hooks/dunlin")
    event_types = shown.texts(_EVENT_TYPES, ["invoice.overdue", "invoice.recovered"], nullable=True)
    description = shown.text(_DESCRIPTION, "Stops and restores service.", nullable=True)
    enabled = shown.flag("Whether events are sent there.", attribute="is_enabled")
    disabled_at = shown.instant("Since when they are not.", nullable=True)
    disabled_reason = shown.choice(
        "Why Dunlin disabled it: it answered 410, or took nothing for five days; null where a person did.",
        [DisabledReason.GONE, DisabledReason.FAILING],
        nullable=True,
    )
    failing_since = shown.instant("The first failure after the last success.", nullable=True)
    last_success_at = shown.instant("When it last took an event.", nullable=True)
    previous_secret_valid_until = shown.instant(
        "Until when the secret before the last rotation signs as well.", nullable=True, attribute="previous_until"
    )
    created_at = shown.instant("When it was made.")
    updated_at = shown.instant("When it was last changed.")


class WebhookEndpointWithSecretSchema(WebhookEndpointSchema):
    """An endpoint with its new secret."""

    secret = shown.text(
        "Signs what is sent, after Standard Webhooks. Shown this once: null in the stored answer under an "
        "Idempotency-Key.",
        _SECRET,
        nullable=True,
    )


WebhookEndpointPageSchema = page_of(WebhookEndpointSchema, "WebhookEndpointPage")


class HostEventQuery(ListQuery):
    """Which host events to list."""

    type = Choice(_TYPES, metadata={"description": "Only of this type."})
    status = Choice(_STATUSES, metadata={"description": "Only in this status."})
    invoice_id = Text(longest=64, metadata={"description": "Only about this invoice."})


class DeliverySchema(Shown):
    """An event on its way to one endpoint."""

    endpoint_id = shown.text("The endpoint.", "wep_5Rt6yUi8OpAs2DfGh4JkLz")
    status = shown.choice("Where it stands; `canceled`: the endpoint was disabled or removed.", _STATUSES)
    tries = shown.number("How often it was sent since it was first to be, or was replayed.", 2)
    last_tried_at = shown.instant("When last.", nullable=True)
    next_try_at = shown.instant("When next; null when no more.", nullable=True)
    response_status = shown.number("The HTTP status of the last answer.", 500, nullable=True)
    last_error = shown.text("Why the last try failed.", "The endpoint answered 500.", nullable=True)
    delivered_at = shown.instant("When the endpoint took it.", nullable=True)


class HostEventSchema(Shown):
    """What the host application is told. What is sent is `id`, `type`, `timestamp` (when it occurred) and `data`."""

    id = shown.text(
        "Ours, made from the fact that it tells of; sent as `webhook-id`.",
        "hev_9c1f0a7be2d34c5f8a6b7c8d",
        attribute="event.id",
    )
    type = shown.choice("What happened.", _TYPES, attribute="event.type")
    occurred_at = shown.instant("When.", attribute="event.occurred_at")
    created_at = shown.instant("When we knew.")
    invoice_id = shown.text(
        "The invoice that it is about.", "inv_3Kd8vT5bNq1XyZ7WcRmF2h", nullable=True, attribute="event.invoice_id"
    )
    status = shown.choice(
        "`delivered` once every endpoint took it, `pending` while any may, else `failed` or `canceled`.", _STATUSES
    )
    data = shown.facts(
        "Objects with the fields of the API, as they were then. Ask the API where the order matters.",
        {"invoice": {"id": "inv_3Kd8vT5bNq1XyZ7WcRmF2h", "status": "overdue"}},
        attribute="event.data",
    )
    deliveries = fields.List(
        fields.Nested(DeliverySchema),
        required=True,
        metadata={"description": "One for each endpoint that it goes to."},
    )


HostEventPageSchema = page_of(HostEventSchema, "HostEventPage")
