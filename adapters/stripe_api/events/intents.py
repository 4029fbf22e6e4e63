"""payment_intent.* events. The object inside is what is believed: a type that its state does not bear out tells
nothing (Stripe's own sample events are such).
"""

from adapters.stripe_api.events.reading import Subject, understood
from adapters.stripe_api.facts import end_of_intent, failure_of_intent, success_of_intent, waiting_of_intent
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
