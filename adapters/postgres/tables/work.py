"""Tables of what came in and what is to be done."""

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, Identity, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSON

from adapters.postgres.tables.columns import UtcDateTime, metadata

inbox = Table(
    "inbox",
    metadata,
    Column("firm_id", Text),
    Column("account", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("livemode", Boolean, nullable=False),
    Column("api_version", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("body", JSON, nullable=False),
    Column("status", Text, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("invoice_id", Text),
    Column("error", Text),
    Column("processed_at", UtcDateTime),
    Column("tries", Integer, nullable=False),
    Column("stripe_ids", ARRAY(Text), nullable=False),
)

inbox_mentions = Table(
    "inbox_mentions",
    metadata,
    Column("firm_id", Text),
    Column("account", Text, primary_key=True),
    Column("stripe_id", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
)

outbox = Table(
    "outbox",
    metadata,
    Column("firm_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("kind", Text, nullable=False),
    Column("dedupe_key", Text, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("status", Text, nullable=False),
    Column("invoice_id", Text),
    Column("attempt_id", Text),
    Column("dispute_id", Text),
    Column("refund_id", Text),
    Column("payload", JSON, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("last_error", Text),
    Column("lease_until", UtcDateTime),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("firm_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", JSON),
    Column("created_at", UtcDateTime, nullable=False),
)

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("name", Text, primary_key=True),
    Column("beat_at", UtcDateTime, nullable=False),
)
