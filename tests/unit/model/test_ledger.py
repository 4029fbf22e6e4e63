"""What is booked. Expected values: design.md 5 (ledger): every movement once, by its Stripe id and kind."""

from dataclasses import replace

import pytest

from domain.model.ledger import EntryKind, LedgerEntry, entries
from domain.model.payment_facts import FactKind, PaymentFact, Source
from tests.payment_stories import AMOUNT_MINOR, START, decline, fact, own_attempt, payment, state_of


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
