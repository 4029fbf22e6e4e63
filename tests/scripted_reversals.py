"""Gateways for refunds and disputes whose answers a test writes down, and Stripe's books as a test fills them."""

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime

from adapters.memory.clock import SettableClock
from domain.model.answers import Absent, DisputeAnswer, DisputeShown, RefundAnswer, Refunded, RefundLookUpAnswer
from domain.model.disputes import DisputeTelling
from domain.model.inbox import StripeEvent
from domain.model.refunds import RefundStatus, RefundTelling
from ports.refund_gateway import RefundOrder
from ports.stripe_records import EventPage, Record, RecordKind, RecordPage


class ScriptedRefunds:
    """Answers what a test wrote down, in order; without a word, the refund succeeds."""

    def __init__(self, clock: SettableClock) -> None:
        self._clock = clock
        self.answers: deque[RefundAnswer] = deque()
        self.look_ups: deque[RefundLookUpAnswer] = deque()
        self.sent: list[RefundOrder] = []
        self.asked: list[RefundOrder] = []

    def refund(self, account: str | None, order: RefundOrder) -> RefundAnswer:
        self.sent.append(order)
        return self.answers.popleft() if self.answers else Refunded(self.made(order))

    def find(self, account: str | None, order: RefundOrder) -> RefundLookUpAnswer:
        self.asked.append(order)
        return self.look_ups.popleft() if self.look_ups else Absent()

    def made(self, order: RefundOrder, status: RefundStatus = RefundStatus.SUCCEEDED) -> RefundTelling:
        """The refund that comes of the order."""
        now = self._clock.now()
        return RefundTelling(
            stripe_refund_id=f"re_{order.refund_id}",
            status=status,
            told_at=now,
            amount_minor=order.amount_minor,
            currency="usd",
            created_at=now,
            stripe_charge_id=order.stripe_charge_id,
            stripe_payment_intent_id=order.stripe_payment_intent_id,
            reason=order.reason,
            request_id=order.refund_id,
        )


class ScriptedDisputes:
    """Answers what a test wrote down, in order; without a word, what is accepted is lost."""

    def __init__(self, clock: SettableClock) -> None:
        self._clock = clock
        self.answers: deque[DisputeAnswer] = deque()
        self.shown: dict[str, DisputeTelling] = {}
        self.accepted: list[str] = []

    def accept(self, account: str | None, stripe_dispute_id: str) -> DisputeAnswer:
        self.accepted.append(stripe_dispute_id)
        if self.answers:
            return self.answers.popleft()
        known = self.shown[stripe_dispute_id]
        return DisputeShown(replace(known, stripe_status="lost", told_at=self._clock.now()))

    def show(self, account: str | None, stripe_dispute_id: str) -> DisputeAnswer:
        return DisputeShown(replace(self.shown[stripe_dispute_id], told_at=self._clock.now()))


@dataclass
class ScriptedRecords:
    """Stripe's books, one entry to a page so that paging is always tried. `failure` is raised instead of a page."""

    listed: list[StripeEvent] = field(default_factory=list)
    objects: list[Record] = field(default_factory=list)
    failure: Exception | None = None
    asked: list[tuple[str | None, datetime]] = field(default_factory=list)

    def events(self, account: str | None, since: datetime, until: datetime, cursor: str | None) -> EventPage:
        self._ask(account, since)
        at = int(cursor or 0)
        following = str(at + 1) if at + 1 < len(self.listed) else None
        return EventPage(tuple(self.listed[at : at + 1]), following)

    def records(
        self, account: str | None, kind: RecordKind, since: datetime, heard_at: datetime, cursor: str | None
    ) -> RecordPage:
        self._ask(account, since)
        objects, at = [record for record in self.objects if record.kind is kind], int(cursor or 0)
        following = str(at + 1) if at + 1 < len(objects) else None
        return RecordPage(tuple(objects[at : at + 1]), following)

    def _ask(self, account: str | None, since: datetime) -> None:
        if self.failure is not None:
            raise self.failure
        self.asked.append((account, since))
