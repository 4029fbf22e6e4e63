"""Where a firm's host application takes its events, and how an endpoint is given up."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.model.host_events import HostEventType

ENDPOINTS_MAX = 16
"""So many endpoints a firm may have; Stripe allows as many."""
OLD_SECRET_VALID = timedelta(hours=24)
"""After a rotation both secrets sign for so long."""
GIVEN_UP_AFTER = timedelta(days=5)
"""So long an event is tried; an endpoint that took nothing meanwhile is disabled."""
_PAUSE_MIN, _PAUSE_MAX = timedelta(seconds=5), timedelta(minutes=30)


class DisabledReason(StrEnum):
    """Why Dunlin disabled an endpoint by itself."""

    GONE = "gone"
    """It answered 410."""
    FAILING = "failing"
    """It took nothing for days."""


@dataclass(frozen=True)
class WebhookEndpoint:
    """One endpoint. `event_types` None: all. The secret is derived from `salt`; `previous_salt` signs as well until
    `previous_until`.

    `failing_since` is the first failure after the last success; until `paused_until` nothing is sent there.
    """

    id: str
    firm_id: str
    url: str
    salt: str
    created_at: datetime
    updated_at: datetime
    description: str | None = None
    event_types: tuple[HostEventType, ...] | None = None
    is_enabled: bool = True
    previous_salt: str | None = None
    previous_until: datetime | None = None
    failing_since: datetime | None = None
    paused_until: datetime | None = None
    last_success_at: datetime | None = None
    disabled_at: datetime | None = None
    disabled_reason: DisabledReason | None = None

    def wants(self, kind: HostEventType) -> bool:
        """Whether events of this type are sent to it."""
        return self.is_enabled and (self.event_types is None or kind in self.event_types)

    def salts(self, now: datetime) -> tuple[str, ...]:
        """By what its secrets are derived that sign now, newest first."""
        if self.previous_salt is None or self.previous_until is None or self.previous_until <= now:
            return (self.salt,)
        return (self.salt, self.previous_salt)


def rotated(endpoint: WebhookEndpoint, salt: str, now: datetime) -> WebhookEndpoint:
    """The endpoint with a new secret; the one before stays valid for a day, an older one ends at once."""
    return replace(
        endpoint, salt=salt, previous_salt=endpoint.salt, previous_until=now + OLD_SECRET_VALID, updated_at=now
    )


def enabled(endpoint: WebhookEndpoint, now: datetime) -> WebhookEndpoint:
    """The endpoint taking events again, its failures forgotten."""
    return replace(
        endpoint,
        is_enabled=True,
        disabled_at=None,
        disabled_reason=None,
        failing_since=None,
        paused_until=None,
        updated_at=now,
    )


def disabled(endpoint: WebhookEndpoint, now: datetime, reason: DisabledReason | None = None) -> WebhookEndpoint:
    """The endpoint taking nothing any more; `reason` None: a person disabled it."""
    return replace(endpoint, is_enabled=False, disabled_at=now, disabled_reason=reason, updated_at=now)


def after_success(endpoint: WebhookEndpoint, now: datetime) -> WebhookEndpoint:
    """The endpoint once it took an event."""
    return replace(endpoint, failing_since=None, paused_until=None, last_success_at=now)


def after_failure(endpoint: WebhookEndpoint, now: datetime) -> WebhookEndpoint:
    """The endpoint once it took an event not: it is left alone for a while, the longer the longer it fails.

    However many events wait for one slow receiver, they do not keep the worker from the others.
    """
    failing_since = endpoint.failing_since or now
    pause = min(max((now - failing_since) / 10, _PAUSE_MIN), _PAUSE_MAX)
    return replace(endpoint, failing_since=failing_since, paused_until=now + pause)
