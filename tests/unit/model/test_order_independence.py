"""The same facts in any order and with any repetition are the same invoice, attempts, ledger and pending outbox."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.model.attempts import AttemptStatus, OwnAttempt
from domain.model.derivation import derive
from domain.model.invoices import Invoice, InvoiceFacts, InvoiceState, InvoiceStatus
from domain.model.ledger import EntryKind, entries
from domain.model.outbox import Wish
from domain.model.payment_facts import FactKind, PaymentFact, merge
from domain.model.policies import CountFrom, Policy, Terms
from domain.model.schedule import reschedule
from tests.payment_stories import (
    AMOUNT_MINOR,
    Happening,
    any_fact,
    any_invoice,
    any_own_attempts,
    deliveries,
    invoice,
    stories,
)

Delivery = tuple[tuple[OwnAttempt, ...], list[PaymentFact], list[PaymentFact]]
Booked = set[tuple[EntryKind, str, int]]

policies = st.builds(
    Policy, retry_delays_days=st.sampled_from([(3, 7, 14), (1,), ()]), count_from=st.sampled_from(list(CountFrom))
)
any_facts = st.lists(any_fact(), max_size=8)


def told_one_by_one(
    invoiced: Invoice, own: tuple[OwnAttempt, ...], told: list[PaymentFact], terms: Terms
) -> tuple[InvoiceState, Booked, set[Wish]]:
    """What stands in the end when everything that follows was written down after each telling."""
    facts = InvoiceFacts(invoiced, own)
    booked: Booked = set()
    for one in told:
        facts = replace(facts, payments=merge(facts.payments, [one]))
        ledger = entries(derive(facts, terms).attempts)
        booked |= {(entry.kind, entry.stripe_id, entry.amount_minor) for entry in ledger}
    state = derive(facts, terms)
    return state, booked, set(reschedule(facts, state, terms, []).missing)


@settings(max_examples=100, deadline=None)
@given(any_invoice(), deliveries(), policies)
def test_any_order_and_repetition_of_a_story_ends_the_same(
    invoiced: Invoice, delivery: Delivery, policy: Policy
) -> None:
    own, in_time, shuffled = delivery

    straight = told_one_by_one(invoiced, own, in_time, Terms(policy))
    mixed = told_one_by_one(invoiced, own, shuffled, Terms(policy))

    assert mixed == straight


@settings(max_examples=60, deadline=None)
@given(deliveries(), st.randoms())
def test_the_order_in_which_facts_are_kept_does_not_matter(delivery: Delivery, random) -> None:  # type: ignore[no-untyped-def]
    own, told, _ = delivery
    kept = list(merge((), told))
    mine = list(own)
    random.shuffle(kept)
    random.shuffle(mine)

    mixed = derive(InvoiceFacts(invoice(), tuple(mine), tuple(kept)), Terms(Policy()))

    assert mixed == derive(InvoiceFacts(invoice(), own, merge((), told)), Terms(Policy()))


@settings(max_examples=60, deadline=None)
@given(any_facts, any_facts, any_facts)
def test_merging_is_associative_and_commutative_whatever_is_told(
    one: list[PaymentFact], other: list[PaymentFact], third: list[PaymentFact]
) -> None:
    together = merge((), [*one, *other, *third])

    assert merge(merge((), third), merge(merge((), other), one)) == together


@settings(max_examples=60, deadline=None)
@given(any_facts)
def test_merging_again_changes_nothing_whatever_is_told(told: list[PaymentFact]) -> None:
    known = merge((), told)

    assert merge(known, [*told, *known]) == known


@settings(max_examples=60, deadline=None)
@given(any_invoice(), any_own_attempts(), any_facts, policies)
def test_whatever_is_told_the_state_agrees_with_itself(
    invoiced: Invoice, own: tuple[OwnAttempt, ...], told: list[PaymentFact], policy: Policy
) -> None:
    facts = InvoiceFacts(invoiced, own, merge((), told))

    state = derive(facts, Terms(policy))

    shown, attempts = state.figures, state.attempts
    wishes = reschedule(facts, state, Terms(policy), []).missing
    paid = [one for one in attempts if one.status is AttemptStatus.SUCCEEDED and one.currency == invoiced.currency]
    assert [one.number for one in attempts] == list(range(1, len(attempts) + 1))
    assert [one.at for one in attempts] == sorted(one.at for one in attempts)
    assert len({one.id for one in attempts}) == len(attempts)
    assert {one.id for one in own} <= {one.id for one in attempts}
    assert shown.amount_paid == sum(one.amount_minor for one in paid)
    assert all(one.is_failure for one in attempts if one.counts)
    assert shown.payment_retry_count <= sum(one.counts for one in attempts)
    assert shown.next_payment_retry_at is None or shown.status is InvoiceStatus.FAILED
    assert len({wish.dedupe_key for wish in wishes}) == len(wishes)


@settings(max_examples=60, deadline=None)
@given(stories())
def test_one_decline_told_by_every_source_is_one_failure(story: list[Happening]) -> None:
    told = [telling for happening in story for telling in happening.tellings()]
    declined_charges = {h.charge_id for h in story if h.kind is FactKind.FAILED and h.charge_id}

    state = derive(InvoiceFacts(invoice(), (), merge((), told)), Terms(Policy()))

    seen = [a.stripe_charge_id for a in state.attempts if a.status is AttemptStatus.DECLINED and a.stripe_charge_id]
    assert sorted(seen) == sorted(declined_charges)


@settings(max_examples=60, deadline=None)
@given(stories())
def test_money_is_counted_once_for_each_payment_intent(story: list[Happening]) -> None:
    told = [telling for happening in story for telling in happening.tellings()]
    paid_intents = {h.intent_id for h in story if h.kind is FactKind.SUCCEEDED}

    state = derive(InvoiceFacts(invoice(), (), merge((), told)), Terms(Policy()))

    assert state.figures.amount_paid == AMOUNT_MINOR * len(paid_intents)
    assert len(entries(state.attempts)) == len(paid_intents)
