"""payment_intent.* events. The object inside is what is believed: a type that its state does not bear out tells
nothing (Stripe's own sample events are such).
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from adapters.stripe_api.events.reading import Subject, understood
from adapters.stripe_api.facts import (
    PENDING_STATUSES,
    Telling,
    end_of_intent,
    fact_of_charge,
    failure_of_intent,
    success_of_intent,
    waiting_of_intent,
)
from adapters.stripe_api.json_values import Json
from adapters.stripe_api.shapes import Intent, PaymentError, read_intent
from domain.model.declines import DeclineCodes
from domain.model.inbox import Interpretation
from domain.model.payment_facts import PaymentFact, Source


def read_intent_event(subject: Subject) -> Interpretation:
    """What an event about a PaymentIntent tells. Raises `UnreadableShape`."""
    intent = read_intent(subject.object)
    fact = _fact(subject, intent)
    return understood(
        (intent.id, *intent.stripe_charge_ids, intent.stripe_invoice_id),
        named_invoice_id=intent.named_invoice_id,
        facts=(fact,),
        note=None if fact else _disagreement(subject, intent),
    )


def told_of_intent(source: Json, told_at: datetime, heard_at: datetime) -> Interpretation:
    """What a fetched PaymentIntent tells by its state: the fact that its event would have told, under the same key,
    and that of the newest charge where it is shown in full. Raises `UnreadableShape`.
    """
    intent = read_intent(source)
    telling = Telling(Source.PAYMENT_INTENT, told_at, heard_at)
    return understood(
        (intent.id, *intent.stripe_charge_ids, intent.stripe_invoice_id),
        named_invoice_id=intent.named_invoice_id,
        facts=(*_ended_charges(intent, telling), _state(intent, telling)),
    )


def _ended_charges(intent: Intent, telling: Telling) -> Iterator[PaymentFact | None]:
    """What came of the charges that are shown. While the intent waits they are of earlier tries, and must not be told
    at the time of what waits now: they would end it.
    """
    for charge in intent.charges:
        told_at = charge.created_at if intent.status in PENDING_STATUSES else telling.told_at
        if charge.status in ("succeeded", "failed") and told_at is not None:
            of_charge = Telling(Source.CHARGE, told_at, telling.heard_at)
            yield fact_of_charge(replace(charge, stripe_payment_intent_id=intent.id), of_charge)


def _state(intent: Intent, telling: Telling) -> PaymentFact | None:
    if intent.status == "succeeded" and intent.amount_received_minor != 0:
        return success_of_intent(intent, telling)
    if intent.status == "canceled":
        return end_of_intent(intent, telling)
    if intent.status in PENDING_STATUSES:
        return waiting_of_intent(intent, telling)
    error = intent.error if intent.status == "requires_payment_method" else None
    # Without a charge and an attempt, only its event's id tells one failure of the intent from the next.
    is_nameless = error is not None and error.stripe_charge_id is None and intent.attempt_id is None
    return None if error is None or is_nameless else failure_of_intent(intent, error, telling)


def _fact(subject: Subject, intent: Intent) -> PaymentFact | None:
    telling = subject.telling(Source.PAYMENT_INTENT)
    match subject.type.removeprefix("payment_intent."), intent.status:
        case "succeeded", "succeeded" if intent.amount_received_minor != 0:
            return success_of_intent(intent, telling)
        case "payment_failed", "requires_payment_method":
            return failure_of_intent(intent, intent.error or _without_details(intent), telling)
        case "canceled", "canceled":
            return end_of_intent(intent, telling)
        case ("processing", "processing") | ("requires_action", "requires_action"):
            return waiting_of_intent(intent, telling)
        case _:
            return None


def _without_details(intent: Intent) -> PaymentError:
    """It failed, and the event does not say why: the newest charge that it names, if any, is the one."""
    charge_id = next(iter(intent.stripe_charge_ids), None)
    return PaymentError(charge_id, intent.stripe_payment_method_id, DeclineCodes(), message=None)


def _disagreement(subject: Subject, intent: Intent) -> str:
    return f"{subject.type} tells nothing: its PaymentIntent is {intent.status} by its own status."
