"""radar.early_fraud_warning.* and review.* events: for the timeline, for people to act on. They move no money."""

from dataclasses import replace

from adapters.stripe_api.events.reading import Subject, understood
from adapters.stripe_api.json_values import identifier, word
from domain.model.fraud_warnings import FraudWarning
from domain.model.inbox import Interpretation


def read_fraud_warning(subject: Subject) -> Interpretation:
    """What the card's network reported: the kind of fraud, and whether anything can still be done about it."""
    kind, actionable = word(subject.object, "fraud_type") or "no type given", subject.object.get("actionable")
    advice = ""
    if actionable is True:
        advice = " A full refund may still prevent a dispute."
    elif actionable is False:
        advice = " Nothing is left to do: the charge is disputed or fully refunded."
    told = _noted(subject, f"Early fraud warning for the charge ({kind}).{advice}")
    warning_id = identifier(subject.object, "id")
    if subject.type != "radar.early_fraud_warning.created" or warning_id is None:
        return told
    is_actionable = actionable if isinstance(actionable, bool) else None
    charge_id = identifier(subject.object, "charge")
    return replace(told, fraud_warning=FraudWarning(warning_id, charge_id, kind, is_actionable))


def read_review(subject: Subject) -> Interpretation:
    """That Stripe's Radar holds the payment up for review, or how the review ended."""
    if subject.type == "review.opened":
        reason = word(subject.object, "opened_reason") or word(subject.object, "reason") or "no reason given"
        return _noted(subject, f"The payment is under review at Stripe ({reason}).")
    reason = word(subject.object, "closed_reason") or word(subject.object, "reason") or "no reason given"
    return _noted(subject, f"Stripe's review of the payment has ended ({reason}).")


def _noted(subject: Subject, note: str) -> Interpretation:
    return understood((identifier(subject.object, "charge"), identifier(subject.object, "payment_intent")), note=note)
