"""Audit events and ledger entries: appended and read."""

from collections.abc import Sequence

from sqlalchemy import select

from adapters.postgres.line import Line
from adapters.postgres.pages import newest_first, of_firm
from adapters.postgres.repositories.invoice_changes import AUDIT
from adapters.postgres.rows.journal import audit_event_of, audit_row, ledger_entry_of
from adapters.postgres.rows.values import as_json
from adapters.postgres.statements import OF_ITS_INVOICE, ById, names, rows_of
from adapters.postgres.tables.journal import audit_events, ledger_entries
from domain.model.audit import AuditEvent
from domain.model.ledger import LedgerEntry
from ports.repositories import AuditFilter, Page, PageRequest

_OF_INVOICE = ById(
    rows_of(audit_events, "WHERE {firm} invoice_id = %(id)s ORDER BY created_at, position LIMIT %(limit)s"),
    in_system=OF_ITS_INVOICE,
)
_LEDGER = ById(
    f"""
SELECT {names(ledger_entries)}, t.occurred_at
FROM ledger_entries JOIN ledger_times t USING (firm_id, stripe_id, kind)
WHERE {{firm}} invoice_id = %(id)s ORDER BY t.occurred_at, stripe_id, kind
""",  # noqa: S608 - column names of our own tables
    in_system=OF_ITS_INVOICE,
)


class PostgresJournal:
    """The port `Journal`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def append(self, events: Sequence[AuditEvent]) -> None:
        """Write audit events."""
        for event in events:
            self._line.require(event.firm_id)
        if events:
            self._line.ask(AUDIT, {"rows": as_json([audit_row(event) for event in events])})

    def page(self, wanted: AuditFilter, request: PageRequest) -> Page[AuditEvent]:
        """Audit events, newest first; see the port."""
        column = audit_events.c
        query = select(audit_events).where(*of_firm(self._line, column.firm_id))
        if wanted.action is not None:
            query = query.where(column.action == wanted.action)
        if wanted.severity is not None:
            query = query.where(column.severity == str(wanted.severity))
        if wanted.subject is not None:
            query = query.where((column.subject_id == wanted.subject) | (column.invoice_id == wanted.subject))
        order = (column.created_at, column.position)
        return newest_first(self._line, query, request, order=order, item_of=audit_event_of)

    def of_invoice(self, invoice_id: str, limit: int) -> Sequence[AuditEvent]:
        """An invoice's audit events, oldest first."""
        scope = self._line.scope
        parameters = {"firm": scope.firm_id, "id": invoice_id, "limit": limit}
        return [audit_event_of(row) for row in self._line.ask(_OF_INVOICE.within(scope), parameters)]

    def ledger_of(self, invoice_id: str) -> Sequence[LedgerEntry]:
        """An invoice's ledger entries, oldest first."""
        scope = self._line.scope
        rows = self._line.ask(_LEDGER.within(scope), {"firm": scope.firm_id, "id": invoice_id})
        return [ledger_entry_of(row) for row in rows]
