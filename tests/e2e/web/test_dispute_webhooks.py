"""A dispute's life as Stripe's webhooks tell it, seen through the API."""

from datetime import timedelta
from itertools import permutations

import pytest

from tests.builders import NOW
from tests.e2e.web.reversal_stories import a_movement, a_paid_invoice, our_id, pay, tell_dispute
from tests.e2e.web.web_world import WebWorld

LATER = NOW + timedelta(days=30)
WITHDRAWN = a_movement("txn_out", -4200, 1500)
REINSTATED = a_movement("txn_back", 4200, at=LATER)
AMOUNTS = ("status", "amount_paid", "amount_refunded", "amount_disputed")


def figures(web: WebWorld, invoice_id: str) -> tuple[object, ...]:
    shown = web.call("GET", f"/invoices/{invoice_id}").get_json()
    return tuple(shown[name] for name in AMOUNTS)


def audited(web: WebWorld, action: str) -> list[dict[str, object]]:
    return list(web.call("GET", "/audit-events", query={"action": action}).get_json()["data"])


def test_a_dispute_takes_the_money_and_the_status_with_it(web: WebWorld) -> None:
    invoice_id, charge_id = a_paid_invoice(web)

    outcome = tell_dispute(web, charge_id, event_type="charge.dispute.created", movements=[WITHDRAWN])

    assert outcome == "processed"
    assert figures(web, invoice_id) == ("disputed", 4200, 0, 4200)
    (event,) = audited(web, "payment_disputed")
    assert event["severity"] == "CRITICAL"
    assert event["metadata"]["invoice_id"] == invoice_id  # type: ignore[index]


@pytest.mark.parametrize(
    ("status", "expected", "action"),
    [
        ("won", ("paid", 4200, 0, 0), "dispute_won"),
        ("lost", ("charged_back", 0, 0, 4200), "dispute_lost"),
        ("prevented", ("paid", 4200, 0, 0), "dispute_closed"),
    ],
)
def test_its_end_decides_what_the_invoice_is(
    web: WebWorld, status: str, expected: tuple[object, ...], action: str
) -> None:
    invoice_id, charge_id = a_paid_invoice(web)
    tell_dispute(web, charge_id, event_type="charge.dispute.created")

    for _ in range(2):
        tell_dispute(web, charge_id, status, told_at=LATER, event_type="charge.dispute.closed")

    assert figures(web, invoice_id) == expected
    assert web.call("GET", "/disputes/dp_1").get_json()["closed_at"] == "2026-04-01T09:00:00Z"
    (event,) = audited(web, action)
    assert event["severity"] == "CRITICAL"


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_whatever_the_order_the_same_comes_of_it(web: WebWorld, order: tuple[int, ...]) -> None:
    invoice_id, charge_id = a_paid_invoice(web)
    story = [
        ("needs_response", NOW, "charge.dispute.created", []),
        ("needs_response", NOW, "charge.dispute.funds_withdrawn", [WITHDRAWN]),
        ("won", LATER, "charge.dispute.closed", [WITHDRAWN, REINSTATED]),
    ]

    for status, told_at, event_type, movements in (story[place] for place in order):
        tell_dispute(web, charge_id, status, told_at=told_at, event_type=event_type, movements=movements)

    assert figures(web, invoice_id) == ("paid", 4200, 0, 0)
    booked = web.call("GET", "/ledger", query={"invoice_id": invoice_id}).get_json()["data"]
    assert {(entry["kind"], entry["amount"]) for entry in booked} == {
        ("payment", 4200),
        ("dispute_withdrawal", -4200),
        ("dispute_fee", -1500),
        ("dispute_reinstatement", 4200),
    }


def test_an_inquiry_takes_no_money_and_leaves_the_invoice_paid(web: WebWorld) -> None:
    invoice_id, charge_id = a_paid_invoice(web)

    tell_dispute(web, charge_id, "warning_needs_response", event_type="charge.dispute.created")

    assert figures(web, invoice_id) == ("paid", 4200, 0, 0)
    assert web.call("GET", "/disputes", query={"inquiry": "true"}).get_json()["data"][0]["stage"] == "inquiry"


