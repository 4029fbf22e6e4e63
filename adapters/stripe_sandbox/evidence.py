"""Evidence of a dispute: its fields, what may be staged, and what it decides once it is submitted.

Limits and fields: Stripe's description of POST /v1/disputes/{dispute}. What the texts decide: docs.stripe.com/testing.
"""

from typing import Any

from adapters.stripe_sandbox.errors import invalid_parameter, resource_missing
from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import World

MOST_CHARACTERS = 150_000
_FILE_FIELDS = (
    "cancellation_policy customer_communication customer_signature duplicate_charge_documentation receipt "
    "refund_policy service_documentation shipping_documentation uncategorized_file"
)
_TEXT_FIELDS = (
    "access_activity_log billing_address cancellation_policy_disclosure cancellation_rebuttal customer_email_address "
    "customer_name customer_purchase_ip duplicate_charge_explanation duplicate_charge_id product_description "
    "refund_policy_disclosure refund_refusal_explanation service_date shipping_address shipping_carrier shipping_date "
    "shipping_tracking_number uncategorized_text"
)
_FILES = tuple(_FILE_FIELDS.split())
_TEXTS = tuple(_TEXT_FIELDS.split())
_DECISIONS = {
    "winning_evidence": ("won", "warning_closed"),
    "losing_evidence": ("lost", "warning_closed"),
    "escalate_inquiry_evidence": (None, "needs_response"),
}


def blank_evidence() -> Json:
    """Evidence with nothing in it."""
    return {**dict.fromkeys(sorted((*_FILES, *_TEXTS))), "enhanced_evidence": {}}


def stage_evidence(dispute: Json, given: dict[str, Any]) -> None:
    """Put the given fields beside those that are there; an empty text takes one away. Raises ApiError 400."""
    evidence = dict(dispute["evidence"])
    for name, value in given.items():
        if name == "enhanced_evidence":
            message = "This sandbox does not act on evidence[enhanced_evidence]. Use Stripe's own test mode for it."
            raise invalid_parameter(message, param="evidence[enhanced_evidence]")
        if name in _FILES and value:
            raise resource_missing("file upload", value, param=f"evidence[{name}]")
        evidence[name] = value or None
    if sum(len(evidence[name] or "") for name in _TEXTS) > MOST_CHARACTERS:
        message = f"The combined character count of all evidence fields is limited to {MOST_CHARACTERS:,}."
        raise invalid_parameter(message, param="evidence")
    dispute["evidence"] = evidence
    has_evidence = any(evidence[name] for name in (*_FILES, *_TEXTS))
    dispute["evidence_details"] = {**dispute["evidence_details"], "has_evidence": has_evidence}


def mark_submitted(world: World, dispute: Json) -> None:
    """The evidence went to the bank. `past_due` is whether it went too late."""
    details = dispute["evidence_details"]
    dispute["evidence_details"] = {
        **details,
        "has_evidence": True,
        "past_due": bool(details["due_by"]) and world.now > details["due_by"],
        "submission_count": details["submission_count"] + 1,
        "submission_method": "manual",
    }


def decided_by(dispute: Json, *, is_inquiry: bool) -> str | None:
    """The status that the submitted text brings about in test mode; None when the bank goes on thinking."""
    decision = _DECISIONS.get(dispute["evidence"]["uncategorized_text"] or "")
    return None if decision is None else decision[is_inquiry]
