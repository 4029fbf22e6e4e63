"""The schema: made in one go, made once, and the one that the tables module speaks of."""

import itertools
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect
from sqlalchemy.dialects.postgresql import base

from adapters.postgres.addresses import engine_url
from adapters.postgres.database import metadata
from adapters.postgres.migrate import DIRECTORY, is_compared, upgrade
from adapters.postgres.schema import HEAD
from adapters.postgres.tables.columns import TransactionId
from adapters.postgres.unit_of_work import SqlUnitOfWork
from domain.model.payment_facts import merge
from domain.model.seals import next_seal
from ports.dispute_repositories import DisputeFilter, LedgerFilter, SummaryRequest
from ports.notice_repositories import NoticeFilter
from ports.repositories import AuditFilter, InvoiceFilter, OutboxFilter, PageRequest
from ports.unit_of_work import StorageUnavailable, Transaction
from tests.builders import (
    CLIENT_ID,
    FIRM_ID,
    INVOICE_ID,
    NOW,
    a_change,
    a_decline,
    a_ledger_entry,
    an_attempt,
    an_audit_event,
    an_audit_row,
    an_event,
    an_inbox_entry,
    an_outbox_item,
)
from tests.notice_builders import a_kept_notice
from tests.reversal_builders import (
    a_dispute,
    a_note,
    a_refund_request,
    a_refund_total,
    dispute_telling,
    refund_telling,
    with_reversals,
)
from tests.servers import PROJECT
from tests.storage import keep_invoice

_numbers = itertools.count(2)
MIGRATE = "import sys; from adapters.postgres.migrate import upgrade; upgrade(sys.argv[1])"


@pytest.fixture(autouse=True)
def _xid8_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(base.ischema_names, "xid8", TransactionId)


def test_the_tables_module_and_the_migrated_schema_agree(database_url: str) -> None:
    engine = create_engine(engine_url(database_url))
    with engine.connect() as connection:
        options = {"include_object": is_compared, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)

        differences = compare_metadata(context, metadata)
    engine.dispose()

    assert [d for d in differences if d[0] != "remove_table" or d[1].name != "alembic_version"] == []


def test_the_keys_of_the_tables_module_are_those_of_the_schema(database_url: str) -> None:
    engine = create_engine(engine_url(database_url))
    with engine.connect() as connection:
        inspector = inspect(connection)
        stored = {name: set(inspector.get_pk_constraint(name)["constrained_columns"]) for name in metadata.tables}
    engine.dispose()

    assert stored == {name: {column.name for column in table.primary_key} for name, table in metadata.tables.items()}


def test_the_head_that_the_code_knows_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(DIRECTORY))

    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_a_second_upgrade_changes_nothing(new_database: Callable[[], str]) -> None:
    url = new_database()
    upgrade(url)
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO firms VALUES ('frm_1', 'One', '', '{}', now())")

    upgrade(url)

    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT firm_id FROM firms").fetchall() == [("frm_1",)]


def test_upgrades_that_start_at_the_same_moment_do_not_collide(new_database: Callable[[], str]) -> None:
    url = new_database()

    command = [sys.executable, "-c", MIGRATE, url]
    starts = [subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE) for _ in range(3)]
    outcomes: list[Any] = [(start.communicate(timeout=60)[1][-500:], start.returncode) for start in starts]

    assert [status for _, status in outcomes] == [0, 0, 0], outcomes


def test_an_owner_that_is_no_superuser_can_upgrade(owned_database: str) -> None:
    upgrade(owned_database)

    uow = SqlUnitOfWork(owned_database)
    assert uow.schema_is_current()
    uow.close()


def test_a_database_without_our_schema_is_not_current(database_url: str, new_database: Callable[[], str]) -> None:
    uow = SqlUnitOfWork(new_database())

    assert not uow.schema_is_current()
    uow.close()


def test_a_database_of_another_version_is_not_current(migrated_database: Callable[[], str]) -> None:
    url = migrated_database()
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    uow = SqlUnitOfWork(url)

    assert not uow.schema_is_current()
    uow.close()


def test_an_upgrade_without_a_database_says_so() -> None:
    with pytest.raises(StorageUnavailable, match="did not answer"):
        upgrade("postgresql://nobody@127.0.0.1:1/none")


def test_the_schema_can_be_taken_down_again(migrated_database: Callable[[], str]) -> None:
    url = migrated_database()
    program = (
        "import sys, flask_migrate; from adapters.postgres.migrate import application_of;"
        "application_of(sys.argv[1]).app_context().push(); flask_migrate.downgrade(revision='base')"
    )

    subprocess.run([sys.executable, "-c", program, url], cwd=PROJECT, check=True, timeout=60, capture_output=True)

    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert tables == [("alembic_version",)]


