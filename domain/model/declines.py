"""What a decline means: Stripe's codes folded into the brief's failure codes, and whether the card may be tried again.

Sources: docs.stripe.com/declines/codes, docs.stripe.com/declines/card,
docs.stripe.com/billing/revenue-recovery/smart-retries
(read 2026-11). An issuer's `advice_code` outranks the network's code, which outranks `decline_code`.
"""

from dataclasses import dataclass
from enum import StrEnum


class FailureCode(StrEnum):
    """The failure codes that an invoice shows. `network_error` is ours: no answer came, so nothing was declined."""

    CARD_DECLINED = "card_declined"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    EXPIRED_CARD = "expired_card"
    INCORRECT_CVC = "incorrect_cvc"
    PROCESSING_ERROR = "processing_error"
    AUTHENTICATION_REQUIRED = "authentication_required"
    NETWORK_ERROR = "network_error"
    PAYMENT_METHOD_MISSING = "payment_method_missing"


FAILURE_REASONS = {
    FailureCode.CARD_DECLINED: "The card was declined.",
    FailureCode.INSUFFICIENT_FUNDS: "The card has insufficient funds.",
    FailureCode.EXPIRED_CARD: "The card has expired.",
    FailureCode.INCORRECT_CVC: "The card's security code is incorrect.",
    FailureCode.PROCESSING_ERROR: "An error occurred while processing the card.",
    FailureCode.AUTHENTICATION_REQUIRED: "The bank asks the cardholder to authenticate this payment.",
    FailureCode.NETWORK_ERROR: "No answer came from the payment processor; the outcome is being established.",
    FailureCode.PAYMENT_METHOD_MISSING: "The customer has no usable payment method.",
}

_BY_STRIPE_CODE = {
    "insufficient_funds": FailureCode.INSUFFICIENT_FUNDS,
    "withdrawal_count_limit_exceeded": FailureCode.INSUFFICIENT_FUNDS,
    "expired_card": FailureCode.EXPIRED_CARD,
    "invalid_expiry_month": FailureCode.EXPIRED_CARD,
    "invalid_expiry_year": FailureCode.EXPIRED_CARD,
    "incorrect_cvc": FailureCode.INCORRECT_CVC,
    "invalid_cvc": FailureCode.INCORRECT_CVC,
    "processing_error": FailureCode.PROCESSING_ERROR,
    "issuer_not_available": FailureCode.PROCESSING_ERROR,
    "reenter_transaction": FailureCode.PROCESSING_ERROR,
    "try_again_later": FailureCode.PROCESSING_ERROR,
    "authentication_required": FailureCode.AUTHENTICATION_REQUIRED,
    "authentication_not_handled": FailureCode.AUTHENTICATION_REQUIRED,
    "payment_intent_authentication_failure": FailureCode.AUTHENTICATION_REQUIRED,
    "approve_with_id": FailureCode.CARD_DECLINED,
}


def fold(code: str | None, decline_code: str | None) -> FailureCode:
    """The brief's failure code for Stripe's error `code` and `decline_code`; the more telling of the two wins.

    An unknown pair is a plain `card_declined`; Stripe's own codes are kept beside it.
    """
    for stripe_code in (decline_code, code):
        folded = _BY_STRIPE_CODE.get(stripe_code or "")
        if folded not in (None, FailureCode.CARD_DECLINED):
            return folded
    return FailureCode.CARD_DECLINED


class Verdict(StrEnum):
    """Whether the same card may be tried again without the customer."""

    RETRYABLE = "retryable"
    NEEDS_CUSTOMER = "needs_customer"
    NEVER = "never"


# Stripe Billing does not execute a retry on the same method after these. Source:
# docs.stripe.com/billing/revenue-recovery/smart-retries.
_NEVER_AGAIN = frozenset(
    [
        "incorrect_number",
        "lost_card",
        "pickup_card",
        "stolen_card",
        "revocation_of_authorization",
        "revocation_of_all_authorizations",
        "highest_risk_level",
    ]
)
# Visa category 1 ("issuer will never approve") as network decline codes. Source: Visa Core Rules, 18 April 2026, as
# cited in
# stripe-facts 5; 04, 07, 41 and 43 are pick-up, lost and stolen, 12, 14, 15 no such account or issuer, 46 closed, 57
# not permitted.
_VISA_NEVER = frozenset(["04", "07", "12", "14", "15", "41", "43", "46", "57", "R0", "R1", "R3"])
# Mastercard merchant advice 03 (do not try again) and 21 (payment cancelled). Source: Mastercard TPE rules as cited
# in stripe-facts 5.
_MASTERCARD_NEVER_ADVICE = frozenset({"03", "21"})


@dataclass(frozen=True)
class DeclineCodes:
    """Everything the bank said about one decline; each may be unknown (None). `brand` is lower case as Stripe spells
    it.
    """

    code: str | None = None
    decline_code: str | None = None
    advice_code: str | None = None
    network_decline_code: str | None = None
    network_advice_code: str | None = None
    brand: str | None = None


@dataclass(frozen=True)
class RetryAdvice:
    """A verdict with its reason in words."""

    verdict: Verdict
    reason: str


def advise(codes: DeclineCodes) -> RetryAdvice:
    """Whether the declined card may be tried again: the issuer's advice first, then the network's code, then the
    decline code.
    """
    if codes.advice_code == "do_not_try_again":
        return RetryAdvice(
            Verdict.NEVER, "The issuer advises not to try this card again (advice_code do_not_try_again)."
        )
    if fold(codes.code, codes.decline_code) is FailureCode.AUTHENTICATION_REQUIRED:
        return RetryAdvice(
            Verdict.NEEDS_CUSTOMER,
            "The bank asks the cardholder to authenticate; a charge without them would be refused.",
        )
    if codes.advice_code == "try_again_later":
        return RetryAdvice(Verdict.RETRYABLE, "The issuer advises to try again later (advice_code try_again_later).")
    network = _network_verdict(codes)
    if network is not None:
        return network
    if codes.decline_code in _NEVER_AGAIN or codes.code in _NEVER_AGAIN:
        decline = codes.decline_code if codes.decline_code in _NEVER_AGAIN else codes.code
        return RetryAdvice(Verdict.NEVER, f"A card declined with {decline} is not tried again.")
    return RetryAdvice(
        Verdict.RETRYABLE, f"The decline ({codes.decline_code or codes.code or 'no code'}) may pass later."
    )


def _network_verdict(codes: DeclineCodes) -> RetryAdvice | None:
    if codes.brand == "mastercard" and codes.network_advice_code in _MASTERCARD_NEVER_ADVICE:
        return RetryAdvice(Verdict.NEVER, f"Mastercard advises not to try again (advice {codes.network_advice_code}).")
    if codes.brand == "visa" and codes.network_decline_code in _VISA_NEVER:
        return RetryAdvice(Verdict.NEVER, f"Visa forbids another try after network code {codes.network_decline_code}.")
    return None
