"""The ledger as a list and as an accountant's file."""

import csv
import io
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from entrypoints.web.api.ledger_csv import ledger_file
from ports.dispute_repositories import LedgerFilter
from ports.unit_of_work import Transaction
from tests import stripe_events
from tests.builders import NOW
from tests.e2e.web.reversal_stories import a_movement, a_paid_invoice, pay, tell_dispute
from tests.e2e.web.web_world import Json, WebWorld

FIELDS = """
stripe_id, kind, amount, currency, occurred_at, recorded_at, subject_id, invoice_id, invoice_number, client_id
"""
COLUMNS = """
date, occurred_at, recorded_at, kind, amount, currency, invoice_number, invoice_id, client_id, stripe_id, subject_id
"""


def names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def entries(web: WebWorld, **query: str) -> list[Json]:
    answer = web.call("GET", "/ledger", query={name.strip("_"): text for name, text in query.items()})
    assert answer.status_code == 200, answer.text
    return list(answer.get_json()["data"])


def file_rows(web: WebWorld, **query: str) -> list[dict[str, str]]:
    answer = web.call("GET", "/ledger", query={"format": "csv", **query})
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


@pytest.fixture
def invoice_id(web: WebWorld) -> str:
    """Paid, partly refunded, disputed with a fee, and won back a month later."""
    invoice_id, charge_id = a_paid_invoice(web, number="2026-7")
    refund = stripe_events.refund("re_1", charge_id, f"pi_{charge_id}", NOW + timedelta(days=1), amount=200)
    web.deliver(stripe_events.event("refund.created", refund, NOW + timedelta(days=1)))
    out = a_movement("txn_out", -4000, 1500, NOW + timedelta(days=2))
    back = a_movement("txn_back", 4000, 0, NOW + timedelta(days=32))
    tell_dispute(web, charge_id, amount=4000, movements=[out])
    tell_dispute(web, charge_id, "won", amount=4000, movements=[out, back], told_at=NOW + timedelta(days=32))
    return invoice_id


def test_every_movement_is_an_entry_with_its_sign(web: WebWorld, invoice_id: str) -> None:
    found = entries(web)

    assert [(entry["kind"], entry["stripe_id"], entry["amount"]) for entry in found[:1] + found[3:]] == [
        ("dispute_reinstatement", "txn_back", 4000),
        ("refund", "re_1", -200),
        ("payment", f"ch_{invoice_id}", 4200),
    ]
    assert {(entry["kind"], entry["amount"]) for entry in found[1:3]} == {
        ("dispute_withdrawal", -4000),
        ("dispute_fee", -1500),
    }


def test_an_entry_has_the_fields_of_the_contract(web: WebWorld, invoice_id: str) -> None:
    (entry,) = entries(web, kind="dispute_withdrawal")

    assert list(entry) == names(FIELDS)
    assert entry == {
        "stripe_id": "txn_out",
        "kind": "dispute_withdrawal",
        "amount": -4000,
        "currency": "usd",
        "occurred_at": "2026-03-04T09:00:00Z",
        "recorded_at": "2026-03-02T09:00:00Z",
        "subject_id": "dp_1",
        "invoice_id": invoice_id,
        "invoice_number": "2026-7",
        "client_id": web.north.client_id,
    }


@pytest.mark.parametrize(
    ("query", "stripe_ids"),
    [
        ({"kind": "refund"}, {"re_1"}),
        ({"currency": "eur"}, set()),
        ({"currency": "usd", "kind": "dispute_fee"}, {"txn_out"}),
        ({"from_": "2026-03-04"}, {"txn_out", "txn_back"}),
        ({"from_": "2026-03-03", "to": "2026-03-03"}, {"re_1"}),
        ({"to": "2026-03-04T09:00:00Z", "from_": "2026-03-03T09:00:00Z"}, {"re_1"}),
        ({"invoice_id": "inv_none"}, set()),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_entries_are_filtered(web: WebWorld, invoice_id: str, query: dict[str, str], stripe_ids: set[str]) -> None:
    assert {entry["stripe_id"] for entry in entries(web, **query)} == stripe_ids


def test_entries_are_filtered_by_invoice(web: WebWorld, invoice_id: str) -> None:
    other_id, _ = a_paid_invoice(web)

    assert len(entries(web, invoice_id=invoice_id)) == 5
    assert [entry["invoice_id"] for entry in entries(web, invoice_id=other_id)] == [other_id]


def test_pages_of_the_ledger_follow_each_other(web: WebWorld, invoice_id: str) -> None:
    seen, cursor = [], {}
    for _ in range(3):
        page = web.call("GET", "/ledger", query={"limit": "2", **cursor}).get_json()
        seen += page["data"]
        cursor = {"cursor": page["next_cursor"]}

    assert seen == entries(web)
    assert page["next_cursor"] is None


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("kind", "gift"),
        ("currency", "USD"),
        ("currency", "gold"),
        ("from", "soon"),
        ("to", "2026-02-30"),
        ("format", "xlsx"),
        ("client_id", "cli_1"),
        ("cursor", "none of ours"),
    ],
)
def test_an_unknown_filter_value_is_refused_by_name(idle_web: WebWorld, field: str, text: str) -> None:
    refused = idle_web.call("GET", "/ledger", query={field: text})

    assert refused.status_code == 422
    assert list(refused.get_json()["errors"]) == [field]


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_beginning_after_the_end_is_refused(idle_web: WebWorld, form: str) -> None:
    refused = idle_web.call("GET", "/ledger", query={"from": "2026-03-02", "to": "2026-03-01", "format": form})

    assert refused.status_code == 422
    assert list(refused.get_json()["errors"]) == ["from"]


