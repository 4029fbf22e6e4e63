"""What the application's role may do, and which roles are refused."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from adapters.postgres.roles import UnsafeRole, refuse_unsafe_role
from adapters.postgres.unit_of_work import SqlUnitOfWork
from ports.unit_of_work import StorageUnavailable

Application = psycopg.Connection[Any]


@pytest.mark.parametrize("table", ["ledger_entries", "audit_events", "audit_seals", "audit_seal_entries"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET firm_id = firm_id", "DELETE FROM {}", "TRUNCATE {}"])
def test_what_was_written_to_the_journal_cannot_be_changed(
    application: Application, table: str, statement: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        application.execute(statement.format(table).encode())


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine ()",
        "DROP TABLE clients",
        "ALTER TABLE clients DISABLE ROW LEVEL SECURITY",
        "DROP POLICY firm_rows ON clients",
        "CREATE ROLE other",
        "TRUNCATE clients",
        "DELETE FROM invoices",
        "UPDATE host_events SET data = data",
        "DELETE FROM host_events",
        "DELETE FROM notices",
    ],
)
def test_the_application_can_neither_change_the_schema_nor_remove_what_stays(
    application: Application, statement: str
) -> None:
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidTableDefinition)):
        application.execute(statement.encode())


def test_the_applications_role_cannot_log_in_by_itself(application: Application) -> None:
    row = application.execute("""
        SELECT rolcanlogin, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles
        WHERE rolname = 'dunlin_app'
    """).fetchone()

    assert row == (False, False, False, False, False)


def test_the_applications_role_is_safe(application: Application) -> None:
    refuse_unsafe_role(application)


def test_an_owner_of_tables_is_refused(database_url: str) -> None:
    with psycopg.connect(database_url) as owner, pytest.raises(UnsafeRole, match="owns tables"):
        refuse_unsafe_role(owner)


def test_a_role_that_bypasses_row_level_security_is_refused(database_url: str, plain_login: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(f"ALTER ROLE {plain_login} BYPASSRLS".encode())
        connection.execute(f"SET ROLE {plain_login}".encode())

        with pytest.raises(UnsafeRole, match=plain_login):
            refuse_unsafe_role(connection)


def test_a_login_of_its_own_works_once_it_is_a_member(database_url: str, plain_login: str) -> None:
    uow = SqlUnitOfWork(_as(database_url, plain_login))
    with psycopg.connect(database_url) as owner:
        owner.execute(f"GRANT dunlin_app TO {plain_login}".encode())

    assert uow.schema_is_current()
    uow.close()


def test_a_login_that_is_no_member_is_told_what_is_missing(database_url: str, plain_login: str) -> None:
    uow = SqlUnitOfWork(_as(database_url, plain_login))

    with pytest.raises(StorageUnavailable, match="GRANT dunlin_app TO"):
        uow.schema_is_current()
    uow.close()


@pytest.fixture
def plain_login(database_url: str) -> Iterator[str]:
    """A role of the test's own that can log in, and nothing else."""
    name = f"login_{uuid4().hex[:12]}"
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'login' NOSUPERUSER".encode())
        yield name
        owner.execute(f"DROP OWNED BY {name}; DROP ROLE {name}".encode())


def _as(url: str, login: str) -> str:
    before, _, after = url.partition("@")
    return f"{before.split('://')[0]}://{login}:login@{after}"
