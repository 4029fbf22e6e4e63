from typing import Any

import pytest

from domain.model.firms import Scope
from tests.e2e.web.web_world import WebWorld

DEFAULT = {
    "retry_delays_days": [3, 7, 14],
    "count_from": "previous_failure",
    "retries_by": "dunlin",
    "old_slots": "hold",
    "dispute_reminder_hours": [168, 72, 24, 4],
}


def test_a_firm_begins_with_the_default_policy(idle_web: WebWorld) -> None:
    assert idle_web.call("GET", "/policy").get_json() == DEFAULT


def test_a_policy_that_was_put_is_what_is_shown(web: WebWorld) -> None:
    wanted = {
        "retry_delays_days": [1, 2],
        "count_from": "first_failure",
        "retries_by": "stripe",
        "old_slots": "run",
        "dispute_reminder_hours": [48, 2],
    }

    put = web.call("PUT", "/policy", wanted)

    assert put.status_code == 200
    assert put.get_json() == web.call("GET", "/policy").get_json() == wanted


def test_what_a_put_leaves_out_takes_its_default(web: WebWorld) -> None:
    web.call("PUT", "/policy", {"retry_delays_days": [1], "retries_by": "stripe"})

    put = web.call("PUT", "/policy", {"old_slots": "run"})

    assert put.get_json() == {**DEFAULT, "old_slots": "run"}


def test_no_retries_are_a_policy_too(web: WebWorld) -> None:
    assert web.call("PUT", "/policy", {"retry_delays_days": []}).status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("retry_delays_days", [0]),
        ("retry_delays_days", [91]),
        ("retry_delays_days", [1.5]),
        ("retry_delays_days", ["3"]),
        ("retry_delays_days", [True]),
        ("retry_delays_days", [1] * 9),
        ("retry_delays_days", "3,7"),
        ("retry_delays_days", None),
        ("count_from", "yesterday"),
        ("retries_by", None),
        ("old_slots", 1),
        ("dispute_reminder_hours", [0]),
        ("dispute_reminder_hours", [1441]),
        ("dispute_reminder_hours", [24, 24]),
        ("dispute_reminder_hours", ["24"]),
        ("dispute_reminder_hours", list(range(1, 12))),
        ("dispute_reminder_hours", None),
        ("firm_id", "frm_1"),
    ],
    ids=repr,
)
def test_a_refused_field_is_named(idle_web: WebWorld, field: str, value: Any) -> None:
    refused = idle_web.call("PUT", "/policy", {field: value})

    assert refused.status_code == 422
    assert list(refused.get_json()["errors"]) == [field]
    assert idle_web.call("GET", "/policy").get_json() == DEFAULT


def test_delays_from_the_first_failure_must_increase(idle_web: WebWorld) -> None:
    refused = idle_web.call("PUT", "/policy", {"retry_delays_days": [7, 3], "count_from": "first_failure"})

    assert refused.status_code == 422
    assert list(refused.get_json()["errors"]) == ["retry_delays_days"]


@pytest.mark.parametrize("scope", [Scope.READ, Scope.WRITE])
def test_the_policy_is_changed_by_administrators(idle_web: WebWorld, scope: Scope) -> None:
    assert idle_web.call("PUT", "/policy", DEFAULT, scope=scope).status_code == 403


def test_a_preview_gives_the_calendar_and_changes_nothing(idle_web: WebWorld) -> None:
    preview = idle_web.call(
        "POST", "/policy/preview", {"retry_delays_days": [1, 2], "failed_at": "2026-01-30T12:00:00+01:00"}
    )

    assert preview.status_code == 200
    assert preview.get_json()["data"] == [
        {"number": 1, "action": "retry", "at": "2026-01-31T11:00:00Z", "after_days": 1},
        {"number": 2, "action": "retry", "at": "2026-02-02T11:00:00Z", "after_days": 3},
        {"number": 3, "action": "overdue", "at": "2026-02-02T11:00:00Z", "after_days": 3},
    ]
    assert idle_web.call("GET", "/policy").get_json() == DEFAULT


def test_a_preview_counts_from_the_first_failure_when_asked_to(idle_web: WebWorld) -> None:
    wanted = {"retry_delays_days": [3, 7], "count_from": "first_failure", "failed_at": "2026-01-01T00:00:00Z"}

    preview = idle_web.call("POST", "/policy/preview", wanted).get_json()["data"]

    assert [entry["after_days"] for entry in preview] == [3, 7, 7]


def test_a_preview_of_nothing_is_the_default_course_from_now(idle_web: WebWorld) -> None:
    preview = idle_web.call("POST", "/policy/preview", scope=Scope.READ).get_json()["data"]

    assert [(entry["action"], entry["at"]) for entry in preview] == [
        ("retry", "2026-03-05T09:00:00Z"),
        ("retry", "2026-03-12T09:00:00Z"),
        ("retry", "2026-03-26T09:00:00Z"),
        ("overdue", "2026-03-26T09:00:00Z"),
    ]


@pytest.mark.parametrize(
    "failed_at", ["2026-01-01", "2026-01-01T00:00:00", "1999-12-31T23:59:59Z", "9999-12-31T00:00:00Z", "soon", 5, None]
)
def test_a_preview_needs_a_time_with_a_zone_within_reason(idle_web: WebWorld, failed_at: Any) -> None:
    refused = idle_web.call("POST", "/policy/preview", {"failed_at": failed_at})

    assert refused.status_code == 422
    assert list(refused.get_json()["errors"]) == ["failed_at"]


def test_open_invoices_follow_the_new_policy(web: WebWorld) -> None:
    web.call("POST", f"/invoices/{web.north.invoice_id}/send")
    web.run_due()

    web.call("PUT", "/policy", {"retry_delays_days": [1]})
    web.run_due()

    shown = web.call("GET", f"/invoices/{web.north.invoice_id}").get_json()
    assert shown["next_payment_retry_at"] == "2026-03-03T09:00:00Z"
