"""What every payment gateway finds out about an attempt, and how it cancels, over memory and the sandbox."""

from datetime import timedelta

import pytest

from adapters.memory.bank_values import Mood, Trouble
from domain.model.answers import (
    Absent,
    Declined,
    Found,
    NotReached,
    Pending,
    Refused,
    Succeeded,
    Unknown,
)
from domain.model.payment_facts import FactKind
from ports.payment_gateway import LookUpOrder
from tests.contracts.payments.banks import NO_FUNDS, NOW, Bank, DoneCharge, again, declined_intent, look_up, order_for


@pytest.mark.parametrize("knows_intent", [False, True])
@pytest.mark.parametrize(
    ("mood", "kind"),
    [(Mood(), FactKind.SUCCEEDED), (NO_FUNDS, FactKind.FAILED), (Mood(is_processing=True), FactKind.PENDING)],
)
def test_a_look_up_finds_what_became_of_an_attempt(
    bank: Bank, mood: Mood, kind: FactKind, *, knows_intent: bool
) -> None:
    order = order_for(bank, mood)
    answer = bank.gateway.execute(bank.account, bank.gateway.freeze(order))
    assert isinstance(answer, (Succeeded, Declined, Pending))

    seen = look_up(bank, order, answer.fact.stripe_payment_intent_id if knows_intent else None)

    assert isinstance(seen, Found)
    assert {(fact.kind, fact.attempt_id, fact.stripe_charge_id, fact.amount_minor) for fact in seen.facts} == {
        (kind, "att_1", answer.fact.stripe_charge_id, 5000)
    }
    assert {fact.codes.decline_code for fact in seen.facts} == {mood.decline_code}


def test_a_look_up_by_the_customers_intents_finds_a_charge_whose_answer_was_lost(bank: Bank) -> None:
    order = order_for(bank, Mood())
    bank.trouble(Trouble.ANSWER_LOST)
    bank.gateway.execute(bank.account, bank.gateway.freeze(order))

    seen = look_up(bank, order)

    assert isinstance(seen, Found)
    assert bank.charges() == [DoneCharge("att_1", "succeeded", 5000)]


def test_a_look_up_of_a_request_that_never_arrived_shows_no_trace(bank: Bank) -> None:
    order = order_for(bank, Mood())
    bank.trouble(Trouble.REQUEST_LOST)
    bank.gateway.execute(bank.account, bank.gateway.freeze(order))

    assert look_up(bank, order) == Absent()


def test_a_look_up_does_not_look_at_intents_from_before(bank: Bank) -> None:
    order = order_for(bank, Mood())
    bank.gateway.execute(bank.account, bank.gateway.freeze(order))
    later = LookUpOrder("att_1", order.stripe_customer_id, NOW + timedelta(hours=12))

    assert bank.gateway.look_up(bank.account, later) == Absent()


def test_a_clock_that_is_an_hour_ahead_hides_nothing(bank: Bank) -> None:
    order = order_for(bank, Mood())
    bank.gateway.execute(bank.account, bank.gateway.freeze(order))
    ahead = LookUpOrder("att_1", order.stripe_customer_id, NOW + timedelta(hours=1))

    assert isinstance(bank.gateway.look_up(bank.account, ahead), Found)


def test_a_confirm_that_never_arrived_is_absent_and_the_earlier_decline_is_not_taken_for_it(bank: Bank) -> None:
    order = order_for(bank, NO_FUNDS)
    intent_id = declined_intent(bank, order)
    next_order = again(order, intent_id)
    bank.trouble(None, Trouble.REQUEST_LOST)
    bank.gateway.execute(bank.account, bank.gateway.freeze(next_order))

    seen = look_up(bank, next_order, intent_id)

    assert isinstance(seen, Absent)
    assert [(fact.kind, fact.attempt_id) for fact in seen.facts] == [(FactKind.FAILED, "att_1")]


