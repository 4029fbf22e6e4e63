"""How each decline looks: error code, message, advice and network code.

Sources: codes and messages, docs.stripe.com/declines/codes and /testing; advice per decline, measured in Stripe's test
mode (generic, insufficient funds, processing error: try_again_later; lost, stolen: do_not_try_again; expired, CVC:
confirm_card_data; fraudulent: none); network code 01 of the generic decline, captured 2025-11 (API clover). The other
network codes are ISO 8583 response codes. Looked up 2026-11-23.
"""

from dataclasses import dataclass, replace

from adapters.stripe_sandbox.values import Json

ADVICE_CODES = ("confirm_card_data", "do_not_try_again", "try_again_later")
_AGAIN = "try_again_later"
_NEVER = "do_not_try_again"
_CONFIRM = "confirm_card_data"


@dataclass(frozen=True)
class Decline:
    """One way in which a charge is refused. `code` is Stripe's error code, `decline_code` the bank's reason."""

    decline_code: str
    code: str = "card_declined"
    message: str = "Your card was declined."
    advice_code: str | None = None
    network_decline_code: str | None = None
    param: str | None = None
    is_blocked: bool = False

    def seller_message(self) -> str:
        """What Stripe tells the merchant in charge.outcome."""
        if self.is_blocked:
            return "Stripe blocked this payment as too risky."
        if self.decline_code == "generic_decline":
            return "The bank did not return any further details with this decline."
        return f"The bank returned the decline code `{self.decline_code}`."

    def outcome(self) -> Json:
        """charge.outcome of a charge refused in this way."""
        return {
            "advice_code": self.advice_code,
            "network_advice_code": None,
            "network_decline_code": self.network_decline_code,
            "network_status": "not_sent_to_network" if self.is_blocked else "declined_by_network",
            "reason": "highest_risk_level" if self.is_blocked else self.decline_code,
            "risk_level": "highest" if self.is_blocked else "normal",
            "risk_score": 75 if self.is_blocked else 8,
            "seller_message": self.seller_message(),
            "type": "blocked" if self.is_blocked else "issuer_declined",
        }


_KNOWN = (
    Decline("generic_decline", advice_code=_AGAIN, network_decline_code="01"),
    Decline(
        "insufficient_funds",
        message="Your card has insufficient funds.",
        advice_code=_AGAIN,
        network_decline_code="51",
    ),
    Decline("lost_card", advice_code=_NEVER, network_decline_code="41"),
    Decline("stolen_card", advice_code=_NEVER, network_decline_code="43"),
    Decline("pickup_card", network_decline_code="04"),
    Decline("do_not_honor", network_decline_code="05"),
    Decline("transaction_not_allowed", network_decline_code="57"),
    Decline("fraudulent", is_blocked=True),
    Decline(
        "expired_card",
        code="expired_card",
        message="Your card has expired.",
        advice_code=_CONFIRM,
        network_decline_code="54",
        param="exp_month",
    ),
    Decline(
        "incorrect_cvc",
        code="incorrect_cvc",
        message="Your card's security code is incorrect.",
        advice_code=_CONFIRM,
        network_decline_code="82",
        param="cvc",
    ),
    Decline(
        "incorrect_number",
        code="incorrect_number",
        message="Your card number is incorrect.",
        network_decline_code="14",
        param="number",
    ),
    Decline(
        "processing_error",
        code="processing_error",
        message="An error occurred while processing your card. Try again in a little bit.",
        advice_code=_AGAIN,
        network_decline_code="96",
    ),
    Decline(
        "card_velocity_exceeded",
        message=("Your card was declined for making repeated attempts too frequently or exceeding its amount limit."),
        network_decline_code="65",
    ),
    Decline(
        "authentication_required",
        code="authentication_required",
        message="Your card was declined. This transaction requires authentication.",
        network_decline_code="1A",
    ),
)
_BY_CODE = {decline.decline_code: decline for decline in _KNOWN}


def decline_for(decline_code: str, advice_code: str | None = None) -> Decline:
    """The decline with this code; an unknown code is a plain card_declined that carries it.

    `advice_code`, when given, replaces the usual advice.
    """
    decline = _BY_CODE.get(decline_code, Decline(decline_code))
    return decline if advice_code is None else replace(decline, advice_code=advice_code)


def error_fields(decline: Decline, charge_id: str | None, payment_method: Json | None) -> Json:
    """The members that a card error and PaymentIntent.last_payment_error share, without type, code and message."""
    fields: Json = {"decline_code": decline.decline_code}
    if decline.advice_code is not None:
        fields["advice_code"] = decline.advice_code
    if decline.network_decline_code is not None:
        fields["network_decline_code"] = decline.network_decline_code
    if charge_id is not None:
        fields["charge"] = charge_id
    if payment_method is not None:
        fields["payment_method"] = payment_method
    return fields
