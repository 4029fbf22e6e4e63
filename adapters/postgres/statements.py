"""Pieces of SQL text made from the tables' own column names. Values never enter the text, only parameters do."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table

from adapters.postgres.scope import Scope

Statements = dict[str, tuple[str, dict[str, Any]]]
"""Statements of one round trip with their parameters, by a name under which the answer is found."""


def names(table: Table, alias: str | None = None) -> str:
    """The columns, one by one: `*` would break a prepared statement when a newer version adds a column."""
    return ", ".join(f"{alias or table.name}.{column.name}" for column in table.columns)


def rows_of(table: Table, rest: str) -> str:
    """Read the columns of the rows that `rest` (WHERE and what follows) asks for."""
    return f"SELECT {names(table)} FROM {table.name} {rest}"  # noqa: S608 - names of our own tables


def insert(table: Table, parameter: str, *, without: Sequence[str] = ()) -> str:
    """Insert the rows that `parameter` holds as a JSON array, in its order."""
    written = ", ".join(column.name for column in table.columns if column.name not in without)
    rows = f"json_populate_recordset(NULL::{table.name}, %({parameter})s::json)"
    return f"INSERT INTO {table.name} ({written}) SELECT {written} FROM {rows}"  # noqa: S608 - names of our own tables


def from_excluded(table: Table, *, without: Sequence[str]) -> str:
    """The SET list of an upsert that takes all other columns from the new row."""
    return ", ".join(
        f"{column.name} = excluded.{column.name}" for column in table.columns if column.name not in without
    )


def from_row(table: Table, alias: str, *, without: Sequence[str]) -> str:
    """The SET list of an update that takes all other columns from `alias`."""
    return ", ".join(f"{column.name} = {alias}.{column.name}" for column in table.columns if column.name not in without)


class ById:
    """A statement about one firm's object by its id: the firm is named where the transaction has one.

    `{firm}` in its text stands before the other conditions. Row-level security asks for the same; naming the firm is
    the first wall, and lets the index on (firm_id, …) be used. `in_system` stands there in a system transaction.
    """

    def __init__(self, text: str, *, in_system: str = "") -> None:
        self._in_firm = text.replace("{firm}", "firm_id = %(firm)s AND")
        self._in_system = text.replace("{firm}", in_system)

    def within(self, scope: Scope) -> str:
        """The text for that transaction; `%(firm)s` is the scope's `firm_id`."""
        return self._in_system if scope.firm_id is None else self._in_firm


OF_ITS_INVOICE = "firm_id = (SELECT firm_id FROM invoices WHERE id = %(id)s) AND"
"""For parts of an invoice: by its firm, which is found by the invoice's id."""
