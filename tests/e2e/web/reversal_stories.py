"""Payments, refunds and disputes as Stripe's webhooks tell of them to a `WebWorld`."""

from datetime import datetime, timedelta
from typing import Any

from domain.model.disputes import dispute_id
from tests import stripe_events
from tests.builders import NOW
from tests.e2e.web.web_world import Json, Tenant, WebWorld

DUE_BY = NOW + timedelta(days=9)


def pay(web: WebWorld, invoice_id: str, *, amount: int = 4200, charge_id: str = "") -> str:
    """The invoice was paid by a charge, whose id is answered."""
    charge = charge_id or f"ch_{invoice_id}"
    intent = stripe_events.payment_intent(
        f"pi_{charge}", "succeeded", amount=amount, charge_id=charge, metadata={"invoice_id": invoice_id}
    )
    assert web.deliver(stripe_events.event("payment_intent.succeeded", intent, NOW)).status_code == 200
    return charge


def a_paid_invoice(web: WebWorld, *, amount: int = 4200, **wanted: Any) -> tuple[str, str]:
    """A new invoice of north's, paid: (its id, the charge's)."""
    invoice_id = web.invoice(amount_due=amount, **wanted)["id"]
    return invoice_id, pay(web, invoice_id, amount=amount)


def tell_dispute(
    web: WebWorld,
    charge_id: str,
    status: str = "needs_response",
    *,
    stripe_dispute_id: str = "dp_1",
    told_at: datetime = NOW,
    opened_at: datetime = NOW,
    event_type: str = "charge.dispute.updated",
    account: str | None = None,
    brand: str | None = "visa",
    **told: Any,
) -> str:
    """An event about a dispute of the charge; how it was answered to."""
    shown = {"due_by": DUE_BY, **told}
    intent_id = f"pi_{charge_id}" if "intent_id" not in told else shown.pop("intent_id")
    dispute = stripe_events.dispute(stripe_dispute_id, charge_id, intent_id, opened_at, status=status, **shown)
    dispute["payment_method_details"]["card"]["brand"] = brand
    answer = web.deliver(stripe_events.event(event_type, dispute, told_at, account=account))
    return str(answer.get_json()["outcome"])


def a_movement(stripe_id: str, amount: int, fee: int = 0, at: datetime = NOW, currency: str = "usd") -> Json:
    """A balance transaction of a dispute."""
    return {"id": stripe_id, "amount": amount, "fee": fee, "currency": currency, "created": int(at.timestamp())}


def our_id(tenant: Tenant, stripe_dispute_id: str = "dp_1") -> str:
    """Our id of the tenant's dispute."""
    return dispute_id(tenant.firm_id, stripe_dispute_id)


def a_dispute(web: WebWorld, status: str = "needs_response", **told: Any) -> str:
    """A dispute over a new, paid invoice of north's; our id of it."""
    _, charge_id = a_paid_invoice(web, amount=told.get("amount", 4200))
    tell_dispute(web, charge_id, status, **told)
    return our_id(web.north, told.get("stripe_dispute_id", "dp_1"))
