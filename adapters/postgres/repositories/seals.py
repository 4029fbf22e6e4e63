"""Audit seals: what is to be sealed, and what was."""

from collections.abc import Sequence
from datetime import datetime

from adapters.postgres.line import Line, Row
from adapters.postgres.rows.seals import STORED, entry_row, seal_of, seal_row, stored_row_of
from adapters.postgres.rows.values import as_json, known_moment
from adapters.postgres.statements import insert, rows_of
from adapters.postgres.tables.journal import audit_seal_entries, audit_seals
from domain.model.seal_checks import Listed
from domain.model.seals import AuditRow, Seal, SealEntry
from ports.audit_seals import Settled

_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('audit seals of ' || %(firm)s, 0)) AS is_ours"
_NEWEST = rows_of(audit_seals, "WHERE firm_id = %(firm)s ORDER BY number DESC LIMIT 1")
_GET = rows_of(audit_seals, "WHERE firm_id = %(firm)s AND number = %(number)s")
_PAGE = rows_of(audit_seals, "WHERE firm_id = %(firm)s AND number > %(after)s ORDER BY number LIMIT %(limit)s")

_FLOOR = """
SELECT settled_below, settled_below <= pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS is_of_this_server
FROM audit_seals WHERE firm_id = %(firm)s ORDER BY number DESC LIMIT 1
"""
_UNLISTED = """NOT EXISTS (
    SELECT FROM audit_seal_entries e WHERE e.firm_id = a.firm_id AND e.position = a.position)
"""
# All rows of transactions below the newest seal's `settled_below` are sealed. Where the log came with a dump, this
# server's numbers may lie below it: then the rows are found by their time.
_FROM_TIME = f"a.firm_id = %(firm)s AND a.created_at >= %(since)s::timestamptz AND {_UNLISTED}"
_FROM_TRANSACTION = f"a.transaction >= %(floor)s::text::xid8 AND {_FROM_TIME}"
# One statement, and so one snapshot, says what is visible and what is settled: below the snapshot's xmin every
# transaction has ended. A number from xmax on came with a dump from another server, where its transaction ended too.
# A batch that is full ends in the middle of a transaction; those below it are whole.
_SETTLED = f"""
SELECT {STORED}, pg_snapshot_xmin(s)::text::bigint AS horizon
FROM audit_events a, pg_current_snapshot() s
WHERE {{unsealed}} AND (a.transaction < pg_snapshot_xmin(s) OR a.transaction >= pg_snapshot_xmax(s))
ORDER BY a.transaction, a.position LIMIT %(limit)s
"""  # noqa: S608 - pieces of our own
_WAITING = """
SELECT min(a.created_at) AS oldest FROM audit_events a, pg_current_snapshot() s
WHERE {unsealed} AND a.created_at <= %(before)s
  AND a.transaction >= pg_snapshot_xmin(s) AND a.transaction < pg_snapshot_xmax(s)
"""
_LISTED = f"""
SELECT e.position AS entry_position, e.seal_number, e.row_hash, {STORED}
FROM (SELECT * FROM audit_seal_entries
      WHERE firm_id = %(firm)s AND (seal_number, position) > (%(number)s, %(position)s) AND seal_number <= %(up_to)s
      ORDER BY seal_number, position LIMIT %(limit)s) e
LEFT JOIN audit_events a ON a.firm_id = e.firm_id AND a.position = e.position
ORDER BY e.seal_number, e.position
"""  # noqa: S608 - the same
_NEXT = f"""
SELECT {STORED}, EXISTS (
    SELECT FROM audit_seal_entries e WHERE e.firm_id = a.firm_id AND e.position = a.position) AS is_sealed
FROM audit_events a WHERE a.firm_id = %(firm)s AND a.position > %(after)s ORDER BY a.position LIMIT %(limit)s
"""  # noqa: S608 - the same
_NEXT_TRANSACTION = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS number"
_SEAL = insert(audit_seals, "seals")
_ENTRIES = insert(audit_seal_entries, "entries")


class PostgresSeals:
    """The port `Seals`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def lock(self) -> bool:
        """Be the one who seals; see the port."""
        return bool(self._ask(_LOCK)[0]["is_ours"])

    def newest(self) -> Seal | None:
        """The seal with the highest number."""
        return _first(self._ask(_NEWEST))

    def get(self, number: int) -> Seal | None:
        """The seal of that number."""
        return _first(self._ask(_GET, number=number))

    def settled(self, since: datetime | None, limit: int) -> Settled:
        """Rows that can be sealed; see the port."""
        found = self._unsealed(_SETTLED, since, limit=limit)
        rows = tuple(stored_row_of(row) for row in found)
        if not rows:
            return Settled((), 0)
        horizon: int = found[0]["horizon"]
        return Settled(rows, horizon if len(rows) < limit else min(horizon, rows[-1].transaction))

    def waiting_since(self, since: datetime | None, before: datetime) -> datetime | None:
        """The oldest row that an open transaction holds up; see the port."""
        (row,) = self._unsealed(_WAITING, since, before=before)
        return None if row["oldest"] is None else known_moment(row["oldest"])

    def append(self, seal: Seal, entries: Sequence[SealEntry]) -> None:
        """Store a seal with its entries."""
        self._line.require(seal.firm_id)
        self._line.ask_together(
            (_SEAL, {"seals": as_json([seal_row(seal)])}),
            (_ENTRIES, {"entries": as_json([entry_row(seal, entry) for entry in entries])}),
        )

    def page(self, after: int, limit: int) -> Sequence[Seal]:
        """Seals in order; see the port."""
        return [seal_of(row) for row in self._ask(_PAGE, after=after, limit=limit)]

    def listed(self, after: tuple[int, int], up_to: int, limit: int) -> Sequence[Listed]:
        """Entries with their rows; see the port."""
        number, position = after
        rows = self._ask(_LISTED, number=number, position=position, up_to=up_to, limit=limit)
        return [_listed(row) for row in rows]

    def unsealed(self, after: int, limit: int) -> tuple[Sequence[AuditRow], int | None]:
        """Rows that no seal lists; see the port."""
        rows = self._ask(_NEXT, after=after, limit=limit)
        following = rows[-1]["position"] if len(rows) == limit else None
        return [stored_row_of(row) for row in rows if not row["is_sealed"]], following

    def next_transaction(self) -> int:
        """The number of the first transaction that has not begun."""
        return int(self._ask(_NEXT_TRANSACTION)[0]["number"])

    def _unsealed(self, statement: str, since: datetime | None, **parameters: object) -> list[Row]:
        """The statement over rows that no seal lists."""
        for newest in self._ask(_FLOOR):
            if newest["is_of_this_server"]:
                sql = statement.replace("{unsealed}", _FROM_TRANSACTION)
                return self._ask(sql, floor=str(newest["settled_below"]), since=_from(since), **parameters)
        return self._ask(statement.replace("{unsealed}", _FROM_TIME), since=_from(since), **parameters)

    def _ask(self, sql: str, **parameters: object) -> list[Row]:
        return self._line.ask(sql, {"firm": self._line.own_firm(), **parameters})


def _from(since: datetime | None) -> datetime | str:
    return "-infinity" if since is None else since


def _first(rows: Sequence[Row]) -> Seal | None:
    return seal_of(rows[0]) if rows else None


def _listed(row: Row) -> Listed:
    entry = SealEntry(row["entry_position"], row["row_hash"])
    return Listed(row["seal_number"], entry, None if row["position"] is None else stored_row_of(row))
