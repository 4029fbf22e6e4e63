"""Stripe's events as JSON, in the shape of a current API version and of an old one, for tests that send their own."""

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from domain.model.inbox import StripeEvent

_numbers = itertools.count(1)

Json = dict[str, Any]


def event(event_type: str, obj: Json, at: datetime, *, id: str | None = None, account: str | None = None) -> Json:  # noqa: A002
    """The envelope around an object."""
    envelope = {
        "id": id or f"evt_test_{next(_numbers)}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": int(at.timestamp()),
        "data": {"object": obj},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": event_type,
    }
    return envelope if account is None else {**envelope, "account": account}


def payment_intent(
    intent_id: str,
    status: str,
    *,
    amount: int = 4200,
    charge_id: str | None = None,
    metadata: Mapping[str, str] | None = None,
    error: Json | None = None,
) -> Json:
    """A PaymentIntent of today's shape."""
    return {
        "id": intent_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_received": amount if status == "succeeded" else 0,
        "currency": "usd",
        "customer": "cus_1",
        "latest_charge": charge_id,
        "last_payment_error": error,
        "metadata": dict(metadata or {}),
        "status": status,
    }


def decline_error(charge_id: str | None, decline_code: str, payment_method_id: str = "pm_1") -> Json:
    """`last_payment_error` after a decline."""
    return {
        "charge": charge_id,
        "code": "card_declined",
        "decline_code": decline_code,
        "message": "Your card was declined.",
        "payment_method": {"id": payment_method_id, "object": "payment_method", "type": "card"},
        "type": "card_error",
    }


def charge(
    charge_id: str,
    intent_id: str | None,
    at: datetime,
    *,
    amount: int = 4200,
    decline_code: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Json:
    """A charge, refused when `decline_code` is given."""
    is_paid = decline_code is None
    return {
        "id": charge_id,
        "object": "charge",
        "amount": amount,
        "amount_captured": amount if is_paid else 0,
        "captured": is_paid,
        "created": int(at.timestamp()),
        "currency": "usd",
        "customer": "cus_1",
        "failure_code": None if is_paid else "card_declined",
        "failure_message": None if is_paid else "Your card was declined.",
        "metadata": dict(metadata or {}),
        "outcome": {"network_status": "approved_by_network", "reason": decline_code, "type": "authorized"}
        if is_paid
        else {"network_status": "declined_by_network", "reason": decline_code, "type": "issuer_declined"},
        "paid": is_paid,
        "payment_intent": intent_id,
        "payment_method": "pm_1",
        "payment_method_details": {"type": "card", "card": {"brand": "visa"}},
        "status": "succeeded" if is_paid else "failed",
    }


def old_invoice(
    stripe_invoice_id: str,
    *,
    is_paid: bool,
    intent_id: str | None = None,
    charge_id: str | None = None,
    amount: int = 4200,
) -> Json:
    """Stripe's own invoice in the shape before basil: it names its PaymentIntent and charge."""
    return {
        "id": stripe_invoice_id,
        "object": "invoice",
        "amount_due": amount,
        "amount_paid": amount if is_paid else 0,
        "attempt_count": 1,
        "charge": charge_id,
        "currency": "usd",
        "customer": "cus_1",
        "metadata": {},
        "paid": is_paid,
        "paid_out_of_band": False,
        "payment_intent": intent_id,
        "status": "paid" if is_paid else "open",
    }


def new_invoice(stripe_invoice_id: str, *, is_paid: bool, amount: int = 4200) -> Json:
    """Stripe's own invoice in the shape since basil: it names neither."""
    return {
        "id": stripe_invoice_id,
        "object": "invoice",
        "amount_due": amount,
        "amount_paid": amount if is_paid else 0,
        "attempt_count": 1,
        "currency": "usd",
        "customer": "cus_1",
        "metadata": {},
        "status": "paid" if is_paid else "open",
    }


def invoice_payment(stripe_invoice_id: str, intent_id: str, amount: int = 4200) -> Json:
    """What links Stripe's invoice and its PaymentIntent since basil."""
    return {
        "id": f"inpay_{intent_id}",
        "object": "invoice_payment",
        "amount_paid": amount,
        "amount_requested": amount,
        "currency": "usd",
        "invoice": stripe_invoice_id,
        "payment": {"type": "payment_intent", "payment_intent": intent_id},
        "status": "paid",
    }


def parsed(body: Json) -> StripeEvent:
    """The event as the verifier hands it on."""

    return StripeEvent(
        id=body["id"],
        type=body["type"],
        account=body.get("account") or "",
        created_at=datetime.fromtimestamp(body["created"], UTC),
        livemode=body["livemode"],
        api_version=body["api_version"],
        body=body,
    )


def now() -> datetime:
    """The present in whole seconds, as Stripe stamps events that are sent to a running installation."""
    return datetime.now(UTC).replace(microsecond=0)
