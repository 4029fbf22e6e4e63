"""Notes on disputes: appended version by version."""

from collections.abc import Sequence

from sqlalchemy import func, select

from adapters.postgres.line import Line, Row
from adapters.postgres.pages import newest_first, of_firm
from adapters.postgres.rows.disputes import note_of
from adapters.postgres.rows.values import as_json
from adapters.postgres.statements import ById, insert, rows_of
from adapters.postgres.tables.reversals import dispute_notes
from domain.model.dispute_notes import DisputeNote
from ports.repositories import Page, PageRequest

_ADD = insert(dispute_notes, "rows")
_VERSIONS = ById(rows_of(dispute_notes, "WHERE {firm} id = %(id)s ORDER BY version"))
_others = dispute_notes.alias("others")
_NEWEST_VERSION = (
    select(func.max(_others.c.version))
    .where(_others.c.firm_id == dispute_notes.c.firm_id, _others.c.id == dispute_notes.c.id)
    .scalar_subquery()
)


class PostgresDisputeNotes:
    """The port `DisputeNotes`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def add(self, note: DisputeNote) -> None:
        """Store a note's first or next version; see the port."""
        self._line.require(note.firm_id)
        self._line.ask(_ADD, {"rows": as_json([vars(note)])})

    def get(self, note_id: str) -> DisputeNote | None:
        """The newest version."""
        rows = self._rows(note_id)
        return note_of(rows[-1]) if rows else None

    def versions(self, note_id: str) -> Sequence[DisputeNote]:
        """All versions, oldest first."""
        return [note_of(row) for row in self._rows(note_id)]

    def page(self, dispute_id: str, request: PageRequest) -> Page[DisputeNote]:
        """The newest version of each note of the dispute, newest note first; see the port."""
        column = dispute_notes.c
        query = select(dispute_notes).where(
            *of_firm(self._line, column.firm_id), column.dispute_id == dispute_id, column.version == _NEWEST_VERSION
        )
        return newest_first(self._line, query, request, order=(column.created_at, column.id), item_of=note_of)

    def _rows(self, note_id: str) -> list[Row]:
        scope = self._line.scope
        return self._line.ask(_VERSIONS.within(scope), {"firm": scope.firm_id, "id": note_id})
