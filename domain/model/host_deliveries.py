"""What becomes of an event on its way to the host's endpoints."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.model.host_events import HostEvent
from domain.model.webhook_endpoints import GIVEN_UP_AFTER

# As Standard Webhooks recommends; the last one repeats. Source: its specification, "deliverability and reliability".
_DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
_JITTER = 0.1
SUCCESSES = range(200, 300)
GONE = 410


class DeliveryStatus(StrEnum):
    """Where a delivery stands; `canceled`: its endpoint was disabled or removed."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELED = "canceled"


@dataclass(frozen=True)
class Delivery:
    """One event on its way to one endpoint. `outbox_id` is the one row that carries it: older rows do nothing.

    `started_at` is when it was first to be sent, or last replayed.
    """

    endpoint_id: str
    outbox_id: str
    started_at: datetime
    next_try_at: datetime | None
    status: DeliveryStatus = DeliveryStatus.PENDING
    tries: int = 0
    last_tried_at: datetime | None = None
    response_status: int | None = None
    last_error: str | None = None
    delivered_at: datetime | None = None


@dataclass(frozen=True)
class StoredHostEvent:
    """An event as it is kept, with one delivery for each endpoint that it goes to."""

    event: HostEvent
    created_at: datetime
    deliveries: tuple[Delivery, ...] = ()

    @property
    def status(self) -> DeliveryStatus:
        """Pending while any delivery is; failed where one is not to come; delivered once all have arrived."""
        statuses = {delivery.status for delivery in self.deliveries}
        if DeliveryStatus.PENDING in statuses:
            return DeliveryStatus.PENDING
        for status in (DeliveryStatus.FAILED, DeliveryStatus.CANCELED):
            if status in statuses:
                return status
        return DeliveryStatus.DELIVERED

    def delivery_to(self, endpoint_id: str) -> Delivery | None:
        """The delivery to that endpoint."""
        return next((delivery for delivery in self.deliveries if delivery.endpoint_id == endpoint_id), None)

    def having(self, changed: Delivery) -> "StoredHostEvent":
        """The event with this delivery in place of the one to the same endpoint, or added."""
        others = [delivery for delivery in self.deliveries if delivery.endpoint_id != changed.endpoint_id]
        ordered = sorted((*others, changed), key=lambda delivery: delivery.endpoint_id)
        return replace(self, deliveries=tuple(ordered))


@dataclass(frozen=True)
class HostAnswer:
    """What came back: the answer's status, or why there was none. `error` is None exactly when all went well."""

    status: int | None
    error: str | None = None

    @property
    def is_success(self) -> bool:
        """Whether the host took the event."""
        return self.error is None

    @property
    def is_gone(self) -> bool:
        """Whether the host asks to be sent nothing more."""
        return self.status == GONE


def answered(status: int) -> HostAnswer:
    """What an answer with this status means: 2xx is success, a redirect is not followed."""
    if status in SUCCESSES:
        return HostAnswer(status)
    if 300 <= status < 400:
        return HostAnswer(status, f"The endpoint answered {status}; redirects are not followed.")
    return HostAnswer(status, f"The endpoint answered {status}.")


def delivered(delivery: Delivery, answer: HostAnswer, now: datetime) -> Delivery:
    """The delivery once the host took the event."""
    tried = _tried(delivery, answer, now)
    return replace(tried, status=DeliveryStatus.DELIVERED, next_try_at=None, delivered_at=now)


def refused(delivery: Delivery, answer: HostAnswer, now: datetime, chance: float) -> Delivery:
    """The delivery after a fruitless try: due again after its growing delay, failed once its days are over.

    `chance` in [0, 1) lengthens a delay by up to a tenth. The last try comes at the very end of the days.
    """
    tried = _tried(delivery, answer, now)
    ends_at = delivery.started_at + GIVEN_UP_AFTER
    if now >= ends_at:
        return replace(tried, status=DeliveryStatus.FAILED, next_try_at=None)
    delay = _DELAYS[min(tried.tries, len(_DELAYS)) - 1] * (1 + _JITTER * chance)
    return replace(tried, next_try_at=min(now + delay, ends_at))


def canceled(delivery: Delivery, why: str) -> Delivery:
    """The delivery, no longer wanted."""
    return replace(delivery, status=DeliveryStatus.CANCELED, next_try_at=None, last_error=why)


def _tried(delivery: Delivery, answer: HostAnswer, now: datetime) -> Delivery:
    return replace(
        delivery,
        tries=delivery.tries + 1,
        last_tried_at=now,
        response_status=answer.status,
        last_error=answer.error,
    )
