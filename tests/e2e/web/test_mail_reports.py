"""`POST /api/webhooks/mail/`: bounces and complaints."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook
from werkzeug.test import TestResponse

from domain.model.outbox import OutboxKind
from entrypoints.web.application import keep
from tests.e2e.web.web_world import MAIL_SECRET, Json, Tenant, WebWorld

ADDRESS = "billing@acme.example"
BOUNCE = {"type": "bounce", "permanent": True, "address": ADDRESS, "reason": "550 5.1.1 <billing@acme.example> unknown"}


def report(web: WebWorld, told: Any, *, secret: str = MAIL_SECRET, path: str = "/api/webhooks/mail/") -> TestResponse:
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    at = web.clock.now()
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", at, body.decode("utf-8", "replace")),
    }
    answer = web.http.post(path, data=body, headers=headers, content_type="application/json")
    web.document.check("POST", "/api/webhooks/mail/", answer)
    return answer


def give_address(web: WebWorld, tenant: Tenant, address: str = ADDRESS) -> None:
    changed = web.call("PATCH", f"/clients/{tenant.client_id}", {"email": address}, by=tenant)
    assert changed.status_code == 200


def client_of(web: WebWorld, tenant: Tenant) -> Json:
    return dict(web.call("GET", f"/clients/{tenant.client_id}", by=tenant).get_json())


def alerts_of(web: WebWorld, tenant: Tenant) -> list[Json]:
    rows = web.call("GET", "/outbox", by=tenant, query={"kind": OutboxKind.ALERT.value}).get_json()["data"]
    return [dict(row) for row in rows]


@pytest.mark.parametrize("path", ["/api/webhooks/mail/", "/api/webhooks/mail"])
def test_a_permanent_bounce_marks_the_address_of_every_client_that_has_it(web: WebWorld, path: str) -> None:
    give_address(web, web.north)
    give_address(web, web.south, "Billing@Acme.Example")

    answer = report(web, BOUNCE, path=path)

    assert (answer.status_code, answer.get_json()) == (200, {"received": True})
    for tenant in (web.north, web.south):
        client = client_of(web, tenant)
        assert client["email_bad_at"] is not None
        assert client["email_bad_reason"] == "bounced (550 5.1.1)"


def test_a_complaint_marks_the_address_whether_permanent_or_not(web: WebWorld) -> None:
    give_address(web, web.north)

    report(web, {"type": "complaint", "permanent": False, "address": ADDRESS})

    assert client_of(web, web.north)["email_bad_reason"] == "reported as unwanted mail"


def test_staff_is_told_once_and_the_audit_log_names_no_address(web: WebWorld) -> None:
    give_address(web, web.north)

    report(web, BOUNCE)
    web.clock.advance(timedelta(minutes=1))
    report(web, BOUNCE)

    assert len(alerts_of(web, web.north)) == 1
    found = web.call("GET", "/audit-events", query={"action": "client_address_bad"}).get_json()["data"]
    assert [(event["severity"], event["subject_id"]) for event in found] == [("WARNING", web.north.client_id)]
    assert ADDRESS not in json.dumps([found, alerts_of(web, web.north)])


def test_another_address_clears_the_mark_and_can_be_marked_again(web: WebWorld) -> None:
    give_address(web, web.north)
    report(web, BOUNCE)

    give_address(web, web.north, "new@acme.example")
    assert client_of(web, web.north)["email_bad_at"] is None
    assert client_of(web, web.north)["email_bad_reason"] is None

    web.clock.advance(timedelta(minutes=1))
    report(web, {**BOUNCE, "address": "New <new@acme.example>"})
    assert client_of(web, web.north)["email_bad_at"] is not None
    assert len(alerts_of(web, web.north)) == 2


def test_a_change_of_something_else_keeps_the_mark(web: WebWorld) -> None:
    give_address(web, web.north)
    report(web, BOUNCE)

    web.call("PATCH", f"/clients/{web.north.client_id}", {"company_name": "Acme AG", "email": ADDRESS})

    assert client_of(web, web.north)["email_bad_at"] is not None


def test_a_temporary_bounce_marks_nothing(web: WebWorld) -> None:
    give_address(web, web.north)

    answer = report(web, {**BOUNCE, "permanent": False})

    assert answer.status_code == 200
    assert client_of(web, web.north)["email_bad_at"] is None


@pytest.mark.parametrize("address", ["nobody@acme.example", "nonsense", "\u2603@acme.example", "%@acme.example"])
def test_an_unknown_address_is_taken_and_changes_nothing(web: WebWorld, address: str) -> None:
    give_address(web, web.north)

    answer = report(web, {**BOUNCE, "address": address})

    assert answer.status_code == 200
    assert client_of(web, web.north)["email_bad_at"] is None
    assert alerts_of(web, web.north) == []


def test_the_mark_cannot_be_set_through_the_api(web: WebWorld) -> None:
    answer = web.call("PATCH", f"/clients/{web.north.client_id}", {"email_bad_at": None})

    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("told", "status", "field"),
    [
        ({}, 422, "type"),
        ({**BOUNCE, "type": "opened"}, 422, "type"),
        ({**BOUNCE, "permanent": "yes"}, 422, "permanent"),
        ({"type": "bounce", "permanent": True}, 422, "address"),
        ({**BOUNCE, "address": 7}, 422, "address"),
        ({**BOUNCE, "address": "a\r\nb"}, 422, "address"),
        ({**BOUNCE, "reason": ["550"]}, 422, "reason"),
        (b"[1]", 422, "body"),
        (b"{", 400, None),
        (b"\xff", 400, None),
    ],
)
def test_a_report_that_cannot_be_read_is_refused(web: WebWorld, told: Any, status: int, field: str | None) -> None:
    answer = report(web, told)

    assert answer.status_code == status
    assert field is None or field in answer.get_json()["errors"]


def test_a_report_may_say_more_than_is_needed(web: WebWorld) -> None:
    assert report(web, {**BOUNCE, "timestamp": "2026-03-02T09:00:00Z", "provider": {"id": 7}}).status_code == 200


def test_a_forged_report_is_400_and_changes_nothing(web: WebWorld) -> None:
    give_address(web, web.north)

    answer = report(web, BOUNCE, secret="whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")

    assert (answer.status_code, answer.get_json()["type"]) == (400, "/problems/bad-mail-signature")
    assert client_of(web, web.north)["email_bad_at"] is None


def test_a_replayed_report_is_400(web: WebWorld) -> None:
    body = json.dumps(BOUNCE).encode()
    old = web.clock.now() - timedelta(seconds=301)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(old.timestamp())),
        "webhook-signature": Webhook(MAIL_SECRET).sign("msg_1", old, body.decode()),
    }

    answer = web.http.post("/api/webhooks/mail/", data=body, headers=headers)

    assert (answer.status_code, answer.get_json()["type"]) == (400, "/problems/bad-mail-signature")


def test_a_report_without_a_signature_is_400(web: WebWorld) -> None:
    answer = web.http.post("/api/webhooks/mail/", json=BOUNCE)

    assert (answer.status_code, answer.get_json()["type"]) == (400, "/problems/bad-mail-signature")


def test_a_huge_report_is_413(web: WebWorld) -> None:
    assert report(web, {**BOUNCE, "more": "x" * 70_000}).status_code == 413


def test_without_a_secret_reports_are_not_taken_and_the_problem_says_so(web: WebWorld) -> None:
    ours = web.app.extensions["dunlin"]
    keep(web.app, replace(ours, mail_signatures=None))

    answer = report(web, BOUNCE)

    assert (answer.status_code, answer.get_json()["type"]) == (503, "/problems/mail-reports-off")
    assert "MAIL_WEBHOOK_SECRET" in answer.get_json()["detail"]
