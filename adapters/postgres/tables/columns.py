"""The metadata of all tables, and the column types of our own."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, MetaData
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, UserDefinedType

metadata = MetaData()


class UtcDateTime(TypeDecorator[datetime]):
    """`timestamptz`, aware UTC on our side; a time without a zone is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's
        """Refuse what would be read in the server's zone."""
        if value is not None and value.utcoffset() is None:
            raise ValueError(f"{value!r} has no zone")
        return value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's
        """The same moment in UTC."""
        return None if value is None else value.astimezone(UTC)


class TransactionId(UserDefinedType[Any]):
    """PostgreSQL's `xid8`."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name."""
        return "xid8"
