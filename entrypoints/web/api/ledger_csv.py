"""The ledger as a file for accountants, written while it is read: however long it is, a page is held at a time."""

from collections.abc import Callable, Iterator
from datetime import UTC

from flask import Response

from domain.model.money import Money, in_decimals
from domain.services.dispute_desk import list_ledger
from domain.services.steps import Ports
from entrypoints.web.api.csv_files import cell, csv_answer, csv_lines
from entrypoints.web.api.shown import instant_text
from ports.dispute_repositories import LedgerFilter, LedgerLine
from ports.repositories import Page, PageRequest

_ROWS_A_PAGE = 1_000
_COLUMNS = (
    "date",
    "occurred_at",
    "recorded_at",
    "kind",
    "amount",
    "currency",
    "invoice_number",
    "invoice_id",
    "client_id",
    "stripe_id",
    "subject_id",
)


def ledger_file(ports: Ports, firm_id: str, wanted: LedgerFilter, *, rows_a_page: int = _ROWS_A_PAGE) -> Response:
    """All entries that are asked for, newest first. Each page is read in a transaction of its own.

    The first page is read before the answer begins, so that a database that does not answer is told as a problem.
    """

    def page_after(cursor: str | None) -> Page[LedgerLine]:
        return list_ledger(ports, firm_id, wanted, PageRequest(rows_a_page, cursor))

    rows = (_row(line) for page in _pages(page_after(None), page_after) for line in page.items)
    name = f"ledger-{ports.clock.now().astimezone(UTC):%Y-%m-%d}.csv"
    return csv_answer(name, csv_lines(_COLUMNS, rows))


def _pages(first: Page[LedgerLine], page_after: Callable[[str | None], Page[LedgerLine]]) -> Iterator[Page[LedgerLine]]:
    page = first
    yield page
    while page.next_cursor is not None:
        page = page_after(page.next_cursor)
        yield page


def _row(line: LedgerLine) -> tuple[str, ...]:
    entry = line.entry
    return (
        entry.occurred_at.astimezone(UTC).date().isoformat(),
        instant_text(entry.occurred_at),
        instant_text(line.recorded_at),
        entry.kind.value,
        in_decimals(Money(entry.amount_minor, entry.currency)),
        entry.currency.upper(),
        cell(line.invoice_number),
        cell(line.invoice_id),
        cell(line.client_id),
        cell(entry.stripe_id),
        cell(entry.subject_id),
    )
