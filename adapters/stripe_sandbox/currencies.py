"""Which currencies and amounts Stripe charges.

Sources: the list is that of Stripe's own "Invalid currency" answer, as public code records it (looked up 2026-11-23);
smallest and largest amounts and three-decimal currencies: docs.stripe.com/currencies.
"""

from adapters.stripe_sandbox.errors import invalid_parameter

_LIST = (
    "usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf "
    "chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel ghs gip gmd gnf gtq gyd hkd hnl hrk "
    "htg huf idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk "
    "mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf "
    "sar sbd scr sek sgd shp sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf "
    "xcd xof xpf yer zar zmw"
)
SUPPORTED = tuple(_LIST.split())
_ZERO_DECIMALS = "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf"
ZERO_DECIMALS = set(_ZERO_DECIMALS.split())
THREE_DECIMALS = {"bhd", "jod", "kwd", "omr", "tnd"}
SMALLEST = {
    "aed": 200,
    "bgn": 100,
    "czk": 1500,
    "dkk": 250,
    "gbp": 30,
    "hkd": 400,
    "huf": 17500,
    "mxn": 1000,
    "myr": 200,
    "nok": 300,
    "pln": 200,
    "ron": 200,
    "sek": 300,
    "thb": 1000,
}
SMALLEST_OF_OTHERS = 50
LARGEST = 99_999_999
_SIGNS = {"eur": "€", "gbp": "£", "jpy": "¥", "usd": "$"}


def check_currency(currency: str) -> str:
    """The currency in lower case; ApiError 400 for one that Stripe does not know."""
    lowered = currency.lower()
    if lowered not in SUPPORTED:
        listed = ", ".join(SUPPORTED)
        raise invalid_parameter(
            f"Invalid currency: {lowered[:20]}. Stripe currently supports these currencies: {listed}", param="currency"
        )
    return lowered


def check_amount(amount: int, currency: str) -> int:
    """The amount in minor units as given; ApiError 400 when Stripe would not charge it."""
    if amount < 1:
        message = "This value must be greater than or equal to 1."
        raise invalid_parameter(message, param="amount", code="parameter_invalid_integer")
    smallest = SMALLEST.get(currency, SMALLEST_OF_OTHERS)
    if amount < smallest:
        message = f"Amount must be at least {smallest} in the smallest unit of {currency}"
        raise invalid_parameter(message, param="amount", code="amount_too_small")
    if amount > LARGEST:
        message = f"Amount must be no more than {LARGEST} in the smallest unit of {currency}"
        raise invalid_parameter(message, param="amount", code="amount_too_large")
    if currency in THREE_DECIMALS and amount % 10:
        message = f"Invalid amount: {currency} has three decimals, of which the last must be 0: use a multiple of 10."
        raise invalid_parameter(message, param="amount", code="parameter_invalid_integer")
    return amount


def shown_amount(amount: int, currency: str) -> str:
    """The amount as Stripe's messages write it: $12.30."""
    decimals = 0 if currency in ZERO_DECIMALS else 3 if currency in THREE_DECIMALS else 2
    whole, rest = divmod(amount, 10**decimals)
    number = f"{whole:,}.{rest:0{decimals}d}" if decimals else f"{whole:,}"
    return f"{_SIGNS[currency]}{number}" if currency in _SIGNS else f"{number} {currency.upper()}"
