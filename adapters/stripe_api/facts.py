"""PaymentIntents and charges as facts: shared by the events, the answers to our calls, and look-ups."""

from dataclasses import dataclass, replace
from datetime import datetime

from adapters.stripe_api.shapes import Charge, Intent, PaymentError
from domain.model.payment_facts import FactKind, PaymentFact, Source

# The states in which a PaymentIntent is neither paid nor free to be tried again. `requires_capture` is a
# reservation that whoever made the intent still has to capture.
PENDING_STATUSES = frozenset({"processing", "requires_action", "requires_capture"})


@dataclass(frozen=True)
class Telling:
    """Who says something, and when; `event_id` is that of an event."""

    source: Source
    told_at: datetime
    heard_at: datetime
    event_id: str | None = None


def fact_of_charge(charge: Charge, telling: Telling) -> PaymentFact | None:
    """Success, failure or waiting, as the charge's own state has it; None when it contradicts itself."""
    kinds = {"succeeded": FactKind.SUCCEEDED, "failed": FactKind.FAILED}
    kind = kinds.get(charge.status or "")
    if kind is None and (charge.status is None or charge.stripe_payment_intent_id is None):
        return None
    return PaymentFact(
        kind=kind or FactKind.PENDING,
        source=telling.source,
        told_at=telling.told_at,
        heard_at=telling.heard_at,
        charge_created_at=charge.created_at,
        event_id=telling.event_id,
        attempt_id=charge.attempt_id,
        stripe_payment_intent_id=charge.stripe_payment_intent_id,
        stripe_charge_id=charge.id,
        stripe_invoice_id=charge.stripe_invoice_id,
        stripe_payment_method_id=charge.stripe_payment_method_id,
        amount_minor=charge.amount_minor,
        currency=charge.currency,
        codes=charge.codes,
        message=charge.message if kind is FactKind.FAILED else None,
        pending_status=None if kind else {"uncaptured": "requires_capture"}.get(charge.status or "", "processing"),
    )


def success_of_intent(intent: Intent, telling: Telling) -> PaymentFact:
    """Money came by this PaymentIntent."""
    paid_by = next((charge for charge in intent.charges if charge.status == "succeeded"), None)
    latest = intent.stripe_charge_ids[0] if intent.stripe_charge_ids else None
    return _fact_of_intent(
        FactKind.SUCCEEDED,
        intent,
        telling,
        charge_id=paid_by.id if paid_by else latest,
        charge_created_at=paid_by.created_at if paid_by else None,
        amount_minor=intent.amount_received_minor or intent.amount_minor,
        method_id=intent.stripe_payment_method_id or (paid_by.stripe_payment_method_id if paid_by else None),
    )


def failure_of_intent(intent: Intent, error: PaymentError, telling: Telling) -> PaymentFact:
    """The bank said no to this PaymentIntent.

    The charge is the one that the error names: `latest_charge` may be of an earlier try when this one was refused
    before there was a charge.
    """
    charge = next((charge for charge in intent.charges if charge.id == error.stripe_charge_id), None)
    told = _fact_of_intent(
        FactKind.FAILED,
        intent,
        telling,
        charge_id=error.stripe_charge_id,
        charge_created_at=charge.created_at if charge else None,
        amount_minor=intent.amount_minor,
        method_id=error.stripe_payment_method_id or intent.stripe_payment_method_id,
    )
    return replace(told, codes=error.codes, message=error.message)


def waiting_of_intent(intent: Intent, telling: Telling) -> PaymentFact:
    """The outcome is still to come. While the customer is waited for, the charges are those of earlier tries."""
    latest = intent.stripe_charge_ids[0] if intent.stripe_charge_ids else None
    return _fact_of_intent(
        FactKind.PENDING,
        intent,
        telling,
        charge_id=None if intent.status == "requires_action" else latest,
        amount_minor=intent.amount_minor,
        method_id=intent.stripe_payment_method_id,
        pending_status=intent.status,
    )


def end_of_intent(intent: Intent, telling: Telling) -> PaymentFact:
    """The PaymentIntent was canceled; no money can come of it."""
    return _fact_of_intent(FactKind.CANCELED, intent, telling)


def _fact_of_intent(
    kind: FactKind,
    intent: Intent,
    telling: Telling,
    *,
    charge_id: str | None = None,
    charge_created_at: datetime | None = None,
    amount_minor: int | None = None,
    method_id: str | None = None,
    pending_status: str | None = None,
) -> PaymentFact:
    return PaymentFact(
        kind=kind,
        source=telling.source,
        told_at=telling.told_at,
        heard_at=telling.heard_at,
        charge_created_at=charge_created_at,
        event_id=telling.event_id,
        attempt_id=intent.attempt_id,
        stripe_payment_intent_id=intent.id,
        stripe_charge_id=charge_id,
        stripe_invoice_id=intent.stripe_invoice_id,
        stripe_payment_method_id=method_id,
        amount_minor=amount_minor,
        currency=intent.currency,
        pending_status=pending_status,
    )
