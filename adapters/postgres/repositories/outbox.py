"""The outbox: added to, claimed, read by time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from adapters.postgres.line import Line, Row
from adapters.postgres.pages import newest_first, of_firm
from adapters.postgres.rows.values import as_json
from adapters.postgres.rows.work import outbox_item_of, outbox_row
from adapters.postgres.statements import OF_ITS_INVOICE, ById, from_excluded, insert, names, rows_of
from adapters.postgres.tables.work import outbox
from domain.model.outbox import OutboxItem, OutboxKind
from ports.repositories import OutboxFilter, Page, PageRequest

# A newer version's rows wait for it: what this one cannot read must not stop what it can.
KNOWN_KIND = "kind IN ({})".format(", ".join(f"'{kind}'" for kind in OutboxKind))

ADD = f"""
{insert(outbox, "rows", without=("position",))}
ON CONFLICT (firm_id, dedupe_key) DO UPDATE
SET {from_excluded(outbox, without=("firm_id", "id", "position", "dedupe_key"))}
WHERE outbox.status = 'canceled' RETURNING outbox.firm_id, outbox.dedupe_key, outbox.id
"""
SAVE = """
UPDATE outbox SET invoice_id = %(invoice_id)s, due_at = %(due_at)s, status = %(status)s, tries = %(tries)s,
    lease_until = %(lease_until)s, last_error = %(last_error)s
WHERE firm_id = %(firm_id)s AND id = %(id)s
"""
_CLAIM = ById(
    f"""
UPDATE outbox SET status = 'claimed', lease_until = %(lease_until)s, tries = tries + 1
WHERE (firm_id, id) = (
    SELECT firm_id, id FROM outbox
    WHERE {{firm}} id = %(id)s AND {KNOWN_KIND}
      AND ((status = 'due' AND due_at <= %(now)s) OR (status = 'claimed' AND lease_until < %(now)s))
    FOR UPDATE SKIP LOCKED)
