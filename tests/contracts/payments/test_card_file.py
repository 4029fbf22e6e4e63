"""What every card file does, over the bank in memory and over the sandbox."""

import pytest

from ports.payment_gateway import GatewayUnavailable
from tests.contracts.payments.banks import Bank


def test_the_default_card_is_the_one_that_the_customer_set(bank: Bank) -> None:
    customer = bank.customer()
    bank.card(customer)
    wanted = bank.card(customer, is_default=True)
    bank.card(customer)

    card = bank.card_file.default_card(bank.account, customer)

    assert card is not None
    assert (card.stripe_payment_method_id, card.is_default, card.brand, card.last4) == (wanted, True, "visa", "4242")
    assert card.exp_month
    assert card.exp_year


def test_the_only_card_is_taken_where_there_is_no_default(bank: Bank) -> None:
    customer = bank.customer()
    only = bank.card(customer)

    card = bank.card_file.default_card(bank.account, customer)

    assert card is not None
    assert card.stripe_payment_method_id == only


@pytest.mark.parametrize("cards", [0, 2])
def test_no_card_or_several_without_a_default_give_none(bank: Bank, cards: int) -> None:
    customer = bank.customer()
    for _ in range(cards):
        bank.card(customer)

    assert bank.card_file.default_card(bank.account, customer) is None


def test_an_unknown_customer_has_no_cards(bank: Bank) -> None:
    assert bank.card_file.default_card(bank.account, "cus_nobody") is None
    assert list(bank.card_file.cards(bank.account, "cus_nobody")) == []


def test_cards_are_listed_default_first(bank: Bank) -> None:
    customer = bank.customer()
    others = {bank.card(customer), bank.card(customer)}
    default = bank.card(customer, is_default=True)

    cards = bank.card_file.cards(bank.account, customer)

    assert [card.is_default for card in cards] == [True, False, False]
    assert cards[0].stripe_payment_method_id == default
    assert {card.stripe_payment_method_id for card in cards[1:]} == others


def test_a_detached_card_is_listed_no_more(bank: Bank) -> None:
    customer = bank.customer()
    bank.detach(bank.card(customer))

    assert list(bank.card_file.cards(bank.account, customer)) == []


def test_an_unknown_stripe_invoice_has_no_intent(bank: Bank) -> None:
    assert bank.card_file.intent_of_invoice(bank.account, "in_unknown") is None


def test_nobody_there_is_unavailable(bank: Bank) -> None:
    customer = bank.customer()

    with bank.unreachable(), pytest.raises(GatewayUnavailable):
        bank.card_file.default_card(bank.account, customer)
