"""Amounts: integers in the currency's minor units as Stripe counts them, never without a currency, never a float."""

from dataclasses import dataclass

from domain.model.errors import FieldError, InvalidInput, UnsupportedCurrency

# Stripe's presentment currencies. Source: docs.stripe.com/currencies, read 2026-11; ISO exponents are wrong for some
# (ISK, MGA, UGX).
ZERO_DECIMAL = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"]
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
TWO_DECIMAL = frozenset(
    [
        "usd",
        "aed",
        "afn",
        "all",
        "amd",
        "ang",
        "aoa",
        "ars",
        "aud",
        "awg",
        "azn",
        "bam",
        "bbd",
        "bdt",
        "bgn",
        "bmd",
        "bnd",
        "bob",
        "brl",
        "bsd",
        "bwp",
        "byn",
        "bzd",
        "cad",
        "cdf",
        "chf",
        "cny",
        "cop",
        "crc",
        "cve",
        "czk",
        "dkk",
        "dop",
        "dzd",
        "egp",
        "etb",
        "eur",
        "fjd",
        "fkp",
        "gbp",
        "gel",
        "gip",
        "gmd",
        "gtq",
        "gyd",
        "hkd",
        "hnl",
        "hrk",
        "htg",
        "huf",
        "idr",
        "ils",
        "inr",
        "isk",
        "jmd",
        "kes",
        "kgs",
        "khr",
        "kyd",
        "kzt",
        "lak",
        "lbp",
        "lkr",
        "lrd",
        "lsl",
        "mad",
        "mdl",
        "mkd",
        "mmk",
        "mnt",
        "mop",
        "mro",
        "mur",
        "mvr",
        "mwk",
        "mxn",
        "myr",
        "mzn",
        "nad",
        "ngn",
        "nio",
        "nok",
        "npr",
        "nzd",
        "pab",
        "pen",
        "pgk",
        "php",
        "pkr",
        "pln",
        "qar",
        "ron",
        "rsd",
        "rub",
        "sar",
        "sbd",
        "scr",
        "sek",
        "sgd",
        "shp",
        "sle",
        "sll",
        "sos",
        "srd",
        "std",
        "szl",
        "thb",
        "tjs",
        "top",
        "try",
        "ttd",
        "twd",
        "tzs",
        "uah",
        "uyu",
        "uzs",
        "wst",
        "xcd",
        "yer",
        "zar",
        "zmw",
    ]
)
SUPPORTED = ZERO_DECIMAL | TWO_DECIMAL | THREE_DECIMAL

# Stripe takes up to eight digits for most currencies. Source:
# docs.stripe.com/currencies#minimum-and-maximum-charge-amounts.
AMOUNT_MAX_MINOR = 99_999_999


class CurrencyMismatch(Exception):
    """Two amounts in different currencies were combined: a mistake in our code, never in the input."""


@dataclass(frozen=True, order=False)
class Money:
    """`amount_minor` minor units of the lower-case `currency`; may be negative in a ledger."""

    amount_minor: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount_minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount_minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount_minor, self.currency)

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} with {other.currency}")
        return other.amount_minor


def decimals(currency: str) -> int:
    """How many decimals Stripe's minor unit of `currency` has: 0, 2 or 3. Raises `UnsupportedCurrency`."""
    if currency in ZERO_DECIMAL:
        return 0
    if currency in THREE_DECIMAL:
        return 3
    if currency in TWO_DECIMAL:
        return 2
    raise UnsupportedCurrency(currency)


def in_decimals(money: Money) -> str:
    """The amount as a plain decimal number with its currency's own places, such as `-12.50`; whole minor units where
    the currency is unknown.
    """
    places = decimals(money.currency) if money.currency in SUPPORTED else 0
    sign = "-" if money.amount_minor < 0 else ""
    digits = str(abs(money.amount_minor)).rjust(places + 1, "0")
    whole, fraction = (digits[:-places], "." + digits[-places:]) if places else (digits, "")
    return f"{sign}{whole}{fraction}"


def in_words(money: Money) -> str:
    """The amount as a person reads it in a log or a reason, such as `12.50 USD`; localised forms are made elsewhere."""
    return f"{in_decimals(money)} {money.currency.upper()}"


def chargeable(amount_minor: int, currency: str) -> Money:
    """The amount as something that can be charged. Raises `InvalidInput` naming `amount_due` or `currency`."""
    if currency not in SUPPORTED:
        raise InvalidInput(FieldError("currency", str(UnsupportedCurrency(currency))))
    if amount_minor < 1:
        raise InvalidInput(FieldError("amount_due", "Must be at least 1 minor unit."))
    if amount_minor > AMOUNT_MAX_MINOR:
        raise InvalidInput(FieldError("amount_due", f"Must be at most {AMOUNT_MAX_MINOR} minor units, Stripe's limit."))
    if currency in THREE_DECIMAL and amount_minor % 10:
        raise InvalidInput(
            FieldError("amount_due", f"The last digit must be 0 in {currency}: Stripe's rule for three decimals.")
        )
    return Money(amount_minor, currency)
