import pytest

from tests.e2e.web.web_world import WebWorld

ATTEMPT_FIELDS = """
id, invoice_id, number, trigger, status, amount, currency, failure_code, decline_code, advice_code,
network_decline_code, failure_reason, counts, idempotency_key, stripe_payment_intent_id, stripe_charge_id,
stripe_payment_method_id, scheduled_for, started_at, finished_at
"""


@pytest.fixture
def failed(web: WebWorld) -> str:
    """An invoice whose first attempt was declined."""
    web.call("POST", f"/invoices/{web.north.invoice_id}/send")
    web.run_due()
    return web.north.invoice_id


def test_attempts_show_what_the_bank_said(web: WebWorld, failed: str) -> None:
    (attempt,) = web.call("GET", f"/invoices/{failed}/attempts").get_json()["data"]

    assert set(attempt) == {name.strip() for name in ATTEMPT_FIELDS.split(",")}
    assert (attempt["number"], attempt["trigger"], attempt["status"]) == (1, "autopay", "declined")
    assert (attempt["failure_code"], attempt["decline_code"]) == ("insufficient_funds", "insufficient_funds")
    assert (attempt["amount"], attempt["currency"], attempt["counts"]) == (4200, "usd", True)
    assert attempt["stripe_payment_method_id"].startswith("pm_")


def test_the_timeline_tells_what_happened_in_order_and_by_whom(web: WebWorld, failed: str) -> None:
    entries = web.call("GET", f"/invoices/{failed}/timeline").get_json()["data"]

    assert [entry["at"] for entry in entries] == sorted(entry["at"] for entry in entries)
    assert entries[0]["kind"] == "invoice_created"
    assert {"invoice_sent", "payment_failed", "retry_scheduled"} <= {entry["kind"] for entry in entries}
    by_kind = {entry["kind"]: entry for entry in entries}
    assert by_kind["invoice_sent"]["actor"].startswith("api_key:")
    assert by_kind["payment_failed"]["actor"] == "dunlin"
    assert set(entries[0]) == {"at", "kind", "summary", "actor", "data"}


def test_the_plan_names_the_next_step_its_time_its_card_and_why(web: WebWorld, failed: str) -> None:
    plan = web.call("GET", f"/invoices/{failed}/plan").get_json()

    assert set(plan) == {"next", "at", "stripe_payment_method_id", "reasons", "blocked_by"}
    assert (plan["next"], plan["at"]) == ("retry", "2026-03-05T09:00:00Z")
    assert plan["stripe_payment_method_id"].startswith("pm_")
    assert plan["blocked_by"] is None
    assert plan["reasons"]


def test_the_plan_says_that_stripe_could_not_be_asked(web: WebWorld, failed: str) -> None:
    web.bank.script_reads(unreachable_times=1)

    plan = web.call("GET", f"/invoices/{failed}/plan")

    assert plan.status_code == 200
    assert plan.get_json()["stripe_payment_method_id"] is None


def test_short_lists_are_whole_unless_a_limit_is_given(web: WebWorld, failed: str) -> None:
    whole = web.call("GET", f"/invoices/{failed}/timeline").get_json()

    first = web.call("GET", f"/invoices/{failed}/timeline", query={"limit": "2"}).get_json()
    rest = web.call("GET", f"/invoices/{failed}/timeline", query={"cursor": first["next_cursor"]}).get_json()

    assert whole["next_cursor"] is None
    assert first["data"] + rest["data"] == whole["data"]


def test_a_cursor_of_another_list_is_refused(web: WebWorld, failed: str) -> None:
    cursor = web.call("GET", f"/invoices/{failed}/timeline", query={"limit": "1"}).get_json()["next_cursor"]

    refused = web.call("GET", f"/invoices/{failed}/attempts", query={"cursor": cursor})

    assert refused.status_code == 422
    assert list(refused.get_json()["errors"]) == ["cursor"]
