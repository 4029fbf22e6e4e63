"""charge.succeeded and charge.failed."""

from adapters.stripe_api.events.reading import Subject, understood
from adapters.stripe_api.facts import fact_of_charge
from adapters.stripe_api.shapes import read_charge
from domain.model.inbox import Interpretation
from domain.model.payment_facts import Source


def read_charge_event(subject: Subject) -> Interpretation:
    """What an event about a charge tells: what its type says, where the charge's own state bears it out.

    Raises `UnreadableShape`.
    """
    charge = read_charge(subject.object)
    does_agree = charge.status == subject.type.removeprefix("charge.")
    fact = fact_of_charge(charge, subject.telling(Source.CHARGE)) if does_agree else None
    return understood(
        (charge.stripe_payment_intent_id, charge.id, charge.stripe_invoice_id),
        named_invoice_id=charge.named_invoice_id,
        facts=(fact,),
        note=None if fact else f"{subject.type} tells nothing: its charge is {charge.status or 'contradictory'}.",
    )
