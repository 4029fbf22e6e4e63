"""A client's erasure over the whole database, and the audit log's seals afterwards."""

import json

import psycopg
import pytest

from adapters.postgres.database import metadata
from adapters.postgres.unit_of_work import SqlUnitOfWork
from domain.model.attempts import AttemptStatus
from domain.model.firms import Address
from domain.services.erasure import erase_client
from domain.services.steps import in_firm, in_system
from tests.builders import (
    CLIENT_ID,
    FIRM_ID,
    INVOICE_ID,
    NOW,
    a_client,
    a_frozen_charge,
    an_attempt,
    an_event,
    an_inbox_entry,
    an_invoice,
)
from tests.sealing import SealedLog
from tests.service_world import ADMIN
from tests.storage import change_invoice, keep_invoice

CANARY = "jane.doe@acme.example"


@pytest.fixture
def log(uow: SqlUnitOfWork) -> SealedLog:
    """A client with personal data in every table that may hold any, and a sealed audit log."""
    log = SealedLog(uow)
    client = a_client(company_name=CANARY, email=CANARY, address=Address(line1=CANARY), stripe_customer_id="cus_1")
    in_firm(log.ports, FIRM_ID, lambda step: step.tx.clients.save(client))
    keep_invoice(uow, an_invoice(description=CANARY))
    frozen = a_frozen_charge()
    request = {**frozen.requests[0], "form": {"description": CANARY}}
    ended = an_attempt(
        status=AttemptStatus.CANCELED, frozen=type(frozen)(frozen.idempotency_key, (request,)), finished_at=NOW
    )
    change_invoice(uow, attempts=[ended])
    for event_id, firm_id, invoice_id in [("evt_1", FIRM_ID, INVOICE_ID), ("evt_2", None, None)]:
        body = {"id": event_id, "data": {"object": {"id": "pi_1", "customer": "cus_1", "receipt_email": CANARY}}}
        entry = an_inbox_entry(event=an_event(id=event_id, body=body), firm_id=firm_id, invoice_id=invoice_id)
        in_system(log.ports, lambda step, entry=entry: step.tx.inbox.record(entry))  # type: ignore[misc]
    in_firm(log.ports, FIRM_ID, lambda step: step.tx.idempotency.begin("key", "print", NOW))
    answer = {"text": json.dumps({"id": CLIENT_ID, "email": CANARY})}
    in_firm(log.ports, FIRM_ID, lambda step: step.tx.idempotency.finish("key", 201, answer))
    log.write(3)
    log.seal_all()
    return log


def tables_with(database_url: str, text: str) -> list[str]:
    with psycopg.connect(database_url) as owner:
        owner.execute("SELECT set_config('dunlin.scope', 'system', true)")
        found = {
            table: owner.execute(f"SELECT 1 FROM {table} t WHERE strpos(t::text, '{text}') > 0".encode()).fetchall()
            for table in metadata.tables
        }
    return sorted(table for table, rows in found.items() if rows)


def test_nothing_personal_is_left_in_any_table_and_the_chain_still_verifies(log: SealedLog, database_url: str) -> None:
    assert tables_with(database_url, CANARY) == ["attempts", "clients", "idempotency_keys", "inbox", "invoices"]

    erase_client(log.ports, FIRM_ID, CLIENT_ID, ADMIN)
    log.seal_all()

    assert tables_with(database_url, CANARY) == []
    assert (log.verdict().finding, log.verdict().seals_count) == (None, 2)
