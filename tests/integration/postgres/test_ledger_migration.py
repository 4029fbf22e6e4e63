"""Migration 0003 with rows in the tables: what was booked stays booked, and its time with it, up and down again."""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from adapters.postgres.unit_of_work import SqlUnitOfWork
from domain.model.ledger import EntryKind
from ports.dispute_repositories import LedgerFilter, LedgerLine
from ports.repositories import PageRequest
from tests.builders import CLIENT_ID, FIRM_ID, INVOICE_ID, NOW, a_ledger_entry, an_outbox_item
from tests.reversal_builders import dispute_telling
from tests.servers import PROJECT
from tests.storage import change_invoice, dispute_invoice, in_firm

MIGRATE = (
    "import sys, flask_migrate; from adapters.postgres.migrate import application_of;"
    "application_of(sys.argv[1]).app_context().push(); getattr(flask_migrate, sys.argv[2])(revision=sys.argv[3])"
)
ROWS = f"""
INSERT INTO firms VALUES ('{FIRM_ID}', 'North Ltd', '', '{{}}', now());
INSERT INTO clients (firm_id, id, company_name, address, created_at, updated_at)
VALUES ('{FIRM_ID}', '{CLIENT_ID}', 'Acme GmbH', '{{}}', now(), now());
INSERT INTO invoices (firm_id, id, client_id, number, currency, amount_due, autopay, sent_at, created_at, status,
                      amount_paid, amount_refunded, amount_disputed, payment_retry_count, version, updated_at)
VALUES ('{FIRM_ID}', '{INVOICE_ID}', '{CLIENT_ID}', '2026-0001', 'usd', 5000, true, now(), now(), 'sent', 0, 0, 0, 0, 0,
        now());
INSERT INTO ledger_entries (firm_id, stripe_id, kind, invoice_id, amount_minor, currency, occurred_at)
VALUES ('{FIRM_ID}', 'ch_1', 'payment', '{INVOICE_ID}', 5000, 'usd', '{NOW.isoformat()}'),
       ('{FIRM_ID}', 'in_1', 'payment_out_of_band', '{INVOICE_ID}', 1, 'usd', '{NOW.isoformat()}');
INSERT INTO outbox (firm_id, id, kind, dedupe_key, due_at, status, invoice_id, payload, tries)
VALUES ('{FIRM_ID}', 'out_1', 'retry', 'retry:1', '{NOW.isoformat()}', 'due', '{INVOICE_ID}', '{{}}', 0);
"""
BOOKED = [
    LedgerLine(entry, NOW, INVOICE_ID, "2026-0001", CLIENT_ID)
    for entry in (
        a_ledger_entry(kind=EntryKind.PAYMENT_OUT_OF_BAND, stripe_id="in_1", amount_minor=1),
        a_ledger_entry(),
    )
]


def migrate(url: str, direction: str, revision: str) -> None:
    command = [sys.executable, "-c", MIGRATE, url, direction, revision]
    subprocess.run(command, cwd=PROJECT, check=True, timeout=60, capture_output=True)


def execute(url: str, statement: str) -> list[Any]:
    """As the owner, whom row-level security binds too."""
    with psycopg.connect(url) as connection:
        connection.execute("SELECT set_config('dunlin.scope', 'system', true)")
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def older_database(owned_database: str) -> str:
    """The schema before, with rows, owned by somebody who is no superuser."""
    migrate(owned_database, "upgrade", "0002")
    execute(owned_database, ROWS)
    return owned_database


def test_what_was_booked_before_is_listed_with_its_time_and_subject(older_database: str) -> None:
    migrate(older_database, "upgrade", "head")

    uow = SqlUnitOfWork(older_database)
    assert [*in_firm(uow, lambda tx: tx.books.page(LedgerFilter(), PageRequest())).items] == BOOKED
    assert in_firm(uow, lambda tx: tx.outbox.get("out_1")) == an_outbox_item(id="out_1", dedupe_key="retry:1")
    uow.close()


def test_an_invoice_of_before_takes_disputes_and_refunds(older_database: str) -> None:
    migrate(older_database, "upgrade", "head")
    uow = SqlUnitOfWork(older_database)

    after = dispute_invoice(uow, dispute_telling())

    assert in_firm(uow, lambda tx: tx.history.facts(INVOICE_ID)) == replace(after, version=1)
    uow.close()


def test_taken_down_again_the_payments_stay_with_their_times(older_database: str) -> None:
    migrate(older_database, "upgrade", "head")
    uow = SqlUnitOfWork(older_database)
    refund = a_ledger_entry(kind=EntryKind.REFUND, stripe_id="re_1", amount_minor=-1)
    change_invoice(uow, ledger=[refund])
    dispute_invoice(uow, dispute_telling())
    uow.close()

    migrate(older_database, "downgrade", "0002")

    kept = execute(older_database, "SELECT stripe_id, kind, occurred_at FROM ledger_entries ORDER BY 1")
    assert kept == [("ch_1", "payment", NOW), ("in_1", "payment_out_of_band", NOW)]
    migrate(older_database, "upgrade", "head")
    uow = SqlUnitOfWork(older_database)
    assert [*in_firm(uow, lambda tx: tx.books.page(LedgerFilter(), PageRequest())).items] == BOOKED
    uow.close()
