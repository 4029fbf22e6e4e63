"""Tables of the host application's endpoints and of what it is told."""

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, Identity, Table, Text
from sqlalchemy.dialects.postgresql import JSON

from adapters.postgres.tables.columns import UtcDateTime, metadata

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("firm_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("description", Text),
    Column("event_types", ARRAY(Text)),
    Column("is_enabled", Boolean, nullable=False),
    Column("salt", Text, nullable=False),
    Column("previous_salt", Text),
    Column("previous_until", UtcDateTime),
    Column("failing_since", UtcDateTime),
    Column("paused_until", UtcDateTime),
    Column("last_success_at", UtcDateTime),
    Column("disabled_at", UtcDateTime),
    Column("disabled_reason", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

host_events = Table(
    "host_events",
    metadata,
    Column("firm_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("type", Text, nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("invoice_id", Text),
    Column("data", JSON, nullable=False),
    Column("status", Text, nullable=False),
    Column("deliveries", JSON, nullable=False),
)
