"""Webhook endpoints and host events over the API. Expected values: the issue (point 10)."""

from typing import Any

import pytest

from domain.model.firms import Scope
from domain.model.host_deliveries import answered
from domain.services.steps import in_firm
from tests.e2e.web.host_stories import URL, an_endpoint, host_event_of
from tests.e2e.web.web_world import Json, WebWorld


def a_failed_invoice(web: WebWorld) -> Json:
    invoice = web.invoice(autopay=True)
    assert web.call("POST", f"/invoices/{invoice['id']}/send").status_code == 200
    web.run_due()
    return invoice


def test_an_endpoint_is_made_with_a_secret_that_is_shown_once(web: WebWorld) -> None:
    made = web.call("POST", "/webhook-endpoints", {"url": URL, "event_types": ["invoice.overdue", "invoice.overdue"]})

    endpoint = made.get_json()
    assert (made.status_code, made.headers["Location"]) == (201, f"/api/v1/webhook-endpoints/{endpoint['id']}")
    assert endpoint["secret"].startswith("whsec_")
    assert (endpoint["event_types"], endpoint["enabled"]) == (["invoice.overdue"], True)
    shown = web.call("GET", f"/webhook-endpoints/{endpoint['id']}").get_json()
    assert shown == {name: value for name, value in endpoint.items() if name != "secret"}
    assert web.call("GET", "/webhook-endpoints").get_json()["data"] == [shown]


def test_a_repeat_of_the_request_shows_the_endpoint_and_no_secret(web: WebWorld) -> None:
    headers = {"Idempotency-Key": "once"}
    first, again = (web.call("POST", "/webhook-endpoints", {"url": URL}, headers=headers) for _ in range(2))

    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.get_json() == {**first.get_json(), "secret": None}
    stored = in_firm(web.ports, web.north.firm_id, lambda step: step.tx.idempotency.begin("once", "", step.now))
    assert "whsec_" not in repr(stored)


def test_a_rotation_shows_a_new_secret_and_until_when_the_old_one_signs(web: WebWorld) -> None:
    made = an_endpoint(web)

    rotated = web.call("POST", f"/webhook-endpoints/{made['id']}/rotate-secret").get_json()

    assert rotated["secret"] not in {None, made["secret"]}
    assert rotated["previous_secret_valid_until"] == "2026-03-03T09:00:00Z"


@pytest.mark.parametrize(
    "url",
    [
        "http://billing.example.com/",
        "https://user:secret@billing.example.com/",
        "https://billing.example.com:22/",
        "https://2130706433/",
        "ftp://billing.example.com/",
        "nonsense",
    ],
)
def test_a_url_that_nothing_may_be_sent_to_is_refused_by_its_field(web: WebWorld, url: str) -> None:
    made_id = an_endpoint(web)["id"]

    for refused in (
        web.call("POST", "/webhook-endpoints", {"url": url}),
        web.call("PATCH", f"/webhook-endpoints/{made_id}", {"url": url}),
    ):
        assert (refused.status_code, list(refused.get_json()["errors"])) == (422, ["url"])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": None},
        {"url": URL, "event_types": []},
        {"url": URL, "event_types": ["invoice.paid"]},
        {"url": URL, "event_types": "invoice.failed"},
        {"url": URL, "enabled": "yes"},
        {"url": URL, "secret": "whsec_mine"},
        {"url": URL, "description": "two\nlines"},
    ],
)
def test_any_other_body_is_refused(idle_web: WebWorld, body: Json) -> None:
    assert idle_web.call("POST", "/webhook-endpoints", body).status_code == 422


def test_an_endpoint_is_changed_field_by_field(web: WebWorld) -> None:
    made = an_endpoint(web, description="First", event_types=["invoice.failed"])
    path = f"/webhook-endpoints/{made['id']}"

    changed = [
        web.call("PATCH", path, body).get_json()
        for body in ({"event_types": None}, {"description": None}, {"enabled": False}, {"enabled": True})
    ]

    assert [each["event_types"] for each in changed] == [None] * 4
    assert [each["description"] for each in changed] == ["First", None, None, None]
    assert [each["disabled_at"] is None for each in changed] == [True, True, False, True]


def test_a_removed_endpoint_is_gone(web: WebWorld) -> None:
    path = f"/webhook-endpoints/{an_endpoint(web)['id']}"

    assert [web.call(method, path).status_code for method in ("DELETE", "GET", "DELETE")] == [200, 404, 404]


def test_an_event_shows_what_was_sent_and_what_became_of_it(web: WebWorld) -> None:
    made = an_endpoint(web, event_types=["invoice.failed"])
    web.hosts.answers.append(answered(500))
    invoice = a_failed_invoice(web)

    event = host_event_of(web)
    assert (event["type"], event["invoice_id"], event["status"]) == ("invoice.failed", invoice["id"], "pending")
    assert event["data"]["invoice"]["status"] == "failed"
    (delivery,) = event["deliveries"]
    expected: Json = {"endpoint_id": made["id"], "status": "pending", "tries": 1, "response_status": 500}
    assert expected.items() <= delivery.items()
    assert web.call("GET", f"/host-events/{event['id']}").get_json() == event


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"status": "delivered"}, 1),
        ({"status": "failed"}, 0),
        ({"type": "invoice.failed"}, 1),
        ({"type": "dispute.opened"}, 0),
    ],
)
def test_events_are_filtered(web: WebWorld, query: dict[str, Any], count: int) -> None:
    an_endpoint(web)
    a_failed_invoice(web)

    assert len(web.call("GET", "/host-events", query=query).get_json()["data"]) == count


def test_an_event_is_replayed(web: WebWorld) -> None:
    an_endpoint(web)
    a_failed_invoice(web)
    event_id = host_event_of(web)["id"]

    replayed = web.call("POST", f"/host-events/{event_id}/replay")
    web.run_due()

    assert (replayed.status_code, replayed.get_json()["status"]) == (200, "pending")
    assert [webhook.event_id for webhook in web.hosts.sent] == [event_id, event_id]
    assert host_event_of(web)["status"] == "delivered"


def test_a_replay_without_an_endpoint_is_refused(web: WebWorld) -> None:
    made = an_endpoint(web)
    a_failed_invoice(web)
    web.call("DELETE", f"/webhook-endpoints/{made['id']}")

    assert web.call("POST", f"/host-events/{host_event_of(web)['id']}/replay").status_code == 409


def test_a_reading_key_sees_endpoints_and_no_secret(web: WebWorld) -> None:
    an_endpoint(web)

    assert "secret" not in web.call("GET", "/webhook-endpoints", scope=Scope.READ).get_json()["data"][0]
