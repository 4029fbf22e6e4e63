"""What Stripe answers when the web tests' workers refund a charge or concede a dispute."""

from datetime import datetime

from domain.model.answers import (
    Absent,
    DisputeAnswer,
    DisputeShown,
    RefundAnswer,
    Refunded,
    RefundLookUpAnswer,
    Refused,
)
from domain.model.disputes import DisputeTelling
from domain.model.refunds import RefundStatus, RefundTelling
from ports.clock import Clock
from ports.refund_gateway import RefundOrder
from ports.stripe_records import EventPage, RecordKind, RecordPage


class StripeRefunds:
    """Takes every refund, once for each key; `refusal` makes it refuse instead."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.orders: dict[str, RefundOrder] = {}
        self.refusal: str | None = None

    def refund(self, account: str | None, order: RefundOrder) -> RefundAnswer:
        if self.refusal is not None:
            return Refused(self.refusal)
        self.orders.setdefault(order.idempotency_key, order)
        return Refunded(self._told(order))

    def find(self, account: str | None, order: RefundOrder) -> RefundLookUpAnswer:
        return Absent()

    def _told(self, order: RefundOrder) -> RefundTelling:
        return RefundTelling(
            stripe_refund_id=f"re_{order.refund_id}",
            status=RefundStatus.SUCCEEDED,
            told_at=self._clock.now(),
            amount_minor=order.amount_minor,
            currency="usd",
            stripe_charge_id=order.stripe_charge_id,
            stripe_payment_intent_id=order.stripe_payment_intent_id,
        )


class StripeDisputes:
    """Ends every dispute that is conceded as lost."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.accepted: list[str] = []

    def accept(self, account: str | None, stripe_dispute_id: str) -> DisputeAnswer:
        self.accepted.append(stripe_dispute_id)
        return DisputeShown(DisputeTelling(stripe_dispute_id, "lost", self._clock.now(), 4200, "usd"))

    def show(self, account: str | None, stripe_dispute_id: str) -> DisputeAnswer:
        return Refused("No such dispute.")


class EmptyRecords:
    """Stripe's books without an entry."""

    def events(self, account: str | None, since: datetime, until: datetime, cursor: str | None) -> EventPage:
        return EventPage((), None)

    def records(
        self, account: str | None, kind: RecordKind, since: datetime, heard_at: datetime, cursor: str | None
    ) -> RecordPage:
        return RecordPage((), None)
