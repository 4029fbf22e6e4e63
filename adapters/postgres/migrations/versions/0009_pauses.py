"""Collection that is held until a date.

Revision ID: 0009
Revises: 0008
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE invoices ADD COLUMN paused_until timestamptz CHECK (paused_until > paused_at)")


def downgrade() -> None:
    op.execute("SELECT set_config('dunlin.scope', 'system', true)")
    op.execute("DELETE FROM outbox WHERE kind = 'resume'")
    op.execute("ALTER TABLE invoices DROP COLUMN paused_until")