def test_a_look_up_tells_of_the_other_payments_on_the_intent_too(bank: Bank) -> None:
    order = order_for(bank, NO_FUNDS)
    intent_id = declined_intent(bank, order)
    next_order = again(order, intent_id)
    bank.gateway.execute(bank.account, bank.gateway.freeze(next_order))

    seen = look_up(bank, next_order, intent_id)

    assert isinstance(seen, Found)
    assert {fact.attempt_id for fact in seen.facts} == {"att_1", "att_2"}


def test_a_look_up_shows_how_a_processing_charge_ended(bank: Bank) -> None:
    order = order_for(bank, Mood(is_processing=True))
    pending = bank.gateway.execute(bank.account, bank.gateway.freeze(order))
    assert isinstance(pending, Pending)
    intent_id = pending.fact.stripe_payment_intent_id or ""
    bank.settle(intent_id, has_succeeded=False)

    seen = look_up(bank, order, intent_id)

    assert isinstance(seen, Found)
    assert {fact.kind for fact in seen.facts} == {FactKind.FAILED}


def test_a_look_up_is_safe_to_repeat(bank: Bank) -> None:
    order = order_for(bank, NO_FUNDS)
    bank.gateway.execute(bank.account, bank.gateway.freeze(order))

    assert look_up(bank, order) == look_up(bank, order)
    assert len(bank.charges()) == 1


def test_a_look_up_that_nobody_answers_is_not_reached(bank: Bank) -> None:
    order = order_for(bank, Mood())

    with bank.unreachable():
        assert isinstance(look_up(bank, order), NotReached)


def test_another_account_shows_no_trace(bank: Bank) -> None:
    order = order_for(bank, Mood())
    bank.gateway.execute(bank.account, bank.gateway.freeze(order))

    seen = bank.gateway.look_up("acct_other", LookUpOrder("att_1", order.stripe_customer_id, NOW))

    assert isinstance(seen, Absent | NotReached)


def test_a_refused_intent_can_be_canceled_and_canceled_again(bank: Bank) -> None:
    order = order_for(bank, NO_FUNDS)
    intent_id = declined_intent(bank, order)

    answers = [bank.gateway.cancel_intent(bank.account, intent_id) for _ in range(2)]

    assert answers == [None, None]


def test_a_canceled_intent_is_found_as_canceled(bank: Bank) -> None:
    order = order_for(bank, NO_FUNDS)
    intent_id = declined_intent(bank, order)
    bank.gateway.cancel_intent(bank.account, intent_id)

    seen = look_up(bank, again(order, intent_id), intent_id)

    assert isinstance(seen, Found)
    assert FactKind.CANCELED in {fact.kind for fact in seen.facts}


@pytest.mark.parametrize(("mood", "kind"), [(Mood(), Succeeded), (Mood(is_processing=True), Pending)])
def test_what_stands_in_the_way_of_canceling_is_told(bank: Bank, mood: Mood, kind: type) -> None:
    answer = bank.gateway.execute(bank.account, bank.gateway.freeze(order_for(bank, mood)))
    assert isinstance(answer, (Succeeded, Pending))

    hindrance = bank.gateway.cancel_intent(bank.account, answer.fact.stripe_payment_intent_id or "")

    assert isinstance(hindrance, kind)


def test_canceling_an_unknown_intent_is_refused(bank: Bank) -> None:
    assert isinstance(bank.gateway.cancel_intent(bank.account, "pi_unknown"), Refused)


@pytest.mark.parametrize("trouble", [Trouble.ANSWER_LOST, Trouble.REQUEST_LOST])
def test_a_cancel_whose_answer_is_lost_is_unknown_and_a_repeat_settles_it(bank: Bank, trouble: Trouble) -> None:
    intent_id = declined_intent(bank, order_for(bank, NO_FUNDS))
    bank.trouble(trouble)

    lost = bank.gateway.cancel_intent(bank.account, intent_id)
    repeated = bank.gateway.cancel_intent(bank.account, intent_id)

    assert isinstance(lost, Unknown)
    assert repeated is None
