"""Tables of what goes against payments: disputes with their notes, and refunds."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSON

from adapters.postgres.tables.columns import UtcDateTime, metadata

disputes = Table(
    "disputes",
    metadata,
    Column("firm_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("stripe_dispute_id", Text, nullable=False),
    Column("invoice_id", Text),
    Column("client_id", Text),
    Column("status", Text, nullable=False),
    Column("stripe_status", Text, nullable=False),
    Column("is_inquiry", Boolean, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("reason", Text),
    Column("network_reason_code", Text),
    Column("brand", Text),
    Column("currency", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("respond_by", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("evidence_submitted_at", UtcDateTime),
    Column("stripe_charge_id", Text),
    Column("stripe_payment_intent_id", Text),
    Column("accept_requested_at", UtcDateTime),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("tellings", JSON, nullable=False),
    Column("movements", JSON, nullable=False),
)

dispute_notes = Table(
    "dispute_notes",
    metadata,
    Column("firm_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("dispute_id", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("edited_by", Text),
    Column("edited_at", UtcDateTime),
)

refunds = Table(
    "refunds",
    metadata,
    Column("firm_id", Text, primary_key=True),
    Column("stripe_refund_id", Text, primary_key=True),
    Column("invoice_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("succeeded_at", UtcDateTime),
    Column("failed_at", UtcDateTime),
    Column("stripe_charge_id", Text),
    Column("stripe_payment_intent_id", Text),
    Column("tellings", JSON, nullable=False),
)

refund_totals = Table(
    "refund_totals",
    metadata,
    Column("firm_id", Text, primary_key=True),
    Column("stripe_charge_id", Text, primary_key=True),
    Column("invoice_id", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("told_at", UtcDateTime, nullable=False),
    Column("stripe_payment_intent_id", Text),
)

refund_requests = Table(
    "refund_requests",
    metadata,
    Column("firm_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("invoice_id", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("stripe_charge_id", Text),
    Column("stripe_payment_intent_id", Text),
    Column("reason", Text),
    Column("first_sent_at", UtcDateTime),
    Column("absent_since", UtcDateTime),
    Column("is_replay_useless", Boolean, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("stripe_refund_id", Text),
    Column("refusal", Text),
)
