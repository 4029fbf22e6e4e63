"""Mails to customers."""

from collections.abc import Sequence

from sqlalchemy import select

from adapters.postgres.line import Line
from adapters.postgres.pages import newest_first, of_firm
from adapters.postgres.rows.notices import notice_of, notice_row
from adapters.postgres.rows.values import as_json
from adapters.postgres.statements import ById, from_excluded, insert, rows_of
from adapters.postgres.tables.notices import notices
from domain.model.notices import Notice
from ports.notice_repositories import NoticeFilter
from ports.repositories import Page, PageRequest

_SAVE = f"""
{insert(notices, "rows")}
ON CONFLICT (firm_id, id) DO UPDATE SET {from_excluded(notices, without=("firm_id", "id"))}
"""
_NOTICE = ById(rows_of(notices, "WHERE {firm} id = %(id)s"))
_OF_SUBJECT = ById(rows_of(notices, "WHERE {firm} subject_id = %(id)s ORDER BY created_at, id"))


class PostgresNotices:
    """The port `Notices`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def save(self, notice: Notice) -> None:
        """Store or replace a notice; see the port."""
        self._line.require(notice.firm_id)
        self._line.ask(_SAVE, {"rows": as_json([notice_row(notice)])})

    def get(self, notice_id: str) -> Notice | None:
        """The notice."""
        scope = self._line.scope
        rows = self._line.ask(_NOTICE.within(scope), {"firm": scope.firm_id, "id": notice_id})
        return notice_of(rows[0]) if rows else None

    def of_subject(self, subject_id: str) -> Sequence[Notice]:
        """All notices about an invoice or a card, oldest first."""
        scope = self._line.scope
        rows = self._line.ask(_OF_SUBJECT.within(scope), {"firm": scope.firm_id, "id": subject_id})
        return [notice_of(row) for row in rows]

    def page(self, wanted: NoticeFilter, request: PageRequest) -> Page[Notice]:
        """Notices, newest first; see the port."""
        column = notices.c
        query = select(notices).where(*of_firm(self._line, column.firm_id))
        if wanted.status is not None:
            query = query.where(column.status == str(wanted.status))
        if wanted.stage is not None:
            query = query.where(column.stage == str(wanted.stage))
        if wanted.client_id is not None:
            query = query.where(column.client_id == wanted.client_id)
        if wanted.invoice_id is not None:
            query = query.where(column.invoice_id == wanted.invoice_id)
        return newest_first(self._line, query, request, order=(column.created_at, column.id), item_of=notice_of)
