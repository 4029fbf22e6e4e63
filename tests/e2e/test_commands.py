"""The command line against a running installation."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import stripe_events as stripe
from tests.e2e.installation import Installation, http, running_installation
from tests.e2e.signing import deliver
from tests.servers import PROJECT
from tests.waiting import eventually


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with running_installation() as running:
        yield running


def new_firm(installation: Installation) -> tuple[str, str]:
    """A firm's id and a key of it."""
    firm_id = installation.dunlin("firm", "create", "--name", "North Ltd").stdout.strip().splitlines()[-1]
    made = installation.dunlin("apikey", "create", "--firm", firm_id, "--scope", "write")
    return firm_id, made.stdout.strip().splitlines()[-1]


def clients(installation: Installation, key: str) -> list[str]:
    answer = http("GET", f"{installation.url}/api/v1/clients?limit=100", headers={"Authorization": f"Bearer {key}"})
    return [client["company_name"] for client in answer.body["data"]]


def test_a_new_firms_key_opens_that_firm_alone(installation: Installation) -> None:
    installation.client_with_card("pm_card_visa")

    _, key = new_firm(installation)

    assert clients(installation, key) == []


def test_a_revoked_key_opens_nothing(installation: Installation) -> None:
    _, key = new_firm(installation)

    revoked = installation.dunlin("apikey", "revoke", key)

    assert revoked.returncode == 0
    eventually(lambda: status_with(installation, key) == 401, within_seconds=6)


def status_with(installation: Installation, key: str) -> int:
    return http("GET", f"{installation.url}/api/v1/clients", headers={"Authorization": f"Bearer {key}"}).status


def test_a_preview_of_a_notice_is_in_the_branding_of_the_firm(installation: Installation) -> None:
    firm_id = installation.dunlin("firm", "create", "--name", "North Ltd").stdout.strip().splitlines()[-1]
    key = installation.dunlin("apikey", "create", "--firm", firm_id, "--scope", "admin").stdout.strip().splitlines()[-1]
    headers = {"Authorization": f"Bearer {key}"}
    branding = {"default_language": "fr", "footer": "1 High Street", "accent_color": "#123456"}
    http("PUT", f"{installation.url}/api/v1/branding", branding, headers=headers)

    shown = installation.dunlin("notices", "preview", "receipt", "--firm", firm_id)

    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith("Subject: Reçu pour la facture")
    assert "North Ltd\n\n-- \n1 High Street\n" in shown.stdout


def test_a_key_for_a_firm_that_does_not_exist_is_refused_in_one_line(installation: Installation) -> None:
    refused = installation.dunlin("apikey", "create", "--firm", "frm_none", "--scope", "read")

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("Error: No firm 'frm_none' here.")
    assert refused.stderr.count("\n") == 1


def test_a_firm_without_a_name_is_wrong_use(installation: Installation) -> None:
    refused = installation.dunlin("firm", "create", "--name", " ")

    assert (refused.returncode, refused.stdout) == (2, "")
    assert "Give the firm a name" in refused.stderr


def test_a_negative_amount_in_a_file_is_told_as_such(installation: Installation, tmp_path: Path) -> None:
    firm_id, _ = new_firm(installation)
    file = tmp_path / "invoices.csv"
    file.write_text("number,currency,amount_due,stripe_customer_id\nA-1,usd,-5,cus_1\n")

    refused = installation.dunlin("import", "invoices", str(file), "--firm", firm_id)

    assert refused.returncode == 1
    assert "invoices.csv:2: amount_due: Must be 1 to 99999999." in refused.stderr


