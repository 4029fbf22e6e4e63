"""Giving money back, in our own words. Every call takes the firm's Stripe account (None: the platform's own)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.model.answers import RefundAnswer, RefundLookUpAnswer


@dataclass(frozen=True)
class RefundOrder:
    """What one refund is to give back: `amount_minor` of the charge, or of the PaymentIntent's one succeeded charge.

    `refund_id` and `invoice_id` are ours and go into the metadata. At least one of charge and PaymentIntent is set.
    """

    refund_id: str
    invoice_id: str
    idempotency_key: str
    amount_minor: int
    since: datetime
    stripe_charge_id: str | None = None
    stripe_payment_intent_id: str | None = None
    reason: str | None = None


class RefundGateway(Protocol):
    """Refunds charges."""

    def refund(self, account: str | None, order: RefundOrder) -> RefundAnswer:
        """Ask for the refund. Equal orders are equal requests: a repeat under the key gives back no more (for 24 h).

        Ends within 24 seconds. Never raises for what the network or Stripe does.
        """

    def find(self, account: str | None, order: RefundOrder) -> RefundLookUpAnswer:
        """The refund with that `refund_id` in its metadata among the charge's refunds, by reading only."""
