import pytest

from tests.e2e.web.web_world import WebWorld


@pytest.fixture
def failed(web: WebWorld) -> str:
    """An invoice whose first attempt was declined."""
    web.call("POST", f"/invoices/{web.north.invoice_id}/send")
    web.run_due()
    return web.north.invoice_id


def test_audit_events_have_the_fields_of_the_contract(web: WebWorld, failed: str) -> None:
    (event,) = web.call("GET", "/audit-events", query={"action": "payment_failed"}).get_json()["data"]

    assert set(event) == {
        "id",
        "action",
        "severity",
        "subject_type",
        "subject_id",
        "actor",
        "metadata",
        "created_at",
    }
    assert event["severity"] == "WARNING"
    assert (event["metadata"]["invoice_id"], event["metadata"]["amount"]) == (failed, 4200)


def test_audit_events_are_filtered_by_severity_and_subject(web: WebWorld, failed: str) -> None:
    loud = web.call("GET", "/audit-events", query={"severity": "WARNING"}).get_json()["data"]
    about = web.call("GET", "/audit-events", query={"subject": failed}).get_json()["data"]
    unknown = web.call("GET", "/audit-events", query={"severity": "LOUD"})

    assert {event["severity"] for event in loud} == {"WARNING"}
    assert "payment_failed" in {event["action"] for event in about}
    assert unknown.status_code == 422


def test_audit_metadata_holds_no_personal_data(web: WebWorld) -> None:
    web.call("POST", "/clients", {"company_name": "Acme", "email": "billing@acme.example"})

    events = web.call("GET", "/audit-events", query={"limit": "100"})

    assert "billing@acme.example" not in events.text


def test_the_outbox_shows_what_is_to_come_with_the_fields_of_the_contract(web: WebWorld, failed: str) -> None:
    (row,) = web.call("GET", "/outbox", query={"kind": "retry", "invoice_id": failed}).get_json()["data"]

    assert set(row) == {"id", "kind", "invoice_id", "dispute_id", "due_at", "status", "tries", "last_error"}
    assert (row["status"], row["due_at"], row["invoice_id"]) == ("due", "2026-03-05T09:00:00Z", failed)


def test_the_outbox_is_filtered_by_status(web: WebWorld, failed: str) -> None:
    done = web.call("GET", "/outbox", query={"status": "done"}).get_json()["data"]

    assert {row["status"] for row in done} == {"done"}
    assert "collect" in {row["kind"] for row in done}


@pytest.mark.parametrize("query", [{"status": "open"}, {"kind": "mail"}])
def test_an_unknown_status_or_kind_is_refused(idle_web: WebWorld, query: dict[str, str]) -> None:
    assert idle_web.call("GET", "/outbox", query=query).status_code == 422
