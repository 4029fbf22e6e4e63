"""Refunds over HTTP: ours under one ceiling for each charge, and those made elsewhere."""

from datetime import timedelta
from typing import Any

import pytest

from tests import stripe_events
from tests.builders import NOW
from tests.e2e.web.reversal_stories import a_paid_invoice, pay, tell_dispute
from tests.e2e.web.web_world import Json, WebWorld

FIELDS = """
id, invoice_id, stripe_refund_id, stripe_charge_id, amount, currency, status, reason, failure_reason, requested_by,
created_at
"""
CHARGE_FIELDS = """
stripe_charge_id, stripe_payment_intent_id, currency, amount, refunded, on_its_way, disputed, refundable, refusal
"""


def names(text: str) -> set[str]:
    return {name.strip() for name in text.split(",")}


def refunds(web: WebWorld, invoice_id: str) -> list[Json]:
    return list(web.call("GET", f"/invoices/{invoice_id}/refunds").get_json()["data"])


def charge(web: WebWorld, invoice_id: str) -> Json:
    (only,) = web.call("GET", f"/invoices/{invoice_id}/refunds").get_json()["charges"]
    return dict(only)


def tell_refund(web: WebWorld, charge_id: str, refund_id: str = "re_1", **told: Any) -> None:
    refund = stripe_events.refund(refund_id, charge_id, f"pi_{charge_id}", NOW, **told)
    answer = web.deliver(stripe_events.event("refund.updated", refund, NOW))
    assert answer.get_json()["outcome"] == "processed"


def test_a_refund_that_is_asked_for_is_carried_out_by_a_worker(web: WebWorld) -> None:
    invoice_id, charge_id = a_paid_invoice(web)

    asked = web.call("POST", f"/invoices/{invoice_id}/refunds", {"amount": 1200, "reason": "duplicate"})
    waiting = charge(web, invoice_id)
    web.run_due()

    assert asked.status_code == 201
    shown = asked.get_json()
    assert set(shown) == names(FIELDS)
    assert shown["id"].startswith("ref_")
    assert (shown["amount"], shown["currency"], shown["status"]) == (1200, "usd", "requested")
    assert (shown["stripe_charge_id"], shown["stripe_refund_id"]) == (charge_id, None)
    assert (shown["reason"], shown["failure_reason"]) == ("duplicate", None)
    assert shown["requested_by"].startswith("api_key:")
    assert (waiting["on_its_way"], waiting["refundable"]) == (1200, 3000)
    expected = {**shown, "status": "succeeded", "stripe_refund_id": f"re_{shown['id']}"}
    assert refunds(web, invoice_id) == [expected]
    invoice = web.call("GET", f"/invoices/{invoice_id}").get_json()
    assert (invoice["status"], invoice["amount_refunded"], invoice["amount_paid"]) == ("partially_refunded", 1200, 4200)


def test_without_an_amount_all_that_is_left_is_given_back(web: WebWorld) -> None:
    invoice_id, _ = a_paid_invoice(web)
    web.call("POST", f"/invoices/{invoice_id}/refunds", {"amount": 1200})

    rest = web.call("POST", f"/invoices/{invoice_id}/refunds")
    web.run_due()

    assert rest.get_json()["amount"] == 3000
    assert web.call("GET", f"/invoices/{invoice_id}").get_json()["status"] == "refunded"
    assert charge(web, invoice_id)["refusal"].startswith("Nothing is left to refund")


def test_null_is_the_same_as_nothing(web: WebWorld) -> None:
    invoice_id, _ = a_paid_invoice(web)

    asked = web.call(
        "POST", f"/invoices/{invoice_id}/refunds", {"amount": None, "stripe_charge_id": None, "reason": None}
    )

    assert (asked.status_code, asked.get_json()["amount"]) == (201, 4200)


