"""Tables of where alerts go and of what was told lately."""

from sqlalchemy import BigInteger, Column, Identity, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSON

from adapters.postgres.tables.columns import UtcDateTime, metadata

alert_settings = Table(
    "alert_settings",
    metadata,
    Column("firm_id", Text, primary_key=True),
    Column("urls", JSON, nullable=False),
    Column("emails", JSON, nullable=False),
)

alert_states = Table(
    "alert_states",
    metadata,
    Column("firm_id", Text, primary_key=True),
    Column("minute_began_at", UtcDateTime),
    Column("minute_count", Integer, nullable=False),
    Column("rate_high_since", UtcDateTime),
    Column("unmatched_told_until", UtcDateTime),
)

alert_quiet = Table(
    "alert_quiet",
    metadata,
    Column("firm_id", Text, primary_key=True),
    Column("action", Text, primary_key=True),
    Column("subject_id", Text, primary_key=True),
    Column("severity", Text, nullable=False),
    Column("began_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("held_count", Integer, nullable=False),
    Column("latest", JSON),
)

alert_digest = Table(
    "alert_digest",
    metadata,
    Column("firm_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("alert", JSON, nullable=False),
)
