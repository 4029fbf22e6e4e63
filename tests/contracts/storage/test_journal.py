"""`ports.repositories.Journal`."""

import pytest

from domain.model.audit import AuditEvent, Severity
from domain.model.ledger import EntryKind
from ports.repositories import AuditFilter, PageRequest
from ports.unit_of_work import UnitOfWork
from tests.builders import FIRM_ID, INVOICE_ID, NOW, a_ledger_entry, an_audit_event, days
from tests.storage import in_firm, keep_invoice


def test_an_audit_event_comes_back_as_it_was_written(uow: UnitOfWork) -> None:
    event = an_audit_event(
        severity=Severity.CRITICAL,
        actor="api_key:key_1",
        metadata={"amount_minor": 5000, "currency": "usd", "is_held": True, "reason": None},
    )

    _append(uow, event)

    assert in_firm(uow, lambda tx: [*tx.journal.of_invoice(INVOICE_ID, 10)]) == [event]


def test_events_of_an_invoice_come_oldest_first_and_in_the_order_of_writing(uow: UnitOfWork) -> None:
    _append(uow, an_audit_event(id="aud_b"), an_audit_event(id="aud_a"))
    _append(uow, an_audit_event(id="aud_c", created_at=NOW - days(1)), an_audit_event(invoice_id="inv_other"))

    events = in_firm(uow, lambda tx: tx.journal.of_invoice(INVOICE_ID, 10))

    assert [event.id for event in events] == ["aud_c", "aud_b", "aud_a"]


def test_no_more_events_of_an_invoice_than_asked_for(uow: UnitOfWork) -> None:
    _append(uow, an_audit_event(id="aud_1"), an_audit_event(id="aud_2"))

    assert [e.id for e in in_firm(uow, lambda tx: tx.journal.of_invoice(INVOICE_ID, 1))] == ["aud_1"]


def test_audit_events_are_listed_newest_first_in_pages(uow: UnitOfWork) -> None:
    _append(uow, *(an_audit_event(id=f"aud_{number}") for number in range(3)))

    with uow.firm(FIRM_ID) as tx:
        first = tx.journal.page(AuditFilter(), PageRequest(limit=2))
        second = tx.journal.page(AuditFilter(), PageRequest(limit=2, cursor=first.next_cursor))

    assert [event.id for event in (*first.items, *second.items)] == ["aud_2", "aud_1", "aud_0"]
    assert second.next_cursor is None


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (AuditFilter(action="invoice_sent"), ["aud_sent"]),
        (AuditFilter(severity=Severity.CRITICAL), ["aud_critical"]),
        (AuditFilter(subject="cli_1"), ["aud_client"]),
        (AuditFilter(subject=INVOICE_ID), ["aud_critical", "aud_sent"]),
        (AuditFilter(action="invoice_sent", severity="CRITICAL"), []),
    ],
)
def test_audit_events_are_filtered(uow: UnitOfWork, wanted: AuditFilter, found: list[str]) -> None:
    _append(
        uow,
        an_audit_event(id="aud_sent", action="invoice_sent"),
        an_audit_event(id="aud_critical", severity=Severity.CRITICAL, subject_id="att_1"),
        an_audit_event(id="aud_client", subject_type="client", subject_id="cli_1", invoice_id=None),
    )

    page = in_firm(uow, lambda tx: tx.journal.page(wanted, PageRequest()))

    assert [event.id for event in page.items] == found


def test_the_ledger_of_an_invoice_comes_oldest_first(uow: UnitOfWork) -> None:
    payment = a_ledger_entry(occurred_at=NOW)
    refund = a_ledger_entry(stripe_id="re_1", kind=EntryKind.REFUND, amount_minor=-100)
    older = a_ledger_entry(stripe_id="ch_0", occurred_at=NOW - days(1))

    keep_invoice(uow, ledger=[payment, refund, older])

    assert in_firm(uow, lambda tx: [*tx.journal.ledger_of(INVOICE_ID)]) == [older, payment, refund]


def _append(uow: UnitOfWork, *events: AuditEvent) -> None:
    in_firm(uow, lambda tx: tx.journal.append(events))
