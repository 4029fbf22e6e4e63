"""Amounts are integers in Stripe's minor units. Expected values: stripe-facts 10 (docs.stripe.com/currencies)."""

import pytest

from domain.model.errors import InvalidInput, UnsupportedCurrency
from domain.model.money import (
    AMOUNT_MAX_MINOR,
    SUPPORTED,
    THREE_DECIMAL,
    TWO_DECIMAL,
    ZERO_DECIMAL,
    CurrencyMismatch,
    Money,
    chargeable,
    decimals,
    in_words,
)


def refused_field(amount_minor: int, currency: str) -> str:
    with pytest.raises(InvalidInput) as refusal:
        chargeable(amount_minor, currency)
    return refusal.value.errors[0].field


@pytest.mark.parametrize(
    "currency",
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"],
)
def test_a_zero_decimal_currency_has_no_minor_part(currency: str) -> None:
    assert decimals(currency) == 0


@pytest.mark.parametrize("currency", ["bhd", "jod", "kwd", "omr", "tnd"])
def test_a_three_decimal_currency_counts_in_thousandths(currency: str) -> None:
    assert decimals(currency) == 3


@pytest.mark.parametrize("currency", ["usd", "eur", "gbp", "isk", "huf", "twd"])
def test_every_other_currency_counts_in_hundredths_as_stripe_has_it(currency: str) -> None:
    assert decimals(currency) == 2


def test_no_currency_has_two_numbers_of_decimals() -> None:
    assert len(SUPPORTED) == len(ZERO_DECIMAL) + len(TWO_DECIMAL) + len(THREE_DECIMAL)


@pytest.mark.parametrize("currency", ["xyz", "USD", "", "us", "btc"])
def test_an_unknown_or_upper_case_currency_is_refused(currency: str) -> None:
    with pytest.raises(UnsupportedCurrency):
        decimals(currency)


def test_an_unknown_currency_is_named_as_the_wrong_field() -> None:
    assert refused_field(100, "xyz") == "currency"


@pytest.mark.parametrize("amount_minor", [0, -1, -4200, AMOUNT_MAX_MINOR + 1])
def test_an_amount_that_stripe_would_not_charge_is_named_as_the_wrong_field(amount_minor: int) -> None:
    assert refused_field(amount_minor, "usd") == "amount_due"


@pytest.mark.parametrize("amount_minor", [1, 4200, 99_999_999])
def test_up_to_eight_digits_can_be_charged(amount_minor: int) -> None:
    assert chargeable(amount_minor, "usd") == Money(amount_minor, "usd")


def test_three_decimal_amounts_must_end_in_zero() -> None:
    assert refused_field(5125, "kwd") == "amount_due"


def test_three_decimal_amounts_that_end_in_zero_are_taken() -> None:
    assert chargeable(5120, "kwd") == Money(5120, "kwd")


@pytest.mark.parametrize(
    ("amount_minor", "currency", "words"),
    [
        (1250, "usd", "12.50 USD"),
        (5, "usd", "0.05 USD"),
        (0, "eur", "0.00 EUR"),
        (-1250, "usd", "-12.50 USD"),
        (500, "jpy", "500 JPY"),
        (5120, "kwd", "5.120 KWD"),
        (7, "kwd", "0.007 KWD"),
        (500, "isk", "5.00 ISK"),
    ],
)
def test_an_amount_reads_as_people_write_it(amount_minor: int, currency: str, words: str) -> None:
    assert in_words(Money(amount_minor, currency)) == words


def test_an_amount_in_a_currency_that_we_do_not_know_is_still_readable() -> None:
    assert in_words(Money(500, "xyz")) == "500 XYZ"


def test_amounts_of_one_currency_add_and_subtract() -> None:
    assert Money(1000, "usd") + Money(250, "usd") - Money(50, "usd") == Money(1200, "usd")


def test_amounts_of_two_currencies_do_not_add() -> None:
    with pytest.raises(CurrencyMismatch):
        Money(1, "usd") + Money(1, "eur")


def test_amounts_of_two_currencies_do_not_subtract() -> None:
    with pytest.raises(CurrencyMismatch):
        Money(1, "usd") - Money(1, "eur")


def test_an_amount_can_be_turned_round() -> None:
    assert -Money(5, "usd") == Money(-5, "usd")
