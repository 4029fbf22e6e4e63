"""Disputes over HTTP: listed, shown with what can be done, conceded, linked, and an inquiry ended by a refund."""

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import NOW
from tests.e2e.web.reversal_stories import DUE_BY, a_dispute, a_movement, a_paid_invoice, our_id, tell_dispute
from tests.e2e.web.web_world import Json, WebWorld

FIELDS = """
id, invoice_id, client_id, status, stripe_status, inquiry, reason, network_reason_code, brand, amount, currency, fee,
stripe_dispute_id, stripe_charge_id, stripe_payment_intent_id, opened_at, respond_by, closed_at, evidence_submitted,
evidence_submitted_at, resolution, resolution_reason, notes_count, stage, case_type, awaits_answer, accept_requested_at,
fee_currency
"""
EAST = "acct_east"


def options(web: WebWorld, dispute_id: str) -> dict[str, Json]:
    shown = web.call("GET", f"/disputes/{dispute_id}").get_json()["options"]
    return {option["action"]: option for option in shown}


def test_a_dispute_is_shown_with_the_fields_of_the_contract(web: WebWorld) -> None:
    invoice_id, charge_id = a_paid_invoice(web)
    tell_dispute(web, charge_id, movements=[a_movement("txn_1", -4200, 1500)])

    shown = web.call("GET", f"/disputes/{our_id(web.north)}").get_json()

    assert set(shown) == {name.strip() for name in FIELDS.split(",")} | {"options"}
    assert (shown["id"], shown["stripe_dispute_id"]) == (our_id(web.north), "dp_1")
    assert (shown["invoice_id"], shown["client_id"]) == (invoice_id, web.north.client_id)
    assert (shown["status"], shown["stripe_status"], shown["inquiry"]) == ("opened", "needs_response", False)
    assert (shown["stage"], shown["case_type"], shown["brand"]) == ("chargeback", "chargeback", "visa")
    assert (shown["reason"], shown["network_reason_code"]) == ("fraudulent", "10.4")
    assert (shown["amount"], shown["currency"], shown["fee"]) == (4200, "usd", 1500)
    assert (shown["stripe_charge_id"], shown["stripe_payment_intent_id"]) == (charge_id, f"pi_{charge_id}")
    assert (shown["opened_at"], shown["respond_by"]) == ("2026-03-02T09:00:00Z", "2026-03-11T09:00:00Z")
    assert (shown["awaits_answer"], shown["evidence_submitted"], shown["evidence_submitted_at"]) == (True, False, None)
    assert (shown["closed_at"], shown["resolution"], shown["resolution_reason"]) == (None, None, None)
    assert (shown["accept_requested_at"], shown["notes_count"]) == (None, 0)


def test_a_dispute_that_has_ended_says_how_when_and_why(web: WebWorld) -> None:
    dispute_id = a_dispute(web)
    reviewed_at, lost_at = NOW + timedelta(days=2), NOW + timedelta(days=60)
    charge_id = web.call("GET", f"/disputes/{dispute_id}").get_json()["stripe_charge_id"]
    tell_dispute(web, charge_id, "under_review", told_at=reviewed_at, submissions=1)
    tell_dispute(web, charge_id, "lost", told_at=lost_at, submissions=1)

    shown = web.call("GET", f"/disputes/{dispute_id}").get_json()

    assert (shown["status"], shown["resolution"]) == ("lost", "lost")
    assert shown["resolution_reason"] == "The bank decided for the customer."
    assert (shown["evidence_submitted"], shown["evidence_submitted_at"]) == (True, "2026-03-04T09:00:00Z")
    assert (shown["closed_at"], shown["awaits_answer"]) == ("2026-05-01T09:00:00Z", False)
    assert shown["options"] == []


def test_a_dispute_is_found_by_our_id_and_by_stripes(web: WebWorld) -> None:
    dispute_id = a_dispute(web)

    ours, stripes = (web.call("GET", f"/disputes/{each}").get_json() for each in (dispute_id, "dp_1"))

    assert ours == stripes
    assert ours["id"] == dispute_id


