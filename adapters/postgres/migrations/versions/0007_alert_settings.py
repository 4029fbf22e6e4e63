"""Where a firm's alerts go, what its staff was told lately, and an index for the failure rate.

Revision ID: 0007
Revises: 0006
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE alert_settings (
    firm_id  text COLLATE "C" PRIMARY KEY REFERENCES firms,
    urls     json NOT NULL,  -- Apprise addresses: they hold secrets
    emails   json NOT NULL
);

-- One row for each firm that was ever alerted: whoever decides about its alerts locks it.
CREATE TABLE alert_states (
    firm_id               text COLLATE "C" PRIMARY KEY REFERENCES firms,
    minute_began_at       timestamptz,
    minute_count          integer NOT NULL DEFAULT 0 CHECK (minute_count >= 0),
    rate_high_since       timestamptz,
    unmatched_told_until  timestamptz
);

CREATE TABLE alert_quiet (
    firm_id     text COLLATE "C" NOT NULL REFERENCES firms,
    action      text COLLATE "C" NOT NULL,
    subject_id  text COLLATE "C" NOT NULL,
    severity    text NOT NULL CHECK (severity IN ('INFO', 'WARNING', 'CRITICAL')),
    began_at    timestamptz NOT NULL,
    ends_at     timestamptz NOT NULL,
    held_count  integer NOT NULL CHECK (held_count >= 0),
    latest      json,
    PRIMARY KEY (firm_id, action, subject_id),
    CHECK (ends_at > began_at),
    CHECK ((held_count = 0) = (latest IS NULL))
);
CREATE INDEX alert_quiet_over ON alert_quiet (firm_id, ends_at) WHERE held_count = 0;

CREATE TABLE alert_digest (
    firm_id   text COLLATE "C" NOT NULL REFERENCES firms,
    key       text COLLATE "C" NOT NULL,
    position  bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    alert     json NOT NULL,
    PRIMARY KEY (firm_id, key)
);

CREATE INDEX payment_facts_by_time ON payment_facts (firm_id, told_at) WHERE kind IN ('failed', 'succeeded');
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE ON alert_settings, alert_states TO dunlin_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON alert_quiet, alert_digest TO dunlin_app;
"""

FIRM_TABLES = ("alert_settings", "alert_states", "alert_quiet", "alert_digest")

FIRM_ROWS = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY firm_rows ON {table}
    USING (firm_id = current_setting('dunlin.firm_id', true) OR current_setting('dunlin.scope', true) = 'system')
    WITH CHECK (firm_id = current_setting('dunlin.firm_id', true) OR current_setting('dunlin.scope', true) = 'system');
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(GRANTS)
    for table in FIRM_TABLES:
        op.execute(FIRM_ROWS.format(table=table))


def downgrade() -> None:
    op.execute("DROP INDEX payment_facts_by_time")
    for table in reversed(FIRM_TABLES):
        op.execute(f"DROP TABLE {table}")
