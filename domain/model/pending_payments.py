"""Payments whose outcome is still to come, and PaymentIntents of which none can come any more."""

from collections.abc import Sequence

from domain.model.payment_facts import FactKind, Outcome, PaymentFact, Source


def open_pendings(facts: Sequence[PaymentFact], told: Sequence[Outcome]) -> tuple[PaymentFact, ...]:
    """Pending tellings that no outcome of the same PaymentIntent, made or told later, has ended."""
    return tuple(
        fact for fact in facts if fact.kind is FactKind.PENDING and not any(_ends(outcome, fact) for outcome in told)
    )


def _ends(outcome: Outcome, pending: PaymentFact) -> bool:
    if outcome.stripe_payment_intent_id != pending.stripe_payment_intent_id:
        return False
    if outcome.has_succeeded:
        return True
    is_of_another_attempt = (
        None not in (outcome.attempt_id, pending.attempt_id) and outcome.attempt_id != pending.attempt_id
    )
    # One look-up tells of an old failure and of what is pending now at the same moment.
    is_told_first = outcome.told_at == pending.told_at and pending.source is Source.ANSWER
    was_told_later = outcome.told_at >= pending.told_at and not is_told_first
    return (outcome.occurred_at >= pending.told_at or was_told_later) and not is_of_another_attempt


def canceled_ids(facts: Sequence[PaymentFact]) -> set[str]:
    """The PaymentIntents that were canceled, and the attempts of ours that their metadata names."""
    ends = [fact for fact in facts if fact.kind is FactKind.CANCELED]
    named = [stripe_id for fact in ends for stripe_id in (fact.stripe_payment_intent_id, fact.attempt_id)]
    return {stripe_id for stripe_id in named if stripe_id}
