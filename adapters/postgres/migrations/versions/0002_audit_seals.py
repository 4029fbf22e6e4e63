"""Seals over the audit log; the mark of a client whose personal data was erased.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# No foreign keys: what somebody removes by hand is to be found by `dunlin audit verify`, whatever else is left of it.
TABLES = """
CREATE TABLE audit_seals (
    firm_id         text COLLATE "C" NOT NULL,
    number          bigint NOT NULL CHECK (number > 0),
    sealed_at       timestamptz NOT NULL,
    events_count    integer NOT NULL CHECK (events_count > 0),
    first_position  bigint NOT NULL,
    last_position   bigint NOT NULL,
    settled_below   bigint NOT NULL,  -- rows of transactions below it are in this seal or an earlier one
    newest_at       timestamptz NOT NULL,
    previous_hash   text COLLATE "C" NOT NULL,
    hash            text COLLATE "C" NOT NULL,
    PRIMARY KEY (firm_id, number)
);

CREATE TABLE audit_seal_entries (
    firm_id      text COLLATE "C" NOT NULL,
    position     bigint NOT NULL,
    seal_number  bigint NOT NULL,
    row_hash     text COLLATE "C" NOT NULL,
    PRIMARY KEY (firm_id, position)
);
CREATE INDEX audit_seal_entries_of_seal ON audit_seal_entries (firm_id, seal_number, position);

-- An entry's row is found by its position, of which there is one.
CREATE UNIQUE INDEX audit_events_position_key ON audit_events (firm_id, position);
-- What is still to be sealed is found by its transaction: from the newest seal on.
CREATE INDEX audit_events_by_transaction ON audit_events (firm_id, transaction, position);

ALTER TABLE clients ADD COLUMN erased_at timestamptz;

GRANT SELECT, INSERT ON audit_seals, audit_seal_entries TO dunlin_app;
"""

FIRM_ROWS = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY firm_rows ON {table}
    USING (firm_id = current_setting('dunlin.firm_id', true) OR current_setting('dunlin.scope', true) = 'system')
    WITH CHECK (firm_id = current_setting('dunlin.firm_id', true) OR current_setting('dunlin.scope', true) = 'system');
"""


def upgrade() -> None:
    op.execute(TABLES)
    for table in ("audit_seals", "audit_seal_entries"):
        op.execute(FIRM_ROWS.format(table=table))


def downgrade() -> None:
    op.execute("ALTER TABLE clients DROP COLUMN erased_at")
    op.execute("DROP INDEX audit_events_by_transaction")
    op.execute("DROP INDEX audit_events_position_key")
    op.execute("DROP TABLE audit_seal_entries")
    op.execute("DROP TABLE audit_seals")
