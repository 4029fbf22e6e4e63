"""Firms, clients, invoices with their facts, the inbox, the outbox, the journal.

Revision ID: 0001
Revises:
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Ids are compared byte by byte everywhere: COLLATE "C". Every table of a firm's rows begins its key with firm_id, so
# that it can be the distribution column of a sharded PostgreSQL.

TABLES = """
CREATE TABLE firms (
    firm_id         text COLLATE "C" PRIMARY KEY CHECK (firm_id <> ''),
    name            text NOT NULL,
    stripe_account  text COLLATE "C" NOT NULL DEFAULT '',  -- '' without Stripe Connect
    policy          jsonb NOT NULL,
    created_at      timestamptz NOT NULL
);
CREATE UNIQUE INDEX firms_stripe_account_key ON firms (stripe_account) WHERE stripe_account <> '';
CREATE INDEX firms_by_stripe_account ON firms (stripe_account, firm_id);

CREATE TABLE api_keys (
    firm_id         text COLLATE "C" NOT NULL REFERENCES firms,
    id              text COLLATE "C" NOT NULL,
    prefix          text COLLATE "C" NOT NULL,
    secret_hash     text COLLATE "C" NOT NULL,
    scope           text NOT NULL CHECK (scope IN ('read', 'write', 'admin')),
    created_at      timestamptz NOT NULL,
    last_used_at    timestamptz,
    revoked_at      timestamptz,
    PRIMARY KEY (firm_id, id)
);
CREATE UNIQUE INDEX api_keys_prefix_key ON api_keys (prefix);  -- the key tells the firm, so its firm is not known yet

CREATE TABLE clients (
    firm_id             text COLLATE "C" NOT NULL REFERENCES firms,
    id                  text COLLATE "C" NOT NULL,
    company_name        text NOT NULL,
    email               text,
    phone               text,
    locale              text,
    timezone            text,
    address             jsonb NOT NULL,
    stripe_customer_id  text COLLATE "C",
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    PRIMARY KEY (firm_id, id)
);
CREATE UNIQUE INDEX clients_stripe_customer_id_key ON clients (firm_id, stripe_customer_id);
CREATE INDEX clients_newest_first ON clients (firm_id, created_at, id);
CREATE INDEX clients_by_id ON clients (id);  -- system transactions know no firm

CREATE TABLE invoices (
    firm_id                   text COLLATE "C" NOT NULL,
    id                        text COLLATE "C" NOT NULL,
    client_id                 text COLLATE "C" NOT NULL,
    number                    text COLLATE "C" NOT NULL,
    currency                  text COLLATE "C" NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
    amount_due                bigint NOT NULL CHECK (amount_due > 0),
    autopay                   boolean NOT NULL,
    due_on                    date,
    description               text,
    given_payment_intent_id   text COLLATE "C",
    stripe_invoice_id         text COLLATE "C",
    sent_at                   timestamptz,
    voided_at                 timestamptz,
    paused_at                 timestamptz,
    paused_reason             text,
    released_slot_key         text COLLATE "C",
    created_at                timestamptz NOT NULL,
    -- What follows is derived from the facts and rewritten with them.
    status                    text NOT NULL CHECK (status IN ('draft', 'sent', 'paid', 'failed', 'overdue', 'disputed',
                                  'charged_back', 'refunded', 'partially_refunded', 'void')),
    amount_paid               bigint NOT NULL CHECK (amount_paid >= 0),
    amount_refunded           bigint NOT NULL CHECK (amount_refunded >= 0),
    amount_disputed           bigint NOT NULL CHECK (amount_disputed >= 0),
    payment_failed_at         timestamptz,
    payment_failure_reason    text,
    payment_failure_code      text CHECK (payment_failure_code IN ('card_declined', 'insufficient_funds',
                                  'expired_card', 'incorrect_cvc', 'processing_error', 'authentication_required',
                                  'network_error', 'payment_method_missing')),
    payment_decline_code      text,
    payment_retry_count       integer NOT NULL CHECK (payment_retry_count >= 0),
    last_payment_retry_at     timestamptz,
    next_payment_retry_at     timestamptz,
    paid_at                   timestamptz,
    stripe_payment_intent_id  text COLLATE "C",
    version                   bigint NOT NULL CHECK (version >= 0),
    updated_at                timestamptz NOT NULL,
    PRIMARY KEY (firm_id, id),
    FOREIGN KEY (firm_id, client_id) REFERENCES clients (firm_id, id),
    CHECK ((status = 'void') = (voided_at IS NOT NULL)),
    CHECK (status <> 'paid' OR amount_paid >= amount_due),
    CHECK (status <> 'draft' OR sent_at IS NULL)
) WITH (fillfactor = 85);  -- room for updates beside the row: the figures change with every fact
CREATE UNIQUE INDEX invoices_number_key ON invoices (firm_id, number);
CREATE UNIQUE INDEX invoices_given_payment_intent_id_key ON invoices (firm_id, given_payment_intent_id);
CREATE UNIQUE INDEX invoices_stripe_invoice_id_key ON invoices (firm_id, stripe_invoice_id);
CREATE INDEX invoices_newest_first ON invoices (firm_id, created_at, id);
CREATE INDEX invoices_by_status ON invoices (firm_id, status, created_at, id);
CREATE INDEX invoices_by_client ON invoices (firm_id, client_id, created_at, id);
CREATE INDEX invoices_by_id ON invoices (id);  -- an event names an invoice before its firm is known

