"""Everything that happens later is a row here, written in the transaction of its cause. Redis only rings the bell."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class OutboxKind(StrEnum):
    """What a row asks for."""

    COLLECT = "collect"
    """The first attempt of an invoice sent with autopay."""
    RETRY = "retry"
    """One slot of the failure course."""
    RUN_ATTEMPT = "run_attempt"
    """An attempt that a person asked for and that exists already."""
    SETTLE = "settle"
    """Establish the outcome of an attempt whose answer was lost."""
    POLL_PENDING = "poll_pending"
    """Ask once a day what became of a pending attempt."""
    MATCH_EVENTS = "match_events"
    """Try stored events again whose invoice, PaymentIntent or charge became known."""
    APPLY_POLICY = "apply_policy"
    """Recompute a firm's open invoices after its policy changed."""
    ALERT = "alert"
    """Decide whether and how the firm's staff is told."""
    ALERT_DELIVERY = "alert_delivery"
    """Bring an alert to one channel."""
    ALERT_SUMMARY = "alert_summary"
    """Tell what a quiet period held back."""
    ALERT_DIGEST = "alert_digest"
    """Tell in one alert what was too much for single ones."""
    REFUND = "refund"
    """A refund that a person asked for."""
    DISPUTE_DEADLINE = "dispute_deadline"
    """Remind the firm's staff that a dispute waits for its answer."""
    ACCEPT_DISPUTE = "accept_dispute"
    """Concede a dispute, as a person asked for."""
    RESUME = "resume"
    """Go on with an invoice that was held until now."""
    NOTICE = "notice"
    """Write to the customer."""
    BACKFILL = "backfill"
    """Fetch a page of events that Stripe may have failed to deliver."""
    RECONCILE = "reconcile"
    """Compare a page of what we know with what Stripe knows."""
    ADOPT_CARD = "adopt_card"
    """Make the card that a customer gave on Stripe's page the default, and try it."""
    HOST_WEBHOOK = "host_webhook"
    """Send one event to one endpoint of the host application."""


class OutboxStatus(StrEnum):
    """Where a row stands; `held` waits for a person."""

    DUE = "due"
    CLAIMED = "claimed"
    DONE = "done"
    CANCELED = "canceled"
    HELD = "held"


PENDING_STATUSES = frozenset({OutboxStatus.DUE, OutboxStatus.CLAIMED, OutboxStatus.HELD})

RETRIES_QUEUE = "retries"
NOTICES_QUEUE = "notices"
UPKEEP_QUEUE = "upkeep"
HOST_QUEUE = "host_webhooks"
"""Of its own: a host that answers slowly keeps nothing of ours from being done."""
QUEUE_OF = {
    OutboxKind.COLLECT: RETRIES_QUEUE,
    OutboxKind.RETRY: RETRIES_QUEUE,
    OutboxKind.RUN_ATTEMPT: RETRIES_QUEUE,
    OutboxKind.SETTLE: RETRIES_QUEUE,
    OutboxKind.POLL_PENDING: UPKEEP_QUEUE,
    OutboxKind.MATCH_EVENTS: UPKEEP_QUEUE,
    OutboxKind.APPLY_POLICY: UPKEEP_QUEUE,
    OutboxKind.ALERT: UPKEEP_QUEUE,
    OutboxKind.ALERT_DELIVERY: NOTICES_QUEUE,
    OutboxKind.ALERT_SUMMARY: UPKEEP_QUEUE,
    OutboxKind.ALERT_DIGEST: UPKEEP_QUEUE,
    OutboxKind.REFUND: RETRIES_QUEUE,
    OutboxKind.DISPUTE_DEADLINE: UPKEEP_QUEUE,
    OutboxKind.ACCEPT_DISPUTE: RETRIES_QUEUE,
    OutboxKind.RESUME: UPKEEP_QUEUE,
    OutboxKind.NOTICE: NOTICES_QUEUE,
    OutboxKind.BACKFILL: UPKEEP_QUEUE,
    OutboxKind.RECONCILE: UPKEEP_QUEUE,
    OutboxKind.ADOPT_CARD: RETRIES_QUEUE,
    OutboxKind.HOST_WEBHOOK: HOST_QUEUE,
}

WAITS_FOR_ATTEMPT = "Waits for attempt "
"""How the error of a row begins that was put off because another attempt was open."""

LEASE = timedelta(seconds=30)
"""How long a claim lasts: above the gateway's whole time budget, so that nobody else takes a charge that still runs."""

SETTLE_DELAYS = tuple(timedelta(seconds=s) for s in (5, 15, 60, 120, 240, 480, 960, 1920, 3600))
"""When an unknown outcome is looked into again; the last one repeats. design.md 1."""

POLL_DELAY = timedelta(days=1)
_BACKOFF_FIRST = timedelta(seconds=2)
_BACKOFF_MAX = timedelta(minutes=15)


@dataclass(frozen=True)
class OutboxItem:
    """One thing to do at `due_at`. `dedupe_key` occurs once in a firm; `payload` holds ids and cursors only."""

    id: str
    firm_id: str
    kind: OutboxKind
    dedupe_key: str
    due_at: datetime
    status: OutboxStatus = OutboxStatus.DUE
    invoice_id: str | None = None
    attempt_id: str | None = None
    dispute_id: str | None = None
    refund_id: str | None = None
    payload: Mapping[str, str] = field(default_factory=dict)
    tries: int = 0
    last_error: str | None = None
    lease_until: datetime | None = None

    @property
    def waits_for_attempt(self) -> bool:
        """Whether it was put off because another attempt was open."""
        return (self.last_error or "").startswith(WAITS_FOR_ATTEMPT)

    @property
    def queue(self) -> str:
        """The queue whose worker runs it."""
        return QUEUE_OF[self.kind]


@dataclass(frozen=True)
class Wish:
    """A row that should exist: one for each `dedupe_key`."""

    kind: OutboxKind
    dedupe_key: str
    due_at: datetime
    status: OutboxStatus = OutboxStatus.DUE
    attempt_id: str | None = None
    dispute_id: str | None = None
    refund_id: str | None = None


def settle_delay(tries: int) -> timedelta:
    """How long after look number `tries` (0: the lost answer itself) the next one comes."""
    return SETTLE_DELAYS[min(tries, len(SETTLE_DELAYS) - 1)]


def backoff(tries: int, chance: float) -> timedelta:
    """The wait after the `tries`-th fruitless try (1-based): doubling from 2 s to 15 min, the upper half by `chance`
    in [0, 1).
    """
    full: timedelta = min(_BACKOFF_MAX, _BACKOFF_FIRST * (2 ** min(tries - 1, 20)))
    half = full / 2
    return half + half * chance