def test_the_ceiling_counts_what_was_asked_for_and_what_was_made_elsewhere(web: WebWorld) -> None:
    invoice_id, charge_id = a_paid_invoice(web)
    tell_refund(web, charge_id, amount=2000)
    web.call("POST", f"/invoices/{invoice_id}/refunds", {"amount": 1200})

    above = web.call("POST", f"/invoices/{invoice_id}/refunds", {"amount": 1001})
    exactly = web.call("POST", f"/invoices/{invoice_id}/refunds", {"amount": 1000})
    beyond = web.call("POST", f"/invoices/{invoice_id}/refunds", {"amount": 1})

    assert (above.status_code, exactly.status_code, beyond.status_code) == (409, 201, 409)
    assert "10.00 USD" in above.get_json()["detail"]
    assert len(refunds(web, invoice_id)) == 3


def test_the_same_key_gives_back_once(web: WebWorld) -> None:
    invoice_id, _ = a_paid_invoice(web)
    headers = {"Idempotency-Key": "one refund"}

    first, second = (
        web.call("POST", f"/invoices/{invoice_id}/refunds", {"amount": 1200}, headers=headers) for _ in range(2)
    )
    other = web.call("POST", f"/invoices/{invoice_id}/refunds", {"amount": 1300}, headers=headers)
    web.run_due()

    assert (first.status_code, second.status_code, other.status_code) == (201, 201, 422)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.get_json() == first.get_json()
    assert [order.amount_minor for order in web.refunds.orders.values()] == [1200]


@pytest.mark.parametrize("sent", [False, True])
def test_nothing_is_given_back_of_an_unpaid_invoice(web: WebWorld, sent: bool) -> None:
    invoice_id = web.invoice()["id"]
    if sent:
        web.call("POST", f"/invoices/{invoice_id}/send")

    refused = web.call("POST", f"/invoices/{invoice_id}/refunds", {"amount": 100})

    assert refused.status_code == 409
    assert "Nothing was paid" in refused.get_json()["detail"]
    assert refunds(web, invoice_id) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", 0),
        ("amount", -1),
        ("amount", 1.5),
        ("amount", "100"),
        ("amount", True),
        ("amount", 100_000_000),
        ("stripe_charge_id", "ch_of_another_invoice"),
        ("stripe_charge_id", ""),
        ("stripe_charge_id", 5),
        ("reason", "because"),
        ("currency", "usd"),
    ],
    ids=repr,
)
def test_a_refused_field_is_named(web: WebWorld, field: str, value: Any) -> None:
    invoice_id, _ = a_paid_invoice(web)

    refused = web.call("POST", f"/invoices/{invoice_id}/refunds", {field: value})

    assert refused.status_code == 422
    assert list(refused.get_json()["errors"]) == [field]
    assert refunds(web, invoice_id) == []


def test_nothing_is_refunded_while_a_chargeback_holds_the_charge(web: WebWorld) -> None:
    invoice_id, charge_id = a_paid_invoice(web)
    tell_dispute(web, charge_id, amount=1000)

    refused = web.call("POST", f"/invoices/{invoice_id}/refunds", {"amount": 100})

    assert refused.status_code == 409
    assert "dp_1" in refused.get_json()["detail"]
    held = charge(web, invoice_id)
    assert (held["disputed"], held["refundable"]) == (1000, 0)
    assert held["refusal"] == refused.get_json()["detail"]


def test_several_payments_are_told_apart_by_their_charge(web: WebWorld) -> None:
    invoice_id, charge_id = a_paid_invoice(web)
    second_id = pay(web, invoice_id, charge_id="ch_second")

    unclear = web.call("POST", f"/invoices/{invoice_id}/refunds", {"amount": 100})
    named = web.call("POST", f"/invoices/{invoice_id}/refunds", {"stripe_charge_id": second_id})

    assert unclear.status_code == 422
    assert list(unclear.get_json()["errors"]) == ["stripe_charge_id"]
    assert (named.status_code, named.get_json()["stripe_charge_id"]) == (201, second_id)
    charges = web.call("GET", f"/invoices/{invoice_id}/refunds").get_json()["charges"]
    assert {each["stripe_charge_id"]: each["refundable"] for each in charges} == {charge_id: 4200, second_id: 0}


