from datetime import timedelta
from typing import Any

import pytest

from domain.services.outbox import sweep
from tests.e2e.web.web_world import WebWorld

CONTRACT_FIELDS = """
id, firm_id, client_id, number, status, currency, amount_due, amount_paid, amount_refunded, amount_disputed, autopay,
due_on, description, payment_failed_at, payment_failure_reason, payment_failure_code, payment_decline_code,
payment_retry_count, last_payment_retry_at, next_payment_retry_at, paid_at, paused_at, stripe_payment_intent_id,
stripe_invoice_id, created_at, updated_at, paused_until, paused_reason
"""


def test_an_invoice_is_made_as_a_draft_with_all_that_was_given(web: WebWorld) -> None:
    given = {
        "client_id": web.north.client_id,
        "currency": "eur",
        "amount_due": 99_999_999,
        "number": "R-1",
        "due_on": "2026-04-01",
        "autopay": True,
        "description": "Hosting — März",
        "stripe_payment_intent_id": "pi_host",
        "stripe_invoice_id": "in_host",
    }

    made = web.call("POST", "/invoices", given)

    assert made.status_code == 201
    assert {name: made.get_json()[name] for name in given} == given
    assert made.get_json()["status"] == "draft"
    assert made.headers["Location"] == f"/api/v1/invoices/{made.get_json()['id']}"


def test_an_invoice_has_exactly_the_fields_of_the_contract(web: WebWorld) -> None:
    made = web.invoice()

    assert set(made) == {name.strip() for name in CONTRACT_FIELDS.split(",")}


def test_a_number_is_made_when_none_is_given(web: WebWorld) -> None:
    assert web.invoice()["number"] != web.invoice()["number"]


@pytest.mark.parametrize(
    ("amount", "currency"), [(1, "usd"), (99_999_999, "jpy"), (10, "kwd")], ids=["least", "most", "three decimals"]
)
def test_amounts_at_the_edges_are_taken(web: WebWorld, amount: int, currency: str) -> None:
    made = web.invoice(amount_due=amount, currency=currency)

    assert (made["amount_due"], made["currency"]) == (amount, currency)


@pytest.mark.parametrize(
    "amount", [0, -1, 100_000_000, 10**30, 10.0, 10.5, 1e2, True, "100", None, [100], {"minor": 100}], ids=repr
)
def test_an_amount_that_is_no_chargeable_integer_is_refused_by_name(idle_web: WebWorld, amount: Any) -> None:
    body = {"client_id": idle_web.north.client_id, "currency": "usd", "amount_due": amount}

    refused = idle_web.call("POST", "/invoices", body)

    assert refused.status_code == 422
    assert list(refused.get_json()["errors"]) == ["amount_due"]


def test_the_last_digit_of_three_decimals_must_be_0(idle_web: WebWorld) -> None:
    body = {"client_id": idle_web.north.client_id, "currency": "kwd", "amount_due": 1001}

    refused = idle_web.call("POST", "/invoices", body)

    assert refused.status_code == 422
    assert list(refused.get_json()["errors"]) == ["amount_due"]


@pytest.mark.parametrize("currency", ["USD", "us", "xxx", "", None, 840, "dollars of the moon"], ids=repr)
def test_a_currency_that_stripe_does_not_charge_in_is_refused_by_name(idle_web: WebWorld, currency: Any) -> None:
    body = {"client_id": idle_web.north.client_id, "currency": currency, "amount_due": 100}

    refused = idle_web.call("POST", "/invoices", body)

    assert refused.status_code == 422
    assert list(refused.get_json()["errors"]) == ["currency"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("client_id", "cli_unknown"),
        ("client_id", "nul\0"),
        ("number", "x" * 65),
        ("number", "a\nb"),
        ("description", "x" * 501),
        ("description", "nul\0"),
        ("due_on", "2026-02-30"),
        ("due_on", "20260401"),
        ("due_on", "2026-W10-1"),
        ("due_on", "2026-04-01T00:00:00Z"),
        ("due_on", "\uff12\uff10\uff12\uff16-04-01"),
        ("due_on", 5),
        ("autopay", "yes"),
        ("autopay", 1),
        ("autopay", None),
        ("stripe_payment_intent_id", "in_1"),
        ("stripe_payment_intent_id", "ch_1"),
        ("stripe_invoice_id", "pi_1"),
        ("stripe_invoice_id", "in 1"),
    ],
)
def test_a_refused_field_is_named(idle_web: WebWorld, field: str, value: Any) -> None:
    body = {"client_id": idle_web.north.client_id, "currency": "usd", "amount_due": 100, field: value}

    refused = idle_web.call("POST", "/invoices", body)

    assert refused.status_code == 422
    assert list(refused.get_json()["errors"]) == [field]


