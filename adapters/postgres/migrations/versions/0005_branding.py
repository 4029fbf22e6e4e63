"""How a firm looks to its customers.

Revision ID: 0005
Revises: 0004
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# A table of its own, because a firm's row is read with every invoice, and a branding may hold many texts.
TABLE = """
CREATE TABLE brandings (
    firm_id   text COLLATE "C" PRIMARY KEY REFERENCES firms,
    branding  jsonb NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON brandings TO dunlin_app;
ALTER TABLE brandings ENABLE ROW LEVEL SECURITY;
ALTER TABLE brandings FORCE ROW LEVEL SECURITY;
CREATE POLICY firm_rows ON brandings
    USING (firm_id = current_setting('dunlin.firm_id', true) OR current_setting('dunlin.scope', true) = 'system')
    WITH CHECK (firm_id = current_setting('dunlin.firm_id', true) OR current_setting('dunlin.scope', true) = 'system');
"""


def upgrade() -> None:
    op.execute(TABLE)


def downgrade() -> None:
    op.execute("DROP TABLE brandings")