CREATE TABLE attempts (
    firm_id                   text COLLATE "C" NOT NULL,
    id                        text COLLATE "C" NOT NULL,
    invoice_id                text COLLATE "C" NOT NULL,
    trigger                   text NOT NULL CHECK (trigger IN ('autopay', 'retry', 'manual', 'customer')),
    status                    text NOT NULL CHECK (status IN ('in_flight', 'pending', 'succeeded', 'declined',
                                  'unknown', 'skipped', 'canceled')),
    effective_status          text NOT NULL CHECK (effective_status IN ('in_flight', 'pending', 'succeeded',
                                  'declined', 'unknown', 'skipped', 'canceled')),
    amount_minor              bigint NOT NULL CHECK (amount_minor >= 0),
    currency                  text COLLATE "C" NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
    slot_key                  text COLLATE "C",
    scheduled_for             timestamptz,
    started_at                timestamptz NOT NULL,
    finished_at               timestamptz,
    stripe_customer_id        text COLLATE "C",
    stripe_payment_method_id  text COLLATE "C",
    card_brand                text,
    idempotency_key           text COLLATE "C" CHECK (length(idempotency_key) <= 255),  -- Stripe's limit
    stripe_payment_intent_id  text COLLATE "C",
    requests                  json,
    is_replayed               boolean NOT NULL,
    is_replay_useless          boolean NOT NULL,
    absent_since              timestamptz,
    last_request_ended_at     timestamptz,
    failure_code              text,
    reason                    text,
    PRIMARY KEY (firm_id, id),
    FOREIGN KEY (firm_id, invoice_id) REFERENCES invoices (firm_id, id),
    CHECK ((idempotency_key IS NULL) = (requests IS NULL))
);
CREATE UNIQUE INDEX attempts_one_open ON attempts (firm_id, invoice_id)
    WHERE effective_status IN ('in_flight', 'pending', 'unknown');
CREATE UNIQUE INDEX attempts_idempotency_key_key ON attempts (firm_id, idempotency_key);
CREATE INDEX attempts_of_invoice ON attempts (firm_id, invoice_id);
CREATE INDEX attempts_by_payment_method ON attempts (firm_id, stripe_payment_method_id, started_at);

CREATE TABLE payment_facts (
    firm_id                   text COLLATE "C" NOT NULL,
    invoice_id                text COLLATE "C" NOT NULL,
    fact_key                  text COLLATE "C" NOT NULL,
    kind                      text NOT NULL CHECK (kind IN ('succeeded', 'failed', 'pending', 'canceled',
                                  'invoice_paid')),
    source                    text NOT NULL CHECK (source IN ('charge', 'answer', 'payment_intent', 'invoice')),
    told_at                   timestamptz NOT NULL,
    heard_at                  timestamptz NOT NULL,
    charge_created_at         timestamptz,
    event_id                  text COLLATE "C",
    attempt_id                text COLLATE "C",
    stripe_payment_intent_id  text COLLATE "C",
    stripe_charge_id          text COLLATE "C",
    stripe_invoice_id         text COLLATE "C",
    stripe_payment_method_id  text COLLATE "C",
    amount_minor              bigint,
    currency                  text COLLATE "C",
    detail                    json NOT NULL,
    PRIMARY KEY (firm_id, invoice_id, fact_key),
    FOREIGN KEY (firm_id, invoice_id) REFERENCES invoices (firm_id, id)
);
CREATE INDEX payment_facts_declines ON payment_facts (firm_id, stripe_payment_method_id, told_at)
    WHERE kind = 'failed';