RETURNING {names(outbox)}
"""  # noqa: S608 - column names of our own tables
)
_ITEM = ById(rows_of(outbox, f"WHERE {{firm}} id = %(id)s AND {KNOWN_KIND}"))
_PENDING = ById(
    rows_of(
        outbox,
        f"WHERE {{firm}} invoice_id = %(id)s AND status IN ('due', 'claimed', 'held') AND {KNOWN_KIND} "
        "ORDER BY due_at, id",
    ),
    in_system=OF_ITS_INVOICE,
)
_PENDING_FOR_DISPUTE = ById(
    rows_of(
        outbox,
        f"WHERE {{firm}} dispute_id = %(id)s AND status IN ('due', 'claimed', 'held') AND {KNOWN_KIND} "
        "ORDER BY due_at, id FOR UPDATE",
    ),
    in_system="firm_id = (SELECT firm_id FROM disputes WHERE id = %(id)s) AND",
)
# Each firm's oldest rows are numbered; the lowest numbers of all firms are taken first.
_DUE = f"""
SELECT {names(outbox, "chosen")} FROM (
    SELECT waiting.*, row_number() OVER (PARTITION BY waiting.firm_id ORDER BY since, waiting.id) AS turn
    FROM firms CROSS JOIN LATERAL (
        (SELECT o.*, o.due_at AS since FROM outbox o
         WHERE o.firm_id = firms.firm_id AND o.status = 'due' AND o.due_at <= %(before)s AND o.{KNOWN_KIND}
         ORDER BY o.due_at, o.id LIMIT %(limit)s)
        UNION ALL
        (SELECT o.*, o.lease_until AS since FROM outbox o
         WHERE o.firm_id = firms.firm_id AND o.status = 'claimed' AND o.lease_until < %(before)s AND o.{KNOWN_KIND}
         ORDER BY o.lease_until, o.id LIMIT %(limit)s)
    ) waiting
    ORDER BY turn, since, waiting.id LIMIT %(limit)s
) chosen ORDER BY since, id
"""  # noqa: S608 - column names of our own tables


class PostgresOutbox:
    """The ports `Outbox` and `OutboxSchedule`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def add(self, items: Sequence[OutboxItem]) -> tuple[OutboxItem, ...]:
        """Store rows; see the port."""
        for item in items:
            self._line.require(item.firm_id)
        if not items:
            return ()
        answer = self._line.ask(ADD, {"rows": as_json([outbox_row(item) for item in once_each(items)])})
        return added_rows(items, answer)

    def claim(self, item_id: str, now: datetime, lease_until: datetime) -> OutboxItem | None:
        """Take a due row for us alone; see the port."""
        scope = self._line.scope
        parameters = {"firm": scope.firm_id, "id": item_id, "now": now, "lease_until": lease_until}
        rows = self._line.ask(_CLAIM.within(scope), parameters)
        return outbox_item_of(rows[0]) if rows else None

    def get(self, item_id: str) -> OutboxItem | None:
        """The row."""
        scope = self._line.scope
        rows = self._line.ask(_ITEM.within(scope), {"firm": scope.firm_id, "id": item_id})
        return outbox_item_of(rows[0]) if rows else None

    def save(self, item: OutboxItem) -> None:
        """Replace invoice, due time, status, tries, lease and error."""
        self._line.require(item.firm_id)
        self._line.ask(SAVE, saved_values(item))

    def pending_for(self, invoice_id: str) -> Sequence[OutboxItem]:
        """The invoice's rows that are due, claimed or held, by due time."""
        return self._pending(_PENDING, invoice_id)

    def pending_for_dispute(self, dispute_id: str) -> Sequence[OutboxItem]:
        """The dispute's rows that are due, claimed or held, by due time, locked."""
        return self._pending(_PENDING_FOR_DISPUTE, dispute_id)

    def due(self, before: datetime, limit: int) -> Sequence[OutboxItem]:
        """Rows due by then, fair between firms; see the port."""
        return [outbox_item_of(row) for row in self._line.ask(_DUE, {"before": before, "limit": limit})]

    def page(self, wanted: OutboxFilter, request: PageRequest) -> Page[OutboxItem]:
        """Rows, newest first; see the port."""
        query = select(outbox).where(*of_firm(self._line, outbox.c.firm_id), outbox.c.kind.in_(list(OutboxKind)))
        if wanted.status is not None:
            query = query.where(outbox.c.status == str(wanted.status))
        if wanted.kind is not None:
            query = query.where(outbox.c.kind == str(wanted.kind))
        if wanted.invoice_id is not None:
            query = query.where(outbox.c.invoice_id == wanted.invoice_id)
        if wanted.dispute_id is not None:
            query = query.where(outbox.c.dispute_id == wanted.dispute_id)
        return newest_first(self._line, query, request, order=(outbox.c.position,), item_of=outbox_item_of)

    def _pending(self, statement: ById, subject_id: str) -> list[OutboxItem]:
        scope = self._line.scope
        rows = self._line.ask(statement.within(scope), {"firm": scope.firm_id, "id": subject_id})
        return [outbox_item_of(row) for row in rows]


def once_each(items: Sequence[OutboxItem]) -> list[OutboxItem]:
    """The first of those with one dedupe key."""
    return list({(item.firm_id, item.dedupe_key): item for item in reversed(items)}.values())[::-1]


def added_rows(items: Sequence[OutboxItem], answer: Sequence[Row]) -> tuple[OutboxItem, ...]:
    """Those of the items that were new or revived, by what `ADD` answered; a revived one keeps the id it had."""
    ids = {(row["firm_id"], row["dedupe_key"]): row["id"] for row in answer}
    kept = ((item, ids.get((item.firm_id, item.dedupe_key))) for item in once_each(items))
    return tuple(item if item_id == item.id else replace(item, id=item_id) for item, item_id in kept if item_id)


def saved_values(item: OutboxItem) -> dict[str, Any]:
    """The parameters of `SAVE`."""
    return {
        "firm_id": item.firm_id,
        "id": item.id,
        "invoice_id": item.invoice_id,
        "due_at": item.due_at,
        "status": item.status.value,
        "tries": item.tries,
        "lease_until": item.lease_until,
        "last_error": item.last_error,
    }
