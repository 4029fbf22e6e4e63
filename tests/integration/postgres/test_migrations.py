"""The schema: made in one go, made once, and the one that the tables module speaks of."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect
from sqlalchemy.dialects.postgresql import base

from adapters.postgres.addresses import engine_url
from adapters.postgres.database import metadata
from adapters.postgres.migrate import DIRECTORY, is_compared, upgrade
from adapters.postgres.schema import HEAD
from adapters.postgres.tables.columns import TransactionId
from adapters.postgres.unit_of_work import SqlUnitOfWork
from ports.unit_of_work import StorageUnavailable
from tests.servers import PROJECT

MIGRATE = "import sys; from adapters.postgres.migrate import upgrade; upgrade(sys.argv[1])"


@pytest.fixture(autouse=True)
def _xid8_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(base.ischema_names, "xid8", TransactionId)


def test_the_tables_module_and_the_migrated_schema_agree(database_url: str) -> None:
    engine = create_engine(engine_url(database_url))
    with engine.connect() as connection:
        options = {"include_object": is_compared, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)

        differences = compare_metadata(context, metadata)
    engine.dispose()

    assert [d for d in differences if d[0] != "remove_table" or d[1].name != "alembic_version"] == []


def test_the_keys_of_the_tables_module_are_those_of_the_schema(database_url: str) -> None:
    engine = create_engine(engine_url(database_url))
    with engine.connect() as connection:
        inspector = inspect(connection)
        stored = {name: set(inspector.get_pk_constraint(name)["constrained_columns"]) for name in metadata.tables}
    engine.dispose()

    assert stored == {name: {column.name for column in table.primary_key} for name, table in metadata.tables.items()}


def test_the_head_that_the_code_knows_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(DIRECTORY))

    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_a_second_upgrade_changes_nothing(new_database: Callable[[], str]) -> None:
    url = new_database()
    upgrade(url)
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO firms VALUES ('frm_1', 'One', '', '{}', now())")

    upgrade(url)

    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT firm_id FROM firms").fetchall() == [("frm_1",)]


def test_upgrades_that_start_at_the_same_moment_do_not_collide(new_database: Callable[[], str]) -> None:
    url = new_database()

    command = [sys.executable, "-c", MIGRATE, url]
    starts = [subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE) for _ in range(3)]
    outcomes: list[Any] = [(start.communicate(timeout=60)[1][-500:], start.returncode) for start in starts]

    assert [status for _, status in outcomes] == [0, 0, 0], outcomes


def test_an_owner_that_is_no_superuser_can_upgrade(owned_database: str) -> None:
    upgrade(owned_database)

    uow = SqlUnitOfWork(owned_database)
    assert uow.schema_is_current()
    uow.close()


@pytest.fixture
def owned_database(new_database: Callable[[], str]) -> Iterator[str]:
    """An empty database, as the address of an owner who may make roles but is no superuser."""
    url, owner = new_database(), f"owner_{uuid4().hex[:12]}"
    upgrade(new_database())  # the application's role is there, whichever test comes first
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {owner} LOGIN PASSWORD 'owner' CREATEROLE".encode())
        connection.execute(f"ALTER SCHEMA public OWNER TO {owner}".encode())
        connection.execute(f"GRANT dunlin_app TO {owner} WITH ADMIN OPTION".encode())
        before, _, after = url.partition("@")
        yield f"{before.split('://')[0]}://{owner}:owner@{after}"
        connection.execute(f"DROP OWNED BY {owner} CASCADE; DROP ROLE {owner}".encode())


def test_a_database_without_our_schema_is_not_current(database_url: str, new_database: Callable[[], str]) -> None:
    uow = SqlUnitOfWork(new_database())

    assert not uow.schema_is_current()
    uow.close()


def test_a_database_of_another_version_is_not_current(migrated_database: Callable[[], str]) -> None:
    url = migrated_database()
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    uow = SqlUnitOfWork(url)

    assert not uow.schema_is_current()
    uow.close()


def test_an_upgrade_without_a_database_says_so() -> None:
    with pytest.raises(StorageUnavailable, match="did not answer"):
        upgrade("postgresql://nobody@127.0.0.1:1/none")


def test_the_schema_can_be_taken_down_again(migrated_database: Callable[[], str]) -> None:
    url = migrated_database()
    program = (
        "import sys, flask_migrate; from adapters.postgres.migrate import application_of;"
        "application_of(sys.argv[1]).app_context().push(); flask_migrate.downgrade(revision='base')"
    )

    subprocess.run([sys.executable, "-c", program, url], cwd=PROJECT, check=True, timeout=60, capture_output=True)

    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert tables == [("alembic_version",)]
