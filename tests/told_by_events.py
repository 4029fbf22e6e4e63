"""Stories of `tests.reversal_stories` as the events by which Stripe would tell them."""

from collections.abc import Iterable
from typing import Any

from domain.model.disputes import DisputeTelling, Movement
from domain.model.refunds import RefundTelling, RefundTotal
from tests import stripe_events as stripe
from tests.invoice_model import Moment
from tests.reversal_stories import Story, Told

Json = dict[str, Any]


def events_of(story: Story, invoice_id: str) -> list[Json]:
    """Every event of the story; its charges name the invoice, nothing else does."""
    paid = {moment.charge: moment for moment in story.moments if moment.does == "pays"}
    payments = [body for number, moment in enumerate(story.moments) for body in _charged(moment, number, invoice_id)]
    reversals = [body for number, told in enumerate(story.told) for body in _told(told, number, paid)]
    return [*payments, *reversals]


def _charged(moment: Moment, number: int, invoice_id: str) -> Iterable[Json]:
    metadata, is_paid = {"invoice_id": invoice_id}, moment.does == "pays"
    charge_id = moment.charge or f"ch_declined_{number}"
    made = {"metadata": metadata, "decline_code": None if is_paid else "generic_decline"}
    charge = stripe.charge(charge_id, intent_of(charge_id), moment.at, amount=moment.amount or 4200, **made)
    charge["currency"] = moment.currency
    name = "charge.succeeded" if is_paid else "charge.failed"
    yield stripe.event(name, charge, moment.at, id=f"evt_charge_{number}")


def _told(told: Told, number: int, paid: dict[str, Moment]) -> Iterable[Json]:
    event_id = f"evt_told_{number}"
    match told:
        case DisputeTelling():
            yield stripe.event(_dispute_event(told), dispute_json(told), told.told_at, id=event_id)
        case RefundTelling():
            yield stripe.event("refund.updated", refund_json(told), told.told_at, id=event_id)
        case RefundTotal():
            payment = paid[told.stripe_charge_id]
            of_charge = (told.stripe_charge_id, told.stripe_payment_intent_id, payment.at)
            charge = stripe.refunded_charge(*of_charge, refunded=told.amount_minor, amount=payment.amount)
            charge["currency"] = told.currency
            yield stripe.event("charge.refunded", charge, told.told_at, id=event_id)


def intent_of(charge_id: str) -> str:
    """The PaymentIntent of a story's charge."""
    return charge_id.replace("ch_", "pi_")


def _dispute_event(told: DisputeTelling) -> str:
    return "charge.dispute.updated" if told.is_open else "charge.dispute.closed"


def dispute_json(told: DisputeTelling) -> Json:
    """The dispute as Stripe shows it."""
    return stripe.dispute(
        told.stripe_dispute_id,
        told.stripe_charge_id,
        told.stripe_payment_intent_id,
        told.opened_at or told.told_at,
        status=told.stripe_status,
        amount=told.amount_minor,
        currency=told.currency,
        reason=told.reason or "general",
        due_by=told.deadline.respond_by if told.deadline else None,
        submissions=told.submissions or 0,
        movements=[_movement_json(movement) for movement in told.movements],
    )


def _movement_json(moved: Movement) -> Json:
    amounts = {"fee": moved.fee_minor, "currency": moved.currency}
    return stripe.movement(moved.stripe_id, moved.occurred_at, moved.amount_minor, **amounts)


def refund_json(told: RefundTelling) -> Json:
    """The refund as Stripe shows it."""
    return stripe.refund(
        told.stripe_refund_id,
        told.stripe_charge_id,
        told.stripe_payment_intent_id,
        told.created_at or told.told_at,
        amount=told.amount_minor,
        status=told.status.value,
        currency=told.currency,
        failure_reason=told.failure_reason,
        metadata={"refund_id": told.request_id} if told.request_id else None,
    )
