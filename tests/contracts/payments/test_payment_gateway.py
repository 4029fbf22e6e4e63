"""What every payment gateway does with a charge: each sentence of the port, over the bank in memory and the sandbox."""

import json
from dataclasses import replace

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
    UnknownCause,
)
from domain.model.attempts import FrozenCharge
from domain.model.payment_facts import FactKind, Source
from ports.payment_gateway import ChargeOrder
from tests.contracts.payments.banks import NO_FUNDS, NOW, Bank, DoneCharge, again, declined_intent, look_up, order_for

SERVER_ERRORS = (Trouble.ERROR_BEFORE, Trouble.ERROR_AFTER)


def test_a_charge_that_is_frozen_again_keeps_the_key_of_what_moves_money_alone(bank: Bank) -> None:
    order = ChargeOrder("att_1", "inv_1", 5000, "usd", "cus_1", "pm_1", reuse_intent_id="pi_1")

    first, second = (bank.gateway.freeze(replace(order, freeze_number=number)) for number in (1, 2))

    assert first.idempotency_key == second.idempotency_key
    assert first.requests[-1] == second.requests[-1]
    assert first.requests[0] != second.requests[0]


def test_equal_orders_freeze_to_equal_requests(bank: Bank) -> None:
    order = ChargeOrder("att_1", "inv_1", 5000, "usd", "cus_1", "pm_1", reuse_intent_id="pi_1")

    assert bank.gateway.freeze(order) == bank.gateway.freeze(replace(order))


@pytest.mark.parametrize(("reuse", "steps"), [(None, 1), ("pi_1", 2)])
def test_a_frozen_charge_is_one_create_or_an_update_and_a_confirm(bank: Bank, reuse: str | None, steps: int) -> None:
    frozen = bank.gateway.freeze(ChargeOrder("att_1", "inv_1", 5000, "usd", "cus_1", "pm_1", reuse_intent_id=reuse))

    assert (len(frozen.requests), frozen.stripe_payment_intent_id) == (steps, reuse)


def test_idempotency_keys_are_made_from_the_attempts_id(bank: Bank) -> None:
    first, second = (
        bank.gateway.freeze(ChargeOrder(attempt_id, "inv_1", 5000, "usd", "cus_1", "pm_1"))
        for attempt_id in ("att_1", "att_2")
    )

    assert first.idempotency_key.startswith("att_1")
    assert second.idempotency_key.startswith("att_2")


def test_what_was_frozen_can_be_stored_as_json_and_sent_afterwards(bank: Bank) -> None:
    frozen = bank.gateway.freeze(order_for(bank, Mood()))
    stored = tuple(json.loads(json.dumps(request, sort_keys=True)) for request in frozen.requests)

    answer = bank.gateway.execute(bank.account, FrozenCharge(frozen.idempotency_key, stored))

    assert isinstance(answer, Succeeded)


def test_a_success_tells_everything_that_is_known_of_it(bank: Bank) -> None:
    order = order_for(bank, Mood())

    answer = bank.gateway.execute(bank.account, bank.gateway.freeze(order))

    assert isinstance(answer, Succeeded)
    fact = answer.fact
    assert (fact.kind, fact.source, fact.attempt_id) == (FactKind.SUCCEEDED, Source.ANSWER, "att_1")
    assert (fact.amount_minor, fact.currency) == (5000, "usd")
    assert (fact.stripe_payment_method_id, fact.charge_created_at) == (order.stripe_payment_method_id, NOW)
    assert fact.stripe_payment_intent_id
    assert fact.stripe_charge_id
    assert (fact.told_at, fact.heard_at) == (NOW, NOW)


def test_a_decline_tells_the_banks_codes(bank: Bank) -> None:
    order = order_for(bank, NO_FUNDS)

    answer = bank.gateway.execute(bank.account, bank.gateway.freeze(order))

    assert isinstance(answer, Declined)
    fact = answer.fact
    assert (fact.kind, fact.attempt_id, fact.amount_minor) == (FactKind.FAILED, "att_1", 5000)
    assert (fact.codes.code, fact.codes.decline_code) == ("card_declined", "insufficient_funds")
    assert (fact.codes.advice_code, fact.codes.brand) == ("try_again_later", "visa")
    assert fact.stripe_payment_method_id == order.stripe_payment_method_id
    assert fact.stripe_charge_id
    assert fact.message


def test_a_bank_that_asks_for_authentication_declines(bank: Bank) -> None:
    frozen = bank.gateway.freeze(order_for(bank, Mood(decline_code="authentication_required")))

    answer = bank.gateway.execute(bank.account, frozen)

    assert isinstance(answer, Declined)
    assert answer.fact.codes.code == "authentication_required"


