"""Amounts and dates as a language and region write them."""

import re
from copy import copy
from datetime import date
from decimal import Decimal

from babel import Locale
from babel.dates import format_date, format_skeleton

from domain.model.money import Money, decimals, in_decimals

# A letter beside a digit: CLDR keeps a currency such as UGX apart from its number, which Babel does not. Source:
# unicode.org/reports/tr35/tr35-numbers.html#Currencies, currencySpacing.
_TOUCHING = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_NO_BREAK_SPACE = "\u00a0"


def amount_text(money: Money, locale: Locale) -> str:
    """Such as `1.234,50 €`. How many decimals there are is Stripe's to say: ISO and Babel have others for some (ISK,
    MGA, UGX).
    """
    places = decimals(money.currency)
    pattern = copy(locale.currency_formats["standard"])
    pattern.frac_prec = (places, places)
    amount = Decimal(in_decimals(money))
    written = str(pattern.apply(amount, locale, currency=money.currency.upper(), currency_digits=False))
    return _TOUCHING.sub(_NO_BREAK_SPACE, written)


def day_text(day: date, locale: Locale) -> str:
    """Such as `5. März 2026`: the month in letters, so that nobody takes it for the day."""
    return format_date(day, "long", locale)


def month_text(year: int, month: int, locale: Locale) -> str:
    """Such as `März 2026`."""
    return format_skeleton("yMMMM", date(year, month, 1), locale=locale)
