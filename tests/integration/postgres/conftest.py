"""A database of our own with two firms in it, and a row of each in every table."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from adapters.postgres.migrate import upgrade
from adapters.postgres.unit_of_work import SqlUnitOfWork
from domain.model.alert_pacing import Pace, Quiet
from domain.model.alerts import Alert, AlertSettings
from domain.model.audit import Severity
from domain.model.disputes import dispute_id
from domain.model.inbox import InboxStatus
from domain.model.notices import Branding
from domain.model.seals import next_seal
from ports.unit_of_work import Transaction, UnitOfWork
from tests.builders import (
    FIRM_ID,
    NOW,
    OTHER_FIRM_ID,
    a_change,
    a_decline,
    a_ledger_entry,
    an_api_key,
    an_attempt,
    an_audit_event,
    an_audit_row,
    an_event,
    an_inbox_entry,
    an_invoice,
    an_outbox_item,
    days,
    facts_of,
)
from tests.host_builders import a_stored_event, an_endpoint
from tests.notice_builders import a_kept_notice
from tests.reversal_builders import (
    a_note,
    a_refund_request,
    a_refund_total,
    dispute_telling,
    refund_telling,
    with_reversals,
)
from tests.storage import empty_sql_uow, in_firm, in_system, keep_invoice, southern_invoice, sql_uow, with_two_firms

__all__ = ["empty_sql_uow", "sql_uow"]


@pytest.fixture
def uow(empty_sql_uow: SqlUnitOfWork) -> SqlUnitOfWork:
    """Two firms in it, each with a client."""
    with_two_firms(empty_sql_uow)
    return empty_sql_uow


@pytest.fixture
def filled_uow(uow: SqlUnitOfWork) -> SqlUnitOfWork:
    """The same with a row of each firm in every table."""
    _fill(uow, FIRM_ID)
    _fill(uow, OTHER_FIRM_ID)
    in_system(uow, lambda tx: tx.heartbeats.beat("sweep", NOW))
    return uow


@pytest.fixture
def application(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A bare connection in the application's role, in a transaction that has not said whose rows it is about."""
    with psycopg.connect(database_url) as connection:
        connection.execute("SET ROLE dunlin_app")
        connection.commit()
        yield connection
        connection.rollback()


@pytest.fixture
def owned_database(new_database: Callable[[], str]) -> Iterator[str]:
    """An empty database, as the address of an owner who may make roles but is no superuser."""
    url, owner = new_database(), f"owner_{uuid4().hex[:12]}"
    upgrade(new_database())  # the application's role is there, whichever test comes first
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {owner} LOGIN PASSWORD 'owner' CREATEROLE".encode())
        connection.execute(f"ALTER SCHEMA public OWNER TO {owner}".encode())
        connection.execute(f"GRANT dunlin_app TO {owner} WITH ADMIN OPTION".encode())
        before, _, after = url.partition("@")
        yield f"{before.split('://')[0]}://{owner}:owner@{after}"
        connection.execute(f"DROP OWNED BY {owner} CASCADE; DROP ROLE {owner}".encode())


def _fill(uow: UnitOfWork, firm_id: str) -> None:
    invoice = an_invoice() if firm_id == FIRM_ID else southern_invoice()
    keep_invoice(
        uow,
        invoice,
        stripe_ids=["pi_1"],
        ledger=[a_ledger_entry()],
        audit=[an_audit_event(firm_id=firm_id)],
        new_outbox=[an_outbox_item(firm_id=firm_id)],
    )
    attempt = an_attempt(id=f"att_{firm_id}", invoice_id=invoice.id)
    after = with_reversals(
        facts_of(invoice, attempts=[attempt], payments=[a_decline()]),
        disputes=[dispute_telling()],
        refunds=[refund_telling()],
        totals=[a_refund_total()],
        requests=[a_refund_request()],
    )
    change = a_change(before=facts_of(invoice), after=after)
    in_firm(uow, lambda tx: tx.invoices.save(change), firm_id=firm_id)
    note = a_note(id=f"dno_{firm_id}", firm_id=firm_id, dispute_id=dispute_id(firm_id, "dp_1"))
    in_firm(uow, lambda tx: tx.dispute_notes.add(note), firm_id=firm_id)
    host = an_endpoint(id=f"wep_{firm_id}", firm_id=firm_id)
    in_firm(uow, lambda tx: tx.webhook_endpoints.add(host), firm_id=firm_id)
    told = a_stored_event(id=f"hev_{firm_id}", firm_id=firm_id)
    in_firm(uow, lambda tx: tx.host_events.add(told), firm_id=firm_id)
    key = an_api_key(id=f"key_{firm_id}", firm_id=firm_id, prefix=f"dk_{firm_id}")
    in_firm(uow, lambda tx: tx.api_keys.add(key), firm_id=firm_id)
    in_firm(uow, lambda tx: tx.brandings.save(firm_id, Branding()), firm_id=firm_id)
    mail = a_kept_notice(id=f"ntc_{firm_id}", firm_id=firm_id, client_id=invoice.client_id, subject_id=invoice.id)
    in_firm(uow, lambda tx: tx.notices.save(mail), firm_id=firm_id)
    in_firm(uow, lambda tx: _fill_alerts(tx, firm_id), firm_id=firm_id)
    in_firm(uow, lambda tx: tx.idempotency.begin("k", "print", NOW), firm_id=firm_id)
    event = an_event(id=f"evt_{firm_id}")
    entry = an_inbox_entry(event=event, firm_id=firm_id, status=InboxStatus.UNMATCHED, stripe_ids=["pi_x"])
    in_firm(uow, lambda tx: tx.inbox.record(entry), firm_id=firm_id)
    in_firm(
        uow,
        lambda tx: tx.seals.append(*next_seal(None, [an_audit_row(firm_id=firm_id)], NOW, settled_below=1)),
        firm_id=firm_id,
    )


def _fill_alerts(tx: Transaction, firm_id: str) -> None:
    alert = Alert(firm_id, Severity.WARNING, "refund_failed", "re_1", "Failed.")
    tx.alerts.save_settings(firm_id, AlertSettings(emails=("staff@firm.example",)))
    tx.alerts.save_pace(firm_id, Pace(NOW, 1))
    tx.alerts.save_quiet(Quiet(firm_id, "refund_failed", "re_1", Severity.WARNING, NOW, NOW + days(1)), NOW)
    tx.alerts.keep_for_digest("out_1", alert)
