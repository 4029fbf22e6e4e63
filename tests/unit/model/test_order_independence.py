"""The same facts in any order and with any repetition are the same invoice, attempts, ledger and pending outbox."""

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.model.attempts import AttemptStatus, OwnAttempt
from domain.model.invoices import InvoiceFacts, InvoiceState, derive
from domain.model.ledger import LedgerEntry, entries
from domain.model.payment_facts import FactKind, PaymentFact, merge
from domain.model.policies import CountFrom, Policy, Terms
from domain.model.schedule import Wish, reschedule
from tests.payment_stories import AMOUNT_MINOR, deliveries, invoice, stories

policies = st.builds(
    Policy, retry_delays_days=st.sampled_from([(3, 7, 14), (1,), ()]), count_from=st.sampled_from(list(CountFrom))
)


def told_one_by_one(
    own: tuple[OwnAttempt, ...], told: list[PaymentFact], terms: Terms
) -> tuple[InvoiceState, set[LedgerEntry], set[Wish]]:
    facts = InvoiceFacts(invoice(), own)
    ledger: set[LedgerEntry] = set()
    for one in told:
        facts = InvoiceFacts(facts.invoice, own, merge(facts.payments, [one]))
        ledger |= set(entries(derive(facts, terms).attempts))
    state = derive(facts, terms)
    return state, {(entry.kind, entry.stripe_id) for entry in ledger}, set(reschedule(facts, state, []).missing)  # type: ignore[misc]


@settings(max_examples=600, deadline=None)
@given(deliveries(), policies)
def test_any_order_and_repetition_ends_the_same(
    delivery: tuple[tuple[OwnAttempt, ...], list[PaymentFact], list[PaymentFact]], policy: Policy
) -> None:
    own, in_time, shuffled = delivery

    straight = told_one_by_one(own, in_time, Terms(policy))
    mixed = told_one_by_one(own, shuffled, Terms(policy))

    assert mixed == straight


@settings(max_examples=300, deadline=None)
@given(stories())
def test_one_decline_told_by_every_source_is_one_failure(story: list) -> None:  # type: ignore[type-arg]
    told = [telling for happening in story for telling in happening.tellings()]
    declined_charges = {h.charge_id for h in story if h.kind is FactKind.FAILED and h.charge_id}

    state = derive(InvoiceFacts(invoice(), (), merge((), told)), Terms(Policy()))

    seen = [a.stripe_charge_id for a in state.attempts if a.status is AttemptStatus.DECLINED and a.stripe_charge_id]
    assert sorted(seen) == sorted(declined_charges)


@settings(max_examples=300, deadline=None)
@given(stories())
def test_money_is_counted_once_for_each_payment_intent(story: list) -> None:  # type: ignore[type-arg]
    told = [telling for happening in story for telling in happening.tellings()]
    paid_intents = {h.intent_id for h in story if h.kind is FactKind.SUCCEEDED}

    state = derive(InvoiceFacts(invoice(), (), merge((), told)), Terms(Policy()))

    assert state.figures.amount_paid == AMOUNT_MINOR * len(paid_intents)
    assert len(entries(state.attempts)) == len(paid_intents)
