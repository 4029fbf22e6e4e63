"""The audit log of a running installation: sealed by itself, verified by command and API, in spite of an erasure."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from entrypoints.home import Home
from tests.e2e.installation import Installation, running_installation
from tests.waiting import eventually


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with running_installation() as running:
        yield running


@contextmanager
def owning(installation: Installation) -> Iterator[psycopg.Connection[Any]]:
    """The embedded database, as its owner."""
    with psycopg.connect(Home(installation.home).postgres_url, autocommit=True) as connection:
        yield connection


def wait_until_sealed(installation: Installation) -> None:
    """It takes a minute at most, on a machine that has time."""

    def is_sealed() -> bool:
        answer = installation.api("GET", "/audit-events/verify").body
        return answer["is_intact"] and answer["sealed_count"] > 0 and answer["unsealed_count"] == 0

    eventually(is_sealed, within_seconds=60)


def test_a_client_is_erased_and_the_sealed_log_verifies_until_a_row_is_changed(installation: Installation) -> None:
    client_id, _ = installation.client_with_card("pm_card_visa")
    invoice_id = installation.sent_invoice(client_id)
    eventually(lambda: installation.get(invoice_id)["status"] == "paid", within_seconds=20)
    firm_id = installation.get(invoice_id)["firm_id"]

    erased = installation.dunlin("client", "erase", client_id, "--firm", firm_id, "--yes")
    wait_until_sealed(installation)
    intact = installation.dunlin("audit", "verify", "--firm", firm_id)

    assert (erased.returncode, erased.stderr) == (0, "")
    assert installation.api("GET", f"/clients/{client_id}").body["company_name"] == "Erased client"
    assert (intact.returncode, intact.stdout.partition(":")[0]) == (0, f"{firm_id}  intact")
    assert ", checkpoint " in intact.stdout

    with owning(installation) as owner:
        owner.execute("UPDATE audit_events SET summary = 'Nothing happened.' WHERE action = 'invoice_created'")
    broken = installation.dunlin("audit", "verify")

    assert broken.returncode == 1
    assert f"{firm_id}  BROKEN, row_changed: The row at position " in broken.stdout
    assert installation.api("GET", "/audit-events/verify").body["finding"]["damage"] == "row_changed"


def test_whom_the_commands_do_not_know_is_told_in_one_line(installation: Installation) -> None:
    unknown_firm = installation.dunlin("audit", "verify", "--firm", "frm_none")
    unknown_client = installation.dunlin("client", "erase", "cli_none", "--firm", "frm_none", "--yes")
    unsure = installation.dunlin("client", "erase", "cli_none", "--firm", "frm_none")

    assert (unknown_firm.returncode, unknown_firm.stderr.count("\n")) == (1, 1)
    assert unknown_firm.stderr.startswith("Error: No firm 'frm_none' here.")
    assert unknown_client.stderr.startswith("Error: No client 'cli_none' here.")
    assert unsure.returncode == 1