@pytest.mark.parametrize("any_id", ["dp_1", "ours"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("POST", "/accept", None),
        ("POST", "/refund", None),
        ("POST", "/link", {"invoice_id": "theirs"}),
        ("GET", "/notes", None),
        ("POST", "/notes", {"body": "Text."}),
    ],
)
def test_another_firms_dispute_is_none(web: WebWorld, any_id: str, method: str, path: str, body: Json | None) -> None:
    dispute_id = a_dispute(web)
    asked = dispute_id if any_id == "ours" else any_id

    foreign = web.call(method, f"/disputes/{asked}{path}", body, by=web.south)

    assert foreign.status_code == 404
    assert web.call("GET", "/disputes", by=web.south).get_json()["data"] == []


def test_a_list_shows_the_same_without_what_can_be_done(web: WebWorld) -> None:
    dispute_id = a_dispute(web)

    (row,) = web.call("GET", "/disputes").get_json()["data"]

    shown = web.call("GET", f"/disputes/{dispute_id}").get_json()
    del shown["options"]
    assert row == shown


def test_a_chargeback_can_be_accepted_or_answered(web: WebWorld) -> None:
    dispute_id = a_dispute(web)

    found = options(web, dispute_id)

    assert list(found) == ["accept", "submit_evidence"]
    assert "42.00 USD" in found["accept"]["text"]
    assert "2026-03-11T09:00:00Z" in found["submit_evidence"]["text"]
    assert (found["accept"]["amount"], found["accept"]["currency"]) == (None, None)


def test_an_inquiry_offers_the_refund_in_full_that_ends_it(web: WebWorld) -> None:
    dispute_id = a_dispute(web, "warning_needs_response")

    offered = options(web, dispute_id)["refund_in_full"]

    assert (offered["amount"], offered["currency"]) == (4200, "usd")
    assert offered["text"].startswith("A refund in full ends this inquiry")


def test_an_inquiry_is_ended_by_giving_everything_back(web: WebWorld) -> None:
    dispute_id = a_dispute(web, "warning_needs_response")

    refund = web.call("POST", f"/disputes/{dispute_id}/refund")
    web.run_due()

    assert refund.status_code == 201
    shown = refund.get_json()
    assert (shown["amount"], shown["currency"], shown["status"]) == (4200, "usd", "requested")
    assert shown["reason"] == "requested_by_customer"
    (order,) = web.refunds.orders.values()
    assert (order.amount_minor, order.invoice_id) == (4200, shown["invoice_id"])
    made = web.call("GET", refund.headers["Location"].removeprefix("/api/v1")).get_json()["data"]
    assert [(each["id"], each["status"]) for each in made] == [(shown["id"], "succeeded")]
    assert "refund_in_full" not in options(web, dispute_id)


@pytest.mark.parametrize("status", ["needs_response", "lost", "won", "warning_closed"])
def test_what_is_no_open_inquiry_is_not_ended_by_a_refund(web: WebWorld, status: str) -> None:
    dispute_id = a_dispute(web, status)

    refused = web.call("POST", f"/disputes/{dispute_id}/refund")
    web.run_due()

    assert refused.status_code == 409
    assert web.refunds.orders == {}


def test_accepting_concedes_the_dispute_at_stripe_once(web: WebWorld) -> None:
    dispute_id = a_dispute(web)

    first, second = (web.call("POST", f"/disputes/{dispute_id}/accept") for _ in range(2))
    web.run_due()

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.get_json()["accept_requested_at"] == "2026-03-02T09:00:00Z"
    assert "accept" not in [option["action"] for option in first.get_json()["options"]]
    assert web.disputes.accepted == ["dp_1"]
    shown = web.call("GET", f"/disputes/{dispute_id}").get_json()
    assert (shown["status"], shown["resolution_reason"]) == ("lost", "The firm accepted the dispute.")
    (row,) = web.call("GET", "/outbox", query={"kind": "accept_dispute"}).get_json()["data"]
    assert (row["dispute_id"], row["status"]) == (dispute_id, "done")


