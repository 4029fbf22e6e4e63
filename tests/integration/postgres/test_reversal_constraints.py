"""What the schema itself states about disputes, refunds, notes and the ledger, and what the application may not do."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from adapters.postgres.unit_of_work import SqlUnitOfWork
from tests.builders import FIRM_ID

Connection = psycopg.Connection[Any]


@pytest.fixture
def owner(filled_uow: SqlUnitOfWork, database_url: str) -> Iterator[Connection]:
    """The owner's connection to a database with a row of each firm in every table, for one transaction."""
    with psycopg.connect(database_url) as connection:
        connection.execute("SELECT set_config('dunlin.scope', 'system', true)")
        yield connection
        connection.rollback()


@pytest.fixture
def north(filled_uow: SqlUnitOfWork, application: Connection) -> Connection:
    """The application's own connection, in a transaction about the northern firm."""
    application.execute("SELECT set_config('dunlin.firm_id', %s, true)", [FIRM_ID])
    return application


@pytest.mark.parametrize(
    "change",
    [
        "amount_minor = -1",
        "currency = 'USD'",
        "status = 'open'",
        "stripe_status = 'warning'",
        "stripe_dispute_id = ''",
        "is_open = false",
        "is_inquiry = true",
        "stripe_status = 'warning_needs_response'",
        "closed_at = now()",
        "status = 'lost', is_open = false",
        "client_id = NULL",
        "invoice_id = NULL",
        "tellings = '[]'",
    ],
)
def test_an_impossible_dispute_is_refused(owner: Connection, change: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        owner.execute(f"UPDATE disputes SET {change}".encode())


@pytest.mark.parametrize(
    "change",
    [
        "refunds SET amount_minor = -1",
        "refunds SET currency = 'us'",
        "refunds SET status = 'refunded'",
        "refunds SET status = 'failed'",
        "refunds SET failed_at = now()",
        "refunds SET succeeded_at = NULL",
        "refunds SET stripe_refund_id = ''",
        "refunds SET tellings = '[]'",
        "refund_totals SET amount_minor = -1",
        "refund_totals SET currency = 'USD'",
        "refund_totals SET stripe_charge_id = ''",
        "refund_requests SET amount_minor = 0",
        "refund_requests SET currency = 'USD'",
        "refund_requests SET status = 'sent'",
        "refund_requests SET reason = 'because'",
        "refund_requests SET stripe_charge_id = NULL, stripe_payment_intent_id = NULL",
    ],
)
def test_an_impossible_refund_is_refused(owner: Connection, change: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        owner.execute(f"UPDATE {change}".encode())


@pytest.mark.parametrize(
    ("kind", "amount_minor"),
    [
        ("payment", -1),
        ("payment_out_of_band", -1),
        ("refund", 1),
        ("refund_reversal", -1),
        ("dispute_withdrawal", 1),
        ("dispute_reinstatement", -1),
        ("dispute_fee", 1),
        ("dispute_fee_return", -1),
    ],
)
def test_an_entry_has_the_sign_of_its_kind(owner: Connection, kind: str, amount_minor: int) -> None:
    entry = """
        INSERT INTO ledger_entries (firm_id, invoice_id, stripe_id, kind, amount_minor, currency, subject_id,
                                    recorded_at)
        VALUES ('frm_north', 'inv_0001', 'txn_1', %s, %s, 'usd', 'dp_1', now())
    """
    owner.execute(entry, [kind, -amount_minor])

    with pytest.raises(psycopg.errors.CheckViolation, match="sign"):
        owner.execute(entry.replace("txn_1", "txn_2"), [kind, amount_minor])


@pytest.mark.parametrize(
    "values",
    [
        ("dno_1", 0, "Text", None, None),
        ("dno_1", 1, "", None, None),
        ("dno_1", 1, "x" * 10_001, None, None),
        ("dno_1", 1, "Text", "user:ann", "2026-03-02T09:00:00Z"),
        ("dno_1", 2, "Text", None, None),
        ("dno_1", 2, "Text", None, "2026-03-02T09:00:00Z"),
    ],
)
def test_an_impossible_note_is_refused(owner: Connection, values: tuple[Any, ...]) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        owner.execute(
            """
            INSERT INTO dispute_notes (firm_id, id, version, body, edited_by, edited_at, dispute_id, author, created_at)
            SELECT 'frm_north', %s, %s, %s, %s, %s, id, 'user:ann', now() FROM disputes WHERE firm_id = 'frm_north'
            """,
            values,
        )


@pytest.mark.parametrize(
    "change",
    [
        "disputes SET invoice_id = 'inv_south' WHERE firm_id = 'frm_north'",
        "disputes SET client_id = 'cli_south' WHERE firm_id = 'frm_north'",
        "refunds SET invoice_id = 'inv_unknown'",
        "refund_totals SET invoice_id = 'inv_unknown'",
        "refund_requests SET invoice_id = 'inv_unknown'",
        "ledger_times SET stripe_id = 'ch_unknown'",
    ],
)
def test_a_part_without_its_whole_is_refused(owner: Connection, change: str) -> None:
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        owner.execute(f"UPDATE {change}".encode())


def test_a_dispute_of_stripes_is_stored_once_in_a_firm(owner: Connection) -> None:
    columns = "firm_id, stripe_dispute_id, status, stripe_status, is_inquiry, is_open, currency, amount_minor"
    rest = "opened_at, updated_at, tellings, movements"
    copy = f"INSERT INTO disputes (id, {columns}, {rest}) SELECT 'dsp_copy', {columns}, {rest} FROM disputes LIMIT 1"

    with pytest.raises(psycopg.errors.UniqueViolation, match="disputes_stripe_dispute_id_key"):
        owner.execute(copy.encode())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entries SET amount_minor = 1",
        "DELETE FROM ledger_entries",
        "TRUNCATE ledger_entries",
        "DELETE FROM ledger_times",
        "UPDATE dispute_notes SET author = 'user:eve'",
        "UPDATE dispute_notes SET body = 'x', edited_at = now()",
        "DELETE FROM dispute_notes",
        "TRUNCATE dispute_notes",
        "DELETE FROM disputes",
        "DELETE FROM refunds",
        "DELETE FROM refund_totals",
        "DELETE FROM refund_requests",
    ],
)
def test_the_application_cannot_change_or_remove_what_is_kept_for_good(north: Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        north.execute(statement.encode())


def test_nobody_edits_a_note_in_place(owner: Connection) -> None:
    with pytest.raises(psycopg.errors.RestrictViolation, match="new version"):
        owner.execute("UPDATE dispute_notes SET body = 'Nothing of the kind.'")


def test_the_application_may_take_the_text_of_a_note_away(north: Connection) -> None:
    erased = north.execute("UPDATE dispute_notes SET body = '[erased]' RETURNING firm_id, body, author").fetchall()

    assert erased == [(FIRM_ID, "[erased]", "api_key:key_1")]
