"""What Stripe itself has on record: for finding what was missed, by reading only.

Every call takes the firm's Stripe account (None: the platform's own), and gives one page and the cursor of the next
(None on the last). It raises `GatewayUnavailable` (of `ports.payment_gateway`) when Stripe does not answer, and
`GatewayRefuses` when Stripe says no.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.model.inbox import Interpretation, StripeEvent


class RecordKind(StrEnum):
    """Which objects are compared."""

    PAYMENT_INTENT = "payment_intent"
    REFUND = "refund"
    DISPUTE = "dispute"


@dataclass(frozen=True)
class EventPage:
    """Events, newest first."""

    events: tuple[StripeEvent, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class Record:
    """One object of Stripe's as it is now, in the shape in which events tell of it.

    `problem` says why it could not be read; then `told` is empty.
    """

    kind: RecordKind
    stripe_id: str
    told: Interpretation
    problem: str | None = None


@dataclass(frozen=True)
class RecordPage:
    """Objects, newest first."""

    records: tuple[Record, ...]
    next_cursor: str | None


class StripeRecords(Protocol):
    """Stripe's own books."""

    def events(self, account: str | None, since: datetime, until: datetime, cursor: str | None) -> EventPage:
        """Events of the types that we use, created in [since, until], up to 100. Stripe keeps them for 30 days."""

    def records(
        self, account: str | None, kind: RecordKind, since: datetime, heard_at: datetime, cursor: str | None
    ) -> RecordPage:
        """Objects created since then, up to 100. Facts are told at Stripe's own time of the answer."""
