"""Disputes with their notes, refunds, and a ledger of everything that moves money.

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Row-level security binds the owner too: without this a migration would see no row.
ALL_ROWS = "SELECT set_config('dunlin.scope', 'system', true)"

# What was told of a dispute or a refund is kept as it was told (`tellings`); the columns beside it are derived from
# that and rewritten with it.
TABLES = """
CREATE TABLE disputes (
    firm_id                   text COLLATE "C" NOT NULL REFERENCES firms,
    id                        text COLLATE "C" NOT NULL,
    stripe_dispute_id         text COLLATE "C" NOT NULL CHECK (stripe_dispute_id <> ''),
    invoice_id                text COLLATE "C",  -- NULL while no invoice is known for it
    client_id                 text COLLATE "C",
    status                    text COLLATE "C" NOT NULL CHECK (status IN ('opened', 'under_review', 'won', 'lost',
                                  'closed')),
    stripe_status             text NOT NULL CHECK (stripe_status IN ('warning_needs_response', 'warning_under_review',
                                  'warning_closed', 'needs_response', 'under_review', 'charge_refunded', 'prevented',
                                  'lost', 'appeal_needs_response', 'appeal_under_review', 'won')),
    is_inquiry                boolean NOT NULL,
    is_open                   boolean NOT NULL,
    reason                    text COLLATE "C",
    network_reason_code       text,
    brand                     text COLLATE "C",
    currency                  text COLLATE "C" NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
    amount_minor              bigint NOT NULL CHECK (amount_minor >= 0),
    opened_at                 timestamptz NOT NULL,
    respond_by                timestamptz,
    closed_at                 timestamptz,
    evidence_submitted_at     timestamptz,
    stripe_charge_id          text COLLATE "C",
    stripe_payment_intent_id  text COLLATE "C",
    accept_requested_at       timestamptz,
    updated_at                timestamptz NOT NULL,
    tellings                  json NOT NULL CHECK (json_array_length(tellings) > 0),
    movements                 json NOT NULL,
    PRIMARY KEY (firm_id, id),
    FOREIGN KEY (firm_id, invoice_id) REFERENCES invoices (firm_id, id),
    FOREIGN KEY (firm_id, client_id) REFERENCES clients (firm_id, id),
    CHECK ((invoice_id IS NULL) = (client_id IS NULL)),
    CHECK (is_open = (status IN ('opened', 'under_review'))),
    CHECK (is_open = (closed_at IS NULL)),
    CHECK (is_inquiry = starts_with(stripe_status, 'warning_'))
);
CREATE UNIQUE INDEX disputes_stripe_dispute_id_key ON disputes (firm_id, stripe_dispute_id);
-- The list, newest first, and the summary, which reads nothing but this index.
CREATE INDEX disputes_newest_first ON disputes (firm_id, opened_at, id)
    INCLUDE (status, is_inquiry, currency, amount_minor, closed_at, reason, brand, client_id);
CREATE INDEX disputes_by_deadline ON disputes (firm_id, (coalesce(respond_by, '9999-12-31 00:00+00'::timestamptz)), id);
CREATE INDEX disputes_by_status ON disputes (firm_id, status, opened_at, id);
CREATE INDEX disputes_by_client ON disputes (firm_id, client_id, opened_at, id);
CREATE INDEX disputes_of_invoice ON disputes (firm_id, invoice_id);
CREATE INDEX disputes_without_invoice ON disputes (firm_id, id) WHERE invoice_id IS NULL;
CREATE INDEX disputes_open ON disputes (firm_id, updated_at, id) WHERE is_open;
CREATE INDEX disputes_by_id ON disputes (id);  -- system transactions know no firm
CREATE INDEX disputes_by_stripe_dispute_id ON disputes (stripe_dispute_id);

CREATE TABLE dispute_notes (
    firm_id     text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    version     integer NOT NULL CHECK (version > 0),
    dispute_id  text COLLATE "C" NOT NULL,
    body        text NOT NULL CHECK (length(body) BETWEEN 1 AND 10000),
    author      text NOT NULL,
    created_at  timestamptz NOT NULL,
    edited_by   text,
    edited_at   timestamptz,
    PRIMARY KEY (firm_id, id, version),
    FOREIGN KEY (firm_id, dispute_id) REFERENCES disputes (firm_id, id),
    CHECK ((version = 1) = (edited_at IS NULL)),
    CHECK ((edited_at IS NULL) = (edited_by IS NULL))
);
CREATE INDEX dispute_notes_of_dispute ON dispute_notes (firm_id, dispute_id, created_at, id, version);