def test_a_charge_that_is_processing_is_pending(bank: Bank) -> None:
    answer = bank.gateway.execute(bank.account, bank.gateway.freeze(order_for(bank, Mood(is_processing=True))))

    assert isinstance(answer, Pending)
    assert (answer.fact.kind, answer.fact.pending_status) == (FactKind.PENDING, "processing")
    assert answer.fact.attempt_id == "att_1"


def test_a_card_that_is_gone_is_a_refusal_that_says_so(bank: Bank) -> None:
    order = order_for(bank, Mood())
    bank.detach(order.stripe_payment_method_id)

    answer = bank.gateway.execute(bank.account, bank.gateway.freeze(order))

    assert isinstance(answer, Refused)
    assert answer.is_method_gone
    assert bank.charges() == []


def test_another_customers_card_is_a_refusal_that_says_so(bank: Bank) -> None:
    order, other = order_for(bank, Mood()), order_for(bank, Mood())
    stolen = replace(order, stripe_payment_method_id=other.stripe_payment_method_id)

    answer = bank.gateway.execute(bank.account, bank.gateway.freeze(stolen))

    assert isinstance(answer, Refused)
    assert answer.is_method_gone


def test_an_unknown_customer_is_a_refusal_of_another_kind(bank: Bank) -> None:
    order = replace(order_for(bank, Mood()), stripe_customer_id="cus_nobody")

    answer = bank.gateway.execute(bank.account, bank.gateway.freeze(order))

    assert isinstance(answer, Refused)
    assert (answer.is_method_gone, answer.code) == (False, "resource_missing")


def test_a_key_that_is_used_for_something_else_is_refused(bank: Bank) -> None:
    order = order_for(bank, Mood())
    bank.gateway.execute(bank.account, bank.gateway.freeze(order))

    answer = bank.gateway.execute(bank.account, bank.gateway.freeze(replace(order, amount_minor=7000)))

    assert isinstance(answer, Refused)
    assert bank.charges() == [DoneCharge("att_1", "succeeded", 5000)]


@pytest.mark.parametrize("mood", [Mood(), NO_FUNDS])
def test_a_repeat_gives_the_first_answer_again_and_moves_no_more_money(bank: Bank, mood: Mood) -> None:
    order = order_for(bank, mood)
    frozen = bank.gateway.freeze(order)
    first = bank.gateway.execute(bank.account, frozen)
    bank.set_mood(order.stripe_payment_method_id, Mood())

    second = bank.gateway.execute(bank.account, frozen)

    assert second == first
    assert len(bank.charges()) == 1


def test_nobody_there_is_not_reached_and_nothing_happened(bank: Bank) -> None:
    frozen = bank.gateway.freeze(order_for(bank, Mood()))

    with bank.unreachable():
        answer = bank.gateway.execute(bank.account, frozen)

    assert isinstance(answer, NotReached)
    assert bank.charges() == []


def test_a_rate_limit_is_not_reached(bank: Bank) -> None:
    frozen = bank.gateway.freeze(order_for(bank, Mood()))
    bank.trouble(Trouble.RATE_LIMITED)

    answer = bank.gateway.execute(bank.account, frozen)

    assert isinstance(answer, NotReached)
    assert bank.charges() == []


@pytest.mark.parametrize(
    ("trouble", "cause"),
    [
        (Trouble.REQUEST_LOST, UnknownCause.LOST),
        (Trouble.ANSWER_LOST, UnknownCause.LOST),
        (Trouble.ERROR_BEFORE, UnknownCause.SERVER_ERROR),
        (Trouble.ERROR_AFTER, UnknownCause.SERVER_ERROR),
        (Trouble.KEY_IN_USE, UnknownCause.CONFLICT),
    ],
)
def test_no_answer_to_a_charge_leaves_the_outcome_unknown(bank: Bank, trouble: Trouble, cause: UnknownCause) -> None:
    frozen = bank.gateway.freeze(order_for(bank, Mood()))
    bank.trouble(trouble)

    answer = bank.gateway.execute(bank.account, frozen)

    assert isinstance(answer, Unknown)
    assert answer.cause is cause
    assert answer.reason


@pytest.mark.parametrize("trouble", [Trouble.REQUEST_LOST, Trouble.ANSWER_LOST, Trouble.KEY_IN_USE])
@pytest.mark.parametrize("mood", [Mood(), NO_FUNDS])
def test_a_replay_after_a_lost_answer_settles_it_with_one_charge(bank: Bank, mood: Mood, trouble: Trouble) -> None:
    frozen = bank.gateway.freeze(order_for(bank, mood))
    bank.trouble(trouble)
    bank.gateway.execute(bank.account, frozen)

    answer = bank.gateway.execute(bank.account, frozen)

    assert isinstance(answer, Declined if mood.decline_code else Succeeded)
    assert len(bank.charges()) == 1


