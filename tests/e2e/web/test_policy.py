from typing import Any

import pytest

from domain.model.firms import Scope
from tests.e2e.web.web_world import WebWorld

STAGES = [
    "payment_failed",
    "payment_urgent",
    "suspension_warning",
    "final_notice",
    "authentication_needed",
    "receipt",
    "card_expiring",
    "card_changed",
    "dispute_received",
]
DEFAULT = {
    "retry_delays_days": [3, 7, 14],
    "count_from": "previous_failure",
    "retries_by": "dunlin",
    "old_slots": "hold",
    "dispute_reminder_hours": [168, 72, 24, 4],
    "stages": {stage: {"enabled": stage != "dispute_received", "delay_hours": 0} for stage in STAGES},
    "quiet_hours": None,
    "excluded_clients": [],
    "test_addresses": [],
    "alert_quiet_hours": 4,
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
        "stages": {stage: {"enabled": stage == "dispute_received", "delay_hours": 5} for stage in STAGES},
        "quiet_hours": {"start": "21:30", "end": "07:05", "business_days_only": True},
        "excluded_clients": ["cli_1", "cli_2"],
        "test_addresses": ["test@north.example", "also@north.example"],
        "alert_quiet_hours": 0,
    }

    put = web.call("PUT", "/policy", wanted)

    assert put.status_code == 200
    assert put.get_json() == web.call("GET", "/policy").get_json() == wanted


def test_what_a_put_leaves_out_takes_its_default(web: WebWorld) -> None:
    web.call("PUT", "/policy", {"retry_delays_days": [1], "retries_by": "stripe"})

    put = web.call("PUT", "/policy", {"old_slots": "run"})

    assert put.get_json() == {**DEFAULT, "old_slots": "run"}


def test_what_a_put_leaves_out_of_a_stage_takes_that_stages_default(web: WebWorld) -> None:
    stages = {"receipt": {"enabled": False}, "dispute_received": {"delay_hours": 2}, "payment_failed": {}}

    put = web.call("PUT", "/policy", {"stages": stages, "quiet_hours": {"start": "20:00", "end": "08:00"}}).get_json()

    assert put["stages"] == {
        **DEFAULT["stages"],
        "receipt": {"enabled": False, "delay_hours": 0},
        "dispute_received": {"enabled": False, "delay_hours": 2},
    }
    assert put["quiet_hours"] == {"start": "20:00", "end": "08:00", "business_days_only": False}


def test_a_policy_that_is_put_back_as_it_is_shown_changes_nothing(web: WebWorld) -> None:
    web.call("PUT", "/policy", {"stages": {"receipt": {"enabled": False}}, "test_addresses": ["test@north.example"]})
    shown = web.call("GET", "/policy").get_json()
    written = len(web.call("GET", "/audit-events").get_json()["data"])

    web.call("PUT", "/policy", shown)

    assert len(web.call("GET", "/audit-events").get_json()["data"]) == written


def test_clients_and_addresses_that_are_named_twice_are_kept_once(web: WebWorld) -> None:
    wanted = {"excluded_clients": ["cli_2", "cli_1", "cli_2"], "test_addresses": ["b@x.example", "a@x.example"] * 2}

    put = web.call("PUT", "/policy", wanted).get_json()

    assert put["excluded_clients"] == ["cli_1", "cli_2"]
    assert put["test_addresses"] == ["b@x.example", "a@x.example"]


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
        ("alert_quiet_hours", -1),
        ("alert_quiet_hours", 169),
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


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"stages": {"birthday": {}}}, "stages.birthday"),
        ({"stages": {"receipt": {"enabled": "yes"}}}, "stages.receipt.enabled"),
        ({"stages": {"receipt": {"delay_hours": 721}}}, "stages.receipt.delay_hours"),
        ({"stages": {"receipt": {"delay_hours": -1}}}, "stages.receipt.delay_hours"),
        ({"stages": {"receipt": {"at": 1}}}, "stages.receipt.at"),
        ({"stages": {"receipt": None}}, "stages.receipt"),
        ({"stages": ["receipt"]}, "stages"),
        ({"stages": None}, "stages"),
        ({"quiet_hours": {"start": "24:00", "end": "08:00"}}, "quiet_hours.start"),
        ({"quiet_hours": {"start": "20:00", "end": "8:00"}}, "quiet_hours.end"),
        ({"quiet_hours": {"start": "20:00", "end": "08:00:30"}}, "quiet_hours.end"),
        ({"quiet_hours": {"start": "20:00", "end": 8}}, "quiet_hours.end"),
        ({"quiet_hours": {"start": "20:00", "end": None}}, "quiet_hours.end"),
        ({"quiet_hours": {"start": "20:00"}}, "quiet_hours.end"),
        ({"quiet_hours": {"start": "20:00", "end": "20:00"}}, "quiet_hours"),
        ({"quiet_hours": "20:00-08:00"}, "quiet_hours"),
        ({"excluded_clients": "cli_1"}, "excluded_clients"),
        ({"excluded_clients": [1]}, "excluded_clients"),
        ({"excluded_clients": ["x" * 65]}, "excluded_clients"),
        ({"excluded_clients": [f"cli_{number}" for number in range(1001)]}, "excluded_clients"),
        ({"excluded_clients": None}, "excluded_clients"),
        ({"test_addresses": ["north.example"]}, "test_addresses"),
        ({"test_addresses": ["a@b.example, c@d.example"]}, "test_addresses"),
        ({"test_addresses": ["a@b.example\r\nBcc: c@d.example"]}, "test_addresses"),
        ({"test_addresses": ["North <a@b.example>"]}, "test_addresses"),
        ({"test_addresses": [f"a{number}@b.example" for number in range(21)]}, "test_addresses"),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_a_refused_part_about_notices_is_named(idle_web: WebWorld, body: dict[str, Any], field: str) -> None:
    refused = idle_web.call("PUT", "/policy", body)

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
