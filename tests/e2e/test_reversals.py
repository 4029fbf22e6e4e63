"""Disputes and refunds with real processes: events get lost, workers die, and Stripe has books to compare with."""

from collections.abc import Iterator
from contextlib import suppress

import psutil
import pytest

from tests.e2e.installation import Installation, Json, running_installation
from tests.waiting import eventually

LEASE_SECONDS = 30


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with running_installation(DUNLIN_SWEEP_SECONDS="1") as running:
        yield running


@pytest.fixture(autouse=True)
def without_faults(installation: Installation) -> Iterator[None]:
    yield
    installation.sandbox("POST", "/faults", {"answer_lost": 0, "hang_seconds": 0, "drop": 0, "error_rate": 0})


def disputed(installation: Installation, charge_id: str, **wanted: object) -> str:
    opened = installation.sandbox("POST", "/disputes", {"charge": charge_id, "reason": "fraudulent", **wanted})
    assert opened.status == 200, opened
    return str(opened.body["id"])


def refunds_at_the_bank(installation: Installation, charge_id: str) -> list[Json]:
    listed = installation.stripe.v1.refunds.list({"charge": charge_id})
    return [refund.to_dict() for refund in listed.data]


def is_now(installation: Installation, invoice_id: str, status: str, within_seconds: float = 20) -> None:
    eventually(lambda: installation.get(invoice_id)["status"] == status, within_seconds=within_seconds)


def test_a_chargeback_goes_from_opened_to_lost_and_won_with_the_books_right(installation: Installation) -> None:
    invoice_id, charge_id = installation.paid_invoice(5000)

    dispute_id = disputed(installation, charge_id)
    is_now(installation, invoice_id, "disputed")
    installation.sandbox("POST", f"/disputes/{dispute_id}/resolve", {"status": "lost"})
    is_now(installation, invoice_id, "charged_back")
    lost = installation.get(invoice_id)
    installation.sandbox("POST", f"/disputes/{dispute_id}/resolve", {"status": "won"})
    is_now(installation, invoice_id, "paid")

    entries = installation.api("GET", f"/ledger?invoice_id={invoice_id}").body["data"]
    assert (lost["amount_paid"], lost["amount_disputed"]) == (0, 5000)
    assert sorted((entry["kind"], entry["amount"]) for entry in entries) == [
        ("dispute_fee", -1500),
        ("dispute_reinstatement", 5000),
        ("dispute_withdrawal", -5000),
        ("payment", 5000),
    ]


def test_accepting_a_dispute_ends_it_at_stripe(installation: Installation) -> None:
    invoice_id, charge_id = installation.paid_invoice()
    dispute_id = disputed(installation, charge_id)
    is_now(installation, invoice_id, "disputed")

    accepted = installation.api("POST", f"/disputes/{dispute_id}/accept")

    is_now(installation, invoice_id, "charged_back")
    at_stripe = installation.stripe.v1.disputes.retrieve(dispute_id)
    assert (accepted.status, at_stripe.status) == (202, "lost")


def test_a_refund_whose_answers_are_lost_is_made_once(installation: Installation) -> None:
    invoice_id, charge_id = installation.paid_invoice()
    installation.sandbox("POST", "/faults", {"answer_lost": 1, "hang_seconds": 1})

    asked = installation.api("POST", f"/invoices/{invoice_id}/refunds", {"amount": 1200})
    is_now(installation, invoice_id, "partially_refunded")

    assert asked.status == 201
    assert [refund["amount"] for refund in refunds_at_the_bank(installation, charge_id)] == [1200]


def test_a_worker_killed_in_the_middle_of_a_refund_refunds_once(installation: Installation) -> None:
    invoice_id, charge_id = installation.paid_invoice()
    installation.sandbox("POST", "/faults", {"answer_lost": 1, "hang_seconds": 4, "drop": 1})
    installation.api("POST", f"/invoices/{invoice_id}/refunds", {"amount": 700})
    eventually(lambda: refunds_at_the_bank(installation, charge_id), within_seconds=15)

    for worker in installation.processes("dunlin worker --queue retries"):
        for process in (*worker.children(recursive=True), worker):
            with suppress(psutil.NoSuchProcess):
                process.kill()
    installation.sandbox("POST", "/faults", {"answer_lost": 0, "hang_seconds": 0, "drop": 0})

    is_now(installation, invoice_id, "partially_refunded", LEASE_SECONDS + 40)
    assert [refund["amount"] for refund in refunds_at_the_bank(installation, charge_id)] == [700]
    assert installation.get(invoice_id)["amount_refunded"] == 700


def test_backfill_fetches_events_that_were_never_delivered(installation: Installation) -> None:
    invoice_id, charge_id = installation.paid_invoice()
    installation.sandbox("POST", "/faults", {"drop": 1})
    disputed(installation, charge_id)

    fetched = installation.dunlin("events", "backfill", "--since", "1h")

    assert fetched.returncode == 0, fetched.stderr
    assert installation.get(invoice_id)["status"] == "disputed"


def test_reconcile_prints_what_differs_and_mends_it_when_asked(installation: Installation) -> None:
    invoice_id, charge_id = installation.paid_invoice()
    installation.sandbox("POST", "/faults", {"drop": 1})
    installation.stripe.v1.refunds.create({"charge": charge_id, "amount": 300})

    told = installation.dunlin("reconcile")
    untouched = installation.get(invoice_id)["amount_refunded"]
    mended = installation.dunlin("reconcile", "--repair")

    assert (told.returncode, mended.returncode) == (1, 0)
    assert "amount_refunded is 0.00 USD here and 3.00 USD" in told.stdout
    assert (untouched, installation.get(invoice_id)["amount_refunded"]) == (0, 300)
    assert "0 differences" in installation.dunlin("reconcile").stdout


def test_a_dispute_of_an_unknown_charge_is_kept_and_can_be_linked(installation: Installation) -> None:
    foreign = installation.stripe.v1.payment_intents.create(
        {"amount": 900, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True, "return_url": "http://x"}
    )
    dispute_id = disputed(installation, str(foreign.latest_charge))
    eventually(lambda: installation.api("GET", f"/disputes/{dispute_id}").status == 200)
    client_id, _ = installation.client_with_card("pm_card_visa")
    invoice_id = installation.invoice(client_id, amount_due=900)["id"]

    before = installation.api("GET", f"/disputes/{dispute_id}").body["invoice_id"]
    linked = installation.api("POST", f"/disputes/{dispute_id}/link", {"invoice_id": invoice_id})

    assert (before, linked.body["invoice_id"]) == (None, invoice_id)
    is_now(installation, invoice_id, "disputed")


def test_the_audit_log_is_sealed_within_a_minute_and_verifies(installation: Installation) -> None:
    installation.paid_invoice()

    eventually(lambda: installation.api("GET", "/audit-events/verify").body["unsealed_count"] == 0, within_seconds=60)

    verified = installation.dunlin("audit", "verify")
    assert verified.returncode == 0, verified.stdout
    assert "intact" in verified.stdout
