"""charge.dispute.* events. Whatever its type, each tells the whole dispute as it was when the event was made."""

from datetime import datetime

from adapters.stripe_api.dispute_shapes import read_dispute
from adapters.stripe_api.events.reading import Subject, understood
from adapters.stripe_api.json_values import Json
from domain.model.inbox import Interpretation


def read_dispute_event(subject: Subject) -> Interpretation:
    """What an event about a dispute tells. Raises `UnreadableShape`."""
    return told_of_dispute(subject.object, subject.created_at)


def told_of_dispute(source: Json, told_at: datetime) -> Interpretation:
    """What a dispute tells of itself, in an event or fetched. Raises `UnreadableShape`."""
    told = read_dispute(source, told_at)
    ids = (told.stripe_dispute_id, told.stripe_charge_id, told.stripe_payment_intent_id)
    return understood(ids, disputes=(told,))
