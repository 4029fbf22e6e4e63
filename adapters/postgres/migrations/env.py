"""Runs the migrations over the connection of Flask-SQLAlchemy's engine, one process at a time."""

from alembic import context
from flask import current_app
from sqlalchemy import text

from adapters.postgres.migrate import LOCK_ID, is_compared

database = current_app.extensions["migrate"].db

with database.engine.connect() as connection, connection.begin():
    # Two starts at the same moment: the second waits here, then finds nothing left to do.
    connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": LOCK_ID})
    context.configure(
        connection=connection,
        target_metadata=database.metadata,
        include_object=is_compared,
        compare_type=True,
        transactional_ddl=True,
    )
    context.run_migrations()