def test_importing_the_same_file_again_adds_nothing_twice(installation: Installation, tmp_path: Path) -> None:
    firm_id, key = new_firm(installation)
    file = tmp_path / "clients.csv"
    file.write_text("company_name,email,country\nAcme,pay@acme.example,DE\nBirch,,\n")

    first = installation.dunlin("import", "clients", str(file), "--firm", firm_id)
    second = installation.dunlin("import", "clients", str(file), "--firm", firm_id)

    assert first.stdout.strip() == "2 added, 0 known already, 0 left out"
    assert second.stdout.strip() == "0 added, 2 known already, 0 left out"
    assert sorted(clients(installation, key)) == ["Acme", "Birch"]


def test_a_bad_line_is_named_and_nothing_is_loaded(installation: Installation, tmp_path: Path) -> None:
    firm_id, key = new_firm(installation)
    file = tmp_path / "clients.csv"
    file.write_text("company_name,email\nAcme,pay@acme.example\nBirch,no address\n,x@y.example\n")

    refused = installation.dunlin("import", "clients", str(file), "--firm", firm_id)

    assert refused.returncode == 1
    assert "clients.csv:3: email: Must be an e-mail address." in refused.stderr
    assert "clients.csv:4: company_name:" in refused.stderr
    assert clients(installation, key) == []


def test_bad_lines_can_be_left_out(installation: Installation, tmp_path: Path) -> None:
    firm_id, key = new_firm(installation)
    file = tmp_path / "clients.csv"
    file.write_text("company_name,email\nAcme,pay@acme.example\nBirch,no address\n")

    loaded = installation.dunlin("import", "clients", str(file), "--firm", firm_id, "--skip-bad")

    assert (loaded.returncode, loaded.stdout.strip()) == (0, "1 added, 0 known already, 1 left out")
    assert clients(installation, key) == ["Acme"]


def test_invoices_find_their_client_by_its_stripe_customer(installation: Installation, tmp_path: Path) -> None:
    firm_id, key = new_firm(installation)
    people, bills = tmp_path / "clients.csv", tmp_path / "invoices.csv"
    people.write_text("company_name,stripe_customer_id\nAcme,cus_import1\n")
    bills.write_text("number,currency,amount_due,stripe_customer_id,autopay\nA-1,eur,12900,cus_import1,yes\n")

    installation.dunlin("import", "clients", str(people), "--firm", firm_id)
    loaded = installation.dunlin("import", "invoices", str(bills), "--firm", firm_id)

    assert loaded.stdout.strip() == "1 added, 0 known already, 0 left out"
    answer = http("GET", f"{installation.url}/api/v1/invoices", headers={"Authorization": f"Bearer {key}"})
    shown = answer.body["data"][0]
    assert (shown["number"], shown["amount_due"], shown["status"], shown["autopay"]) == ("A-1", 12900, "draft", True)


def test_stored_events_are_listed_and_replayed(installation: Installation) -> None:
    client_id, _ = installation.client_with_card("pm_card_visa")
    installation.invoice(client_id, autopay=False, stripe_payment_intent_id="pi_replay")
    intent = stripe.payment_intent("pi_replay", "succeeded", charge_id="ch_replay")
    body = stripe.event("payment_intent.succeeded", intent, stripe.now(), id="evt_replay_1")
    assert deliver(installation, body).body == {"event": "evt_replay_1", "outcome": "processed"}

    listed = installation.dunlin("events", "list", "--status", "processed")
    replayed = installation.dunlin("events", "replay", "evt_replay_1")

    assert "evt_replay_1  payment_intent.succeeded" in listed.stdout
    assert replayed.stdout.splitlines() == ["evt_replay_1  processed", "1 replayed, 0 failed"]


def test_an_unknown_event_cannot_be_replayed(installation: Installation) -> None:
    refused = installation.dunlin("events", "replay", "evt_nowhere")

    assert refused.returncode == 1
    assert "No stored event evt_nowhere" in refused.stderr


def test_the_demo_needs_nothing_that_runs() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "entrypoints.cli", "demo"],
        cwd=PROJECT,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )

    assert "=> paid, 42.00 EUR received" in shown.stdout
    assert "=> overdue, 0.00 EUR received, 4 failures counted" in shown.stdout
