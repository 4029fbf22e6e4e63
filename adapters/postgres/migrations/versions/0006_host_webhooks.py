"""Webhooks to the host application: its endpoints, and what it is told.

Revision ID: 0006
Revises: 0005
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# An endpoint's secret is not stored: it is derived from its salt and DUNLIN_SECRET_KEY. Deliveries are part of their
# event, and name endpoints without a foreign key: an endpoint may be removed, what was sent there stays told.
TABLES = """
CREATE TABLE webhook_endpoints (
    firm_id          text COLLATE "C" NOT NULL REFERENCES firms,
    id               text COLLATE "C" NOT NULL,
    url              text NOT NULL CHECK (length(url) BETWEEN 1 AND 2000),
    description      text,
    event_types      text[] CHECK (cardinality(event_types) > 0),  -- NULL: all
    is_enabled       boolean NOT NULL,
    salt             text NOT NULL CHECK (salt <> ''),
    previous_salt    text,
    previous_until   timestamptz,
    failing_since    timestamptz,
    paused_until     timestamptz,
    last_success_at  timestamptz,
    disabled_at      timestamptz,
    disabled_reason  text CHECK (disabled_reason IN ('gone', 'failing')),
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    PRIMARY KEY (firm_id, id),
    CHECK ((previous_salt IS NULL) = (previous_until IS NULL)),
    CHECK (is_enabled = (disabled_at IS NULL)),
    CHECK (disabled_reason IS NULL OR disabled_at IS NOT NULL)
);

CREATE TABLE host_events (
    firm_id      text COLLATE "C" NOT NULL REFERENCES firms,
    id           text COLLATE "C" NOT NULL,
    position     bigint GENERATED ALWAYS AS IDENTITY,
    type         text COLLATE "C" NOT NULL CHECK (type <> ''),
    occurred_at  timestamptz NOT NULL,
    created_at   timestamptz NOT NULL,
    invoice_id   text COLLATE "C",
    data         json NOT NULL,
    status       text COLLATE "C" NOT NULL CHECK (status IN ('pending', 'delivered', 'failed', 'canceled')),
    deliveries   json NOT NULL,
    PRIMARY KEY (firm_id, id)
);
CREATE INDEX host_events_newest_first ON host_events (firm_id, position);
CREATE INDEX host_events_by_status ON host_events (firm_id, status, position);
CREATE INDEX host_events_of_invoice ON host_events (firm_id, invoice_id, position);

GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_endpoints TO dunlin_app;
GRANT SELECT, INSERT, UPDATE (status, deliveries) ON host_events TO dunlin_app;
"""

FIRM_TABLES = ("webhook_endpoints", "host_events")

FIRM_ROWS = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY firm_rows ON {table}
    USING (firm_id = current_setting('dunlin.firm_id', true) OR current_setting('dunlin.scope', true) = 'system')
    WITH CHECK (firm_id = current_setting('dunlin.firm_id', true) OR current_setting('dunlin.scope', true) = 'system');
"""

# What older code cannot read would wait for ever.
ROWS_OF_NEWER_CODE = "DELETE FROM outbox WHERE kind = 'host_webhook'"


def upgrade() -> None:
    op.execute(TABLES)
    for table in FIRM_TABLES:
        op.execute(FIRM_ROWS.format(table=table))


def downgrade() -> None:
    op.execute("SELECT set_config('dunlin.scope', 'system', true)")
    op.execute(ROWS_OF_NEWER_CODE)
    for table in reversed(FIRM_TABLES):
        op.execute(f"DROP TABLE {table}")
