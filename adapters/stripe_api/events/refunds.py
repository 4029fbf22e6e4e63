"""refund.* events, charge.refund.updated, and charge.refunded."""

from dataclasses import replace
from datetime import datetime

from adapters.stripe_api.events.reading import Subject, understood
from adapters.stripe_api.facts import fact_of_charge
from adapters.stripe_api.json_values import Json, amount, members, required_currency
from adapters.stripe_api.refund_shapes import read_refund
from adapters.stripe_api.shapes import Charge, our_invoice_id, read_charge
from domain.model.inbox import Interpretation
from domain.model.payment_facts import Source
from domain.model.refunds import RefundTelling, RefundTotal


def read_refund_event(subject: Subject) -> Interpretation:
    """What an event about a refund tells: the refund as it was when the event was made. Raises `UnreadableShape`."""
    return told_of_refund(subject.object, subject.created_at)


def told_of_refund(source: Json, told_at: datetime) -> Interpretation:
    """What a refund tells of itself, in an event or fetched. Raises `UnreadableShape`."""
    told = read_refund(source, told_at)
    ids = (told.stripe_refund_id, told.stripe_charge_id, told.stripe_payment_intent_id)
    return understood(ids, named_invoice_id=our_invoice_id(source), refunds=(told,))


def read_charge_refunded(subject: Subject) -> Interpretation:
    """charge.refunded: what is refunded of the charge in all, the refunds that it shows, and that it had succeeded.

    A charge that was never captured gives a reservation back: then no money moves, unless other events tell of money
    that came by it. Raises `UnreadableShape`.
    """
    charge = read_charge(subject.object)
    is_captured = charge.status == "succeeded"
    # In the oldest shapes a refund has no id of its own; the total holds it.
    shown = [entry for entry in members(subject.object, "refunds") if "id" in entry] if is_captured else []
    refunds = [_of_charge(read_refund(entry, subject.created_at), charge) for entry in shown]
    refund_ids = (refund.stripe_refund_id for refund in refunds)
    return understood(
        (charge.stripe_payment_intent_id, charge.id, charge.stripe_invoice_id, *refund_ids),
        named_invoice_id=charge.named_invoice_id,
        facts=(fact_of_charge(charge, subject.telling(Source.CHARGE)),) if is_captured else (),
        refunds=refunds,
        totals=_total(subject, charge),
        note=None if is_captured else f"{subject.type}: its charge is {charge.status or 'contradictory'}.",
    )


def _of_charge(refund: RefundTelling, charge: Charge) -> RefundTelling:
    """A refund in a charge's list is that charge's."""
    intent_id = charge.stripe_payment_intent_id or refund.stripe_payment_intent_id
    return replace(refund, stripe_charge_id=charge.id, stripe_payment_intent_id=intent_id)


def _total(subject: Subject, charge: Charge) -> tuple[RefundTotal, ...]:
    total_minor = amount(subject.object, "amount_refunded")
    if total_minor is None:
        return ()
    currency, intent_id = required_currency(subject.object), charge.stripe_payment_intent_id
    return (RefundTotal(charge.id, total_minor, currency, subject.created_at, intent_id),)
