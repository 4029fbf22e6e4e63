"""The second wall: what a query with a forgotten filter sees and does."""

from typing import Any

import psycopg
import pytest

from adapters.postgres.unit_of_work import SqlUnitOfWork
from tests.builders import FIRM_ID, OTHER_FIRM_ID

Application = psycopg.Connection[Any]

FIRMLESS = {"alembic_version", "heartbeats"}
"""Tables that hold nothing of any firm."""


def test_every_table_of_the_schema_has_forced_row_level_security(application: Application) -> None:
    unguarded = application.execute("""
        SELECT relname FROM pg_class c
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'alembic_version'
          AND NOT (relrowsecurity AND relforcerowsecurity
                   AND EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid))
    """).fetchall()

    assert unguarded == []


def test_every_table_of_a_firms_rows_begins_its_key_with_the_firm(application: Application) -> None:
    keys = dict(
        application.execute("""
            SELECT c.relname, a.attname FROM pg_index i
            JOIN pg_class c ON c.oid = i.indrelid AND c.relnamespace = 'public'::regnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
            WHERE i.indisprimary
        """).fetchall()
    )

    others = {table: column for table, column in keys.items() if column != "firm_id"}
    assert others.keys() == FIRMLESS | {"inbox", "inbox_mentions"}


def test_a_query_without_a_filter_sees_the_rows_of_its_firm_only(
    filled_uow: SqlUnitOfWork, application: Application
) -> None:
    for table in _firm_tables(application):
        _say(application, firm_id=FIRM_ID, scope="firm")

        seen = application.execute(f"SELECT DISTINCT firm_id FROM {table}".encode()).fetchall()

        assert seen == [(FIRM_ID,)], table


def test_without_a_firm_nothing_is_seen(filled_uow: SqlUnitOfWork, application: Application) -> None:
    for table in [*_firm_tables(application), "heartbeats"]:
        assert application.execute(f"SELECT * FROM {table}".encode()).fetchall() == [], table


def test_a_firm_said_in_one_transaction_is_forgotten_in_the_next(
    filled_uow: SqlUnitOfWork, application: Application
) -> None:
    _say(application, firm_id=FIRM_ID, scope="firm")
    application.commit()

    assert application.execute("SELECT * FROM invoices").fetchall() == []


def test_a_system_transaction_sees_the_rows_of_all(filled_uow: SqlUnitOfWork, application: Application) -> None:
    for table in _firm_tables(application):
        _say(application, firm_id="", scope="system")

        seen = application.execute(f"SELECT DISTINCT firm_id FROM {table} ORDER BY 1".encode()).fetchall()

        assert seen == [(FIRM_ID,), (OTHER_FIRM_ID,)], table


def test_an_update_or_delete_without_a_filter_leaves_other_firms_rows_alone(
    filled_uow: SqlUnitOfWork, application: Application
) -> None:
    _say(application, firm_id=FIRM_ID, scope="firm")

    updated = application.execute("UPDATE clients SET company_name = 'x' RETURNING firm_id").fetchall()
    deleted = application.execute("DELETE FROM attempts RETURNING firm_id").fetchall()

    assert updated == [(FIRM_ID,)]
    assert deleted == [(FIRM_ID,)]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO stripe_links VALUES ('frm_south', 'pi_9', 'inv_south')",
        "UPDATE clients SET firm_id = 'frm_south'",
        "INSERT INTO heartbeats VALUES ('sweep', now()) ON CONFLICT (name) DO UPDATE SET beat_at = now()",
    ],
)
def test_rows_of_another_firm_cannot_be_written(
    filled_uow: SqlUnitOfWork, application: Application, statement: str
) -> None:
    _say(application, firm_id=FIRM_ID, scope="firm")

    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        application.execute(statement.encode())


def test_every_statement_of_a_unit_of_work_runs_behind_the_wall(filled_uow: SqlUnitOfWork) -> None:
    with filled_uow.firm(FIRM_ID) as tx:
        tx.clients.get("cli_acme")  # the connection is taken
        line = tx._line  # type: ignore[attr-defined]

        rows = line.ask("SELECT DISTINCT firm_id, current_user AS role FROM invoices", {})

    assert rows == [{"firm_id": FIRM_ID, "role": "dunlin_app"}]


def test_after_entering_a_firm_a_forgotten_filter_sees_that_firm_only(filled_uow: SqlUnitOfWork) -> None:
    with filled_uow.system() as tx:
        tx.enter_firm(OTHER_FIRM_ID)
        line = tx._line  # type: ignore[attr-defined]

        assert line.ask("SELECT id FROM invoices", {}) == [{"id": "inv_south"}]


def _firm_tables(application: Application) -> list[str]:
    rows = application.execute("""
        SELECT relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1
    """).fetchall()
    return [name for (name,) in rows if name not in FIRMLESS]


def _say(application: Application, *, firm_id: str, scope: str) -> None:
    application.execute(
        "SELECT set_config('dunlin.firm_id', %s, true), set_config('dunlin.scope', %s, true)", [firm_id, scope]
    )
