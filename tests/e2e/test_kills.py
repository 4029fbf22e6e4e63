"""Processes killed and Redis flushed while money moves: afterwards the bank has one charge for each attempt."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

import psutil
import pytest

from tests.e2e.installation import Installation, Json, running_installation
from tests.waiting import eventually

LEASE_SECONDS = 30


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with running_installation(DUNLIN_DAY_SECONDS="1", DUNLIN_SWEEP_SECONDS="1") as running:
        yield running


def send_into_silence(installation: Installation, count: int) -> list[str]:
    """Invoices whose charge the bank carries out and then keeps silent about for some seconds."""
    client_id, _ = installation.client_with_card("pm_card_visa")
    installation.sandbox("POST", "/faults", {"answer_lost": 1, "hang_seconds": 4})
    return [installation.sent_invoice(client_id) for _ in range(count)]


def wait_for_charges(installation: Installation, invoice_ids: list[str]) -> None:
    eventually(lambda: any(installation.charges(invoice_id) for invoice_id in invoice_ids), within_seconds=10)


def heal(installation: Installation) -> None:
    installation.sandbox("POST", "/faults", {"answer_lost": 0, "hang_seconds": 0})


def each_paid_once(installation: Installation, invoice_ids: list[str], within_seconds: float) -> None:
    eventually(
        lambda: all(installation.get(invoice_id)["status"] == "paid" for invoice_id in invoice_ids),
        within_seconds=within_seconds,
    )
    for invoice_id in invoice_ids:
        succeeded = [charge for charge in installation.charges(invoice_id) if charge["status"] == "succeeded"]
        attempts = [a for a in installation.attempts(invoice_id) if a["status"] == "succeeded"]
        assert (len(succeeded), len(attempts)) == (1, 1), (invoice_id, succeeded, attempts)
        assert installation.get(invoice_id)["amount_paid"] == 4200


def work_horses(installation: Installation) -> list[psutil.Process]:
    horses = []
    for worker in installation.processes("dunlin worker --queue retries"):
        with suppress(psutil.NoSuchProcess):
            horses += worker.children()
    return horses


def test_work_horses_killed_after_the_bank_acted_charge_nobody_twice(installation: Installation) -> None:
    invoice_ids = send_into_silence(installation, 2)
    wait_for_charges(installation, invoice_ids)

    for horse in work_horses(installation):
        horse.kill()
    heal(installation)

    each_paid_once(installation, invoice_ids, LEASE_SECONDS + 40)


def test_workers_killed_after_the_bank_acted_charge_nobody_twice(installation: Installation) -> None:
    invoice_ids = send_into_silence(installation, 2)
    wait_for_charges(installation, invoice_ids)

    for worker in installation.processes("dunlin worker --queue retries"):
        for process in (*worker.children(recursive=True), worker):
            with suppress(psutil.NoSuchProcess):
                process.kill()
    heal(installation)

    each_paid_once(installation, invoice_ids, LEASE_SECONDS + 40)


def test_work_horses_killed_before_the_bank_acted_charge_everybody_once(installation: Installation) -> None:
    client_id, _ = installation.client_with_card("pm_card_visa")
    sandbox = installation.processes("dunlin sandbox")[0]
    invoice_ids = [installation.invoice(client_id)["id"] for _ in range(2)]
    os.kill(sandbox.pid, signal.SIGSTOP)
    for invoice_id in invoice_ids:
        installation.api("POST", f"/invoices/{invoice_id}/send")
    eventually(lambda: work_horses(installation), within_seconds=10)

    for horse in work_horses(installation):
        horse.kill()
    os.kill(sandbox.pid, signal.SIGCONT)

    each_paid_once(installation, invoice_ids, LEASE_SECONDS + 40)


def test_flushing_redis_and_killing_the_scheduler_in_mid_course_costs_a_delay_only(installation: Installation) -> None:
    client_id, _ = installation.client_with_card("pm_card_chargeCustomerFail")
    invoice_ids = [installation.sent_invoice(client_id) for _ in range(5)]
    eventually(lambda: all(len(installation.attempts(i)) >= 1 for i in invoice_ids), within_seconds=15)

    for _ in range(8):
        installation.redis().flushall()
        for scheduler in installation.processes("dunlin scheduler"):
            scheduler.kill()
        seen = sum(len(installation.attempts(i)) for i in invoice_ids)
        with suppress(AssertionError):  # the pause between two blows: until something happened, or three seconds
            eventually(
                lambda seen=seen: sum(len(installation.attempts(i)) for i in invoice_ids) > seen, within_seconds=3
            )
    eventually(lambda: all(is_overdue(installation, i) for i in invoice_ids), within_seconds=60)

    for invoice_id in invoice_ids:
        declined = [a for a in installation.attempts(invoice_id) if a["status"] == "declined"]
        assert len(declined) == len(installation.charges(invoice_id)) == 4
        assert_schedule_kept(declined)


def wait_for_a_retry(installation: Installation, invoice_ids: list[str]) -> None:
    seen = sum(len(installation.attempts(invoice_id)) for invoice_id in invoice_ids)
    eventually(lambda: sum(len(installation.attempts(i)) for i in invoice_ids) > seen, within_seconds=3)


def is_overdue(installation: Installation, invoice_id: str) -> bool:
    return str(installation.get(invoice_id)["status"]) == "overdue"


def assert_schedule_kept(attempts: list[Json]) -> None:
    """No retry began before it was due."""
    for attempt in attempts[1:]:
        assert datetime.fromisoformat(attempt["started_at"]) >= datetime.fromisoformat(attempt["scheduled_for"])


def test_lost_answers_alone_charge_nobody_twice(installation: Installation) -> None:
    client_id, _ = installation.client_with_card("pm_card_visa")
    installation.sandbox("POST", "/faults", {"answer_lost": 0.7})
    invoice_ids = [installation.sent_invoice(client_id) for _ in range(6)]
    eventually(lambda: all(installation.attempts(i) for i in invoice_ids), within_seconds=20)
    heal(installation)

    each_paid_once(installation, invoice_ids, 60)
