"""Mails to customers in memory."""

from collections.abc import Sequence
from datetime import datetime

from adapters.memory.pages import newest_first
from adapters.memory.scope import Scope
from adapters.memory.tables import View
from domain.model.errors import Conflict
from domain.model.firms import Client
from domain.model.notices import Notice
from ports.notice_repositories import NoticeFilter
from ports.repositories import Page, PageRequest


class MemoryNotices:
    """The port `Notices`."""

    def __init__(self, scope: Scope, notices: View[str, Notice], clients: View[str, Client]) -> None:
        self._scope = scope
        self._notices = notices
        self._clients = clients

    def save(self, notice: Notice) -> None:
        """Store or replace a notice; see the port."""
        self._scope.require(notice.firm_id)
        client = self._clients.get(notice.client_id)
        if client is None or client.firm_id != notice.firm_id:
            raise self._scope.failed(Conflict("client_id: there is no such client in this firm."))
        cause = (notice.firm_id, notice.subject_id, notice.stage, notice.cause_key)
        self._notices.reserve("cause", cause)
        if self._notices.is_taken("cause", cause, notice.id):
            raise self._scope.failed(Conflict("cause_key: there is a notice of this stage for this cause already."))
        self._notices.put(notice.id, notice)

    def get(self, notice_id: str) -> Notice | None:
        """The notice."""
        return self._notices.get(notice_id)

    def of_subject(self, subject_id: str) -> Sequence[Notice]:
        """All notices about an invoice or a card, oldest first."""
        return sorted(self._notices.find("subject", subject_id), key=_position)

    def page(self, wanted: NoticeFilter, request: PageRequest) -> Page[Notice]:
        """Notices, newest first; see the port."""
        rows = (notice for notice in self._notices.all() if _is_wanted(notice, wanted))
        return newest_first(rows, request, kinds=(datetime, str), order=_position, item_of=lambda notice: notice)


def _position(notice: Notice) -> tuple[datetime, str]:
    return notice.created_at, notice.id


def _is_wanted(notice: Notice, wanted: NoticeFilter) -> bool:
    return (
        wanted.status in (None, notice.status)
        and wanted.stage in (None, notice.stage)
        and wanted.client_id in (None, notice.client_id)
        and wanted.invoice_id in (None, notice.invoice_id)
    )
