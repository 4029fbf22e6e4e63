"""`ports.repositories.Invoices.page` and `InvoiceHistory`."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from domain.model.attempts import AttemptStatus, OwnAttempt
from domain.model.invoices import InvoiceFigures, InvoiceStatus
from domain.model.payment_facts import PaymentFact, Source
from ports.repositories import BadCursor, InvoiceFilter, PageRequest
from ports.unit_of_work import Transaction, UnitOfWork
from tests.builders import (
    CLIENT_ID,
    FIRM_ID,
    INVOICE_ID,
    NOW,
    OTHER_FIRM_ID,
    a_change,
    a_client,
    a_decline,
    a_fact,
    a_new_invoice,
    a_success,
    an_attempt,
    an_invoice,
    days,
    facts_of,
)
from tests.storage import in_firm, keep_invoice, southern_invoice


def test_invoices_are_listed_newest_first(uow: UnitOfWork) -> None:
    for number, age_days in ((1, 2), (2, 0), (3, 1)):
        keep_invoice(uow, an_invoice(id=f"inv_{number}", created_at=NOW - days(age_days)))

    assert _ids(uow) == ["inv_2", "inv_3", "inv_1"]


def test_pages_follow_each_other_without_gap_or_repeat(uow: UnitOfWork) -> None:
    for number in range(5):
        keep_invoice(uow, an_invoice(id=f"inv_{number}"))

    with uow.firm(FIRM_ID) as tx:
        first = tx.invoices.page(InvoiceFilter(), PageRequest(limit=2))
        second = tx.invoices.page(InvoiceFilter(), PageRequest(limit=2, cursor=first.next_cursor))
        last = tx.invoices.page(InvoiceFilter(), PageRequest(limit=2, cursor=second.next_cursor))

    listed = [row.invoice.id for page in (first, second, last) for row in page.items]
    assert listed == ["inv_4", "inv_3", "inv_2", "inv_1", "inv_0"]
    assert last.next_cursor is None


def test_a_page_that_is_just_full_is_the_last(uow: UnitOfWork) -> None:
    keep_invoice(uow)

    with uow.firm(FIRM_ID) as tx:
        assert tx.invoices.page(InvoiceFilter(), PageRequest(limit=1)).next_cursor is None


@pytest.mark.parametrize("cursor", ["", "nonsense", "é", "bnVsbA==", "WzFd", "WyJ4IiwgInkiXQ==", "WzEsIDJd", "W10="])
def test_a_cursor_that_is_none_of_ours_is_refused(uow: UnitOfWork, cursor: str) -> None:
    keep_invoice(uow)

    with uow.firm(FIRM_ID) as tx, pytest.raises(BadCursor):
        tx.invoices.page(InvoiceFilter(), PageRequest(cursor=cursor))


def test_a_refused_cursor_does_not_fail_the_transaction(uow: UnitOfWork) -> None:
    with uow.firm(FIRM_ID) as tx:
        with pytest.raises(BadCursor):
            tx.clients.page(PageRequest(cursor="nonsense"))

        assert tx.clients.get(CLIENT_ID) is not None


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (InvoiceFilter(status="draft"), ["inv_draft"]),
        (InvoiceFilter(status=InvoiceStatus.SENT), ["inv_sent"]),
        (InvoiceFilter(client_id="cli_other"), ["inv_draft"]),
        (InvoiceFilter(q="2026-sent"), ["inv_sent"]),
        (InvoiceFilter(q="OFFICE ch"), ["inv_sent"]),
        (InvoiceFilter(q="100%"), ["inv_draft"]),
        (InvoiceFilter(q="10_%"), []),
        (InvoiceFilter(status="draft", q="office"), []),
    ],
)
def test_invoices_are_filtered(uow: UnitOfWork, wanted: InvoiceFilter, found: list[str]) -> None:
    in_firm(uow, lambda tx: tx.clients.add(a_client(id="cli_other")))
    keep_invoice(uow, an_invoice(id="inv_sent", description="Office chairs"))
    keep_invoice(uow, an_invoice(id="inv_draft", sent_at=None, client_id="cli_other", description="100% wool"))

    assert _ids(uow, wanted) == found


def test_a_list_holds_the_firms_own_invoices_only(uow: UnitOfWork) -> None:
    keep_invoice(uow)
    keep_invoice(uow, southern_invoice())

    assert _ids(uow) == [INVOICE_ID]
    with uow.system() as tx:
        assert len(tx.invoices.page(InvoiceFilter(), PageRequest()).items) == 2


def test_one_decline_that_four_sources_told_was_one_decline_of_its_card(uow: UnitOfWork) -> None:
    told = [
        a_decline(),
        a_fact(source=Source.ANSWER, attempt_id="att_1", told_at=NOW + days(0.001)),
        a_fact(source=Source.PAYMENT_INTENT, event_id="evt_2"),
        a_fact(source=Source.INVOICE, stripe_invoice_id="in_1", event_id="evt_3"),
    ]
    _keep_facts(uow, an_invoice(), payments=told)

    assert _declined_at(uow) == [NOW]


def test_declines_are_those_of_the_card_on_all_invoices_since_then_oldest_first(uow: UnitOfWork) -> None:
    newest = [a_decline(at=NOW), a_decline(stripe_charge_id="ch_old", at=NOW - days(40))]
    _keep_facts(uow, an_invoice(id="inv_1"), payments=newest)
    _keep_facts(uow, an_invoice(id="inv_2"), payments=[a_decline(stripe_charge_id="ch_2", at=NOW - days(1))])
    _keep_facts(uow, an_invoice(id="inv_3"), payments=[a_success(stripe_charge_id="ch_3")])
    other_card = a_decline(stripe_charge_id="ch_4", stripe_payment_method_id="pm_other")
    _keep_facts(uow, an_invoice(id="inv_4"), payments=[other_card])

    assert _declined_at(uow) == [NOW - days(1), NOW]


def test_a_decline_that_names_no_card_was_of_the_card_that_our_attempt_charged(uow: UnitOfWork) -> None:
    fact = a_decline(attempt_id="att_1", stripe_payment_method_id=None)
    _keep_facts(uow, an_invoice(), attempts=[an_attempt()], payments=[fact])

    assert _declined_at(uow) == [NOW]


def test_a_slot_that_was_skipped_is_no_decline(uow: UnitOfWork) -> None:
    _keep_facts(uow, an_invoice(), attempts=[an_attempt(status=AttemptStatus.SKIPPED)])

    assert _declined_at(uow) == []


def test_another_firms_declines_of_the_card_are_not_seen(uow: UnitOfWork) -> None:
    _keep_facts(uow, southern_invoice(), payments=[a_decline()])

    assert _declined_at(uow) == []
    assert in_firm(uow, lambda tx: [*tx.history.declined_at("pm_visa", NOW)], firm_id=OTHER_FIRM_ID) == [NOW]


@pytest.mark.parametrize("status", InvoiceStatus)
def test_open_invoices_are_those_that_may_still_have_something_to_come(uow: UnitOfWork, status: InvoiceStatus) -> None:
    invoice = an_invoice(
        sent_at=None if status is InvoiceStatus.DRAFT else NOW, voided_at=NOW if status is InvoiceStatus.VOID else None
    )
    change = a_new_invoice(invoice)
    figures = InvoiceFigures(status, amount_paid=5000 if status is InvoiceStatus.PAID else 0)
    in_firm(uow, lambda tx: tx.invoices.add(replace(change, state=replace(change.state, figures=figures))))

    found = in_firm(uow, lambda tx: [*tx.history.open_ids("", 10)])

    still_open = {"draft", "sent", "failed", "overdue", "disputed"}
    assert found == ([INVOICE_ID] if status in still_open else [])


def test_open_invoices_are_walked_in_order_of_their_ids(uow: UnitOfWork) -> None:
    for name in ("b", "B", "a", "c"):
        keep_invoice(uow, an_invoice(id=f"inv_{name}"))

    with uow.firm(FIRM_ID) as tx:
        assert [*tx.history.open_ids("", 2)] == ["inv_B", "inv_a"]
        assert [*tx.history.open_ids("inv_a", 10)] == ["inv_b", "inv_c"]


def test_numbers_with_a_prefix_are_counted(uow: UnitOfWork) -> None:
    for number in ("2026-1", "2026-2", "2025-1", "x2026-", "2026_%"):
        keep_invoice(uow, an_invoice(id=f"inv_{number}", number=number))

    with uow.firm(FIRM_ID) as tx:
        assert tx.history.numbers_taken("2026-") == 2
        assert tx.history.numbers_taken("2026_") == 1
        assert tx.history.numbers_taken("") == 5


def test_the_facts_of_an_unknown_invoice_are_none(uow: UnitOfWork) -> None:
    assert in_firm(uow, lambda tx: tx.history.facts("inv_unknown")) is None


def _ids(uow: UnitOfWork, wanted: InvoiceFilter | None = None) -> list[str]:
    page = in_firm(uow, lambda tx: tx.invoices.page(wanted or InvoiceFilter(), PageRequest()))
    return [row.invoice.id for row in page.items]


def _declined_at(uow: UnitOfWork) -> list[Any]:
    return in_firm(uow, lambda tx: [*tx.history.declined_at("pm_visa", NOW - days(30))])


def _keep_facts(
    uow: UnitOfWork, invoice: Any, *, attempts: Sequence[OwnAttempt] = (), payments: Sequence[PaymentFact] = ()
) -> None:
    keep_invoice(uow, invoice)

    def save(tx: Transaction) -> None:
        before = tx.invoices.lock(invoice.id)
        assert before is not None
        tx.invoices.save(a_change(before=before.facts, after=facts_of(invoice, attempts=attempts, payments=payments)))

    in_firm(uow, save, firm_id=invoice.firm_id)
