"""Stripe's test PaymentMethods and how each behaves.

Source: docs.stripe.com/testing (the PaymentMethods tab) and the lists of it that public repositories keep; looked up
2026-11-23. Declining cards have two public spellings, pm_card_chargeDeclined… and pm_card_visa_chargeDeclined…
"""

import hashlib
from dataclasses import dataclass
from typing import Literal

Authentication = Literal["never", "always", "unless_set_up", "set_up"]
Refund = Literal["succeeds", "pending", "fails"]
Aftermath = Literal["none", "dispute", "dispute_not_received", "inquiry", "two_disputes", "fraud_warning"]


@dataclass(frozen=True)
class Card:
    """A card number of Stripe's, without the number.

    `authentication`: "always" needs the customer each time; "unless_set_up" only until it was set up for off-session
    use; "set_up" is set up already: off session it passes, on session it asks.
    `decline_code`: every charge is declined so (after authentication, where the card asks for it).
    `attaches`: whether it can be attached to a customer.
    `refund`: what becomes of a refund: "pending" ones succeed a moment later, and one that "fails" had succeeded first.
    `aftermath`: what follows a charge by itself.
    """

    name: str
    last4: str
    brand: str = "visa"
    funding: str = "credit"
    country: str = "US"
    decline_code: str | None = None
    attaches: bool = True
    authentication: Authentication = "never"
    risk_level: str = "normal"
    cvc_check: str = "pass"
    refund: Refund = "succeeds"
    aftermath: Aftermath = "none"

    @property
    def fingerprint(self) -> str:
        """The same for every PaymentMethod made of this card, as one card number has one fingerprint."""
        return hashlib.sha256(f"card {self.name}".encode()).hexdigest()[:16]


def _declined(suffix: str, last4: str, decline_code: str) -> Card:
    return Card(f"pm_card_{suffix}", last4, decline_code=decline_code, attaches=False)


_BRANDS = (
    Card("pm_card_visa", "4242"),
    Card("pm_card_visa_debit", "5556", funding="debit"),
    Card("pm_card_mastercard", "4444", brand="mastercard"),
    Card("pm_card_mastercard_debit", "8210", brand="mastercard", funding="debit"),
    Card("pm_card_mastercard_prepaid", "5100", brand="mastercard", funding="prepaid"),
    Card("pm_card_amex", "8431", brand="amex"),
    Card("pm_card_discover", "9424", brand="discover"),
    Card("pm_card_diners", "0004", brand="diners"),
    Card("pm_card_jcb", "0505", brand="jcb", country="JP"),
    Card("pm_card_unionpay", "0005", brand="unionpay", country="CN"),
)
_COUNTRIES = tuple(
    Card(f"pm_card_{country.lower()}", last4, country=country)
    for country, last4 in (
        ("US", "4242"),
        ("AR", "0021"),
        ("BR", "0002"),
        ("CA", "0000"),
        ("MX", "8001"),
        ("AT", "0008"),
        ("BE", "0004"),
        ("CH", "0009"),
        ("DE", "0016"),
        ("DK", "0001"),
        ("ES", "0007"),
        ("FI", "0001"),
        ("FR", "0003"),
        ("GB", "0000"),
        ("IE", "0005"),
        ("IT", "0008"),
        ("NL", "0002"),
        ("NO", "0003"),
        ("PL", "0005"),
        ("PT", "0001"),
        ("SE", "0008"),
        ("AU", "0006"),
        ("HK", "0004"),
        ("IN", "0008"),
        ("JP", "0003"),
        ("MY", "0002"),
        ("NZ", "0008"),
        ("SG", "0003"),
    )
)
_DECLINED = (
    _declined("chargeDeclined", "0002", "generic_decline"),
    _declined("chargeDeclinedInsufficientFunds", "9995", "insufficient_funds"),
    _declined("chargeDeclinedLostCard", "9987", "lost_card"),
    _declined("chargeDeclinedStolenCard", "9979", "stolen_card"),
    _declined("chargeDeclinedExpiredCard", "0069", "expired_card"),
    _declined("chargeDeclinedIncorrectCvc", "0127", "incorrect_cvc"),
    _declined("chargeDeclinedProcessingError", "0119", "processing_error"),
    _declined("chargeDeclinedIncorrectNumber", "4241", "incorrect_number"),
    _declined("chargeDeclinedFraudulent", "0019", "fraudulent"),
    _declined("chargeDeclinedVelocityLimitExceeded", "6975", "card_velocity_exceeded"),
)
_OTHERS = (
    Card("pm_card_chargeCustomerFail", "0341", decline_code="generic_decline"),
    Card("pm_card_radarBlock", "0019", decline_code="fraudulent", attaches=False),
    Card("pm_card_riskLevelHighest", "4916", decline_code="fraudulent"),
    Card("pm_card_riskLevelElevated", "9235", risk_level="elevated"),
    Card("pm_card_bypassPending", "0077"),
    Card("pm_card_cvcCheckFail", "0101", cvc_check="fail"),
    Card("pm_card_authenticationRequired", "3184", authentication="always"),
    Card("pm_card_authenticationRequiredOnSetup", "3155", authentication="unless_set_up"),
    Card("pm_card_authenticationRequiredSetupForOffSession", "0446", authentication="set_up"),
    Card(
        "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
        "3178",
        authentication="set_up",
        decline_code="insufficient_funds",
    ),
    Card("pm_card_threeDSecureRequired", "3063", authentication="always"),
    Card("pm_card_threeDSecure2Required", "3220", authentication="always"),
    Card("pm_card_threeDSecureRequiredChargeDeclined", "1629", authentication="always", decline_code="generic_decline"),
    Card("pm_card_threeDSecureRequiredProcessingError", "1280", decline_code="generic_decline"),
    Card("pm_card_threeDSecureOptional", "3055"),
    Card("pm_card_threeDSecureOptionalProcessingError", "3097"),
    Card("pm_card_amex_threeDSecureNotSupported", "0005", brand="amex"),
)
_MONEY_GOES_BACK = (
    Card("pm_card_pendingRefund", "7726", refund="pending"),
    Card("pm_card_refundFail", "5126", refund="fails"),
    Card("pm_card_createDispute", "0259", aftermath="dispute"),
    Card("pm_card_createDisputeProductNotReceived", "2685", aftermath="dispute_not_received"),
    Card("pm_card_createDisputeInquiry", "1976", aftermath="inquiry"),
    Card("pm_card_createMultipleDisputes", "0079", aftermath="two_disputes"),
    Card("pm_card_createIssuerFraudRecord", "5423", aftermath="fraud_warning"),
)
CARDS = {card.name: card for card in (*_BRANDS, *_COUNTRIES, *_DECLINED, *_OTHERS, *_MONEY_GOES_BACK)}


def find_test_card(payment_method: str) -> Card | None:
    """The test card that this id names, in either spelling; None for any other id."""
    plain = payment_method.replace("pm_card_visa_chargeDeclined", "pm_card_chargeDeclined", 1)
    return CARDS.get(plain)