CREATE TABLE stripe_links (
    firm_id     text COLLATE "C" NOT NULL,
    stripe_id   text COLLATE "C" NOT NULL CHECK (stripe_id <> ''),
    invoice_id  text COLLATE "C" NOT NULL,
    PRIMARY KEY (firm_id, stripe_id),
    FOREIGN KEY (firm_id, invoice_id) REFERENCES invoices (firm_id, id)
);
CREATE INDEX stripe_links_by_stripe_id ON stripe_links (stripe_id);  -- an event's firm is found by its objects

CREATE TABLE ledger_entries (
    firm_id       text COLLATE "C" NOT NULL,
    stripe_id     text COLLATE "C" NOT NULL CHECK (stripe_id <> ''),
    kind          text NOT NULL CHECK (kind IN ('payment', 'payment_out_of_band')),
    invoice_id    text COLLATE "C" NOT NULL,
    amount_minor  bigint NOT NULL CHECK (amount_minor <> 0),
    currency      text COLLATE "C" NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
    occurred_at   timestamptz NOT NULL,
    PRIMARY KEY (firm_id, stripe_id, kind),
    FOREIGN KEY (firm_id, invoice_id) REFERENCES invoices (firm_id, id)
);
CREATE INDEX ledger_entries_of_invoice ON ledger_entries (firm_id, invoice_id, occurred_at);

CREATE TABLE audit_events (
    firm_id       text COLLATE "C" NOT NULL,
    position      bigint GENERATED ALWAYS AS IDENTITY,
    transaction   xid8 NOT NULL DEFAULT pg_current_xact_id(),  -- seals cover what lies below a snapshot's horizon
    id            text COLLATE "C" NOT NULL,
    action        text NOT NULL,
    severity      text NOT NULL CHECK (severity IN ('INFO', 'WARNING', 'CRITICAL')),
    subject_type  text NOT NULL,
    subject_id    text COLLATE "C" NOT NULL,
    invoice_id    text COLLATE "C",
    actor         text NOT NULL,
    summary       text NOT NULL,
    metadata      json NOT NULL,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (firm_id, created_at, position)
);
CREATE INDEX audit_events_of_invoice ON audit_events (firm_id, invoice_id, created_at, position);
CREATE INDEX audit_events_of_subject ON audit_events (firm_id, subject_id, created_at, position);

CREATE TABLE outbox (
    firm_id      text COLLATE "C" NOT NULL,
    id           text COLLATE "C" NOT NULL,
    position     bigint GENERATED ALWAYS AS IDENTITY,
    kind         text NOT NULL,
    dedupe_key   text COLLATE "C" NOT NULL,
    due_at       timestamptz NOT NULL,
    status       text NOT NULL CHECK (status IN ('due', 'claimed', 'done', 'canceled', 'held')),
    invoice_id   text COLLATE "C",
    attempt_id   text COLLATE "C",
    payload      json NOT NULL,
    tries        integer NOT NULL CHECK (tries >= 0),
    last_error   text,
    lease_until  timestamptz,
    PRIMARY KEY (firm_id, id),
    CHECK (status <> 'claimed' OR lease_until IS NOT NULL)
) WITH (fillfactor = 85);
CREATE UNIQUE INDEX outbox_dedupe_key_key ON outbox (firm_id, dedupe_key);
CREATE UNIQUE INDEX outbox_id_key ON outbox (id);  -- a bell carries an id and nothing else
CREATE INDEX outbox_newest_first ON outbox (firm_id, position);
CREATE INDEX outbox_due ON outbox (firm_id, due_at, id) WHERE status = 'due';
CREATE INDEX outbox_claimed ON outbox (firm_id, lease_until, id) WHERE status = 'claimed';
CREATE INDEX outbox_of_invoice ON outbox (firm_id, invoice_id) WHERE status IN ('due', 'claimed', 'held');

