"""`ports.dispute_repositories.Books`."""

import pytest

from domain.model.ledger import EntryKind, LedgerEntry
from ports.dispute_repositories import BookedSums, LedgerFilter, LedgerLine
from ports.repositories import BadCursor, PageRequest
from ports.unit_of_work import UnitOfWork
from tests.builders import (
    CLIENT_ID,
    FIRM_ID,
    INVOICE_ID,
    NOW,
    OTHER_FIRM_ID,
    a_ledger_entry,
    a_success,
    an_invoice,
    days,
)
from tests.reversal_builders import dispute_telling
from tests.storage import change_invoice, dispute_invoice, in_firm, in_system, keep_invoice, southern_invoice

PAYMENT = a_ledger_entry(occurred_at=NOW)
REFUND = a_ledger_entry(kind=EntryKind.REFUND, stripe_id="re_1", amount_minor=-2000, occurred_at=NOW + days(1))
WITHDRAWAL = a_ledger_entry(
    kind=EntryKind.DISPUTE_WITHDRAWAL,
    stripe_id="txn_1",
    amount_minor=-5000,
    currency="eur",
    occurred_at=NOW + days(2),
    subject_id="dp_1",
)
FEE = a_ledger_entry(
    kind=EntryKind.DISPUTE_FEE,
    stripe_id="txn_1",
    amount_minor=-1500,
    currency="eur",
    occurred_at=NOW + days(2),
    subject_id="dp_1",
)


@pytest.fixture
def uow(uow: UnitOfWork) -> UnitOfWork:
    """With an invoice that all of them were booked for, and another that has a payment."""
    keep_invoice(uow, ledger=[PAYMENT, REFUND, WITHDRAWAL, FEE])
    keep_invoice(uow, an_invoice(id="inv_0002"), ledger=[a_ledger_entry(stripe_id="ch_2", occurred_at=NOW - days(1))])
    return uow


def listed(uow: UnitOfWork, **wanted: object) -> list[LedgerEntry]:
    page = in_firm(uow, lambda tx: tx.books.page(LedgerFilter(**wanted), PageRequest()))  # type: ignore[arg-type]
    return [line.entry for line in page.items]


def test_entries_are_listed_newest_first_in_pages(uow: UnitOfWork) -> None:
    ids, cursor = [], None
    for _ in range(3):
        request = PageRequest(limit=2, cursor=cursor)
        page = in_firm(uow, lambda tx, r=request: tx.books.page(LedgerFilter(), r))
        ids += [(line.entry.stripe_id, line.entry.kind) for line in page.items]
        cursor = page.next_cursor

    assert ids == [
        ("txn_1", "dispute_withdrawal"),
        ("txn_1", "dispute_fee"),
        ("re_1", "refund"),
        ("ch_1", "payment"),
        ("ch_2", "payment"),
    ]
    assert cursor is None


def test_a_line_says_what_the_entry_belongs_to_and_when_it_was_booked(uow: UnitOfWork) -> None:
    page = in_firm(uow, lambda tx: tx.books.page(LedgerFilter(kind="dispute_fee"), PageRequest()))

    assert page.items == (LedgerLine(FEE, NOW, INVOICE_ID, "2026-0001", CLIENT_ID),)


def test_an_entry_that_is_told_again_keeps_all_but_when_it_happened(uow: UnitOfWork) -> None:
    told_again = a_ledger_entry(amount_minor=1, currency="eur", occurred_at=NOW - days(5), subject_id="ch_9")

    change_invoice(uow, ledger=[told_again], now=NOW + days(7))

    page = in_firm(uow, lambda tx: tx.books.page(LedgerFilter(), PageRequest()))
    assert page.items[-1] == LedgerLine(
        a_ledger_entry(occurred_at=NOW - days(5)), NOW, INVOICE_ID, "2026-0001", CLIENT_ID
    )


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"kind": "refund"}, [REFUND]),
        ({"currency": "eur"}, [WITHDRAWAL, FEE]),
        ({"invoice_id": INVOICE_ID}, [WITHDRAWAL, FEE, REFUND, PAYMENT]),
        ({"invoice_id": "inv_unknown"}, []),
        ({"occurred_from": NOW, "occurred_before": NOW + days(1)}, [PAYMENT]),
        ({"occurred_from": NOW + days(1), "currency": "usd"}, [REFUND]),
        ({"occurred_before": NOW}, [a_ledger_entry(stripe_id="ch_2", occurred_at=NOW - days(1))]),
    ],
)
def test_entries_are_filtered(uow: UnitOfWork, wanted: dict[str, object], found: list[LedgerEntry]) -> None:
    assert listed(uow, **wanted) == found


def test_a_cursor_that_is_none_of_ours_is_refused(uow: UnitOfWork) -> None:
    with pytest.raises(BadCursor), uow.firm(FIRM_ID) as tx:
        tx.books.page(LedgerFilter(), PageRequest(cursor="bm9uZQ=="))


def test_another_firm_sees_none_of_it(uow: UnitOfWork) -> None:
    with uow.firm(OTHER_FIRM_ID) as tx:
        assert tx.books.page(LedgerFilter(), PageRequest()).items == ()
        assert [*tx.books.sums("", 10)] == []


def test_the_sums_of_an_invoice_stand_beside_its_figures(uow: UnitOfWork) -> None:
    second = a_ledger_entry(stripe_id="ch_3", amount_minor=700)
    change_invoice(
        uow,
        payments=[a_success(), a_success(stripe_charge_id="ch_3", stripe_payment_intent_id="pi_3", amount_minor=700)],
        ledger=[second],
        now=NOW + days(3),
    )

    (sums, _) = in_firm(uow, lambda tx: tx.books.sums("", 10))

    assert sums == BookedSums(
        firm_id=FIRM_ID,
        invoice_id=INVOICE_ID,
        number="2026-0001",
        status="paid",
        currency="usd",
        amount_paid=5700,
        amount_refunded=0,
        amount_disputed=0,
        updated_at=NOW + days(3),
        by_kind={"payment": 5700, "refund": -2000},
        foreign_kinds=frozenset({"dispute_withdrawal", "dispute_fee"}),
    )


def test_invoices_with_an_entry_or_an_amount_are_summed_up_by_id(uow: UnitOfWork) -> None:
    keep_invoice(uow, an_invoice(id="inv_0003"))
    for number, told in ((4, dispute_telling()), (5, dispute_telling(stripe_dispute_id="dp_2"))):
        invoice = an_invoice(id=f"inv_000{number}")
        keep_invoice(uow, invoice)
        dispute_invoice(uow, told, invoice=invoice)
    keep_invoice(uow, southern_invoice(), ledger=[a_ledger_entry()])

    with uow.firm(FIRM_ID) as tx:
        first = [sums.invoice_id for sums in tx.books.sums("", 3)]
        rest = [sums.invoice_id for sums in tx.books.sums(first[-1], 3)]

    assert (first, rest) == (["inv_0001", "inv_0002", "inv_0004"], ["inv_0005"])
    everybodys = in_system(uow, lambda tx: tx.books.sums("inv_0004", 10))
    assert [(sums.firm_id, sums.invoice_id) for sums in everybodys] == [
        (FIRM_ID, "inv_0005"),
        (OTHER_FIRM_ID, "inv_south"),
    ]
    assert everybodys[0].amount_disputed == 5000
    assert everybodys[0].by_kind == {}
