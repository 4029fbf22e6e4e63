"""The ledger over many invoices."""

from collections.abc import Sequence

from sqlalchemy import select

from adapters.postgres.line import Line
from adapters.postgres.pages import newest_first, of_firm
from adapters.postgres.rows.journal import booked_sums_of, ledger_line_of
from adapters.postgres.statements import ById
from adapters.postgres.tables.invoices import invoices
from adapters.postgres.tables.journal import ledger_entries, ledger_times
from ports.dispute_repositories import BookedSums, LedgerFilter, LedgerLine
from ports.repositories import Page, PageRequest

_SUMS = ById("""
SELECT firm_id, id, number, status, currency, amount_paid, amount_refunded, amount_disputed, updated_at,
       booked.by_kind, booked.foreign_kinds
FROM invoices CROSS JOIN LATERAL (
    SELECT json_object_agg(kind, amount) FILTER (WHERE sums.currency = invoices.currency) AS by_kind,
           json_agg(kind) FILTER (WHERE sums.currency <> invoices.currency) AS foreign_kinds,
           count(*) > 0 AS is_any
    FROM (SELECT e.kind, e.currency, sum(e.amount_minor) AS amount FROM ledger_entries e
          WHERE e.firm_id = invoices.firm_id AND e.invoice_id = invoices.id GROUP BY e.kind, e.currency) sums
) booked
WHERE {firm} id > %(after)s
  AND (booked.is_any OR amount_paid <> 0 OR amount_refunded <> 0 OR amount_disputed <> 0)
ORDER BY id LIMIT %(limit)s
""")
_OF_INVOICE = (ledger_entries.c.firm_id == invoices.c.firm_id) & (ledger_entries.c.invoice_id == invoices.c.id)
_OF_ENTRY = (
    (ledger_times.c.firm_id == ledger_entries.c.firm_id)
    & (ledger_times.c.stripe_id == ledger_entries.c.stripe_id)
    & (ledger_times.c.kind == ledger_entries.c.kind)
)


class PostgresBooks:
    """The port `Books`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def page(self, wanted: LedgerFilter, request: PageRequest) -> Page[LedgerLine]:
        """Entries, newest first by `occurred_at`; see the port."""
        time, entry = ledger_times.c, ledger_entries.c
        query = (
            select(
                time.occurred_at,
                time.stripe_id,
                time.kind,
                entry.invoice_id,
                entry.amount_minor,
                entry.currency,
                entry.subject_id,
                entry.recorded_at,
                invoices.c.number,
                invoices.c.client_id,
            )
            .join_from(ledger_times, ledger_entries, _OF_ENTRY)
            .join(invoices, _OF_INVOICE)
            .where(*of_firm(self._line, time.firm_id))
        )
        if wanted.kind is not None:
            query = query.where(time.kind == str(wanted.kind))
        if wanted.invoice_id is not None:
            query = query.where(entry.invoice_id == wanted.invoice_id)
        if wanted.currency is not None:
            query = query.where(entry.currency == wanted.currency)
        if wanted.occurred_from is not None:
            query = query.where(time.occurred_at >= wanted.occurred_from)
        if wanted.occurred_before is not None:
            query = query.where(time.occurred_at < wanted.occurred_before)
        order = (time.occurred_at, time.stripe_id, time.kind)
        return newest_first(self._line, query, request, order=order, item_of=ledger_line_of)

    def sums(self, after_id: str, limit: int) -> Sequence[BookedSums]:
        """Invoices with any ledger entry or any amount, by id; see the port."""
        scope = self._line.scope
        parameters = {"firm": scope.firm_id, "after": after_id, "limit": limit}
        return [booked_sums_of(row) for row in self._line.ask(_SUMS.within(scope), parameters)]
