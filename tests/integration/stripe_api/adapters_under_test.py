"""The Stripe adapter, pointed at a server of a test's."""

from datetime import UTC, datetime
from typing import Any

from adapters.memory.clock import SettableClock
from adapters.memory.pacing import MemoryRequestPacer
from adapters.stripe_api.cards import StripeCardFile
from adapters.stripe_api.client import stripe_client
from adapters.stripe_api.gateway import StripePaymentGateway
from adapters.stripe_api.http_client import TimeLimits
from domain.model.answers import ChargeAnswer
from ports.payment_gateway import ChargeOrder

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SHORT = TimeLimits(connect=0.3, read=0.4, update=0.4, charge=0.6)
PATIENT = TimeLimits(connect=5, read=10, update=10, charge=10)
ORDER = ChargeOrder("att_1", "inv_1", 5000, "usd", "cus_1", "pm_1")
REUSE = ChargeOrder("att_2", "inv_1", 5000, "usd", "cus_1", "pm_1", reuse_intent_id="pi_1")


def gateway_at(address: str, limits: TimeLimits = PATIENT) -> StripePaymentGateway:
    """A gateway that talks to `address`."""
    client = stripe_client("sk_test_of_these_tests", address, limits=limits)
    return StripePaymentGateway(client, MemoryRequestPacer(1000), SettableClock(NOW))


def cards_at(address: str) -> StripeCardFile:
    """A card file that talks to `address`."""
    client = stripe_client("sk_test_of_these_tests", address, limits=PATIENT)
    return StripeCardFile(client, MemoryRequestPacer(1000))


def execute(address: str, order: ChargeOrder = ORDER, limits: TimeLimits = PATIENT) -> ChargeAnswer:
    """Freeze and send."""
    gateway = gateway_at(address, limits)
    return gateway.execute(None, gateway.freeze(order))


def an_intent(**fields: Any) -> dict[str, Any]:
    """A PaymentIntent as Stripe answers it."""
    told = {"id": "pi_1", "object": "payment_intent", "status": "succeeded", "amount": 5000, "amount_received": 5000}
    return {**told, "currency": "usd", "payment_method": "pm_1", "latest_charge": "ch_1", "metadata": {}, **fields}


def a_refused_intent(**fields: Any) -> dict[str, Any]:
    """One whose last confirmation was refused before there was a charge."""
    error = {"type": "card_error", "code": "authentication_required", "payment_method": {"id": "pm_1"}}
    refused = {"status": "requires_payment_method", "amount_received": 0, "payment_method": None}
    return an_intent(**{**refused, "latest_charge": None, "last_payment_error": error, **fields})


def a_charge(**fields: Any) -> dict[str, Any]:
    """A charge as Stripe lists it."""
    told = {"id": "ch_1", "object": "charge", "status": "succeeded", "paid": True, "captured": True, "amount": 5000}
    return {**told, "currency": "usd", "created": 1795000000, "payment_intent": "pi_1", "metadata": {}, **fields}


def a_list(*entries: dict[str, Any], has_more: bool = False) -> dict[str, Any]:
    """One page of a list."""
    return {"object": "list", "data": list(entries), "has_more": has_more, "url": "/v1/things"}


def an_error(code: str | None = None, **fields: Any) -> dict[str, Any]:
    """An error body."""
    return {"error": {"type": "invalid_request_error", "message": "Something is wrong.", "code": code, **fields}}
