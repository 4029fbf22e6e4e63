"""checkout.session.* events about our own pages. What was paid on one is told by its PaymentIntent's events."""

from adapters.stripe_api.customer_sessions import CARD_PURPOSE
from adapters.stripe_api.events.reading import Subject, understood
from adapters.stripe_api.json_values import identifier, mapping, required_id, text
from adapters.stripe_api.shapes import named_invoice_id, our_attempt_id
from domain.model.inbox import Interpretation
from domain.model.payment_facts import FactKind, PaymentFact, Source

_NOT_OURS = Interpretation(is_handled=False)


def read_completed(subject: Subject) -> Interpretation:
    """A page for a card has one. Raises `UnreadableShape`."""
    source = subject.object
    if our_attempt_id(source) is not None:
        return understood((identifier(source, "payment_intent"),), named_invoice_id=named_invoice_id(source))
    if text(mapping(source, "metadata"), "purpose") != CARD_PURPOSE:
        return _NOT_OURS
    return understood((), named_invoice_id=named_invoice_id(source), card_sessions=(required_id(source),))


def read_ended(subject: Subject) -> Interpretation:
    """A page on which nothing was paid, and nothing can be any more: it expired, or the bank said no days later."""
    source = subject.object
    attempt_id, intent_id = our_attempt_id(source), identifier(source, "payment_intent")
    if attempt_id is None:
        return _NOT_OURS
    ended = PaymentFact(
        kind=FactKind.CANCELED,
        source=Source.PAYMENT_INTENT,
        told_at=subject.created_at,
        heard_at=subject.heard_at,
        event_id=subject.event_id,
        attempt_id=attempt_id,
        stripe_payment_intent_id=intent_id,
    )
    return understood((intent_id,), named_invoice_id=named_invoice_id(source), facts=(ended,))
