"""Which disputes a list holds, and in which order."""

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import NOW
from tests.e2e.web.reversal_stories import a_dispute
from tests.e2e.web.web_world import WebWorld


def listed(web: WebWorld, **query: str) -> list[str]:
    """Stripe's ids of the disputes that a list holds."""
    answer = web.call("GET", "/disputes", query=query)
    assert answer.status_code == 200, answer.text
    return [dispute["stripe_dispute_id"] for dispute in answer.get_json()["data"]]


@pytest.fixture(scope="module")
def many() -> WebWorld:
    """Four disputes of north's; `dp_2` is an inquiry, `dp_3` is won, `dp_4` has no deadline."""
    world = WebWorld()
    stories: list[dict[str, Any]] = [
        {"reason": "fraudulent", "due_by": NOW + timedelta(days=9)},
        {"status": "warning_needs_response", "reason": "general", "due_by": NOW + timedelta(days=5)},
        {"status": "won", "reason": "fraudulent", "due_by": NOW + timedelta(days=7)},
        {"status": "under_review", "reason": "duplicate", "due_by": None},
    ]
    for number, told in enumerate(stories, start=1):
        opened_at = NOW - timedelta(days=number)
        a_dispute(world, stripe_dispute_id=f"dp_{number}", opened_at=opened_at, **told)
    return world


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["dp_2", "dp_3", "dp_1", "dp_4"]),
        ({"order": "newest"}, ["dp_1", "dp_2", "dp_3", "dp_4"]),
        ({"order": "respond_by"}, ["dp_2", "dp_3", "dp_1", "dp_4"]),
        ({"status": "opened"}, ["dp_2", "dp_1"]),
        ({"status": "under_review"}, ["dp_4"]),
        ({"status": "won"}, ["dp_3"]),
        ({"status": "lost"}, []),
        ({"reason": "fraudulent"}, ["dp_3", "dp_1"]),
        ({"reason": "fraudulent", "status": "won"}, ["dp_3"]),
        ({"reason": "unheard_of"}, []),
        ({"inquiry": "true"}, ["dp_2"]),
        ({"inquiry": "false"}, ["dp_3", "dp_1", "dp_4"]),
        ({"matched": "true"}, ["dp_2", "dp_3", "dp_1", "dp_4"]),
        ({"matched": "false"}, []),
        ({"respond_before": "2026-03-09T09:00:00Z"}, ["dp_2"]),
        ({"respond_before": "2026-03-09T10:00:01+01:00"}, ["dp_2", "dp_3"]),
        ({"client_id": "cli_none"}, []),
        ({"invoice_id": "inv_none"}, []),
    ],
    ids=str,
)
def test_disputes_are_filtered_and_ordered(many: WebWorld, query: dict[str, str], found: list[str]) -> None:
    assert listed(many, **query) == found


def test_disputes_are_filtered_by_client_and_invoice(many: WebWorld) -> None:
    shown = many.call("GET", "/disputes/dp_2").get_json()

    assert listed(many, invoice_id=shown["invoice_id"]) == ["dp_2"]
    assert listed(many, client_id=many.north.client_id) == ["dp_2", "dp_3", "dp_1", "dp_4"]


@pytest.mark.parametrize("order", ["newest", "respond_by"])
def test_pages_of_disputes_follow_each_other(many: WebWorld, order: str) -> None:
    seen, cursor = [], {}
    for _ in range(4):
        page = many.call("GET", "/disputes", query={"order": order, "limit": "1", **cursor}).get_json()
        seen += [dispute["stripe_dispute_id"] for dispute in page["data"]]
        cursor = {"cursor": page["next_cursor"]}

    assert seen == listed(many, order=order)
    assert page["next_cursor"] is None


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("status", "needs_response"),
        ("status", ""),
        ("inquiry", "yes"),
        ("inquiry", "1"),
        ("inquiry", "True"),
        ("matched", ""),
        ("order", "oldest"),
        ("respond_before", "2026-03-09"),
        ("respond_before", "soon"),
        ("reason", ""),
        ("colour", "red"),
        ("limit", "0"),
        ("cursor", "none of ours"),
    ],
)
def test_an_unknown_filter_value_is_refused_by_name(idle_web: WebWorld, field: str, text: str) -> None:
    refused = idle_web.call("GET", "/disputes", query={field: text})

    assert refused.status_code == 422
    assert list(refused.get_json()["errors"]) == [field]
