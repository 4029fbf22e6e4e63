"""Audit events: what changed, how grave it is, by whom and why, written in the transaction of the change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

# What audit metadata may hold: flat facts, money as integer minor units beside a currency, never a float, never
# personal data.
MetadataValue = str | int | bool | None


class Severity(StrEnum):
    """How loud an audit event is."""

    INFO = "INFO"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"


@dataclass(frozen=True)
class Actor:
    """Who caused a change: `stripe`, `dunlin` (on its own), an API key or a user, with an id where there is one."""

    kind: str
    id: str | None = None

    def __str__(self) -> str:
        return self.kind if self.id is None else f"{self.kind}:{self.id}"


STRIPE = Actor("stripe")
DUNLIN = Actor("dunlin")


@dataclass(frozen=True)
class AuditEvent:
    """One change. `subject_id` is the object that changed; `invoice_id` puts it on that invoice's timeline."""

    id: str
    firm_id: str
    action: str
    severity: Severity
    subject_type: str
    subject_id: str
    actor: str
    created_at: datetime
    summary: str
    metadata: Mapping[str, MetadataValue]
    invoice_id: str | None = None


@dataclass(frozen=True)
class Note:
    """One thing to be written down. With `alert_key` the firm's staff is told too, once for each key."""

    action: str
    severity: Severity
    summary: str
    subject_type: str
    subject_id: str
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    alert_key: str | None = None
