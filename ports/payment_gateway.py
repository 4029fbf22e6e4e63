"""Charging a customer's card, in our own words. Every call takes the firm's Stripe account (None: the platform's
own).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.model.answers import ChargeAnswer, LookUpAnswer
from domain.model.attempts import FrozenCharge
from domain.model.cards import Card


@dataclass(frozen=True)
class ChargeOrder:
    """What one attempt is to charge: `amount_minor` of `currency` from the customer's payment method, off session.

    `reuse_intent_id` is the invoice's refused PaymentIntent, if there is one; then at most one success can come of
    both attempts. `is_amount_fixed` when Stripe Billing owns that intent: only its invoice can change the amount, so
    none is sent.
    """

    attempt_id: str
    invoice_id: str
    amount_minor: int
    currency: str
    stripe_customer_id: str
    stripe_payment_method_id: str
    reuse_intent_id: str | None = None
    description: str | None = None
    is_amount_fixed: bool = False
    freeze_number: int = 1


@dataclass(frozen=True)
class LookUpOrder:
    """Which attempt to look for: by its PaymentIntent, else among the customer's intents made since `since`.

    Clocks differ: intents up to six hours older are looked at as well.
    """

    attempt_id: str
    stripe_customer_id: str
    since: datetime
    stripe_payment_intent_id: str | None = None


class GatewayUnavailable(Exception):
    """A read was not answered; nothing changed, the caller tries later. The text says why, without secrets."""


class GatewayRefuses(GatewayUnavailable):
    """A read was answered with no: asking again changes nothing, a person has to see to it."""


class PaymentGateway(Protocol):
    """Moves money."""

    def freeze(self, order: ChargeOrder) -> FrozenCharge:
        """The requests for `order`, with idempotency keys made from the attempt's id. No network call.

        Equal orders freeze to equal requests. An order that is frozen again after its requests surely came to nothing
        has a higher `freeze_number`, so that its update is a new request. With `reuse_intent_id`: an update, then a
        confirm; else one
        create-and-confirm.
        """

    def execute(self, account: str | None, charge: FrozenCharge) -> ChargeAnswer:
        """Send the frozen requests in order and say what came of the last one.

        Ends within 24 seconds. A repeat under the same keys moves no more money (for 24 h, Stripe's term). Never
        raises for
        what the network or Stripe does; only a confirm (or create) can be `Unknown`, and an update when the intent
        turns out not to be in the state that we believed.
        """

    def look_up(self, account: str | None, order: LookUpOrder) -> LookUpAnswer:
        """What became of an attempt, by reading only (List, never Search). Safe to repeat."""

    def cancel_intent(self, account: str | None, stripe_payment_intent_id: str) -> ChargeAnswer | None:
        """Cancel a PaymentIntent for good: None when it is canceled now (or was before), else what stands in the way.
        Safe to repeat.
        """


class CardFile(Protocol):
    """Reads which cards a customer has at the gateway."""

    def default_card(self, account: str | None, stripe_customer_id: str) -> Card | None:
        """`invoice_settings.default_payment_method`, else the only attached card, else None (also for an unknown
        customer).

        Raises `GatewayUnavailable`.
        """

    def cards(self, account: str | None, stripe_customer_id: str) -> Sequence[Card]:
        """The attached cards, default first; at most 100. Raises `GatewayUnavailable`."""

    def intent_of_invoice(self, account: str | None, stripe_invoice_id: str) -> str | None:
        """The PaymentIntent by which Stripe collects its own invoice, or None. Raises `GatewayUnavailable`."""
