"""Why a payment failed, in the few kinds that people are told of. What points at fraud is told to nobody outside."""

from enum import StrEnum

from domain.model.declines import FailureCode


class DeclineCategory(StrEnum):
    """A kind of failure with a wording of its own, for the customer and for staff."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    CARD_EXPIRED = "card_expired"
    CARD_DATA_WRONG = "card_data_wrong"
    CARD_NOT_ACCEPTED = "card_not_accepted"
    """The card will not work for this payment: lost, closed, not permitted, limits of the card."""
    AUTHENTICATION_NEEDED = "authentication_needed"
    CARD_MISSING = "card_missing"
    TEMPORARY = "temporary"
    """The bank or the network had a problem of its own."""
    BANK_DECLINED = "bank_declined"
    """The bank gave no reason, or one that is not for the customer."""
    SUSPECTED_FRAUD = "suspected_fraud"
    """For staff alone: to the customer it reads like `bank_declined`."""


_BY_FAILURE_CODE = {
    FailureCode.INSUFFICIENT_FUNDS: DeclineCategory.INSUFFICIENT_FUNDS,
    FailureCode.EXPIRED_CARD: DeclineCategory.CARD_EXPIRED,
    FailureCode.INCORRECT_CVC: DeclineCategory.CARD_DATA_WRONG,
    FailureCode.PROCESSING_ERROR: DeclineCategory.TEMPORARY,
    FailureCode.AUTHENTICATION_REQUIRED: DeclineCategory.AUTHENTICATION_NEEDED,
    FailureCode.NETWORK_ERROR: DeclineCategory.TEMPORARY,
    FailureCode.PAYMENT_METHOD_MISSING: DeclineCategory.CARD_MISSING,
}
# Stripe asks not to tell the customer of these. Source: docs.stripe.com/declines/codes, read 2026-11.
_FRAUD = frozenset(
    [
        "fraudulent",
        "lost_card",
        "stolen_card",
        "pickup_card",
        "merchant_blacklist",
        "highest_risk_level",
        "security_violation",
        "restricted_card",
    ]
)
_NOT_ACCEPTED = frozenset(
    [
        "card_not_supported",
        "card_velocity_exceeded",
        "currency_not_supported",
        "invalid_account",
        "new_account_information_available",
        "not_permitted",
        "service_not_allowed",
        "transaction_not_allowed",
        "revocation_of_authorization",
        "revocation_of_all_authorizations",
        "stop_payment_order",
    ]
)
_WRONG_DATA = frozenset(["incorrect_number", "invalid_number", "incorrect_zip", "incorrect_address", "invalid_amount"])


def categorize(failure_code: FailureCode | None, decline_code: str | None) -> DeclineCategory:
    """The kind that the brief's code and Stripe's `decline_code` tell of; what is unknown the bank declined."""
    if decline_code in _FRAUD:
        return DeclineCategory.SUSPECTED_FRAUD
    if decline_code in _NOT_ACCEPTED:
        return DeclineCategory.CARD_NOT_ACCEPTED
    if decline_code in _WRONG_DATA:
        return DeclineCategory.CARD_DATA_WRONG
    if failure_code is None:
        return DeclineCategory.BANK_DECLINED
    return _BY_FAILURE_CODE.get(failure_code, DeclineCategory.BANK_DECLINED)


def for_customer(category: DeclineCategory) -> DeclineCategory:
    """The same category as the customer may know it."""
    return DeclineCategory.BANK_DECLINED if category is DeclineCategory.SUSPECTED_FRAUD else category


_STAFF_WORDS = {
    DeclineCategory.INSUFFICIENT_FUNDS: "The card lacks funds. It may pass later, often after payday.",
    DeclineCategory.CARD_EXPIRED: "The card has expired. The customer needs to give a new one.",
    DeclineCategory.CARD_DATA_WRONG: (
        "Number, security code or address of the card are wrong. The customer needs to enter them again."
    ),
    DeclineCategory.CARD_NOT_ACCEPTED: (
        "The card does not work for this payment: account closed, limit reached, or this kind of payment, currency or "
        "merchant not permitted. Another card is needed, or a word with the bank."
    ),
    DeclineCategory.AUTHENTICATION_NEEDED: (
        "The bank asks the cardholder to confirm the payment (3-D Secure). Only the customer can do that, on the "
        "payment page."
    ),
    DeclineCategory.CARD_MISSING: "The customer has no card that could be charged. One needs to be added.",
    DeclineCategory.TEMPORARY: "The bank or the card network had a fault of its own. It may pass at the next attempt.",
    DeclineCategory.BANK_DECLINED: "The bank declined and gave no reason. Only the cardholder can ask it why.",
    DeclineCategory.SUSPECTED_FRAUD: (
        "The bank or Radar suspects fraud, or the card was reported lost or stolen. Do not tell the customer so: to "
        "them it reads like a plain decline. Look at the payment in Stripe before you take another one."
    ),
}


def staff_words(category: DeclineCategory) -> str:
    """The failure in plain words for the firm's own people, and what helps. Never for the customer."""
    return _STAFF_WORDS[category]