def test_everything_that_is_wrong_is_told_at_once(idle_web: WebWorld) -> None:
    refused = idle_web.call(
        "POST", "/invoices", {"amount_due": "1", "currency": "EUR", "due_on": "soon", "colour": "red"}
    )

    assert set(refused.get_json()["errors"]) == {"client_id", "amount_due", "currency", "due_on", "colour"}


def test_a_number_is_taken_once_in_a_firm(web: WebWorld) -> None:
    web.invoice(number="R-1")

    refused = web.call(
        "POST",
        "/invoices",
        {"client_id": web.north.client_id, "currency": "usd", "amount_due": 1, "number": "R-1"},
    )

    assert refused.status_code == 409
    assert refused.mimetype == "application/problem+json"


def test_two_firms_may_use_the_same_number(web: WebWorld) -> None:
    web.invoice(number="R-1")

    made = web.call(
        "POST",
        "/invoices",
        {"client_id": web.south.client_id, "currency": "usd", "amount_due": 1, "number": "R-1"},
        by=web.south,
    )

    assert made.status_code == 201


def test_sending_answers_the_invoice_as_it_is_now_and_may_be_repeated(web: WebWorld) -> None:
    invoice_id = web.invoice()["id"]

    first, second = (web.call("POST", f"/invoices/{invoice_id}/send") for _ in range(2))

    assert first.get_json()["status"] == "sent"
    assert (first.status_code, second.status_code) == (200, 200)


def test_autopay_charges_an_invoice_that_was_sent_and_its_failure_is_shown(web: WebWorld) -> None:
    web.call("POST", f"/invoices/{web.north.invoice_id}/send")

    web.run_due()

    shown = web.call("GET", f"/invoices/{web.north.invoice_id}").get_json()
    assert shown["status"] == "failed"
    assert shown["payment_failure_code"] == "insufficient_funds"
    assert shown["payment_retry_count"] == 1
    assert shown["next_payment_retry_at"] == "2026-03-05T09:00:00Z"


@pytest.mark.parametrize("action", ["charge", "retry"])
def test_charging_answers_202_with_the_attempt(web: WebWorld, action: str) -> None:
    invoice_id = web.invoice()["id"]

    answer = web.call("POST", f"/invoices/{invoice_id}/{action}")

    assert answer.status_code == 202
    assert answer.get_json()["invoice_id"] == invoice_id
    assert (answer.get_json()["trigger"], answer.get_json()["status"]) == ("manual", "in_flight")


@pytest.mark.parametrize("action", ["charge", "retry"])
def test_a_second_charge_waits_for_the_first(web: WebWorld, action: str) -> None:
    invoice_id = web.invoice()["id"]
    attempt_id = web.call("POST", f"/invoices/{invoice_id}/charge").get_json()["id"]

    refused = web.call("POST", f"/invoices/{invoice_id}/{action}")

    assert refused.status_code == 409
    assert attempt_id in refused.get_json()["detail"]


@pytest.mark.parametrize(("before", "word"), [("void", "void"), ("pause", "held")])
def test_charging_is_refused_with_the_reason(web: WebWorld, before: str, word: str) -> None:
    invoice_id = web.invoice()["id"]
    web.call("POST", f"/invoices/{invoice_id}/{before}")

    refused = web.call("POST", f"/invoices/{invoice_id}/charge")

    assert refused.status_code == 409
    assert word in refused.get_json()["detail"]


def test_a_void_invoice_cannot_be_sent(web: WebWorld) -> None:
    invoice_id = web.invoice()["id"]
    voided = web.call("POST", f"/invoices/{invoice_id}/void")

    refused = web.call("POST", f"/invoices/{invoice_id}/send")

    assert voided.get_json()["status"] == "void"
    assert refused.status_code == 409


def test_collection_is_held_and_goes_on(web: WebWorld) -> None:
    invoice_id = web.invoice()["id"]

    paused = web.call("POST", f"/invoices/{invoice_id}/pause")
    resumed = web.call("POST", f"/invoices/{invoice_id}/resume")

    assert paused.get_json()["paused_at"] == "2026-03-02T09:00:00Z"
    assert resumed.get_json()["paused_at"] is None