@pytest.mark.parametrize("status", ["under_review", "won", "lost", "warning_closed"])
def test_what_waits_for_no_answer_cannot_be_accepted(web: WebWorld, status: str) -> None:
    dispute_id = a_dispute(web, status)

    refused = web.call("POST", f"/disputes/{dispute_id}/accept")
    web.run_due()

    assert refused.status_code == 409
    assert web.disputes.accepted == []


@pytest.mark.parametrize("invoice_id", ["inv_none", "", 5, None])
def test_a_dispute_is_not_linked_to_what_is_no_invoice(web: WebWorld, invoice_id: Any) -> None:
    east = web.tenant("East Ltd", EAST)
    tell_dispute(web, "ch_unknown", account=EAST)

    refused = web.call("POST", "/disputes/dp_1/link", {"invoice_id": invoice_id}, by=east)

    assert refused.status_code == 422
    assert list(refused.get_json()["errors"]) == ["invoice_id"]
    assert web.call("GET", "/disputes/dp_1", by=east).get_json()["invoice_id"] is None


def test_a_dispute_is_not_linked_to_another_firms_invoice(web: WebWorld) -> None:
    east = web.tenant("East Ltd", EAST)
    tell_dispute(web, "ch_unknown", account=EAST)

    refused = web.call("POST", "/disputes/dp_1/link", {"invoice_id": web.north.invoice_id}, by=east)

    assert refused.status_code == 422
    assert web.call("GET", f"/invoices/{web.north.invoice_id}").get_json()["amount_disputed"] == 0


def test_a_dispute_of_one_invoice_is_not_linked_to_another(web: WebWorld) -> None:
    dispute_id = a_dispute(web)
    linked_to = web.call("GET", f"/disputes/{dispute_id}").get_json()["invoice_id"]

    again = web.call("POST", f"/disputes/{dispute_id}/link", {"invoice_id": linked_to})
    other = web.call("POST", f"/disputes/{dispute_id}/link", {"invoice_id": web.north.invoice_id})

    assert (again.status_code, other.status_code) == (200, 409)
    assert web.call("GET", f"/disputes/{dispute_id}").get_json()["invoice_id"] == linked_to


def test_the_outbox_shows_the_reminders_of_a_dispute(web: WebWorld) -> None:
    dispute_id = a_dispute(web)

    rows = web.call("GET", "/outbox", query={"dispute_id": dispute_id}).get_json()["data"]

    assert {row["kind"] for row in rows} == {"dispute_deadline"}
    due = sorted(row["due_at"] for row in rows)
    assert due == ["2026-03-04T09:00:00Z", "2026-03-08T09:00:00Z", "2026-03-10T09:00:00Z", "2026-03-11T05:00:00Z"]
    assert web.call("GET", "/outbox", query={"dispute_id": "dsp_none"}).get_json()["data"] == []


def test_the_plan_and_the_timeline_say_that_a_dispute_holds_the_invoice(web: WebWorld) -> None:
    invoice_id, charge_id = a_paid_invoice(web)
    tell_dispute(web, charge_id, due_by=DUE_BY)

    plan = web.call("GET", f"/invoices/{invoice_id}/plan").get_json()
    kinds = {entry["kind"] for entry in web.call("GET", f"/invoices/{invoice_id}/timeline").get_json()["data"]}

    assert plan["blocked_by"] == "A dispute is open; nothing is charged until it is closed."
    assert any("dp_1" in reason and "42.00 USD" in reason for reason in plan["reasons"])
    assert "payment_disputed" in kinds


def test_a_retry_waits_while_the_invoice_is_disputed(web: WebWorld) -> None:
    web.call("POST", f"/invoices/{web.north.invoice_id}/send")
    web.run_due()
    (attempt,) = web.call("GET", f"/invoices/{web.north.invoice_id}/attempts").get_json()["data"]
    tell_dispute(web, attempt["stripe_charge_id"], intent_id=attempt["stripe_payment_intent_id"])

    plan = web.call("GET", f"/invoices/{web.north.invoice_id}/plan").get_json()
    charged = web.call("POST", f"/invoices/{web.north.invoice_id}/retry")

    assert (plan["next"], plan["at"]) == ("retry", None)
    assert any("dp_1" in reason for reason in plan["reasons"])
    assert charged.status_code == 409