CREATE TABLE refunds (
    firm_id                   text COLLATE "C" NOT NULL,
    stripe_refund_id          text COLLATE "C" NOT NULL CHECK (stripe_refund_id <> ''),
    invoice_id                text COLLATE "C" NOT NULL,
    status                    text NOT NULL CHECK (status IN ('pending', 'requires_action', 'succeeded', 'failed',
                                  'canceled')),
    amount_minor              bigint NOT NULL CHECK (amount_minor >= 0),
    currency                  text COLLATE "C" NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
    created_at                timestamptz NOT NULL,
    succeeded_at              timestamptz,
    failed_at                 timestamptz,
    stripe_charge_id          text COLLATE "C",
    stripe_payment_intent_id  text COLLATE "C",
    tellings                  json NOT NULL CHECK (json_array_length(tellings) > 0),
    PRIMARY KEY (firm_id, stripe_refund_id),
    FOREIGN KEY (firm_id, invoice_id) REFERENCES invoices (firm_id, id),
    CHECK ((status IN ('failed', 'canceled')) = (failed_at IS NOT NULL)),
    CHECK (status <> 'succeeded' OR succeeded_at IS NOT NULL)
);
CREATE INDEX refunds_of_invoice ON refunds (firm_id, invoice_id);

CREATE TABLE refund_totals (
    firm_id                   text COLLATE "C" NOT NULL,
    stripe_charge_id          text COLLATE "C" NOT NULL CHECK (stripe_charge_id <> ''),
    invoice_id                text COLLATE "C" NOT NULL,
    amount_minor              bigint NOT NULL CHECK (amount_minor >= 0),
    currency                  text COLLATE "C" NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
    told_at                   timestamptz NOT NULL,
    stripe_payment_intent_id  text COLLATE "C",
    PRIMARY KEY (firm_id, stripe_charge_id),
    FOREIGN KEY (firm_id, invoice_id) REFERENCES invoices (firm_id, id)
);
CREATE INDEX refund_totals_of_invoice ON refund_totals (firm_id, invoice_id);

CREATE TABLE refund_requests (
    firm_id                   text COLLATE "C" NOT NULL,
    id                        text COLLATE "C" NOT NULL,
    invoice_id                text COLLATE "C" NOT NULL,
    amount_minor              bigint NOT NULL CHECK (amount_minor > 0),
    currency                  text COLLATE "C" NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
    status                    text NOT NULL CHECK (status IN ('in_flight', 'unknown', 'accepted', 'refused')),
    requested_at              timestamptz NOT NULL,
    requested_by              text NOT NULL,
    stripe_charge_id          text COLLATE "C",
    stripe_payment_intent_id  text COLLATE "C",
    reason                    text CHECK (reason IN ('duplicate', 'fraudulent', 'requested_by_customer')),
    first_sent_at             timestamptz,
    absent_since              timestamptz,
    is_replay_useless         boolean NOT NULL,
    finished_at               timestamptz,
    stripe_refund_id          text COLLATE "C",
    refusal                   text,
    PRIMARY KEY (firm_id, id),
    FOREIGN KEY (firm_id, invoice_id) REFERENCES invoices (firm_id, id),
    CHECK (stripe_charge_id IS NOT NULL OR stripe_payment_intent_id IS NOT NULL)
);
CREATE INDEX refund_requests_of_invoice ON refund_requests (firm_id, invoice_id);

-- Whether there is any of these for an invoice: most have none, and then four tables need not be asked.
ALTER TABLE invoices ADD COLUMN has_reversals boolean NOT NULL DEFAULT false;

ALTER TABLE outbox ADD COLUMN dispute_id text COLLATE "C", ADD COLUMN refund_id text COLLATE "C";
CREATE INDEX outbox_of_dispute ON outbox (firm_id, dispute_id)
    WHERE dispute_id IS NOT NULL AND status IN ('due', 'claimed', 'held');
"""

# What was booked never changes; when it happened is told better by later events, so that is kept apart.
LEDGER = """
CREATE TABLE ledger_times (
    firm_id      text COLLATE "C" NOT NULL,
    stripe_id    text COLLATE "C" NOT NULL,
    kind         text COLLATE "C" NOT NULL,
    occurred_at  timestamptz NOT NULL,
    PRIMARY KEY (firm_id, stripe_id, kind)
);
CREATE INDEX ledger_times_newest_first ON ledger_times (firm_id, occurred_at, stripe_id, kind);
INSERT INTO ledger_times SELECT firm_id, stripe_id, kind, occurred_at FROM ledger_entries;

ALTER TABLE ledger_entries
    ADD COLUMN subject_id text COLLATE "C" CHECK (subject_id <> ''),
    ADD COLUMN recorded_at timestamptz;
