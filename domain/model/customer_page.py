"""What a customer's page of an invoice shows."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from domain.model.cards import Card
from domain.model.decline_categories import DeclineCategory
from domain.model.money import Money
from domain.model.notices import Branding


class PageState(StrEnum):
    """What the page is about."""

    OPEN = "open"
    WAITING = "waiting"
    """A payment is under way; its outcome comes first."""
    PAID = "paid"
    VOID = "void"
    DISPUTED = "disputed"
    REFUNDED = "refunded"
    HELD = "held"
    EXPIRED = "expired"
    REVOKED = "revoked"
    GONE = "gone"
    """The client was erased, or is nobody's customer any more."""
    UNKNOWN = "unknown"
    """The address is none of ours."""


class PageProblem(StrEnum):
    """Why what the customer asked for was not done."""

    NOT_NOW = "not_now"
    UNAVAILABLE = "unavailable"
    TOO_MANY = "too_many"


@dataclass(frozen=True)
class PageContent:
    """Everything that the page is made of; what may not be shown in a state is empty.

    `languages` are tried in order. `cards` are those that can be charged now, the default first. `needs_bank` when the
    bank asks for the customer.
    """

    state: PageState
    languages: tuple[str, ...]
    firm_name: str = ""
    branding: Branding = field(default_factory=Branding)
    invoice_number: str | None = None
    amount: Money | None = None
    due_on: date | None = None
    category: DeclineCategory | None = None
    cards: tuple[Card, ...] = ()
    needs_bank: bool = False
    can_pay: bool = False