CREATE TABLE inbox (
    firm_id       text COLLATE "C",  -- NULL while no firm owns the event
    account       text COLLATE "C" NOT NULL,  -- '' for the platform's own
    event_id      text COLLATE "C" NOT NULL CHECK (event_id <> ''),
    type          text NOT NULL,
    livemode      boolean NOT NULL,
    api_version   text,
    created_at    timestamptz NOT NULL,
    body          json NOT NULL,  -- json and not jsonb: Stripe's text is kept as it came, whatever is in it
    status        text NOT NULL CHECK (status IN ('processed', 'ignored', 'unmatched', 'failed')),
    received_at   timestamptz NOT NULL,
    invoice_id    text COLLATE "C",
    error         text,
    processed_at  timestamptz,
    tries         integer NOT NULL CHECK (tries >= 0),
    stripe_ids    text[] NOT NULL,
    PRIMARY KEY (event_id, account)
);
CREATE INDEX inbox_newest_first ON inbox (firm_id, received_at, account, event_id);
CREATE INDEX inbox_open ON inbox (status, received_at) WHERE status IN ('unmatched', 'failed');

-- Which objects the unmatched events speak of. A table, because below row security no index over an array is used.
CREATE TABLE inbox_mentions (
    firm_id    text COLLATE "C",
    account    text COLLATE "C" NOT NULL,
    stripe_id  text COLLATE "C" NOT NULL,
    event_id   text COLLATE "C" NOT NULL,
    PRIMARY KEY (account, stripe_id, event_id),
    FOREIGN KEY (event_id, account) REFERENCES inbox (event_id, account) ON DELETE CASCADE
);
CREATE INDEX inbox_mentions_of_event ON inbox_mentions (event_id, account);

CREATE TABLE idempotency_keys (
    firm_id      text COLLATE "C" NOT NULL,
    key          text COLLATE "C" NOT NULL,
    fingerprint  text COLLATE "C" NOT NULL,
    status       integer NOT NULL CHECK (status = 0 OR status BETWEEN 100 AND 599),  -- 0: still running
    body         json,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (firm_id, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (firm_id, created_at);

CREATE TABLE heartbeats (
    name     text COLLATE "C" PRIMARY KEY,
    beat_at  timestamptz NOT NULL
);
"""

# The application's role owns nothing and cannot log in by itself; whoever logs in for the application is a member.
# Roles belong to the whole server, where another database of ours may be made at the same moment.
ROLE = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'dunlin_app') THEN
        CREATE ROLE dunlin_app NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END
$$;
DO $$
BEGIN
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('GRANT dunlin_app TO %I', current_user);
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    NULL;  -- whoever made the role decides who is a member
END
$$;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO dunlin_app;
"""

# What the application may do with each table. Ledger and audit are appended to, never changed.
GRANTS = """
GRANT SELECT ON alembic_version TO dunlin_app;
GRANT SELECT, INSERT ON ledger_entries, audit_events TO dunlin_app;
GRANT SELECT, INSERT, UPDATE ON firms, api_keys, clients, invoices, payment_facts, stripe_links, outbox, inbox,
    heartbeats TO dunlin_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON attempts, inbox_mentions, idempotency_keys TO dunlin_app;
"""

FIRM_TABLES = (
    "firms",
    "api_keys",
    "clients",
    "invoices",
    "attempts",
    "payment_facts",
    "stripe_links",
    "ledger_entries",
    "audit_events",
    "outbox",
    "inbox",
    "inbox_mentions",
    "idempotency_keys",
)

# A transaction says whose rows it is about (dunlin.firm_id) or that it is about all (dunlin.scope); else it sees none.
FIRM_ROWS = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY firm_rows ON {table}
    USING (firm_id = current_setting('dunlin.firm_id', true) OR current_setting('dunlin.scope', true) = 'system')
    WITH CHECK (firm_id = current_setting('dunlin.firm_id', true) OR current_setting('dunlin.scope', true) = 'system');
"""

SYSTEM_ROWS = """
ALTER TABLE heartbeats ENABLE ROW LEVEL SECURITY;
ALTER TABLE heartbeats FORCE ROW LEVEL SECURITY;
CREATE POLICY system_rows ON heartbeats
    USING (current_setting('dunlin.scope', true) = 'system')
    WITH CHECK (current_setting('dunlin.scope', true) = 'system');
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(ROLE)
    op.execute(GRANTS)
    for table in FIRM_TABLES:
        op.execute(FIRM_ROWS.format(table=table))
    op.execute(SYSTEM_ROWS)


def downgrade() -> None:
    """The role stays: other databases of the server may use it."""
    for table in ("heartbeats", *reversed(FIRM_TABLES)):
        op.execute(f"DROP TABLE {table}")
