"""The ledger as a file for accountants, written while it is read: however long it is, a page is held at a time."""

from collections.abc import Iterator
from datetime import UTC

from flask import Response

from domain.model.money import Money, in_decimals
from domain.services.dispute_desk import list_ledger
from domain.services.steps import Ports
from entrypoints.web.api.csv_files import cell, csv_answer, csv_lines
from entrypoints.web.api.shown import instant_text
from ports.dispute_repositories import LedgerFilter, LedgerLine
from ports.repositories import Page, PageRequest

_PAGE = 1_000
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


def ledger_file(ports: Ports, firm_id: str, wanted: LedgerFilter) -> Response:
    """All entries that are asked for, newest first. Each page is read in a transaction of its own.

    The first page is read before the answer begins, so that a database that does not answer is told as a problem.
    """
    first = list_ledger(ports, firm_id, wanted, PageRequest(_PAGE))
    rows = (_row(line) for page in _pages(ports, firm_id, wanted, first) for line in page.items)
    name = f"ledger-{ports.clock.now().astimezone(UTC):%Y-%m-%d}.csv"
    return csv_answer(name, csv_lines(_COLUMNS, rows))


def _pages(ports: Ports, firm_id: str, wanted: LedgerFilter, first: Page[LedgerLine]) -> Iterator[Page[LedgerLine]]:
    page = first
    yield page
    while page.next_cursor is not None:
        page = list_ledger(ports, firm_id, wanted, PageRequest(_PAGE, page.next_cursor))
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
