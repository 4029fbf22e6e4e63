"""One open transaction's line to PostgreSQL: statements go out, errors come back in the words of the ports."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, TypeVar

import psycopg
from psycopg.pq import ExecStatus
from psycopg.rows import dict_row
from sqlalchemy import Connection, Executable
from sqlalchemy.orm import Session

from adapters.postgres.database import SCOPE, db
from adapters.postgres.failures import in_our_words, was_dead_in_the_pool
from adapters.postgres.scope import Scope
from ports.unit_of_work import CommitUnknown, StorageUnavailable, WrongFirm

T = TypeVar("T")
Row = dict[str, Any]

_FEW = 2
"""So many statements cost less one by one than the pipeline's own work does."""


class Line:
    """A session's connection, taken when it is first needed. Once anything failed, all that follows fails alike.

    What runs thousands of times a minute is SQL text over psycopg, several statements in one round trip where they do
    not need each other's results; the rest is SQLAlchemy Core.
    """

    def __init__(self, session: Session, scope: Scope) -> None:
        self.scope = scope
        self._session = session
        self._session.info[SCOPE] = scope
        self._connection: Connection | None = None
        self._driver: psycopg.Connection[Any] | None = None
        self._waiting: list[tuple[str, Sequence[str]]] = []
        self._failure: Exception | None = None

    def ask(self, sql: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Run one statement of SQL text."""
        return self.ask_together((sql, parameters))[0]

    def ask_together(self, *asked: tuple[str, Mapping[str, Any]]) -> list[list[Row]]:
        """Run several in one round trip, each seeing what was committed before it began."""
        with self._in_our_words():
            driver = self._begun()
            with driver.pipeline() if len(asked) + len(self._waiting) > _FEW else nullcontext():
                self._send_waiting(driver)
                cursors = [driver.cursor(row_factory=dict_row).execute(*statement) for statement in asked]
            return [_rows(cursor) for cursor in cursors]

    def core(self, statement: Executable) -> list[Row]:
        """Run a statement of SQLAlchemy Core that returns rows."""
        with self._in_our_words():
            return [dict(row) for row in self._ready().execute(statement).mappings()]

    def run(self, statement: Executable) -> None:
        """Run a statement of SQLAlchemy Core that returns nothing."""
        with self._in_our_words():
            self._ready().execute(statement)

    def enter(self, firm_id: str) -> None:
        """Narrow the transaction to one firm; sent together with the next statement."""
        self.require(firm_id)
        self.scope.firm_id = firm_id
        self._waiting.append(self.scope.statement())

    def require(self, firm_id: str | None) -> None:
        """Raise `WrongFirm` unless rows of that firm may be written."""
        if not self.scope.sees(firm_id):
            raise self.failed(WrongFirm())

    def own_firm(self) -> str:
        """The firm of a transaction that must have one. Raises `WrongFirm` in a system transaction."""
        if self.scope.firm_id is None:
            raise self.failed(WrongFirm())
        return self.scope.firm_id

    def commit(self) -> None:
        """Keep everything; see the port."""
        if self._failure is not None:
            raise self._failure
        try:
            with self._in_our_words():
                self._session.commit()
        except StorageUnavailable as lost:
            unknown = (
                "The connection to the database broke at the commit. Look whether it was kept before you repeat it."
            )
            raise self.failed(CommitUnknown(unknown)) from lost
        self._connection = self._driver = None
        self._waiting.clear()

    def failed(self, error: Exception) -> Exception:
        """Remember that the transaction failed; the error, to be raised."""
        self._failure = error
        return error

    def hang_up(self) -> None:
        """End the transaction; what was not committed is undone. A connection that broke is thrown away."""
        if self._driver is not None and self._driver.closed:
            self._session.invalidate()
        else:
            self._session.close()

    def _begun(self) -> psycopg.Connection[Any]:
        if self._driver is None:
            self._connection = _second_try(self._session.connection, self._forget_dead_connections)
            self._driver = self._connection.connection.driver_connection
        assert self._driver is not None
        return self._driver

    def _ready(self) -> Connection:
        self._send_waiting(self._begun())
        assert self._connection is not None
        return self._connection

    def _send_waiting(self, driver: psycopg.Connection[Any]) -> None:
        for sql, values in self._waiting:
            driver.execute(sql, values)
        self._waiting.clear()

    def _forget_dead_connections(self) -> None:
        """After a restart of the server every pooled connection is dead, not just the one that told us."""
        self._session.invalidate()
        self._session.info[SCOPE] = self.scope
        db.engine.dispose()

    @contextmanager
    def _in_our_words(self) -> Iterator[None]:
        if self._failure is not None:
            raise self._failure
        try:
            yield
        except Exception as error:  # whatever it is, PostgreSQL has given this transaction up
            told = in_our_words(error)
            self._failure = told
            if told is error:
                raise
            raise told from error


def _second_try(do: Callable[[], T], in_between: Callable[[], None]) -> T:
    try:
        return do()
    except Exception as error:  # raised again, unless it only says that a pooled connection had died
        if not was_dead_in_the_pool(error):
            raise
    in_between()
    return do()


def _rows(cursor: psycopg.Cursor[Row]) -> list[Row]:
    has_rows = cursor.pgresult is not None and cursor.pgresult.status == ExecStatus.TUPLES_OK
    return cursor.fetchall() if has_rows else []
