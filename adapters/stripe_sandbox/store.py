"""The sandbox's memory: one SQLite file, one connection, one lock.

A request does all its work in one transaction (objects, events, deliveries, the answer kept under an idempotency key),
so a killed process leaves either all of it or nothing. WAL with synchronous=NORMAL: a commit survives the death of the
process; only a power cut may take the last ones.
"""

import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager

BUSY_SECONDS = 10.0
EVENTS_KEPT_SECONDS = 30 * 24 * 3600

_SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS objects (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  account TEXT NOT NULL,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  created INTEGER NOT NULL,
  customer TEXT,
  payment_intent TEXT,
  label TEXT,
  body TEXT NOT NULL,
  hidden TEXT NOT NULL,
  UNIQUE (account, kind, id)
) STRICT;
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (account, kind, sequence);
CREATE INDEX IF NOT EXISTS objects_by_customer ON objects (account, kind, customer, sequence);
CREATE INDEX IF NOT EXISTS objects_by_label ON objects (account, kind, label, sequence);
CREATE INDEX IF NOT EXISTS objects_by_payment_intent ON objects (account, kind, payment_intent, sequence);
CREATE TABLE IF NOT EXISTS idempotency_keys (
  account TEXT NOT NULL,
  key TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  status INTEGER NOT NULL,
  body TEXT NOT NULL,
  request_id TEXT NOT NULL,
  created REAL NOT NULL,
  PRIMARY KEY (account, key)
) STRICT;
CREATE INDEX IF NOT EXISTS idempotency_keys_by_age ON idempotency_keys (created);
CREATE TABLE IF NOT EXISTS deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account TEXT NOT NULL,
  event TEXT NOT NULL,
  lane INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dropped', 'failed')),
  due REAL NOT NULL,
  created REAL NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  last_error TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (state, lane, due);
CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event);
CREATE TABLE IF NOT EXISTS later (
  account TEXT NOT NULL,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  status TEXT NOT NULL,
  due REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS later_due ON later (due);
CREATE TABLE IF NOT EXISTS moods (card TEXT PRIMARY KEY, rule TEXT NOT NULL, declines_left INTEGER) STRICT;
"""


class Store:
    """State in the file at `path`, or in memory with ":memory:". Safe to use from any thread."""

    def __init__(self, path: str) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_SECONDS)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction at a time: committed at the end, rolled back when the block raises."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """For reads that belong together."""
        with self._lock:
            yield self._connection

    def close(self) -> None:
        """Wait for the transaction under way, then let go of the file."""
        with self._lock:
            self._connection.close()


@contextmanager
def savepoint(connection: sqlite3.Connection) -> Iterator[None]:
    """Undo the block's work, and only that, when it raises."""
    connection.execute("SAVEPOINT work")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK TO work")
        connection.execute("RELEASE work")
        raise
    connection.execute("RELEASE work")


def read_setting(connection: sqlite3.Connection, name: str, default: str) -> str:
    """A value kept by name."""
    row = connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    return default if row is None else str(row[0])


def write_setting(connection: sqlite3.Connection, name: str, value: str) -> None:
    """Keep a value by name."""
    connection.execute(
        "INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value)
    )


def forget_old_events(connection: sqlite3.Connection, now: float) -> None:
    """Stripe's events list reaches 30 days back; older ones and their deliveries go."""
    oldest = now - EVENTS_KEPT_SECONDS
    connection.execute("DELETE FROM deliveries WHERE created < ?", (oldest,))
    connection.execute("DELETE FROM objects WHERE kind = 'event' AND created < ?", (int(oldest),))


def next_number(connection: sqlite3.Connection, name: str) -> int:
    """1, 2, 3 … across restarts; a transaction that is rolled back gives its numbers back."""
    number = int(read_setting(connection, name, "0")) + 1
    write_setting(connection, name, str(number))
    return number


def seed_of(connection: sqlite3.Connection, wanted: int | None) -> str:
    """The seed of this file's ids: chosen once, at its first start, so that ids stay unique across restarts."""
    known = read_setting(connection, "seed", "")
    if known:
        return known
    chosen = secrets.token_hex(8) if wanted is None else str(wanted)
    write_setting(connection, "seed", chosen)
    return chosen