def test_a_charge_shows_what_stands_against_it(web: WebWorld) -> None:
    invoice_id, charge_id = a_paid_invoice(web)
    tell_refund(web, charge_id, amount=2000)
    tell_refund(web, charge_id, "re_2", amount=500, status="pending")

    shown = charge(web, invoice_id)

    assert set(shown) == names(CHARGE_FIELDS)
    assert shown == {
        "stripe_charge_id": charge_id,
        "stripe_payment_intent_id": f"pi_{charge_id}",
        "currency": "usd",
        "amount": 4200,
        "refunded": 2000,
        "on_its_way": 500,
        "disputed": 0,
        "refundable": 1700,
        "refusal": None,
    }


def test_refunds_made_elsewhere_are_listed_under_stripes_id(web: WebWorld) -> None:
    invoice_id, charge_id = a_paid_invoice(web)
    tell_refund(web, charge_id, amount=2000)
    tell_refund(web, charge_id, "re_2", amount=500, status="failed", failure_reason="declined")

    listed = refunds(web, invoice_id)

    assert [(each["id"], each["stripe_refund_id"], each["status"]) for each in listed] == [
        ("re_1", "re_1", "succeeded"),
        ("re_2", "re_2", "failed"),
    ]
    assert [each["failure_reason"] for each in listed] == [None, "declined"]
    assert {each["requested_by"] for each in listed} == {None}
    assert {each["invoice_id"] for each in listed} == {invoice_id}


def test_our_refund_told_by_a_webhook_is_one_and_the_same(web: WebWorld) -> None:
    invoice_id, charge_id = a_paid_invoice(web)
    asked = web.call("POST", f"/invoices/{invoice_id}/refunds", {"amount": 1200}).get_json()

    tell_refund(web, charge_id, f"re_{asked['id']}", amount=1200, metadata={"refund_id": asked["id"]})
    web.run_due()

    (only,) = refunds(web, invoice_id)
    assert (only["id"], only["status"]) == (asked["id"], "succeeded")
    assert web.call("GET", f"/invoices/{invoice_id}").get_json()["amount_refunded"] == 1200


def test_a_refund_that_stripe_refuses_says_why_and_frees_the_charge(web: WebWorld) -> None:
    invoice_id, _ = a_paid_invoice(web)
    web.refunds.refusal = "The charge is too old."

    web.call("POST", f"/invoices/{invoice_id}/refunds", {"amount": 1200})
    web.run_due()

    (only,) = refunds(web, invoice_id)
    assert (only["status"], only["failure_reason"], only["stripe_refund_id"]) == (
        "refused",
        "The charge is too old.",
        None,
    )
    assert charge(web, invoice_id)["refundable"] == 4200


def test_refunds_are_listed_oldest_first_in_pages(web: WebWorld) -> None:
    invoice_id, _ = a_paid_invoice(web)
    made = []
    for amount in (100, 200, 300):
        made.append(web.call("POST", f"/invoices/{invoice_id}/refunds", {"amount": amount}).get_json()["id"])
        web.clock.advance(timedelta(minutes=1))

    first = web.call("GET", f"/invoices/{invoice_id}/refunds", query={"limit": "2"}).get_json()
    rest = web.call("GET", f"/invoices/{invoice_id}/refunds", query={"cursor": first["next_cursor"]}).get_json()

    assert [each["id"] for each in first["data"] + rest["data"]] == made
    assert first["charges"] == rest["charges"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_firms_invoice_has_no_refunds_here(web: WebWorld, method: str) -> None:
    invoice_id, _ = a_paid_invoice(web)

    assert web.call(method, f"/invoices/{invoice_id}/refunds", by=web.south).status_code == 404