UPDATE ledger_entries SET subject_id = stripe_id, recorded_at = occurred_at;
DROP INDEX ledger_entries_of_invoice;
ALTER TABLE ledger_entries DROP CONSTRAINT ledger_entries_kind_check;
"""
# The rows that were rewritten first: no table is altered while checks of its new rows are still to come.
LEDGER_REST = """
ALTER TABLE ledger_entries
    ALTER COLUMN kind TYPE text COLLATE "C",
    ALTER COLUMN subject_id SET NOT NULL,
    ALTER COLUMN recorded_at SET NOT NULL,
    DROP COLUMN occurred_at,
    ADD CONSTRAINT ledger_entries_kind_check CHECK (kind IN ('payment', 'payment_out_of_band', 'refund',
        'refund_reversal', 'dispute_withdrawal', 'dispute_reinstatement', 'dispute_fee', 'dispute_fee_return')),
    ADD CONSTRAINT ledger_entries_sign_check CHECK (
        (amount_minor < 0) = (kind IN ('refund', 'dispute_withdrawal', 'dispute_fee')));
CREATE INDEX ledger_entries_of_invoice ON ledger_entries (firm_id, invoice_id);
ALTER TABLE ledger_times ADD FOREIGN KEY (firm_id, stripe_id, kind) REFERENCES ledger_entries;
"""

# A note is never edited in place. Its text can be taken away for good, when a client's personal data is erased.
NOTES = """
CREATE FUNCTION refuse_edited_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.body <> '[erased]' THEN
        RAISE EXCEPTION 'a note is edited by a new version' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER dispute_notes_are_kept BEFORE UPDATE ON dispute_notes
    FOR EACH ROW EXECUTE FUNCTION refuse_edited_note();
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE ON disputes, refunds, refund_totals, refund_requests, ledger_times TO dunlin_app;
GRANT SELECT, INSERT, UPDATE (body) ON dispute_notes TO dunlin_app;
"""

FIRM_TABLES = ("disputes", "dispute_notes", "refunds", "refund_totals", "refund_requests", "ledger_times")

FIRM_ROWS = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY firm_rows ON {table}
    USING (firm_id = current_setting('dunlin.firm_id', true) OR current_setting('dunlin.scope', true) = 'system')
    WITH CHECK (firm_id = current_setting('dunlin.firm_id', true) OR current_setting('dunlin.scope', true) = 'system');
"""
# The same words, looked up once for a query and not for each of the hundred thousand rows that a summary goes through.
MANY_ROWS = """
ALTER POLICY firm_rows ON disputes
    USING (firm_id = (SELECT current_setting('dunlin.firm_id', true))
           OR (SELECT current_setting('dunlin.scope', true)) = 'system');
"""

# The schema before knew payments alone; what else was booked follows from Stripe's events again.
LEDGER_BEFORE = """
ALTER TABLE ledger_times DROP CONSTRAINT ledger_times_firm_id_stripe_id_kind_fkey;
DELETE FROM ledger_entries WHERE kind NOT IN ('payment', 'payment_out_of_band');
ALTER TABLE ledger_entries
    DROP CONSTRAINT ledger_entries_sign_check,
    DROP CONSTRAINT ledger_entries_kind_check,
    ADD CONSTRAINT ledger_entries_kind_check CHECK (kind IN ('payment', 'payment_out_of_band')),
    ADD COLUMN occurred_at timestamptz;
UPDATE ledger_entries e SET occurred_at = t.occurred_at FROM ledger_times t
WHERE t.firm_id = e.firm_id AND t.stripe_id = e.stripe_id AND t.kind = e.kind;
DROP INDEX ledger_entries_of_invoice;
"""
LEDGER_BEFORE_REST = """
ALTER TABLE ledger_entries
    ALTER COLUMN occurred_at SET NOT NULL,
    ALTER COLUMN kind TYPE text COLLATE "default",
    DROP COLUMN subject_id,
    DROP COLUMN recorded_at;
CREATE INDEX ledger_entries_of_invoice ON ledger_entries (firm_id, invoice_id, occurred_at);
"""


def upgrade() -> None:
    op.execute(ALL_ROWS)
    op.execute(TABLES)
    op.execute(LEDGER)
    op.execute(LEDGER_REST)
    op.execute(NOTES)
    op.execute(GRANTS)
    for table in FIRM_TABLES:
        op.execute(FIRM_ROWS.format(table=table))
    op.execute(MANY_ROWS)


def downgrade() -> None:
    op.execute(ALL_ROWS)
    op.execute(LEDGER_BEFORE)
    op.execute(LEDGER_BEFORE_REST)
    op.execute("ALTER TABLE invoices DROP COLUMN has_reversals")
    op.execute("DROP INDEX outbox_of_dispute")
    op.execute("ALTER TABLE outbox DROP COLUMN dispute_id, DROP COLUMN refund_id")
    for table in reversed(FIRM_TABLES):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION refuse_edited_note")