def test_columns_that_a_newer_version_adds_do_not_disturb_an_older_one_at_work(
    uow: SqlUnitOfWork, database_url: str
) -> None:
    keep_invoice(uow, new_outbox=[an_outbox_item(id="out_1")], audit=[an_audit_event()])
    for _ in range(4):  # often enough that every statement is prepared
        _use_everything(uow)

    with psycopg.connect(database_url) as owner:
        for table in metadata.tables:
            owner.execute(f"ALTER TABLE {table} ADD COLUMN newer text".encode())
    _use_everything(uow)

    with psycopg.connect(database_url) as owner:
        for table in metadata.tables:
            owner.execute(f"ALTER TABLE {table} DROP COLUMN newer".encode())


def _use_everything(uow: SqlUnitOfWork) -> None:
    number = next(_numbers)
    with uow.firm(FIRM_ID) as tx:
        tx.firms.get(FIRM_ID)
        _use_clients(tx, number)
        locked = tx.invoices.lock(INVOICE_ID)
        assert locked is not None
        payments = merge(locked.facts.payments, [a_decline(stripe_charge_id=f"ch_{number}")])
        item = an_outbox_item(id=f"out_{number}", dedupe_key=f"retry:{number}")
        told = replace(locked.facts, payments=payments, attempts=(an_attempt(id=f"att_{number}"),))
        change = a_change(
            before=locked.facts,
            after=with_reversals(
                told,
                disputes=[dispute_telling(stripe_dispute_id=f"dp_{number}")],
                refunds=[refund_telling(stripe_refund_id=f"re_{number}")],
                totals=[a_refund_total(stripe_charge_id=f"ch_{number}")],
                requests=[a_refund_request(id=f"rfr_{number}")],
            ),
            new_outbox=[item],
            audit=[an_audit_event()],
            ledger=[a_ledger_entry(stripe_id=f"ch_{number}")],
            stripe_ids=[f"ch_{number}"],
        )
        tx.invoices.save(change)
        tx.invoices.get(INVOICE_ID)
        tx.invoices.page(InvoiceFilter(), PageRequest())
        tx.history.facts(INVOICE_ID)
        tx.history.declined_at("pm_visa", NOW)
        tx.outbox.get("out_1")
        tx.outbox.claim(item.id, NOW, NOW)
        tx.outbox.pending_for(INVOICE_ID)
        tx.schedule.due(NOW, 10)
        tx.schedule.page(OutboxFilter(), PageRequest())
        tx.journal.of_invoice(INVOICE_ID, 10)
        tx.journal.ledger_of(INVOICE_ID)
        _use_disputes(tx, number)
        tx.idempotency.begin(f"key_{number}", "print", NOW)
        tx.seals.append(*next_seal(tx.seals.newest(), [an_audit_row(position=number)], NOW, settled_below=1))
        tx.seals.settled(None, 10)
        tx.seals.listed((0, 0), number, 10)
        tx.seals.unsealed(0, 10)
        tx.commit()
    with uow.system() as tx:
        tx.api_keys.find("dk_none")
        tx.inbox.match("", INVOICE_ID, [])
        tx.inbox.record(an_inbox_entry(event=an_event(id=f"evt_{number}")))
        tx.inbox.lock("", f"evt_{number}")
        tx.inbox.page(None, PageRequest())
        tx.commit()


def _use_clients(tx: Transaction, number: int) -> None:
    tx.clients.get(CLIENT_ID)
    tx.clients.by_stripe_customer("cus_1")
    tx.clients.page(PageRequest())
    tx.notices.save(a_kept_notice(id=f"ntc_{number}", cause_key=f"ch_{number}"))
    tx.notices.of_subject(INVOICE_ID)
    tx.notices.page(NoticeFilter(), PageRequest())


def _use_disputes(tx: Transaction, number: int) -> None:
    dispute = a_dispute(stripe_dispute_id=f"dp_unmatched_{number}")
    tx.disputes.hold(dispute.id)
    tx.disputes.save_unmatched(dispute, NOW)
    tx.dispute_notes.add(a_note(id=f"dno_{number}", dispute_id=dispute.id))
    tx.dispute_notes.get(f"dno_{number}")
    tx.dispute_notes.page(dispute.id, PageRequest())
    tx.disputes.get(dispute.id)
    tx.disputes.page(DisputeFilter(), PageRequest())
    tx.disputes.summary(SummaryRequest())
    tx.disputes.open_stripe_ids(NOW, 10)
    tx.outbox.pending_for_dispute(dispute.id)
    tx.books.page(LedgerFilter(), PageRequest())
    tx.books.sums("", 10)
    tx.journal.page(AuditFilter(), PageRequest())
