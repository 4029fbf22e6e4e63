"""The table of mails to customers."""

from sqlalchemy import Column, Table, Text

from adapters.postgres.tables.columns import UtcDateTime, metadata

notices = Table(
    "notices",
    metadata,
    Column("firm_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("client_id", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("cause_key", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("invoice_id", Text),
    Column("language", Text),
    Column("sent_at", UtcDateTime),
    Column("reason", Text),
)
