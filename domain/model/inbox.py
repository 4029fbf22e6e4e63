"""Stripe's events as we keep them: stored before anything else, with what became of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.model.disputes import DisputeTelling
from domain.model.fraud_warnings import FraudWarning
from domain.model.payment_facts import PaymentFact
from domain.model.refunds import RefundTelling, RefundTotal


class InboxStatus(StrEnum):
    """What became of a stored event. Only `processed` and `ignored` are final."""

    PROCESSED = "processed"
    IGNORED = "ignored"
    UNMATCHED = "unmatched"
    FAILED = "failed"


FINAL_STATUSES = frozenset({InboxStatus.PROCESSED, InboxStatus.IGNORED})


@dataclass(frozen=True)
class StripeEvent:
    """One verified event. `account` is empty for the platform's own; `body` is the event as Stripe sent it, parsed."""

    id: str
    type: str
    account: str
    created_at: datetime
    livemode: bool
    api_version: str | None
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Interpretation:
    """What an event means to us. `stripe_ids` are the objects it speaks of; `named_invoice_id` is our id from its
    metadata.

    `facts` are about payments. Without any facts, refunds and disputes an event that `is_handled` tells of nothing new
    (`note` may say why, or what is worth a line on the timeline). With a
    `fraud_warning`, which is a new one, the note says the same in one line.
    """

    is_handled: bool
    stripe_ids: tuple[str, ...] = ()
    named_invoice_id: str | None = None
    facts: tuple[PaymentFact, ...] = ()
    refunds: tuple[RefundTelling, ...] = ()
    totals: tuple[RefundTotal, ...] = ()
    disputes: tuple[DisputeTelling, ...] = ()
    card_sessions: tuple[str, ...] = ()
    """Pages of Stripe's on which the customer gave us a card."""
    note: str | None = None
    fraud_warning: FraudWarning | None = None


@dataclass(frozen=True)
class InboxEntry:
    """A stored event with its processing state. `firm_id` is None while no firm owns it."""

    event: StripeEvent
    status: InboxStatus
    received_at: datetime
    firm_id: str | None = None
    invoice_id: str | None = None
    error: str | None = None
    processed_at: datetime | None = None
    tries: int = 0
    stripe_ids: tuple[str, ...] = ()
