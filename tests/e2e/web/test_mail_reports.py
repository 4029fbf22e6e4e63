"""`POST /api/webhooks/mail/`: bounces and complaints."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook
from werkzeug.test import TestResponse

from domain.model.notices import NoticeStatus
from domain.model.outbox import OutboxKind
from domain.services.steps import Step, in_firm
from entrypoints.web.application import keep
from tests.e2e.web.web_world import MAIL_SECRET, Json, Tenant, WebWorld
from tests.notice_builders import a_kept_notice

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


def notice_to(web: WebWorld, tenant: Tenant, notice_id: str = "ntc_1") -> None:
    """A notice was sent to the tenant's client now."""
    at = web.clock.now()
    kept = a_kept_notice(
        id=notice_id,
        firm_id=tenant.firm_id,
        client_id=tenant.client_id,
        subject_id=tenant.invoice_id,
        invoice_id=tenant.invoice_id,
        status=NoticeStatus.SENT,
        created_at=at,
        sent_at=at,
    )
    in_firm(web.ports, tenant.firm_id, lambda step: step.tx.notices.save(kept))


BY_MESSAGE = {"type": "bounce", "permanent": True, "message_id": "<ntc_1@dunlin.example>", "reason": "550 5.1.1"}


@pytest.mark.parametrize("message_id", ["<ntc_1@dunlin.example>", "ntc_1@dunlin.example"])
def test_a_message_id_of_ours_leads_to_the_client_it_was_written_to(web: WebWorld, message_id: str) -> None:
    give_address(web, web.north)
    give_address(web, web.south)
    notice_to(web, web.north)

    answer = report(web, {**BY_MESSAGE, "message_id": message_id})

    assert answer.status_code == 200
    assert client_of(web, web.north)["email_bad_reason"] == "bounced (550 5.1.1)"
    assert client_of(web, web.south)["email_bad_at"] is None


@pytest.mark.parametrize("message_id", ["<ntc_2@x.example>", "<ntc_1.1@x.example>", "nonsense", "<>"])
def test_an_unknown_message_id_changes_nothing(web: WebWorld, message_id: str) -> None:
    give_address(web, web.north)
    notice_to(web, web.north)

    answer = report(web, {**BY_MESSAGE, "message_id": message_id})

    assert answer.status_code == 200
    assert client_of(web, web.north)["email_bad_at"] is None


def test_a_bounce_of_a_mail_to_an_address_that_may_be_gone_is_told_once_and_marks_nothing(web: WebWorld) -> None:
    give_address(web, web.north)
    notice_to(web, web.north)
    web.clock.advance(timedelta(minutes=1))
    give_address(web, web.north, "new@acme.example")

    report(web, BY_MESSAGE)
    report(web, BY_MESSAGE)

    assert client_of(web, web.north)["email_bad_at"] is None
    assert len(alerts_of(web, web.north)) == 1
    found = web.call("GET", "/audit-events", query={"action": "notice_bounced"}).get_json()["data"]
    assert len(found) == 1


def test_a_bounce_from_a_test_address_says_nothing_of_the_client(web: WebWorld) -> None:
    give_address(web, web.north)
    notice_to(web, web.north)
    set_test_addresses(web, web.north, "tests@north.example")

    report(web, BY_MESSAGE)

    assert client_of(web, web.north)["email_bad_at"] is None
    assert alerts_of(web, web.north) == []


def set_test_addresses(web: WebWorld, tenant: Tenant, *addresses: str) -> None:
    def change(step: Step) -> None:
        firm = step.tx.firms.get(tenant.firm_id)
        assert firm is not None
        notices = replace(firm.policy.notices, test_addresses=addresses)
        step.tx.firms.save(replace(firm, policy=replace(firm.policy, notices=notices)))

    in_firm(web.ports, tenant.firm_id, change)


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
        ({"type": "bounce", "permanent": True, "message_id": 7}, 422, "message_id"),
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
