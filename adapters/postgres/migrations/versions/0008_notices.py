"""Mails to customers, and which links to an invoice still open.

Revision ID: 0008
Revises: 0007
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# No address and no text of a mail is kept here. A subject is an invoice or a card, so it has no foreign key.
TABLE = """
CREATE TABLE notices (
    firm_id     text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    client_id   text COLLATE "C" NOT NULL,
    subject_id  text COLLATE "C" NOT NULL,
    stage       text COLLATE "C" NOT NULL CHECK (stage <> ''),
    cause_key   text COLLATE "C" NOT NULL,
    status      text COLLATE "C" NOT NULL CHECK (status IN ('sending', 'sent', 'skipped', 'refused')),
    created_at  timestamptz NOT NULL,
    invoice_id  text COLLATE "C",
    language    text,
    sent_at     timestamptz,
    reason      text,
    PRIMARY KEY (firm_id, id),
    FOREIGN KEY (firm_id, client_id) REFERENCES clients (firm_id, id),
    CHECK ((status = 'sent') = (sent_at IS NOT NULL))
);
CREATE UNIQUE INDEX notices_once_each ON notices (firm_id, subject_id, stage, cause_key);
CREATE INDEX notices_newest_first ON notices (firm_id, created_at, id);
CREATE INDEX notices_by_client ON notices (firm_id, client_id, created_at, id);
CREATE INDEX notices_of_invoice ON notices (firm_id, invoice_id, created_at, id);
CREATE INDEX notices_by_id ON notices (id);  -- system transactions know no firm
GRANT SELECT, INSERT, UPDATE ON notices TO dunlin_app;
ALTER TABLE notices ENABLE ROW LEVEL SECURITY;
ALTER TABLE notices FORCE ROW LEVEL SECURITY;
CREATE POLICY firm_rows ON notices
    USING (firm_id = current_setting('dunlin.firm_id', true) OR current_setting('dunlin.scope', true) = 'system')
    WITH CHECK (firm_id = current_setting('dunlin.firm_id', true) OR current_setting('dunlin.scope', true) = 'system');
"""
LINKS = "ALTER TABLE invoices ADD COLUMN link_serial integer NOT NULL DEFAULT 0 CHECK (link_serial >= 0)"

# What older code cannot read would wait for ever.
ROWS_OF_NEWER_CODE = "DELETE FROM outbox WHERE kind = 'notice'"


def upgrade() -> None:
    op.execute(TABLE)
    op.execute(LINKS)


def downgrade() -> None:
    op.execute("SELECT set_config('dunlin.scope', 'system', true)")
    op.execute(ROWS_OF_NEWER_CODE)
    op.execute("ALTER TABLE invoices DROP COLUMN link_serial")
    op.execute("DROP TABLE notices")
