"""Tables that are only ever appended to."""

from sqlalchemy import BigInteger, Column, FetchedValue, Identity, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSON

from adapters.postgres.tables.columns import TransactionId, UtcDateTime, metadata

ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("firm_id", Text, primary_key=True),
    Column("stripe_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("invoice_id", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
)

# The one table here that is written over: when something happened is told better by later events.
ledger_times = Table(
    "ledger_times",
    metadata,
    Column("firm_id", Text, primary_key=True),
    Column("stripe_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("occurred_at", UtcDateTime, nullable=False),
)

audit_events = Table(
    "audit_events",
    metadata,
    Column("firm_id", Text, primary_key=True),
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("transaction", TransactionId, FetchedValue(), nullable=False),
    Column("id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("subject_type", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("invoice_id", Text),
    Column("actor", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("created_at", UtcDateTime, primary_key=True),
)

audit_seals = Table(
    "audit_seals",
    metadata,
    Column("firm_id", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("sealed_at", UtcDateTime, nullable=False),
    Column("events_count", Integer, nullable=False),
    Column("first_position", BigInteger, nullable=False),
    Column("last_position", BigInteger, nullable=False),
    Column("settled_below", BigInteger, nullable=False),
    Column("newest_at", UtcDateTime, nullable=False),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

audit_seal_entries = Table(
    "audit_seal_entries",
    metadata,
    Column("firm_id", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("seal_number", BigInteger, nullable=False),
    Column("row_hash", Text, nullable=False),
)
