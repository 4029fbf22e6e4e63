"""Amounts and dates: how many decimals is Stripe's to say, how they are written the locale's."""

from datetime import date

import pytest
from babel import Locale

from adapters.notice_templates.formats import amount_text, day_text, month_text
from domain.model.money import SUPPORTED, THREE_DECIMAL, ZERO_DECIMAL, Money

# What CLDR writes between number and sign.
NBSP, NARROW = "\u00a0", "\u202f"


@pytest.mark.parametrize(
    ("amount_minor", "currency", "locale", "written"),
    [
        (123_450, "eur", "de_DE", f"1.234,50{NBSP}€"),
        (123_450, "eur", "de_AT", f"€{NBSP}1.234,50"),
        (123_450, "eur", "en_IE", "€1,234.50"),
        (123_450, "eur", "fr_FR", f"1{NARROW}234,50{NBSP}€"),
        (123_450, "eur", "es_ES", f"1.234,50{NBSP}€"),
        (123_450, "chf", "de_CH", f"CHF{NBSP}1\u2019234.50"),
        (123_450, "usd", "en_US", "$1,234.50"),
        (123_450, "usd", "en_GB", "US$1,234.50"),
        (123_450, "mxn", "es_MX", "$1,234.50"),
        (123_450, "jpy", "en_US", "¥123,450"),
        (123_450, "jpy", "de_DE", f"123.450{NBSP}¥"),
        (123_450, "isk", "en_US", f"ISK{NBSP}1,234.50"),
        (123_450, "ugx", "en_GB", f"UGX{NBSP}123,450"),
        (123_450, "mga", "fr_FR", f"123{NARROW}450{NBSP}MGA"),
        (123_450, "kwd", "en_US", f"KWD{NBSP}123.450"),
        (123_450, "kwd", "es_ES", f"123,450{NBSP}KWD"),
        (5, "usd", "en_US", "$0.05"),
        (5, "kwd", "de_DE", f"0,005{NBSP}KWD"),
        (-1050, "gbp", "en_GB", "-£10.50"),
        (99_999_999, "clp", "es_CL", "$99.999.999"),
    ],
)
def test_an_amount_is_written_as_its_reader_writes_it(
    amount_minor: int, currency: str, locale: str, written: str
) -> None:
    assert amount_text(Money(amount_minor, currency), Locale.parse(locale)) == written


@pytest.mark.parametrize("currency", sorted(SUPPORTED))
def test_every_currency_has_stripes_decimals_and_no_others(currency: str) -> None:
    places = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2

    written = amount_text(Money(10**places, currency), Locale("en", "US"))

    assert written.endswith("1." + "0" * places if places else "1")


def test_one_amount_does_not_change_how_the_next_is_written() -> None:
    locale = Locale("en", "US")

    written = [amount_text(Money(1000, currency), locale) for currency in ("kwd", "usd", "jpy", "usd")]

    assert [text[-5:] for text in written] == ["1.000", "10.00", "1,000", "10.00"]


@pytest.mark.parametrize(
    ("locale", "day", "month"),
    [
        ("en_US", "January 2, 2027", "January 2027"),
        ("en_GB", "2 January 2027", "January 2027"),
        ("de_DE", "2. Januar 2027", "Januar 2027"),
        ("de_AT", "2. Jänner 2027", "Jänner 2027"),
        ("fr_FR", "2 janvier 2027", "janvier 2027"),
        ("es_ES", "2 de enero de 2027", "enero de 2027"),
    ],
)
def test_months_are_in_letters(locale: str, day: str, month: str) -> None:
    assert day_text(date(2027, 1, 2), Locale.parse(locale)) == day
    assert month_text(2027, 1, Locale.parse(locale)) == month
