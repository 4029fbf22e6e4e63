"""Writing what goes against an invoice's payments: refunds, and disputes with what they belong to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Table

from adapters.postgres.line import Row
from adapters.postgres.rows.disputes import stored_dispute
from adapters.postgres.rows.refunds import refund_row, request_row, total_row
from adapters.postgres.rows.values import as_json
from adapters.postgres.statements import Statements, from_excluded, insert
from adapters.postgres.tables.reversals import disputes, refund_requests, refund_totals, refunds
from domain.model.errors import Conflict
from domain.model.exposure import Reversals
from ports.repositories import Change

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class _Part:
    """One table of an invoice's reversals, its key within the firm, and whose rows may be written over."""

    table: Table
    key: str
    where: str = "{table}.invoice_id = excluded.invoice_id"

    def key_of(self, row: Mapping[str, Any]) -> str:
        """The row's key, by which each table's rows are ordered."""
        return str(row[self.key])

    @property
    def statement(self) -> str:
        """Write rows, over those with the same key; the keys of those that were written."""
        table = self.table
        return f"""
{insert(table, "rows")}
ON CONFLICT (firm_id, {self.key}) DO UPDATE SET {from_excluded(table, without=("firm_id", self.key))}
WHERE {self.where.format(table=table.name)} RETURNING {table.name}.{self.key} AS key
"""


_PARTS = {
    "refunds": _Part(refunds, "stripe_refund_id"),
    "refund_totals": _Part(refund_totals, "stripe_charge_id"),
    "refund_requests": _Part(refund_requests, "id"),
    "disputes": _Part(disputes, "id", "coalesce({table}.invoice_id, excluded.invoice_id) = excluded.invoice_id"),
}
_STATEMENTS = {name: part.statement for name, part in _PARTS.items()}
SAVE_UNMATCHED = _Part(disputes, "id", "{table}.invoice_id IS NULL").statement

ReversalRows = dict[str, list[dict[str, Any]]]


def reversal_rows(change: Change, stored: Reversals) -> ReversalRows:
    """The rows that differ from `stored`, by table, each table's in the order of its key."""
    after, invoice = change.after.reversals, change.after.invoice
    if after == stored:
        return {}
    own = (invoice.firm_id, invoice.id)
    dispute_row = partial(
        stored_dispute, invoice.firm_id, updated_at=change.now, invoice_id=invoice.id, client_id=invoice.client_id
    )
    rows = {
        "refunds": _changed(after.refunds, stored.refunds, partial(refund_row, *own)),
        "refund_totals": _changed(after.totals, stored.totals, partial(total_row, *own)),
        "refund_requests": _changed(after.requests, stored.requests, partial(request_row, *own)),
        "disputes": _changed(after.disputes, stored.disputes, dispute_row),
    }
    return {name: sorted(changed, key=_PARTS[name].key_of) for name, changed in rows.items() if changed}


def reversal_statements(rows: ReversalRows) -> Statements:
    """What writes them, by table."""
    return {name: (_STATEMENTS[name], {"rows": as_json(changed)}) for name, changed in rows.items()}


def taken_by_another(rows: ReversalRows, answers: Mapping[str, Sequence[Row]]) -> Conflict | None:
    """The error, where one of the rows belongs to another invoice and so was not written."""
    for name, changed in rows.items():
        written = {row["key"] for row in answers[name]}
        for row in changed:
            key = row[_PARTS[name].key]
            if key not in written:
                return Conflict(f"{key} belongs to another invoice already.")
    return None


def _changed(after: Sequence[V], stored: Sequence[V], row_of: Callable[[V], dict[str, Any]]) -> list[dict[str, Any]]:
    known = set(stored)
    return [row_of(value) for value in after if value not in known]
