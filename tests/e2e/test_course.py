"""The failure course with real processes and days of half a second."""

from collections.abc import Iterator

import pytest

from tests.e2e.installation import Installation, running_installation
from tests.waiting import eventually

DAY_SECONDS = 0.5
COURSE_SECONDS = (3 + 7 + 14) * DAY_SECONDS


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with running_installation(DUNLIN_DAY_SECONDS=str(DAY_SECONDS), DUNLIN_SWEEP_SECONDS="2") as running:
        yield running


def test_a_card_that_keeps_failing_is_retried_three_times_and_ends_overdue(installation: Installation) -> None:
    client_id, _ = installation.client_with_card("pm_card_chargeCustomerFail")

    invoice_id = installation.sent_invoice(client_id)
    eventually(lambda: installation.get(invoice_id)["status"] == "overdue", within_seconds=COURSE_SECONDS + 15)

    attempts = installation.attempts(invoice_id)
    assert [attempt["trigger"] for attempt in attempts] == ["autopay", "retry", "retry", "retry"]
    assert [attempt["status"] for attempt in attempts] == ["declined"] * 4
    assert len(installation.charges(invoice_id)) == 4
    assert installation.get(invoice_id)["payment_retry_count"] == 4


def test_a_card_that_recovers_is_charged_once_more_and_the_course_ends(installation: Installation) -> None:
    client_id, card_id = installation.client_with_card("pm_card_visa")
    installation.sandbox(
        "POST", f"/payment_methods/{card_id}", {"decline_code": "insufficient_funds", "succeed_after": 1}
    )

    invoice_id = installation.sent_invoice(client_id)
    eventually(lambda: installation.get(invoice_id)["status"] == "paid", within_seconds=3 * DAY_SECONDS + 15)

    shown = installation.get(invoice_id)
    assert (shown["amount_paid"], shown["payment_retry_count"], shown["next_payment_retry_at"]) == (4200, 0, None)
    assert [charge["status"] for charge in installation.charges(invoice_id)].count("succeeded") == 1
    pending = installation.api("GET", f"/outbox?invoice_id={invoice_id}&status=due").body["data"]
    assert [row["kind"] for row in pending if row["kind"] != "notice"] == []


def test_the_answer_and_the_webhooks_of_a_charge_are_one_attempt(installation: Installation) -> None:
    client_id, _ = installation.client_with_card("pm_card_visa")

    invoice_id = installation.sent_invoice(client_id)
    eventually(lambda: installation.get(invoice_id)["status"] == "paid", within_seconds=10)
    eventually(lambda: _told_by_webhook(installation, invoice_id), within_seconds=10)

    assert len(installation.attempts(invoice_id)) == 1
    assert installation.get(invoice_id)["amount_paid"] == 4200


def _told_by_webhook(installation: Installation, invoice_id: str) -> bool:
    events = installation.api("GET", "/webhook-events?status=processed&limit=100").body["data"]
    told = {event["type"] for event in events if event["invoice_id"] == invoice_id}
    return {"payment_intent.succeeded", "charge.succeeded"} <= told


def test_a_killed_web_process_is_replaced(installation: Installation) -> None:
    client_id, _ = installation.client_with_card("pm_card_visa")
    invoice_id = installation.invoice(client_id)["id"]
    (web,) = installation.processes("dunlin web")

    web.kill()
    eventually(lambda: web.pid not in {0, *(p.pid for p in installation.processes("dunlin web"))}, within_seconds=10)
    eventually(lambda: len(installation.processes("dunlin web")) == 1 and installation.is_ready(), within_seconds=15)

    assert eventually(lambda: installation.get(invoice_id))["status"] == "draft"
