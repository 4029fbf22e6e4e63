"""Flask-SQLAlchemy's engine and sessions, set up so that row-level security holds on every connection.

A transaction says whose rows it is about when it begins: `session.info[SCOPE]` is put into transaction-local settings
that the policies read. A session without it sees no row at all.
"""

import os
import weakref
from typing import Any

import psycopg
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.pool import ConnectionPoolEntry

from adapters.postgres.addresses import engine_url
from adapters.postgres.roles import take_role
from adapters.postgres.scope import Scope
from adapters.postgres.tables import alerts, firms, invoices, journal, notices, reversals, work
from adapters.postgres.tables.columns import metadata

SCOPE = "dunlin_scope"
CONNECT_TIMEOUT_SECONDS = 3
STATEMENT_TIMEOUT_MS = 10_000
IDLE_TIMEOUT_MS = 30_000
TABLES = (alerts, firms, invoices, journal, notices, reversals, work)
"""The modules that fill the metadata."""

db = SQLAlchemy(metadata=metadata, session_options={"autoflush": False, "expire_on_commit": False})
_engines: "weakref.WeakSet[Engine]" = weakref.WeakSet()


def init_app(app: Flask, url: str, *, pool_size: int = 5, pool_timeout_seconds: float = 5.0) -> None:
    """Give `app` the database at `url`. Connects to nothing yet; a forked child makes connections of its own."""
    app.config["SQLALCHEMY_DATABASE_URI"] = engine_url(url)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "pool_size": pool_size,
        "max_overflow": pool_size,
        "pool_timeout": pool_timeout_seconds,
        "use_native_hstore": False,  # spares a query on each new connection
        "connect_args": {
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "tcp_user_timeout": STATEMENT_TIMEOUT_MS + 5_000,
            "keepalives_idle": 5,  # a host that is gone is noticed in seconds, not in the system's two hours
            "keepalives_interval": 3,
            "keepalives_count": 3,
            "prepare_threshold": 2,
            "application_name": "dunlin",
        },
    }
    db.init_app(app)
    with app.app_context():
        _engines.add(db.engine)
        event.listen(db.engine, "connect", _set_up)


def _set_up(connection: psycopg.Connection[Any], _: ConnectionPoolEntry) -> None:
    """Drop to the application's role and set limits, for as long as the connection lives."""
    try:
        _set_limits(connection)
        take_role(connection)
        connection.commit()
    except BaseException:  # nobody else knows of this connection yet
        connection.close()
        raise


def _set_limits(connection: psycopg.Connection[Any]) -> None:
    settings = {
        "timezone": "UTC",
        "statement_timeout": str(STATEMENT_TIMEOUT_MS),
        "idle_in_transaction_session_timeout": str(IDLE_TIMEOUT_MS),
        "plan_cache_mode": "force_generic_plan",  # our statements are prepared once and their plans never vary
    }
    for name, value in settings.items():
        connection.execute("SELECT set_config(%s, %s, false)", [name, value])


@event.listens_for(db.session, "after_begin")
def _say_whose_rows(session: Session, _: SessionTransaction, connection: Connection) -> None:
    """Tell the policies whose rows this transaction is about."""
    scope = session.info.get(SCOPE)
    driver = connection.connection.driver_connection
    if isinstance(scope, Scope) and driver is not None:
        driver.execute(*scope.statement())


def _forget_connections() -> None:
    """A forked child must neither use nor close the connections that it inherited."""
    for engine in _engines:
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_forget_connections)
