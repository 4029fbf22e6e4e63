"""What becomes of a unit of work when PostgreSQL fails it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import exc

from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.failures import in_our_words
from adapters.postgres.migrate import upgrade
from adapters.postgres.unit_of_work import SqlUnitOfWork
from domain.model.errors import Conflict
from ports.repositories import OutboxFilter, PageRequest
from ports.unit_of_work import CommitUnknown, SerializationConflict, StorageUnavailable, Transaction
from tests.builders import CLIENT_ID, FIRM_ID, INVOICE_ID, NOW, a_client, an_outbox_item, days
from tests.storage import all_at_once, in_firm, keep_invoice, with_two_firms


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (psycopg.errors.SerializationFailure(), SerializationConflict),
        (psycopg.errors.DeadlockDetected(), SerializationConflict),
        (psycopg.errors.DiskFull(), StorageUnavailable),
        (psycopg.errors.OutOfMemory(), StorageUnavailable),
        (psycopg.errors.TooManyConnections(), StorageUnavailable),
        (psycopg.errors.AdminShutdown(), StorageUnavailable),
        (psycopg.errors.CrashShutdown(), StorageUnavailable),
        (psycopg.errors.CannotConnectNow(), StorageUnavailable),
        (psycopg.errors.ConnectionFailure(), StorageUnavailable),
        (psycopg.errors.IoError(), StorageUnavailable),
        (psycopg.errors.QueryCanceled(), StorageUnavailable),
        (psycopg.errors.LockNotAvailable(), StorageUnavailable),
        (psycopg.errors.ReadOnlySqlTransaction(), StorageUnavailable),
        (psycopg.errors.IdleInTransactionSessionTimeout(), StorageUnavailable),
        (psycopg.OperationalError("server closed the connection unexpectedly"), StorageUnavailable),
        (exc.TimeoutError(), StorageUnavailable),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_failures_of_the_database_are_told_in_the_words_of_the_port(error: Exception, told: type[Exception]) -> None:
    assert isinstance(in_our_words(error), told)
    wrapped = exc.DBAPIError("select", {}, error) if isinstance(error, psycopg.Error) else error
    assert isinstance(in_our_words(wrapped), told)


@pytest.mark.parametrize("error", [psycopg.errors.UndefinedTable(), psycopg.errors.CheckViolation(), ValueError()])
def test_faults_of_ours_stay_what_they_are(error: Exception) -> None:
    assert in_our_words(error) is error


def test_a_database_that_is_not_there_is_unavailable() -> None:
    uow = SqlUnitOfWork("postgresql://nobody@127.0.0.1:1/none")

    with uow.firm(FIRM_ID) as tx, pytest.raises(StorageUnavailable):
        tx.clients.get(CLIENT_ID)
    uow.close()


def test_connections_that_the_server_ended_while_idle_are_replaced_unnoticed(
    uow: SqlUnitOfWork, database_url: str
) -> None:
    all_at_once([lambda: in_firm(uow, lambda tx: tx.clients.get(CLIENT_ID)) for _ in range(5)])

    _end_connections(database_url)

    assert in_firm(uow, lambda tx: tx.clients.get(CLIENT_ID)) == a_client()


@pytest.mark.parametrize(
    "use",
    [
        lambda tx: tx.clients.get(CLIENT_ID),
        lambda tx: tx.clients.save(a_client(company_name="x")),
        lambda tx: tx.invoices.lock(INVOICE_ID),
        lambda tx: tx.commit(),
    ],
    ids=["a statement", "one of Core", "a pipeline", "commit"],
)
def test_a_connection_that_is_lost_in_a_transaction_is_unavailable_and_keeps_nothing(
    uow: SqlUnitOfWork, database_url: str, use: Callable[[Transaction], Any]
) -> None:
    with uow.firm(FIRM_ID) as tx:
        tx.clients.add(a_client(id="cli_new"))
        _end_connections(database_url)

        with pytest.raises(StorageUnavailable):
            use(tx)
        with pytest.raises(StorageUnavailable):
            tx.commit()

    assert in_firm(uow, lambda tx: tx.clients.get("cli_new")) is None


def test_a_statement_that_is_canceled_is_unavailable(uow: SqlUnitOfWork) -> None:
    with uow.firm(FIRM_ID) as tx:
        line = tx._line  # type: ignore[attr-defined]
        line.ask("SELECT set_config('statement_timeout', '50', true)", {})

        with pytest.raises(StorageUnavailable):
            line.ask("SELECT pg_sleep(5)", {})

    assert in_firm(uow, lambda tx: tx.clients.get(CLIENT_ID)) == a_client()


def test_limits_are_set_on_every_connection(uow: SqlUnitOfWork) -> None:
    names = ["statement_timeout", "idle_in_transaction_session_timeout", "TimeZone", "synchronous_commit"]
    with uow.firm(FIRM_ID) as tx:
        line = tx._line  # type: ignore[attr-defined]

        values = [line.ask("SELECT current_setting(%(name)s) AS value", {"name": name})[0]["value"] for name in names]

    assert values == ["10s", "30s", "UTC", "on"]


def test_when_all_connections_are_taken_the_database_is_unavailable(database_url: str) -> None:
    uow = SqlUnitOfWork(database_url, pool_size=1, pool_timeout_seconds=0.1)
    with uow.system() as one, uow.system() as two:
        one.firms.all()
        two.firms.all()

        with uow.system() as third, pytest.raises(StorageUnavailable, match="in use"):
            third.firms.all()
    uow.close()


def test_a_transaction_that_asks_nothing_takes_no_connection(database_url: str) -> None:
    uow = SqlUnitOfWork(database_url, pool_size=1, pool_timeout_seconds=0.1)
    with uow.system(), uow.system(), uow.system() as third:
        third.firms.all()
    uow.close()


def test_a_forked_child_uses_connections_of_its_own(uow: SqlUnitOfWork) -> None:
    keep_invoice(uow)
    in_firm(uow, lambda tx: tx.clients.get(CLIENT_ID))
    backend_pid = _backend_pid(uow)

    child = os.fork()
    if child == 0:
        is_another = _backend_pid(uow) != backend_pid
        found = in_firm(uow, lambda tx: tx.invoices.lock(INVOICE_ID))
        os._exit(0 if is_another and found is not None else 1)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert _backend_pid(uow) == backend_pid


def test_a_restarted_server_is_used_again(tmp_path_short: Path) -> None:
    server = EmbeddedPostgres(tmp_path_short / "pg")
    with server.running():
        server.ensure_database("dunlin")
        url = server.url("dunlin")
        upgrade(url)
        uow = SqlUnitOfWork(url)
        with_two_firms(uow)
    with uow.firm(FIRM_ID) as tx, pytest.raises(StorageUnavailable):
        tx.clients.get(CLIENT_ID)

    with server.running():
        found = in_firm(uow, lambda tx: tx.clients.get(CLIENT_ID))
        uow.close()

    assert found == a_client()


def test_a_full_disk_is_unavailable(uow: SqlUnitOfWork, database_url: str) -> None:
    _raise_on_insert(database_url, "clients", "53100")

    with uow.firm(FIRM_ID) as tx, pytest.raises(StorageUnavailable, match="53100"):
        tx.clients.add(a_client(id="cli_new"))
    _raise_no_more(database_url, "clients")


def test_what_fails_only_at_commit_is_told_at_commit(uow: SqlUnitOfWork, database_url: str) -> None:
    _raise_on_insert(database_url, "clients", "40001", deferred=True)

    with uow.firm(FIRM_ID) as tx:
        tx.clients.add(a_client(id="cli_new"))
        with pytest.raises(SerializationConflict):
            tx.commit()

    assert in_firm(uow, lambda tx: tx.clients.get("cli_new")) is None
    _raise_no_more(database_url, "clients")


def test_a_connection_that_breaks_at_the_commit_leaves_it_unknown(uow: SqlUnitOfWork, database_url: str) -> None:
    with uow.firm(FIRM_ID) as tx:
        tx.clients.add(a_client(id="cli_new"))
        _end_connections(database_url)
        with pytest.raises(CommitUnknown):
            tx.commit()


def test_a_transaction_that_failed_before_is_known_to_be_undone(uow: SqlUnitOfWork, database_url: str) -> None:
    with uow.firm(FIRM_ID) as tx:
        tx.clients.get(CLIENT_ID)
        _end_connections(database_url)
        with pytest.raises(StorageUnavailable):
            tx.clients.add(a_client(id="cli_new"))
        with pytest.raises(StorageUnavailable) as told:
            tx.commit()

    assert not isinstance(told.value, CommitUnknown)


def test_a_taken_key_that_core_reports_is_a_conflict(uow: SqlUnitOfWork) -> None:
    with pytest.raises(Conflict, match=r"^id: "):
        in_firm(uow, lambda tx: tx.clients.add(a_client()))


def _end_connections(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("""
            SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
        """)


def _backend_pid(uow: SqlUnitOfWork) -> int:
    with uow.system() as tx:
        (row,) = tx._line.ask("SELECT pg_backend_pid() AS pid", {})  # type: ignore[attr-defined]
    return int(row["pid"])


def _raise_on_insert(database_url: str, table: str, state: str, *, deferred: bool = False) -> None:
    when = "DEFERRABLE INITIALLY DEFERRED" if deferred else "NOT DEFERRABLE"
    with psycopg.connect(database_url) as owner:
        owner.execute(
            f"""
            CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql
            AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}', MESSAGE = 'as if'; END $$;
            CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON {table} {when} FOR EACH ROW EXECUTE FUNCTION fail();
            """.encode()
        )


def _raise_no_more(database_url: str, table: str) -> None:
    with psycopg.connect(database_url) as owner:
        owner.execute(f"DROP TRIGGER fail ON {table}; DROP FUNCTION fail()".encode())


@pytest.fixture
def tmp_path_short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("p")


def test_a_row_of_a_newer_version_stops_nothing_that_this_one_knows(uow: SqlUnitOfWork, database_url: str) -> None:
    keep_invoice(uow)
    in_firm(uow, lambda tx: tx.outbox.add([an_outbox_item(id="out_known")]))
    with psycopg.connect(database_url) as owner:
        owner.execute(
            """
            INSERT INTO outbox (firm_id, id, kind, dedupe_key, due_at, status, invoice_id, payload, tries)
            VALUES (%s, 'out_new', 'of_a_newer_version', 'new', %s, 'due', %s, '{}', 0)
            """,
            [FIRM_ID, NOW, INVOICE_ID],
        )

    with uow.system() as tx:
        due = tx.schedule.due(NOW + days(1), 10)
    locked = in_firm(uow, lambda tx: tx.invoices.lock(INVOICE_ID))
    listed = in_firm(uow, lambda tx: tx.schedule.page(OutboxFilter(), PageRequest()))

    assert [item.id for item in due] == ["out_known"]
    assert locked is not None
    assert [item.id for item in listed.items] == ["out_known"]