def test_collection_is_held_until_a_time_and_goes_on_by_itself(web: WebWorld) -> None:
    invoice_id = web.invoice()["id"]
    wanted = {"until": "2026-03-05T09:00:00Z", "promised": True}

    paused = web.call("POST", f"/invoices/{invoice_id}/pause", wanted).get_json()
    web.clock.advance(timedelta(days=3))
    sweep(web.ports, web.mailroom)
    web.run_due()
    resumed = web.call("GET", f"/invoices/{invoice_id}").get_json()

    assert (paused["paused_until"], paused["paused_reason"]) == (
        "2026-03-05T09:00:00Z",
        "the customer promised to pay",
    )
    assert (resumed["paused_at"], resumed["paused_until"]) == (None, None)


@pytest.mark.parametrize(
    "wanted",
    [{"until": "2026-03-01T09:00:00Z"}, {"until": "2028-03-01T09:00:00Z"}, {"promised": True}, {"until": "soon"}],
)
def test_a_time_that_is_none_to_wait_for_is_refused(web: WebWorld, wanted: dict[str, Any]) -> None:
    refused = web.call("POST", f"/invoices/{web.invoice()['id']}/pause", wanted)

    assert refused.status_code == 422
    assert list(refused.get_json()["errors"]) == ["until"]


def test_all_that_a_client_owes_is_held_and_goes_on(web: WebWorld) -> None:
    invoice_id = web.invoice()["id"]
    client = f"/clients/{web.north.client_id}"

    held = web.call("POST", f"{client}/pause", {"until": "2026-03-05T09:00:00Z"}).get_json()
    paused = web.call("GET", f"/invoices/{invoice_id}").get_json()
    freed = web.call("POST", f"{client}/resume").get_json()

    assert held == freed
    assert held["invoices"] >= 1
    assert paused["paused_until"] == "2026-03-05T09:00:00Z"
    assert web.call("GET", f"/invoices/{invoice_id}").get_json()["paused_at"] is None


def test_an_action_takes_an_empty_object_and_nothing_else(web: WebWorld) -> None:
    empty = web.call("POST", f"/invoices/{web.north.invoice_id}/send", {})
    filled = web.call("POST", f"/invoices/{web.north.invoice_id}/send", {"force": True})

    assert empty.status_code == 200
    assert filled.status_code == 422
    assert list(filled.get_json()["errors"]) == ["force"]


def test_lists_are_filtered_by_status_client_and_text(web: WebWorld) -> None:
    other = web.call("POST", "/clients", {"company_name": "Other"}).get_json()["id"]
    sent = web.invoice(number="R-77", description="Hosting in March")["id"]
    web.call("POST", f"/invoices/{sent}/send")
    theirs = web.invoice(client_id=other)["id"]

    def ids(**query: str) -> set[str]:
        return {each["id"] for each in web.call("GET", "/invoices", query=query).get_json()["data"]}

    assert ids(status="sent") == {sent}
    assert ids(client_id=other) == {theirs}
    assert ids(q="r-77") == ids(q="hosting IN") == {sent}
    assert ids() == {sent, theirs, web.north.invoice_id}


@pytest.mark.parametrize(
    "query",
    [
        {"status": "unpaid"},
        {"q": "nul\0"},
        {"q": "x" * 201},
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "-1"},
        {"limit": "ten"},
        {"limit": "1.0"},
        {"limit": "٣"},
        {"cursor": "made-up"},
        {"cursor": "WzFd"},
        {"cursor": "bnVsbA=="},
        {"page": "2"},
    ],
    ids=repr,
)
def test_a_query_that_is_not_understood_is_refused_by_name(idle_web: WebWorld, query: dict[str, str]) -> None:
    refused = idle_web.call("GET", "/invoices", query=query)

    assert refused.status_code == 422
    assert list(refused.get_json()["errors"]) == list(query)


def test_pages_follow_each_other_without_gap_or_overlap(web: WebWorld) -> None:
    made = [web.invoice()["id"] for _ in range(6)]

    seen, cursor = [], None
    while True:
        query = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        page = web.call("GET", "/invoices", query=query).get_json()
        assert len(page["data"]) <= 2
        seen += [each["id"] for each in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == [*reversed(made), web.north.invoice_id]


def test_a_page_has_20_entries_unless_asked_otherwise(web: WebWorld) -> None:
    for _ in range(21):
        web.invoice()

    page = web.call("GET", "/invoices").get_json()

    assert len(page["data"]) == 20
    assert page["next_cursor"] is not None
