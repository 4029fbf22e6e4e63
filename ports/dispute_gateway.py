"""Disputes at the gateway, in our own words. Every call takes the firm's Stripe account (None: the platform's own)."""

from typing import Protocol

from domain.model.answers import DisputeAnswer


class DisputeGateway(Protocol):
    """Answers disputes."""

    def accept(self, account: str | None, stripe_dispute_id: str) -> DisputeAnswer:
        """Concede the dispute for good. A repeat changes nothing: a dispute that has ended already is shown as it is.

        Ends within 24 seconds. Never raises for what the network or Stripe does.
        """

    def show(self, account: str | None, stripe_dispute_id: str) -> DisputeAnswer:
        """The dispute as it is now, told at Stripe's own time; `Refused` when there is none."""
