"""What is booked. Expected values: design.md 5 (ledger): every movement once, by its Stripe id and kind."""

from dataclasses import replace

import pytest

from domain.model.ledger import EntryKind, LedgerEntry, entries
from domain.model.payment_facts import FactKind, PaymentFact, Source
from domain.model.refunds import RefundStatus
from tests.builders import NOW, days
from tests.payment_stories import AMOUNT_MINOR, START, decline, fact, own_attempt, payment, state_of
from tests.reversal_builders import (
    a_dispute,
    a_refund,
    a_reinstatement,
    a_withdrawal,
    dispute_telling,
    inquiry_telling,
    refund_telling,
)


def booked(*told: PaymentFact) -> tuple[LedgerEntry, ...]:
    return entries(state_of(*told).attempts)


def paid_stripe_invoice(**told: object) -> PaymentFact:
    given: dict[str, object] = {"stripe_invoice_id": "in_1", "amount_minor": AMOUNT_MINOR, "currency": "usd"}
    return fact(FactKind.INVOICE_PAID, Source.INVOICE, START, **{**given, **told})


def test_a_payment_is_booked_by_the_charge_that_moved_it() -> None:
    assert booked(payment(START, "ch_1")) == (
        LedgerEntry(EntryKind.PAYMENT, "ch_1", AMOUNT_MINOR, "usd", START, "ch_1"),
    )


def test_a_payment_that_every_source_tells_is_booked_once() -> None:
    told = [replace(payment(START, "ch_1", "pi_1"), source=source) for source in Source]

    assert [entry.stripe_id for entry in booked(*told, paid_stripe_invoice())] == ["ch_1"]


def test_two_payments_are_booked_apart() -> None:
    assert len(booked(payment(START, "ch_1"), payment(START, "ch_2"))) == 2


def test_a_decline_is_not_booked() -> None:
    assert booked(decline(START, "ch_1")) == ()


def test_an_attempt_on_its_way_is_not_booked() -> None:
    assert entries(state_of(own=(own_attempt("att_1", START),)).attempts) == ()


def test_a_payment_whose_charge_is_not_known_yet_waits_to_be_booked() -> None:
    assert booked(replace(payment(START, "ch_1", "pi_1"), source=Source.PAYMENT_INTENT, stripe_charge_id=None)) == ()


def test_a_payment_out_of_band_is_booked_by_its_stripe_invoice() -> None:
    assert [(entry.kind, entry.stripe_id) for entry in booked(paid_stripe_invoice(is_out_of_band=True))] == [
        (EntryKind.PAYMENT_OUT_OF_BAND, "in_1")
    ]


def test_a_paid_stripe_invoice_waits_for_the_charge_that_paid_it() -> None:
    assert booked(paid_stripe_invoice()) == ()


@pytest.mark.parametrize("amount_minor", [0, None])
def test_nothing_is_not_booked(amount_minor: int | None) -> None:
    assert booked(payment(START, "ch_1", amount_minor=amount_minor)) == ()


def test_money_in_another_currency_is_booked_in_that_currency() -> None:
    assert [entry.currency for entry in booked(payment(START, "ch_1", currency="eur"))] == ["eur"]


# -- what goes back ----------------------------------------------------------------------------------------------------


def test_a_refund_that_succeeded_is_booked_by_its_own_id() -> None:
    (entry,) = entries((), [a_refund()])

    assert entry == LedgerEntry(EntryKind.REFUND, "re_1", -2000, "usd", NOW, "re_1")


@pytest.mark.parametrize("status", sorted(set(RefundStatus) - {RefundStatus.SUCCEEDED}))
def test_a_refund_that_never_succeeded_is_not_booked(status: RefundStatus) -> None:
    assert entries((), [a_refund(refund_telling(status=RefundStatus.PENDING), refund_telling(status=status))]) == ()


@pytest.mark.parametrize("status", [RefundStatus.FAILED, RefundStatus.CANCELED])
def test_a_refund_that_fails_is_booked_back(status: RefundStatus) -> None:
    refund = a_refund(refund_telling(), refund_telling(status=status, told_at=NOW + days(5)))

    out, back = entries((), [refund])

    assert (out.kind, out.amount_minor, back.kind, back.amount_minor) == ("refund", -2000, "refund_reversal", 2000)
    assert (back.stripe_id, back.occurred_at) == ("re_1", NOW + days(5))


def test_a_withdrawal_and_its_fee_are_two_entries_of_one_balance_transaction() -> None:
    told = entries((), (), [a_dispute(movements=(a_withdrawal(),))])

    assert [(entry.kind, entry.amount_minor) for entry in told] == [
        ("dispute_withdrawal", -5000),
        ("dispute_fee", -1500),
    ]
    assert {(entry.stripe_id, entry.subject_id) for entry in told} == {("txn_withdrawn", "dp_1")}


def test_what_comes_back_is_booked_with_the_fee_that_comes_back() -> None:
    movements = (a_withdrawal(), a_reinstatement(fee_minor=-1500))

    told = {entry.kind: entry.amount_minor for entry in entries((), (), [a_dispute(movements=movements)])}

    assert (told["dispute_reinstatement"], told["dispute_fee_return"], sum(told.values())) == (5000, 1500, 0)


def test_a_movement_without_a_fee_books_none() -> None:
    assert len(entries((), (), [a_dispute(movements=(a_withdrawal(fee_minor=0),))])) == 1


def test_a_fee_alone_is_booked() -> None:
    (entry,) = entries((), (), [a_dispute(movements=(a_withdrawal(amount_minor=0),))])

    assert (entry.kind, entry.amount_minor) == ("dispute_fee", -1500)


def test_an_inquiry_and_a_loss_by_themselves_move_nothing() -> None:
    lost = [dispute_telling(movements=(a_withdrawal(),)), dispute_telling(stripe_status="lost", told_at=NOW + days(1))]

    assert entries((), (), [a_dispute(inquiry_telling())]) == ()
    assert entries((), (), [a_dispute(*lost)]) == entries((), (), [a_dispute(lost[0])])


def test_money_is_booked_in_the_currency_of_the_balance_that_it_left() -> None:
    (entry,) = entries((), (), [a_dispute(movements=(a_withdrawal(currency="eur", fee_minor=0),))])

    assert entry.currency == "eur"
