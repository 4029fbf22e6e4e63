"""What every dispute gateway does: each sentence of the port, over the bank in memory and the sandbox."""

import pytest

from adapters.memory.bank_values import Trouble
from domain.model.answers import DisputeAnswer, DisputeShown, NotReached, Refused, Unknown, UnknownCause
from domain.model.disputes import DisputeTelling
from tests.contracts.payments.banks import NOW, Bank, charge_of, paid


def shown(answer: DisputeAnswer) -> DisputeTelling:
    assert isinstance(answer, DisputeShown)
    return answer.telling


def test_a_dispute_is_shown_with_everything_that_is_known_of_it(bank: Bank) -> None:
    payment = paid(bank)
    dispute = bank.dispute(charge_of(payment))

    told = shown(bank.disputes.show(bank.account, dispute))

    assert (told.stripe_dispute_id, told.stripe_status) == (dispute, "needs_response")
    assert (told.amount_minor, told.currency, told.opened_at) == (5000, "usd", NOW)
    assert (told.stripe_charge_id, told.stripe_payment_intent_id) == (
        payment.stripe_charge_id,
        payment.stripe_payment_intent_id,
    )
    assert told.deadline is not None
    assert told.deadline.respond_by is not None
    assert (told.submissions, told.is_charge_refundable) == (0, False)
    assert [(moved.amount_minor, moved.fee_minor, moved.currency) for moved in told.movements] == [(-5000, 1500, "usd")]


def test_an_inquiry_takes_no_money_and_leaves_refunds_possible(bank: Bank) -> None:
    dispute = bank.dispute(charge_of(paid(bank)), is_inquiry=True)

    told = shown(bank.disputes.show(bank.account, dispute))

    assert (told.stripe_status, told.movements) == ("warning_needs_response", ())
    assert told.is_charge_refundable


def test_a_dispute_is_told_at_the_time_of_the_answer(bank: Bank) -> None:
    dispute = bank.dispute(charge_of(paid(bank)))

    told = shown(bank.disputes.show(bank.account, dispute))

    assert told.told_at == NOW


@pytest.mark.parametrize(("is_inquiry", "status"), [(False, "lost"), (True, "warning_closed")])
def test_a_dispute_that_is_accepted_has_ended(bank: Bank, is_inquiry: bool, status: str) -> None:
    dispute = bank.dispute(charge_of(paid(bank)), is_inquiry=is_inquiry)

    assert shown(bank.disputes.accept(bank.account, dispute)).stripe_status == status


@pytest.mark.parametrize("status", ["lost", "won"])
def test_a_dispute_that_has_ended_already_is_shown_as_it_is(bank: Bank, status: str) -> None:
    dispute = bank.dispute(charge_of(paid(bank)))
    bank.resolve(dispute, status)

    assert shown(bank.disputes.accept(bank.account, dispute)).stripe_status == status


def test_a_dispute_that_is_won_shows_the_money_that_came_back(bank: Bank) -> None:
    dispute = bank.dispute(charge_of(paid(bank)))
    bank.resolve(dispute, "won")

    told = shown(bank.disputes.show(bank.account, dispute))

    assert [(moved.amount_minor, moved.fee_minor) for moved in told.movements] == [(-5000, 1500), (5000, 0)]


def test_accepting_twice_changes_nothing(bank: Bank) -> None:
    dispute = bank.dispute(charge_of(paid(bank)))

    assert bank.disputes.accept(bank.account, dispute) == bank.disputes.accept(bank.account, dispute)


def test_a_dispute_that_nobody_knows_is_refused(bank: Bank) -> None:
    paid(bank)

    answers = [bank.disputes.show(bank.account, "du_nobody"), bank.disputes.accept(bank.account, "du_nobody")]

    assert [type(answer) for answer in answers] == [Refused, Refused]
    assert all(isinstance(answer, Refused) and answer.code == "resource_missing" for answer in answers)


@pytest.mark.parametrize(
    ("trouble", "cause"),
    [
        (Trouble.REQUEST_LOST, UnknownCause.LOST),
        (Trouble.ANSWER_LOST, UnknownCause.LOST),
        (Trouble.ERROR_BEFORE, UnknownCause.SERVER_ERROR),
        (Trouble.KEY_IN_USE, UnknownCause.CONFLICT),
    ],
)
def test_accepting_again_after_no_answer_ends_the_dispute(bank: Bank, trouble: Trouble, cause: UnknownCause) -> None:
    dispute = bank.dispute(charge_of(paid(bank)))
    bank.trouble(trouble)

    first = bank.disputes.accept(bank.account, dispute)

    assert isinstance(first, Unknown)
    assert first.cause is cause
    assert shown(bank.disputes.accept(bank.account, dispute)).stripe_status == "lost"


def test_a_rate_limit_is_not_reached(bank: Bank) -> None:
    dispute = bank.dispute(charge_of(paid(bank)))
    bank.trouble(Trouble.RATE_LIMITED)

    assert isinstance(bank.disputes.accept(bank.account, dispute), NotReached)
    assert shown(bank.disputes.show(bank.account, dispute)).stripe_status == "needs_response"


def test_nobody_there_is_not_reached(bank: Bank) -> None:
    dispute = bank.dispute(charge_of(paid(bank)))

    with bank.unreachable():
        assert isinstance(bank.disputes.accept(bank.account, dispute), NotReached)
        assert isinstance(bank.disputes.show(bank.account, dispute), NotReached)