def test_the_file_is_one_that_spreadsheets_open(web: WebWorld, invoice_id: str) -> None:
    answer = web.call("GET", "/ledger", query={"format": "csv"})

    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="ledger-2026-03-02.csv"'
    assert answer.data.startswith(b"\xef\xbb\xbfdate,")
    assert answer.data.endswith(b"\r\n")
    assert answer.data.count(b"\n") == answer.data.count(b"\r\n") == 6


def test_the_file_holds_what_the_list_holds(web: WebWorld, invoice_id: str) -> None:
    rows = file_rows(web)

    assert list(rows[0]) == names(COLUMNS)
    (withdrawn,) = [row for row in rows if row["kind"] == "dispute_withdrawal"]
    assert withdrawn == {
        "date": "2026-03-04",
        "occurred_at": "2026-03-04T09:00:00Z",
        "recorded_at": "2026-03-02T09:00:00Z",
        "kind": "dispute_withdrawal",
        "amount": "-40.00",
        "currency": "USD",
        "invoice_number": "2026-7",
        "invoice_id": invoice_id,
        "client_id": web.north.client_id,
        "stripe_id": "txn_out",
        "subject_id": "dp_1",
    }
    listed = [(entry["stripe_id"], entry["kind"], entry["amount"]) for entry in entries(web)]
    assert [(row["stripe_id"], row["kind"], int(Decimal(row["amount"]) * 100)) for row in rows] == listed


def test_the_file_takes_the_lists_filters_and_no_page(web: WebWorld, invoice_id: str) -> None:
    assert [row["stripe_id"] for row in file_rows(web, kind="refund")] == ["re_1"]
    assert len(file_rows(web, limit="1")) == 5


def test_amounts_have_their_currencys_own_decimals(web: WebWorld) -> None:
    for currency, amount in (("jpy", 500), ("kwd", 5120), ("eur", 7)):
        invoice = web.invoice(currency=currency, amount_due=amount)
        charge_id = f"ch_{currency}"
        charge = stripe_events.charge(
            charge_id, f"pi_{currency}", NOW, amount=amount, metadata={"invoice_id": invoice["id"]}
        )
        web.deliver(stripe_events.event("charge.succeeded", {**charge, "currency": currency}, NOW))

    assert {row["currency"]: row["amount"] for row in file_rows(web)} == {"JPY": "500", "KWD": "5.120", "EUR": "0.07"}


@pytest.mark.parametrize("number", ['=cmd|" /C calc"!A0', "+1", "-1+1", "@SUM(A1)"])
def test_no_text_of_the_file_is_taken_for_a_formula(web: WebWorld, number: str) -> None:
    a_paid_invoice(web, number=number)

    (row,) = file_rows(web)

    assert row["invoice_number"] == f"'{number}"


def test_the_file_of_an_empty_ledger_is_its_header(web: WebWorld) -> None:
    assert file_rows(web) == []


def test_another_firms_ledger_is_not_shown(web: WebWorld, invoice_id: str) -> None:
    theirs = web.call("GET", "/ledger", by=web.south).get_json()["data"]
    file = web.call("GET", "/ledger", query={"format": "csv"}, by=web.south)

    assert theirs == []
    assert file.text.count("\r\n") == 1


class CountedTransactions:
    """Counts the transactions that are opened for a firm."""

    def __init__(self, web: WebWorld) -> None:
        self._uow = web.ports.uow
        self.opened = 0

    def firm(self, firm_id: str) -> AbstractContextManager[Transaction]:
        self.opened += 1
        return self._uow.firm(firm_id)

    def system(self) -> AbstractContextManager[Transaction]:
        return self._uow.system()


def test_a_long_ledger_is_read_page_by_page_in_transactions_of_their_own(web: WebWorld) -> None:
    made = [pay(web, web.invoice()["id"]) for _ in range(5)]
    counted = CountedTransactions(web)

    file = ledger_file(replace(web.ports, uow=counted), web.north.firm_id, LedgerFilter(), rows_a_page=2)

    opened_at_first = counted.opened
    rows = list(csv.DictReader(io.StringIO(file.get_data(as_text=True).removeprefix("\ufeff"))))
    assert (opened_at_first, counted.opened) == (1, 3)
    assert sorted(row["stripe_id"] for row in rows) == sorted(made)
