"""Stripe's own pages on which a customer gives a card or pays, so that no card data touches us.

Every call takes the firm's Stripe account (None: the platform's own) and never raises for what the network or Stripe
does.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.model.answers import Absent, NotReached, Refused, Unknown


class SessionStatus(StrEnum):
    """Where a page stands. A `complete` payment page may still wait for the bank."""

    OPEN = "open"
    COMPLETE = "complete"
    EXPIRED = "expired"


@dataclass(frozen=True)
class CardOrder:
    """A page that keeps a card of the customer's for later charges. `language` is one of ours (`de`)."""

    invoice_id: str
    stripe_customer_id: str
    success_url: str
    cancel_url: str
    language: str


@dataclass(frozen=True)
class PaymentOrder:
    """A page on which the customer pays `amount_minor` of `currency` with any card; nobody can after `expires_at`.

    Its PaymentIntent names the invoice and the attempt. `title` is what is paid, as the page shows it.
    """

    attempt_id: str
    invoice_id: str
    title: str
    amount_minor: int
    currency: str
    stripe_customer_id: str
    success_url: str
    cancel_url: str
    language: str
    expires_at: datetime


@dataclass(frozen=True)
class PaymentSearch:
    """Which payment page to look for: the one of this attempt, made at `since` (by our clock) or later."""

    attempt_id: str
    stripe_customer_id: str
    since: datetime


@dataclass(frozen=True)
class CustomerSession:
    """One page as Stripe shows it. `url` only while it is open.

    `stripe_payment_method_id` is the card that was kept, on a complete page for cards of ours.
    """

    id: str
    status: SessionStatus
    stripe_customer_id: str | None
    url: str | None = None
    invoice_id: str | None = None
    stripe_payment_method_id: str | None = None


SessionAnswer = CustomerSession | Refused | Unknown | NotReached
SessionReading = CustomerSession | Absent | NotReached


class CustomerSessions(Protocol):
    """Opens, reads and closes such pages."""

    def card_session(self, account: str | None, order: CardOrder) -> SessionAnswer:
        """A new page for a card. Each call opens another; nothing is charged by any."""

    def pay_session(self, account: str | None, order: PaymentOrder) -> SessionAnswer:
        """The page on which the attempt is paid. Equal orders give the same page (for 24 h, Stripe's term)."""

    def find_payment(self, account: str | None, wanted: PaymentSearch) -> SessionReading:
        """The attempt's payment page, by reading only. `Absent` when the customer has no such page."""

    def read(self, account: str | None, session_id: str) -> SessionReading:
        """A page by its id."""

    def expire(self, account: str | None, session_id: str) -> SessionReading:
        """Close an open page for good, and say how it stands now: complete, when the customer was faster."""

    def make_default(
        self, account: str | None, stripe_customer_id: str, stripe_payment_method_id: str
    ) -> Refused | Unknown | NotReached | None:
        """Let the customer's invoices be charged to that card: None when they are now. Safe to repeat."""
