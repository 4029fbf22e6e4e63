-- What one delivery does: match, inbox, lock, facts, invoice, link, audit, outbox; by pgbench alone, without Python.
\set n random(:first, :last)
\set r random(1, 1000000000)
BEGIN;
SELECT set_config('dunlin.scope', 'system', true);
SELECT invoice_id FROM stripe_links WHERE firm_id = :firm AND stripe_id = 'pi_bench_' || :n::text;
INSERT INTO inbox (firm_id, account, event_id, type, livemode, created_at, body, status, received_at, invoice_id,
                   processed_at, tries, stripe_ids)
VALUES (:firm::text, '', 'evt_pgbench_' || :r::text || '_' || :client_id::text, 'payment_intent.payment_failed', false, now(), :body::json,
        'processed', now(), 'inv_bench_' || :n::text, now(), 0, ARRAY['pi_bench_' || :n::text])
ON CONFLICT DO NOTHING RETURNING event_id;
SELECT * FROM invoices WHERE firm_id = :firm AND number = 'bench-' || :n::text FOR UPDATE;
SELECT * FROM payment_facts WHERE firm_id = :firm AND invoice_id = 'inv_bench_' || :n::text;
UPDATE invoices SET updated_at = now(), version = version + 1 WHERE firm_id = :firm AND number = 'bench-' || :n::text;
INSERT INTO payment_facts (firm_id, invoice_id, fact_key, kind, source, told_at, heard_at, detail)
SELECT firm_id, id, 'failed_pgbench_' || :r::text, 'failed', 'payment_intent', now(), now(), '{}'
FROM invoices WHERE firm_id = :firm AND number = 'bench-' || :n::text;
INSERT INTO audit_events (firm_id, id, action, severity, subject_type, subject_id, actor, summary, metadata, created_at)
VALUES (:firm, 'aud_pgbench_' || :r::text || '_' || :client_id::text, 'payment_failed', 'WARNING', 'attempt', 'att_x', 'stripe',
        'The payment failed.', '["inv_x", "card_declined", 1]', now());
INSERT INTO outbox (firm_id, id, kind, dedupe_key, due_at, status, payload, tries)
VALUES (:firm, 'out_pgbench_' || :r::text || '_' || :client_id::text, 'alert', 'pgbench_' || :r::text || '_' || :client_id::text,
        now() + interval '3 days', 'canceled', '{}', 0);
COMMIT;
