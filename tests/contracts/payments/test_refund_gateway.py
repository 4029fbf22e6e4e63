"""What every refund gateway does: each sentence of the port, over the bank in memory and the sandbox."""

from dataclasses import replace
from typing import Any

import pytest

from adapters.memory.bank_values import Trouble
from domain.model.answers import Absent, NotReached, Refunded, Refused, Unknown, UnknownCause
from domain.model.payment_facts import PaymentFact
from domain.model.refunds import RefundStatus, RefundTelling
from ports.refund_gateway import RefundOrder
from ports.stripe_records import RecordKind
from tests.contracts.payments.banks import NOW, Bank, charge_of, paid


def order_of(payment: PaymentFact, **terms: Any) -> RefundOrder:
    order = RefundOrder("ref_1", "inv_1", "dunlin-refund-ref_1", 2000, NOW, charge_of(payment))
    return replace(order, **terms)


def refunded(bank: Bank, order: RefundOrder) -> RefundTelling:
    answer = bank.refunds.refund(bank.account, order)
    assert isinstance(answer, Refunded)
    return answer.telling


def test_a_refund_tells_everything_that_is_known_of_it(bank: Bank) -> None:
    payment = paid(bank)

    told = refunded(bank, order_of(payment, reason="duplicate"))

    assert (told.status, told.amount_minor, told.currency) == (RefundStatus.SUCCEEDED, 2000, "usd")
    assert (told.stripe_charge_id, told.stripe_payment_intent_id) == (
        payment.stripe_charge_id,
        payment.stripe_payment_intent_id,
    )
    assert (told.request_id, told.reason, told.created_at) == ("ref_1", "duplicate", NOW)
    assert told.stripe_refund_id


def test_a_payment_intent_alone_names_its_charge(bank: Bank) -> None:
    payment = paid(bank)
    intent_id = payment.stripe_payment_intent_id

    told = refunded(bank, order_of(payment, stripe_charge_id=None, stripe_payment_intent_id=intent_id))

    assert told.stripe_charge_id == payment.stripe_charge_id


def test_both_names_of_a_payment_may_be_given(bank: Bank) -> None:
    payment = paid(bank)

    told = refunded(bank, order_of(payment, stripe_payment_intent_id=payment.stripe_payment_intent_id))

    assert told.stripe_charge_id == payment.stripe_charge_id


def test_a_repeat_under_the_key_gives_back_no_more(bank: Bank) -> None:
    order = order_of(paid(bank))
    first = refunded(bank, order)

    again = refunded(bank, order)

    assert again.stripe_refund_id == first.stripe_refund_id
    assert len(bank.records.records(bank.account, RecordKind.REFUND, NOW, NOW, None).records) == 1


def test_a_key_that_is_used_for_something_else_is_refused(bank: Bank) -> None:
    order = order_of(paid(bank))
    refunded(bank, order)

    assert isinstance(bank.refunds.refund(bank.account, replace(order, amount_minor=1000)), Refused)


def test_more_than_the_charge_holds_is_refused(bank: Bank) -> None:
    payment = paid(bank)
    refunded(bank, order_of(payment, amount_minor=4000))
    more = order_of(payment, refund_id="ref_2", idempotency_key="dunlin-refund-ref_2", amount_minor=1001)

    answer = bank.refunds.refund(bank.account, more)

    assert isinstance(answer, Refused)
    assert answer.reason


def test_a_second_full_refund_is_refused_by_name(bank: Bank) -> None:
    payment = paid(bank)
    refunded(bank, order_of(payment, amount_minor=5000))

    answer = bank.refunds.refund(bank.account, order_of(payment, refund_id="ref_2", idempotency_key="k2"))

    assert isinstance(answer, Refused)
    assert answer.code == "charge_already_refunded"


def test_a_charge_under_a_chargeback_is_not_refunded(bank: Bank) -> None:
    payment = paid(bank)
    bank.dispute(charge_of(payment))

    answer = bank.refunds.refund(bank.account, order_of(payment))

    assert isinstance(answer, Refused)


def test_a_charge_under_an_inquiry_is_refunded(bank: Bank) -> None:
    payment = paid(bank)
    bank.dispute(charge_of(payment), is_inquiry=True)

    assert refunded(bank, order_of(payment)).status is RefundStatus.SUCCEEDED


def test_a_charge_that_nobody_knows_is_refused_and_its_refund_absent(bank: Bank) -> None:
    order = RefundOrder("ref_1", "inv_1", "k1", 2000, NOW, "ch_nobody")

    assert isinstance(bank.refunds.refund(bank.account, order), Refused)
    assert bank.refunds.find(bank.account, order) == Absent()


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
def test_no_answer_to_a_refund_leaves_its_outcome_unknown(bank: Bank, trouble: Trouble, cause: UnknownCause) -> None:
    order = order_of(paid(bank))
    bank.trouble(trouble)

    answer = bank.refunds.refund(bank.account, order)

    assert isinstance(answer, Unknown)
    assert (answer.cause, bool(answer.reason)) == (cause, True)


@pytest.mark.parametrize("trouble", [Trouble.REQUEST_LOST, Trouble.ANSWER_LOST, Trouble.KEY_IN_USE])
def test_a_replay_after_a_lost_answer_settles_it_with_one_refund(bank: Bank, trouble: Trouble) -> None:
    order = order_of(paid(bank))
    bank.trouble(trouble)
    bank.refunds.refund(bank.account, order)

    assert refunded(bank, order).request_id == "ref_1"
    assert len(bank.records.records(bank.account, RecordKind.REFUND, NOW, NOW, None).records) == 1


def test_a_rate_limit_is_not_reached(bank: Bank) -> None:
    order = order_of(paid(bank))
    bank.trouble(Trouble.RATE_LIMITED)

    assert isinstance(bank.refunds.refund(bank.account, order), NotReached)
    assert bank.refunds.find(bank.account, order) == Absent()


def test_nobody_there_is_not_reached(bank: Bank) -> None:
    order = order_of(paid(bank))

    with bank.unreachable():
        assert isinstance(bank.refunds.refund(bank.account, order), NotReached)
        assert isinstance(bank.refunds.find(bank.account, order), NotReached)


@pytest.mark.parametrize("is_by_charge", [True, False])
def test_a_refund_whose_answer_was_lost_is_found_by_its_request(bank: Bank, is_by_charge: bool) -> None:
    payment = paid(bank)
    order = order_of(payment)
    if not is_by_charge:
        order = replace(order, stripe_charge_id=None, stripe_payment_intent_id=payment.stripe_payment_intent_id)
    refunded(bank, order_of(payment, refund_id="ref_0", idempotency_key="k0", amount_minor=100))
    bank.trouble(Trouble.ANSWER_LOST)
    bank.refunds.refund(bank.account, order)

    found = bank.refunds.find(bank.account, order)

    assert isinstance(found, Refunded)
    assert (found.telling.request_id, found.telling.amount_minor) == ("ref_1", 2000)


def test_a_refund_that_failed_later_is_found_as_failed(bank: Bank) -> None:
    order = order_of(paid(bank))
    bank.fail_refund(refunded(bank, order).stripe_refund_id)

    found = bank.refunds.find(bank.account, order)

    assert isinstance(found, Refunded)
    assert (found.telling.status, found.telling.failure_reason) == (RefundStatus.FAILED, "expired_or_canceled_card")


def test_a_refund_that_was_never_asked_for_is_absent(bank: Bank) -> None:
    payment = paid(bank)
    refunded(bank, order_of(payment))

    assert bank.refunds.find(bank.account, order_of(payment, refund_id="ref_2")) == Absent()
