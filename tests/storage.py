"""Fixtures and helpers for tests that keep things: a unit of work in memory or on PostgreSQL, with two firms in it."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

import psycopg
import pytest

from adapters.memory.unit_of_work import MemoryUnitOfWork
from adapters.postgres.database import metadata
from adapters.postgres.unit_of_work import SqlUnitOfWork
from domain.model.attempts import OwnAttempt
from domain.model.disputes import DisputeTelling
from domain.model.invoices import Invoice, InvoiceFacts
from domain.model.payment_facts import PaymentFact
from ports.repositories import Change
from ports.unit_of_work import Transaction, UnitOfWork
from tests.builders import (
    CLIENT_ID,
    FIRM_ID,
    INVOICE_ID,
    NOW,
    OTHER_FIRM_ID,
    a_change,
    a_client,
    a_firm,
    a_new_invoice,
    an_invoice,
)
from tests.reversal_builders import with_reversals

T = TypeVar("T")

OTHER_CLIENT_ID = "cli_south"

CHILDREN_FIRST = [
    "webhook_endpoints",
    "host_events",
    "notices",
    "inbox_mentions",
    "inbox",
    "idempotency_keys",
    "heartbeats",
    "outbox",
    "audit_seal_entries",
    "audit_seals",
    "audit_events",
    "ledger_times",
    "ledger_entries",
    "stripe_links",
    "dispute_notes",
    "disputes",
    "refund_requests",
    "refund_totals",
    "refunds",
    "payment_facts",
    "attempts",
    "invoices",
    "clients",
    "api_keys",
    "alert_settings",
    "alert_states",
    "alert_quiet",
    "alert_digest",
    "brandings",
    "firms",
]
assert set(CHILDREN_FIRST) == set(metadata.tables), "a table is missing here: its rows would stay between tests"


@pytest.fixture(scope="module")
def sql_uow(database_url: str) -> Iterator[SqlUnitOfWork]:
    """One engine for the tests of a file; the tables are as the test before left them."""
    uow = SqlUnitOfWork(database_url, pool_size=10)
    yield uow
    uow.close()


@pytest.fixture
def empty_sql_uow(sql_uow: SqlUnitOfWork, database_url: str) -> SqlUnitOfWork:
    """The same with all tables empty."""
    empty_tables(database_url)
    return sql_uow


def empty_tables(database_url: str) -> None:
    """Remove every row."""
    with psycopg.connect(database_url) as connection:
        connection.execute("SELECT set_config('dunlin.scope', 'system', true)")
        for table in CHILDREN_FIRST:
            connection.execute(f"DELETE FROM {table}".encode())


def with_two_firms(uow: UnitOfWork) -> UnitOfWork:
    """Two firms, each with a client."""
    with uow.system() as tx:
        tx.firms.add(a_firm(id=FIRM_ID))
        tx.firms.add(a_firm(id=OTHER_FIRM_ID, name="South Ltd"))
        tx.clients.add(a_client(id=CLIENT_ID))
        tx.clients.add(a_client(id=OTHER_CLIENT_ID, firm_id=OTHER_FIRM_ID, company_name="Southern Supplies"))
        tx.commit()
    return uow


def unit_of_work(request: pytest.FixtureRequest) -> UnitOfWork:
    """The adapter that the fixture's parameter names, `memory` or `postgres`, with nothing in it."""
    return MemoryUnitOfWork() if request.param == "memory" else request.getfixturevalue("empty_sql_uow")


def in_firm(uow: UnitOfWork, do: Callable[[Transaction], T], *, firm_id: str = FIRM_ID) -> T:
    """Do something in a transaction of one firm and keep it."""
    with uow.firm(firm_id) as tx:
        result = do(tx)
        tx.commit()
    return result


def in_system(uow: UnitOfWork, do: Callable[[Transaction], T]) -> T:
    """Do something in a transaction over all firms and keep it."""
    with uow.system() as tx:
        result = do(tx)
        tx.commit()
    return result


def keep_invoice(uow: UnitOfWork, invoice: Invoice | None = None, **change: Any) -> Invoice:
    """Store an invoice; what comes with it is as `a_new_invoice` takes it."""
    invoice = invoice or an_invoice()
    in_firm(uow, lambda tx: tx.invoices.add(a_new_invoice(invoice, **change)), firm_id=invoice.firm_id)
    return invoice


def locked_facts(tx: Transaction, invoice_id: str = INVOICE_ID) -> InvoiceFacts:
    """An invoice's facts, locked."""
    locked = tx.invoices.lock(invoice_id)
    assert locked is not None
    return locked.facts


def change_invoice(
    uow: UnitOfWork, *, attempts: Sequence[OwnAttempt] = (), payments: Sequence[PaymentFact] = (), **rest: Any
) -> Change:
    """Give the invoice these attempts and payments; what else changes is as `a_change` takes it."""

    def save(tx: Transaction) -> Change:
        before = locked_facts(tx)
        after = replace(before, attempts=tuple(attempts), payments=tuple(payments))
        change = a_change(before=before, after=after, **rest)
        tx.invoices.save(change)
        return change

    return in_firm(uow, save)


def dispute_invoice(
    uow: UnitOfWork, *told: DisputeTelling, invoice: Invoice | None = None, now: datetime = NOW
) -> InvoiceFacts:
    """Tell a stored invoice of a dispute; its facts from then on."""
    invoice = invoice or an_invoice()

    def save(tx: Transaction) -> InvoiceFacts:
        before = locked_facts(tx, invoice.id)
        after = with_reversals(before, disputes=told)
        tx.invoices.save(a_change(before=before, after=after, now=now))
        return after

    return in_firm(uow, save, firm_id=invoice.firm_id)


def southern_invoice(**fields: Any) -> Invoice:
    """An invoice of the other firm."""
    return an_invoice(**{"id": "inv_south", "firm_id": OTHER_FIRM_ID, "client_id": OTHER_CLIENT_ID, **fields})


def all_at_once(works: Sequence[Callable[[], T]]) -> list[T]:
    """Run each in a thread of its own and give the results; the first error is raised."""
    with ThreadPoolExecutor(max_workers=len(works)) as threads:
        futures = [threads.submit(work) for work in works]
        return [future.result(timeout=60) for future in futures]
