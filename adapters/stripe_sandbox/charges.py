"""Charges: their shape, retrieve and list. They are made by charging.py alone."""

from typing import Any

from adapters.stripe_sandbox.declines import Decline
from adapters.stripe_sandbox.lists import conditions_for, list_page
from adapters.stripe_sandbox.operations import Call, Operation, plays
from adapters.stripe_sandbox.test_cards import Card
from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import World


def make_charge(world: World, intent: Json, method: Json) -> Json:
    """A charge for the whole PaymentIntent, not yet decided. It copies the PaymentIntent's metadata of this moment."""
    return {
        "id": world.new_id("ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": intent["statement_descriptor"] or "DUNLIN SANDBOX",
        "captured": False,
        "created": world.now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": None,
        "outcome": None,
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": _method_details(intent, method),
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": intent["shipping"],
        "source_transfer": None,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": "pending",
        "transfer_data": None,
        "transfer_group": intent["transfer_group"],
    }


def approve(charge: Json, card: Card) -> None:
    """The money was taken."""
    charge.update(status="succeeded", paid=True, captured=True, amount_captured=charge["amount"])
    charge["payment_method_details"]["card"]["amount_authorized"] = charge["amount"]
    charge["outcome"] = _approved(card)


def leave_pending(charge: Json, card: Card) -> None:
    """The bank has taken it in and will decide later."""
    charge.update(status="pending", captured=True, amount_captured=charge["amount"], outcome=_approved(card))


def refuse(charge: Json, decline: Decline) -> None:
    """The money was not taken."""
    charge.update(status="failed", paid=False, captured=False, amount_captured=0, outcome=decline.outcome())
    charge.update(failure_code=decline.code, failure_message=decline.message)


def _approved(card: Card) -> Json:
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network",
        "reason": "elevated_risk_level" if card.risk_level == "elevated" else None,
        "risk_level": card.risk_level,
        "risk_score": 65 if card.risk_level == "elevated" else 8,
        "seller_message": "Payment complete.",
        "type": "authorized",
    }


def _method_details(intent: Json, method: Json) -> Json:
    card: dict[str, Any] = method["card"]
    copied = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4", "wallet")
    return {
        "type": "card",
        "card": {
            **{name: card[name] for name in copied},
            "amount_authorized": None,
            "extended_authorization": {"status": "disabled"},
            "incremental_authorization": {"status": "unavailable"},
            "installments": None,
            "mandate": None,
            "multicapture": {"status": "unavailable"},
            "network": card["brand"],
            "network_token": {"used": False},
            "overcapture": {"maximum_amount_capturable": intent["amount"], "status": "unavailable"},
            "regulated_status": "unregulated",
            "three_d_secure": None,
        },
    }


def _retrieve(call: Call) -> Json:
    return call.world.get("charge", call.path["charge"])


def _list(call: Call) -> Json:
    conditions = conditions_for("charge", call.params, ("customer", "payment_intent"))
    return list_page(call.world, "charge", call.params, conditions, url="/v1/charges")


OPERATIONS = (
    Operation("GET /v1/charges", _list, plays("created customer ending_before limit payment_intent starting_after")),
    Operation("GET /v1/charges/{charge}", _retrieve),
)
