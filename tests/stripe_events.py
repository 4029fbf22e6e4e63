"""Stripe's events as JSON, in the shape of a current API version and of an old one, for tests that send their own."""

import itertools
from collections.abc import Mapping, Sequence
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


def refunded_charge(
    charge_id: str,
    intent_id: str | None,
    at: datetime,
    *,
    refunded: int,
    amount: int = 4200,
    refunds: Sequence[Json] | None = None,
) -> Json:
    """A charge of which `refunded` was given back; with `refunds`, the shape before 2022-11-15, which lists them."""
    told = charge(charge_id, intent_id, at, amount=amount)
    listed = {} if refunds is None else {"refunds": {"object": "list", "data": list(refunds), "has_more": False}}
    return {**told, "amount_refunded": refunded, "refunded": refunded == amount, **listed}


def refund(
    refund_id: str,
    charge_id: str | None,
    intent_id: str | None,
    at: datetime,
    *,
    amount: int = 4200,
    status: str | None = "succeeded",
    currency: str = "usd",
    failure_reason: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Json:
    """A refund, made at `at`; without a status, the shape of the first years."""
    told = {
        "id": refund_id,
        "object": "refund",
        "amount": amount,
        "charge": charge_id,
        "created": int(at.timestamp()),
        "currency": currency,
        "metadata": dict(metadata or {}),
        "payment_intent": intent_id,
        "reason": None,
    }
    failure = {} if failure_reason is None else {"failure_reason": failure_reason}
    return {**told, **failure, **({} if status is None else {"status": status})}


def dispute(
    dispute_id: str,
    charge_id: str | None,
    intent_id: str | None,
    at: datetime,
    *,
    status: str = "needs_response",
    amount: int = 4200,
    currency: str = "usd",
    reason: str = "fraudulent",
    due_by: datetime | None = None,
    submissions: int = 0,
    movements: Sequence[Json] = (),
) -> Json:
    """A dispute of today's shape, opened at `at`; `due_by` None: no answer is possible."""
    return {
        "id": dispute_id,
        "object": "dispute",
        "amount": amount,
        "balance_transactions": list(movements),
        "charge": charge_id,
        "created": int(at.timestamp()),
        "currency": currency,
        "evidence_details": {
            "due_by": None if due_by is None else int(due_by.timestamp()),
            "has_evidence": submissions > 0,
            "past_due": False,
            "submission_count": submissions,
        },
        "is_charge_refundable": status.startswith("warning_") or status in ("won", "prevented"),
        "metadata": {},
        "payment_intent": intent_id,
        "payment_method_details": {
            "type": "card",
            "card": {"brand": "visa", "case_type": "chargeback", "network_reason_code": "10.4"},
        },
        "reason": reason,
        "status": status,
    }


def old_dispute(dispute_id: str, charge_id: str, at: datetime, *, status: str, amount: int = 4200) -> Json:
    """A dispute in the shape of 2013: no PaymentIntent, no details of evidence or card, one transaction by name."""
    return {
        "id": dispute_id,
        "object": "dispute",
        "amount": amount,
        "balance_transaction": f"txn_{dispute_id}",
        "charge": charge_id,
        "created": int(at.timestamp()),
        "currency": "usd",
        "evidence_due_by": int(at.timestamp()) + 1_700_000,
        "reason": "general",
        "status": status,
    }


def movement(transaction_id: str, at: datetime, amount: int, *, fee: int = 0, currency: str = "usd") -> Json:
    """A dispute's balance transaction: a negative amount is a withdrawal."""
    return {
        "id": transaction_id,
        "object": "balance_transaction",
        "amount": amount,
        "created": int(at.timestamp()),
        "currency": currency,
        "fee": fee,
        "net": amount - fee,
        "type": "adjustment",
    }


def fraud_warning(charge_id: str, intent_id: str | None, at: datetime, *, actionable: bool = True) -> Json:
    """An early fraud warning."""
    return {
        "id": f"issfr_{charge_id}",
        "object": "radar.early_fraud_warning",
        "actionable": actionable,
        "charge": charge_id,
        "created": int(at.timestamp()),
        "fraud_type": "unauthorized_use_of_card",
        "payment_intent": intent_id,
    }


def review(charge_id: str | None, intent_id: str | None, at: datetime, *, closed_reason: str | None = None) -> Json:
    """A review by Radar, open until there is a `closed_reason`."""
    return {
        "id": f"prv_{charge_id or intent_id}",
        "object": "review",
        "charge": charge_id,
        "closed_reason": closed_reason,
        "created": int(at.timestamp()),
        "open": closed_reason is None,
        "opened_reason": "rule",
        "payment_intent": intent_id,
        "reason": closed_reason or "rule",
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
