"""A dispute's shape and its words.

Sources: a captured dispute (API 2026-04-22.dahlia); statuses, reasons and later members, the published stripe package
16.1.0 (API 2026-10-28.endive); network codes of fraud and of an inquiry, measured in Stripe's test mode, the others
from docs.stripe.com/disputes/categories.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from adapters.stripe_sandbox.evidence import blank_evidence
from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import World

REASONS = (
    "bank_cannot_process",
    "check_returned",
    "credit_not_processed",
    "customer_initiated",
    "debit_not_authorized",
    "duplicate",
    "fraudulent",
    "general",
    "incorrect_account_details",
    "insufficient_funds",
    "noncompliant",
    "product_not_received",
    "product_unacceptable",
    "subscription_canceled",
    "unrecognized",
)
CLOSED = ("lost", "prevented", "warning_closed", "won")
ARRIVALS = ("needs_response", "warning_needs_response", "lost", "prevented")
USUAL_FEE = 1500
_DAYS_TO_RESPOND = 8
_NOT_REFUNDABLE = ("needs_response", "under_review", "lost", "appeal_needs_response", "appeal_under_review")
_NETWORK_CODES = {
    "visa": {
        "credit_not_processed": "13.6",
        "duplicate": "12.6.1",
        "fraudulent": "10.4",
        "product_not_received": "13.1",
        "product_unacceptable": "13.3",
        "subscription_canceled": "13.2",
        "unrecognized": "10.4",
    },
    "mastercard": {
        "credit_not_processed": "4853",
        "duplicate": "4834",
        "fraudulent": "4837",
        "product_not_received": "4853",
        "product_unacceptable": "4853",
        "subscription_canceled": "4853",
        "unrecognized": "4863",
    },
}

DueBy = int | Literal["usual"] | None


@dataclass(frozen=True)
class Opening:
    """How a dispute begins.

    `status`: one of ARRIVALS. `amount` (minor units) and `currency`: the charge's unless given; both may differ from
    it, and the amount may be larger. `due_by`: epoch seconds; None or 0 when the bank takes no answer. `fee`: minor
    units of the dispute's currency. `network_reason_code`: the usual one of reason and brand unless given.
    """

    reason: str = "fraudulent"
    status: str = "needs_response"
    amount: int | None = None
    currency: str | None = None
    due_by: DueBy = "usual"
    fee: int = USUAL_FEE
    network_reason_code: str | None = None


def blank_dispute(world: World, charge: Json, opening: Opening) -> Json:
    """The dispute before any money has moved."""
    dispute: Json = {
        "id": world.new_id("du"),
        "object": "dispute",
        "amount": charge["amount"] if opening.amount is None else opening.amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": world.now,
        "currency": opening.currency or charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": blank_evidence(),
        "evidence_details": {
            "due_by": usual_deadline(world) if opening.due_by == "usual" else opening.due_by,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "intended_submission_method": None,
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {"card": _card(charge), "type": "card"},
        "reason": opening.reason,
        "status": None,
    }
    set_status(dispute, opening.status)
    if opening.network_reason_code is not None:
        dispute["payment_method_details"]["card"]["network_reason_code"] = opening.network_reason_code
    return dispute


def set_status(dispute: Json, status: str) -> None:
    """The status and what depends on it: whether the charge may be refunded, the kind of case and its network code."""
    was_inquiry = is_inquiry(dispute)
    is_new = dispute["status"] is None
    dispute["status"] = status
    dispute["is_charge_refundable"] = status not in _NOT_REFUNDABLE
    if is_new or was_inquiry != is_inquiry(dispute):
        card = dispute["payment_method_details"]["card"]
        card["case_type"] = _case_type(dispute)
        card["network_reason_code"] = _network_code(card["brand"], dispute)


def is_inquiry(dispute: Json) -> bool:
    """An inquiry takes no money; its statuses begin with warning_."""
    return str(dispute["status"]).startswith("warning_")


def usual_deadline(world: World) -> int:
    """The end of the eighth day from now in UTC, as measured in Stripe's test mode."""
    midnight = world.now_at.replace(hour=0, minute=0, second=0, microsecond=0)
    return int((midnight + timedelta(days=_DAYS_TO_RESPOND + 1)).timestamp()) - 1


def _card(charge: Json) -> Json:
    card = charge["payment_method_details"]["card"]
    return {"brand": card["brand"], "case_type": None, "network": card["network"], "network_reason_code": None}


def _case_type(dispute: Json) -> str:
    if is_inquiry(dispute):
        return "inquiry"
    if dispute["status"] == "prevented":
        return "resolution"
    return "compliance" if dispute["reason"] == "noncompliant" else "chargeback"


def _network_code(brand: str, dispute: Json) -> str | None:
    code = _NETWORK_CODES.get(brand, {}).get(dispute["reason"])
    # An inquiry of Visa names the group of reasons only: 10, where the chargeback says 10.4.
    return code.split(".")[0] if code is not None and is_inquiry(dispute) else code
