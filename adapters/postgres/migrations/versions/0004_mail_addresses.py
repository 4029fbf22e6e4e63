"""Which clients' e-mail addresses do not work.

Revision ID: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COLUMNS = """
ALTER TABLE clients
    ADD COLUMN email_key text GENERATED ALWAYS AS (lower(email)) STORED,
    ADD COLUMN email_bad_at timestamptz,
    ADD COLUMN email_bad_reason text CHECK (length(email_bad_reason) BETWEEN 1 AND 200),
    ADD CONSTRAINT clients_email_bad_check CHECK (
        (email_bad_at IS NULL) = (email_bad_reason IS NULL) AND (email_bad_at IS NULL OR email IS NOT NULL));
-- Bounces know an address and no firm. The index is not on lower(email): row-level security would not let it be used,
-- because lower() might tell of other firms' rows by its errors.
CREATE INDEX clients_by_email ON clients (email_key) WHERE email_key IS NOT NULL;
"""


def upgrade() -> None:
    op.execute(COLUMNS)


def downgrade() -> None:
    op.execute("DROP INDEX clients_by_email")
    op.execute("ALTER TABLE clients DROP COLUMN email_key, DROP COLUMN email_bad_at, DROP COLUMN email_bad_reason")