def test_a_dispute_of_an_unknown_charge_is_kept_and_linked_by_hand(web: WebWorld) -> None:
    east = web.tenant("East Ltd", "acct_east")

    outcome = tell_dispute(web, "ch_unknown", account="acct_east", event_type="charge.dispute.created")

    assert outcome == "unmatched"
    (kept,) = web.call("GET", "/disputes", query={"matched": "false"}, by=east).get_json()["data"]
    assert (kept["id"], kept["invoice_id"], kept["client_id"]) == (our_id(east), None, None)
    linked = web.call("POST", "/disputes/dp_1/link", {"invoice_id": east.invoice_id}, by=east)
    assert linked.status_code == 200
    assert (linked.get_json()["invoice_id"], linked.get_json()["client_id"]) == (east.invoice_id, east.client_id)
    assert web.call("GET", "/disputes", query={"matched": "false"}, by=east).get_json()["data"] == []
    assert web.call("GET", f"/invoices/{east.invoice_id}", by=east).get_json()["status"] == "disputed"


def test_a_dispute_that_was_linked_stays_where_its_later_events_come(web: WebWorld) -> None:
    east = web.tenant("East Ltd", "acct_east")
    tell_dispute(web, "ch_unknown", account="acct_east")
    web.call("POST", "/disputes/dp_1/link", {"invoice_id": east.invoice_id}, by=east)

    outcome = tell_dispute(web, "ch_unknown", "won", told_at=LATER, account="acct_east")

    assert outcome == "processed"
    shown = web.call("GET", "/disputes/dp_1", by=east).get_json()
    assert (shown["status"], shown["invoice_id"]) == ("won", east.invoice_id)


def test_a_dispute_that_came_before_its_payment_finds_it(web: WebWorld) -> None:
    invoice = web.invoice()

    early = tell_dispute(web, "ch_early")
    pay(web, invoice["id"], charge_id="ch_early")
    web.run_due()

    assert early == "unmatched"
    assert figures(web, invoice["id"]) == ("disputed", 4200, 0, 4200)


@pytest.mark.parametrize("told", [{"amount": -1}, {"currency": "no money"}, {"status": "unheard_of"}], ids=str)
def test_a_dispute_that_cannot_be_read_is_parked_and_writes_nothing(web: WebWorld, told: dict[str, object]) -> None:
    invoice_id, charge_id = a_paid_invoice(web)
    before = figures(web, invoice_id)

    with pytest.raises(KeyError):
        tell_dispute(web, charge_id, **told)  # type: ignore[arg-type]  # a problem names no outcome

    assert figures(web, invoice_id) == before
    assert web.call("GET", "/disputes").get_json()["data"] == []


def test_a_dispute_larger_than_its_charge_or_in_another_currency_is_shown_as_it_is(web: WebWorld) -> None:
    invoice_id, charge_id = a_paid_invoice(web)
    tell_dispute(web, charge_id, amount=9900)
    other_id, other_charge = a_paid_invoice(web)
    tell_dispute(web, other_charge, stripe_dispute_id="dp_2", amount=3900, currency="eur")

    larger, foreign = (web.call("GET", f"/disputes/dp_{number}").get_json() for number in (1, 2))

    assert (larger["amount"], figures(web, invoice_id)) == (9900, ("disputed", 4200, 0, 4200))
    assert (foreign["amount"], foreign["currency"]) == (3900, "eur")
    assert figures(web, other_id) == ("disputed", 4200, 0, 4200)


def test_a_void_invoice_stays_void_when_its_payment_is_disputed(web: WebWorld) -> None:
    invoice = web.invoice(stripe_payment_intent_id="pi_void")
    web.call("POST", f"/invoices/{invoice['id']}/void")

    outcome = tell_dispute(web, "ch_void", intent_id="pi_void")

    assert outcome == "processed"
    assert figures(web, invoice["id"])[0] == "void"
    assert web.call("GET", "/disputes/dp_1").get_json()["invoice_id"] == invoice["id"]
