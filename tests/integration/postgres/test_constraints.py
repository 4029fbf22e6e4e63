"""The invariants that the schema itself states: each bad row is refused, whoever writes it."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from adapters.postgres.unit_of_work import SqlUnitOfWork
from tests.storage import keep_invoice

Connection = psycopg.Connection[Any]

ATTEMPT = """
    INSERT INTO attempts (firm_id, id, invoice_id, trigger, status, effective_status, amount_minor, currency,
                          started_at, is_replayed, is_replay_useless)
    VALUES ('frm_north', %s, 'inv_0001', %s, %s, %s, %s, 'usd', now(), false, false)
"""
FACT = """
    INSERT INTO payment_facts (firm_id, invoice_id, fact_key, kind, source, told_at, heard_at, detail)
    VALUES ('frm_north', %s, 'k', %s, %s, now(), now(), '{}')
"""
ENTRY = """
    INSERT INTO ledger_entries (firm_id, stripe_id, kind, invoice_id, amount_minor, currency, subject_id, recorded_at)
    VALUES ('frm_north', %s, %s, 'inv_0001', %s, %s, 'ch_1', now())
"""
ROW = """
    INSERT INTO outbox (firm_id, id, kind, dedupe_key, due_at, status, payload, tries)
    VALUES ('frm_north', 'out_1', 'retry', 'k', now(), %s, '{}', %s)
"""


@pytest.fixture
def connection(uow: SqlUnitOfWork, database_url: str) -> Iterator[Connection]:
    keep_invoice(uow)
    with psycopg.connect(database_url) as connection:
        connection.execute("SELECT set_config('dunlin.scope', 'system', true)")
        yield connection
        connection.rollback()


@pytest.mark.parametrize(
    "change",
    [
        "amount_due = 0",
        "amount_due = -1",
        "amount_paid = -1",
        "amount_refunded = -1",
        "amount_disputed = -1",
        "payment_retry_count = -1",
        "currency = 'USD'",
        "currency = 'us'",
        "currency = 'usdx'",
        "status = 'open'",
        "status = 'void'",
        "voided_at = now()",
        "status = 'paid', amount_paid = amount_due - 1",
        "status = 'draft'",
        "payment_failure_code = 'do_not_honor'",
        "version = -1",
    ],
)
def test_an_impossible_invoice_is_refused(connection: Connection, change: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(f"UPDATE invoices SET {change}".encode())


@pytest.mark.parametrize(
    "values",
    [
        ("att_1", "external", "in_flight", "in_flight", 1),
        ("att_1", "retry", "running", "in_flight", 1),
        ("att_1", "retry", "in_flight", "running", 1),
        ("att_1", "retry", "in_flight", "in_flight", -1),
    ],
)
def test_an_impossible_attempt_is_refused(connection: Connection, values: tuple[Any, ...]) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(ATTEMPT, values)


def test_a_frozen_request_and_its_key_come_together(connection: Connection) -> None:
    connection.execute(ATTEMPT, ("att_1", "retry", "in_flight", "in_flight", 1))

    with pytest.raises(psycopg.errors.CheckViolation):
        connection.execute("UPDATE attempts SET requests = '[]'")


@pytest.mark.parametrize("status", ["in_flight", "pending", "unknown"])
def test_two_open_attempts_of_one_invoice_are_refused(connection: Connection, status: str) -> None:
    connection.execute(ATTEMPT, ("att_1", "retry", "in_flight", status, 1))

    with pytest.raises(psycopg.errors.UniqueViolation, match="attempts_one_open"):
        connection.execute(ATTEMPT, ("att_2", "manual", "in_flight", "in_flight", 1))


@pytest.mark.parametrize("status", ["succeeded", "declined", "skipped", "canceled"])
def test_any_number_of_closed_attempts_is_fine(connection: Connection, status: str) -> None:
    for number in range(3):
        connection.execute(ATTEMPT, (f"att_{number}", "retry", status, status, 1))

    connection.execute(ATTEMPT, ("att_open", "retry", "in_flight", "in_flight", 1))


def test_two_attempts_never_share_an_idempotency_key(connection: Connection) -> None:
    for number in (1, 2):
        connection.execute(ATTEMPT, (f"att_{number}", "retry", "declined", "declined", 1))
    connection.execute("UPDATE attempts SET idempotency_key = 'k', requests = '[]' WHERE id = 'att_1'")

    with pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute("UPDATE attempts SET idempotency_key = 'k', requests = '[]' WHERE id = 'att_2'")


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (FACT, ("inv_0001", "told", "charge")),
        (FACT, ("inv_0001", "failed", "rumour")),
        (ENTRY, ("ch_1", "gift", 1, "usd")),
        (ENTRY, ("ch_1", "payment", 0, "usd")),
        (ENTRY, ("", "payment", 1, "usd")),
        (ENTRY, ("ch_1", "payment", 1, "USD")),
        (ROW, ("waiting", 0)),
        (ROW, ("due", -1)),
        (ROW, ("claimed", 0)),
    ],
)
def test_an_impossible_row_is_refused(connection: Connection, statement: str, values: tuple[Any, ...]) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(statement.encode(), values)


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (FACT, ("inv_unknown", "failed", "charge")),
        ("INSERT INTO stripe_links VALUES ('frm_south', 'pi_1', 'inv_0001')", ()),
        ("UPDATE invoices SET client_id = 'cli_south'", ()),
    ],
)
def test_a_part_without_its_whole_is_refused(connection: Connection, statement: str, values: tuple[Any, ...]) -> None:
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        connection.execute(statement.encode(), values)


def test_an_audit_event_carries_the_transaction_that_wrote_it(connection: Connection) -> None:
    connection.execute("""
        INSERT INTO audit_events (firm_id, id, action, severity, subject_type, subject_id, actor, summary, metadata,
                                  created_at)
        VALUES ('frm_north', 'aud_1', 'a', 'INFO', 'invoice', 'inv_0001', 'dunlin', 's', '{}', now())
    """)

    row = connection.execute("SELECT transaction = pg_current_xact_id(), position > 0 FROM audit_events").fetchone()

    assert row == (True, True)
