"""The host's endpoints and events for tests; see `tests.builders`."""

from dataclasses import replace
from typing import Any

from domain.model.host_deliveries import Delivery, StoredHostEvent
from domain.model.host_events import HostEvent, HostEventType
from domain.model.webhook_endpoints import WebhookEndpoint
from tests.builders import FIRM_ID, INVOICE_ID, NOW

HOST_URL = "https://billing.example.com/hooks"


def an_endpoint(**changes: Any) -> WebhookEndpoint:
    """An enabled endpoint for all types."""
    endpoint = WebhookEndpoint("wep_1", FIRM_ID, HOST_URL, "salt of wep_1", created_at=NOW, updated_at=NOW)
    return replace(endpoint, **changes)


def a_host_event(**changes: Any) -> HostEvent:
    """The invoice is overdue."""
    data = {"invoice": {"id": INVOICE_ID, "status": "overdue", "amount_due": 5000, "paid_at": None}}
    event = HostEvent("hev_1", FIRM_ID, HostEventType.INVOICE_OVERDUE, NOW, data, INVOICE_ID)
    return replace(event, **changes)


def a_delivery(**changes: Any) -> Delivery:
    """Just about to be sent to `wep_1`."""
    return replace(Delivery("wep_1", "out_1", started_at=NOW, next_try_at=NOW), **changes)


def a_stored_event(*deliveries: Delivery, **event: Any) -> StoredHostEvent:
    """The event with its deliveries; without any, with one."""
    return StoredHostEvent(a_host_event(**event), NOW, deliveries or (a_delivery(),))