@pytest.mark.parametrize("trouble", SERVER_ERRORS)
def test_a_server_error_is_repeated_and_only_a_look_up_tells_the_truth(bank: Bank, trouble: Trouble) -> None:
    order = order_for(bank, Mood())
    frozen = bank.gateway.freeze(order)
    bank.trouble(trouble)
    bank.gateway.execute(bank.account, frozen)

    repeated = bank.gateway.execute(bank.account, frozen)
    seen = look_up(bank, order)

    assert isinstance(repeated, Unknown)
    assert repeated.cause is UnknownCause.SERVER_ERROR
    assert isinstance(seen, Found if bank.charges() else Absent)


def test_a_reused_intent_is_charged_with_the_new_card_and_amount(bank: Bank) -> None:
    order = order_for(bank, NO_FUNDS)
    intent_id = declined_intent(bank, order)
    next_order = again(order, intent_id, amount_minor=3000)
    next_order = replace(next_order, stripe_payment_method_id=bank.card(order.stripe_customer_id))

    answer = bank.gateway.execute(bank.account, bank.gateway.freeze(next_order))

    assert isinstance(answer, Succeeded)
    assert (answer.fact.stripe_payment_intent_id, answer.fact.attempt_id) == (intent_id, "att_2")
    assert (answer.fact.amount_minor, answer.fact.stripe_payment_method_id) == (
        3000,
        next_order.stripe_payment_method_id,
    )
    assert bank.charges() == [DoneCharge("att_1", "failed", 5000), DoneCharge("att_2", "succeeded", 3000)]


def test_a_fixed_amount_stays_as_it_is(bank: Bank) -> None:
    order = order_for(bank, NO_FUNDS)
    intent_id = declined_intent(bank, order)
    bank.set_mood(order.stripe_payment_method_id, Mood())
    frozen = bank.gateway.freeze(again(order, intent_id, amount_minor=3000, is_amount_fixed=True))

    bank.gateway.execute(bank.account, frozen)

    assert bank.charges()[-1] == DoneCharge("att_2", "succeeded", 5000)


@pytest.mark.parametrize("trouble", [*SERVER_ERRORS, Trouble.REQUEST_LOST, Trouble.ANSWER_LOST, Trouble.KEY_IN_USE])
def test_an_update_without_an_answer_is_a_delay_because_it_moves_no_money(bank: Bank, trouble: Trouble) -> None:
    order = order_for(bank, NO_FUNDS)
    frozen = bank.gateway.freeze(again(order, declined_intent(bank, order)))
    bank.trouble(trouble)

    answer = bank.gateway.execute(bank.account, frozen)

    assert isinstance(answer, NotReached)
    assert bank.charges() == [DoneCharge("att_1", "failed", 5000)]


def test_a_lost_confirm_is_unknown_and_a_replay_of_both_requests_settles_it(bank: Bank) -> None:
    order = order_for(bank, Mood(decline_code="generic_decline", succeed_after=1))
    frozen = bank.gateway.freeze(again(order, declined_intent(bank, order)))
    bank.trouble(None, Trouble.ANSWER_LOST)

    lost = bank.gateway.execute(bank.account, frozen)
    replayed = bank.gateway.execute(bank.account, frozen)

    assert isinstance(lost, Unknown)
    assert isinstance(replayed, Succeeded)
    assert bank.charges() == [DoneCharge("att_1", "failed", 5000), DoneCharge("att_2", "succeeded", 5000)]


def test_an_intent_that_is_paid_already_is_a_conflict_and_charges_nothing(bank: Bank) -> None:
    order = order_for(bank, Mood())
    paid = bank.gateway.execute(bank.account, bank.gateway.freeze(order))
    assert isinstance(paid, Succeeded)

    answer = bank.gateway.execute(bank.account, bank.gateway.freeze(again(order, paid.fact.stripe_payment_intent_id)))

    assert isinstance(answer, Unknown)
    assert answer.cause is UnknownCause.UNEXPECTED_STATE
    assert len(bank.charges()) == 1


def test_an_intent_of_another_currency_is_brought_into_the_orders(bank: Bank) -> None:
    declined = order_for(bank, Mood(decline_code="generic_decline", succeed_after=1))
    first = bank.gateway.execute(bank.account, bank.gateway.freeze(replace(declined, currency="eur")))
    assert isinstance(first, Declined)
    again = replace(declined, attempt_id="att_2", reuse_intent_id=first.fact.stripe_payment_intent_id)

    answer = bank.gateway.execute(bank.account, bank.gateway.freeze(again))

    assert isinstance(answer, Succeeded)
    assert answer.fact.currency == "usd"
