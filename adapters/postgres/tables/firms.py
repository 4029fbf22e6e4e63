"""Tables of firms, their API keys and their clients."""

from sqlalchemy import Column, Computed, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from adapters.postgres.tables.columns import UtcDateTime, metadata

firms = Table(
    "firms",
    metadata,
    Column("firm_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("stripe_account", Text, nullable=False),
    Column("policy", JSONB, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

brandings = Table(
    "brandings",
    metadata,
    Column("firm_id", Text, primary_key=True),
    Column("branding", JSONB, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("firm_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("prefix", Text, nullable=False),
    Column("secret_hash", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
)

clients = Table(
    "clients",
    metadata,
    Column("firm_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("company_name", Text, nullable=False),
    Column("email", Text),
    Column("phone", Text),
    Column("locale", Text),
    Column("timezone", Text),
    Column("address", JSONB, nullable=False),
    Column("stripe_customer_id", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("erased_at", UtcDateTime),
    Column("email_key", Text, Computed("lower(email)")),
    Column("email_bad_at", UtcDateTime),
    Column("email_bad_reason", Text),
)
