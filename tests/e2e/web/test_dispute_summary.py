"""The summary against sums computed by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.builders import NOW
from tests.e2e.web.reversal_stories import a_paid_invoice, tell_dispute
from tests.e2e.web.web_world import Json, WebWorld

JANUARY, FEBRUARY = datetime(2026, 1, 10, 12, tzinfo=UTC), datetime(2026, 2, 10, 12, tzinfo=UTC)
NOTHING = {"total": 0, "open": 0, "under_review": 0, "won": 0, "lost": 0, "closed": 0}

# (Stripe's id, status, opened, days until it ended, reason, brand, amount, currency, whose client)
DISPUTES = (
    ("dp_1", "won", JANUARY, 10, "fraudulent", "visa", 1000, "usd", 1),
    ("dp_2", "won", JANUARY, 20, "fraudulent", "mastercard", 2000, "usd", 1),
    ("dp_3", "lost", JANUARY, 30, "duplicate", "visa", 4000, "usd", 2),
    ("dp_4", "needs_response", FEBRUARY, None, "fraudulent", "visa", 8000, "eur", 2),
    ("dp_5", "under_review", FEBRUARY, None, "general", None, 1600, "usd", 1),
    ("dp_6", "warning_needs_response", FEBRUARY, None, "general", "amex", 3200, "eur", 1),
    ("dp_7", "warning_closed", FEBRUARY, 6, "general", "amex", 6400, "eur", 1),
)
ALL = {
    "total": 7,
    "open": 2,
    "under_review": 1,
    "won": 2,
    "lost": 1,
    "closed": 1,
    "inquiries": 2,
    "amounts": {
        "eur": {"total": 17600, "open": 11200, "under_review": 0, "won": 0, "lost": 0, "closed": 6400},
        "usd": {"total": 8600, "open": 0, "under_review": 1600, "won": 3000, "lost": 4000, "closed": 0},
    },
}


@pytest.fixture(scope="module", params=["memory", "postgres"])
def many(request: pytest.FixtureRequest) -> WebWorld:
    """The disputes above, told in full."""
    world = WebWorld(uow=request.getfixturevalue("sql_uow") if request.param == "postgres" else None)
    clients = [world.call("POST", "/clients", {"company_name": name}).get_json()["id"] for name in ("One", "Two")]
    for stripe_id, status, opened_at, days, reason, brand, amount, currency, client in DISPUTES:
        _, charge_id = a_paid_invoice(world, amount=amount, client_id=clients[client - 1], currency="usd")
        told = {"opened_at": opened_at, "reason": reason, "brand": brand, "amount": amount, "currency": currency}
        begun = "warning_needs_response" if status.startswith("warning") else "needs_response"
        tell_dispute(world, charge_id, begun, stripe_dispute_id=stripe_id, told_at=opened_at, **told)
        ended_at = opened_at + timedelta(days=days or 1)
        tell_dispute(world, charge_id, status, stripe_dispute_id=stripe_id, told_at=ended_at, **told)
    return world


def summary(web: WebWorld, **query: str) -> Json:
    answer = web.call("GET", "/disputes/summary", query={name.strip("_"): text for name, text in query.items()})
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def counted(web: WebWorld, **query: str) -> int:
    return int(summary(web, **query)["total"])


def test_all_disputes_are_summed_up_inquiries_too(many: WebWorld) -> None:
    shown = summary(many)

    assert {name: shown[name] for name in ALL} == ALL
    assert shown["win_rate"] == pytest.approx(2 / 3)
    assert shown["average_days_to_resolve"] == pytest.approx((10 + 20 + 30 + 6) / 4)
    assert shown["groups"] == []


def test_a_firm_without_disputes_has_a_summary_of_nothing(many: WebWorld) -> None:
    nothing = many.call("GET", "/disputes/summary", query={"group_by": "reason"}, by=many.south).get_json()

    assert nothing == {
        **NOTHING,
        "inquiries": 0,
        "win_rate": None,
        "average_days_to_resolve": None,
        "amounts": {},
        "groups": [],
    }


@pytest.mark.parametrize(
    ("group_by", "totals"),
    [
        ("reason", {"fraudulent": 3, "general": 3, "duplicate": 1}),
        ("month", {"2026-01": 3, "2026-02": 4}),
        ("brand", {"visa": 3, "amex": 2, "mastercard": 1, None: 1}),
    ],
)
def test_groups_are_summed_up_by_themselves(many: WebWorld, group_by: str, totals: dict[str | None, int]) -> None:
    shown = summary(many, group_by=group_by)

    assert {group["key"]: group["total"] for group in shown["groups"]} == totals
    largest_first = sorted(totals.values(), reverse=True)
    assert [group["total"] for group in shown["groups"]] == ([3, 4] if group_by == "month" else largest_first)
    for name in NOTHING:
        assert sum(group[name] for group in shown["groups"]) == shown[name] == ALL[name]


def test_groups_by_client_name_the_client(many: WebWorld) -> None:
    names = {client["id"]: client["company_name"] for client in many.call("GET", "/clients").get_json()["data"]}

    shown = summary(many, group_by="client")

    assert {names[group["key"]]: group["total"] for group in shown["groups"]} == {"One": 5, "Two": 2}


def test_a_group_has_every_figure_of_its_own(many: WebWorld) -> None:
    (january,) = [group for group in summary(many, group_by="month")["groups"] if group["key"] == "2026-01"]

    assert january == {
        "key": "2026-01",
        **NOTHING,
        "total": 3,
        "won": 2,
        "lost": 1,
        "inquiries": 0,
        "win_rate": pytest.approx(2 / 3),
        "average_days_to_resolve": pytest.approx(20),
        "amounts": {"usd": {**NOTHING, "total": 7000, "won": 3000, "lost": 4000}},
    }


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ({"from_": "2026-01-10"}, 7),
        ({"from_": "2026-01-10T12:00:00Z"}, 7),
        ({"from_": "2026-01-10T12:00:01Z"}, 4),
        ({"from_": "2026-01-11"}, 4),
        ({"to": "2026-01-10"}, 3),
        ({"to": "2026-01-09"}, 0),
        ({"to": "2026-01-10T12:00:00Z"}, 0),
        ({"to": "2026-01-10T13:00:01+01:00"}, 3),
        ({"from_": "2026-01-10", "to": "2026-01-10"}, 3),
        ({"from_": "2026-01-10T12:00:00Z", "to": "2026-01-10T12:00:00Z"}, 0),
        ({"from_": "2026-01-10T13:00:00Z", "to": "2026-01-10"}, 0),
        ({"from_": "2026-02-01", "to": "2026-02-28"}, 4),
    ],
    ids=str,
)
def test_the_time_is_that_of_the_opening_and_a_last_day_is_in_it(
    many: WebWorld, query: dict[str, str], total: int
) -> None:
    assert counted(many, **query) == total


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-02-01", "2026-01-31"),
        ("2026-02-01T00:00:00Z", "2026-01-31"),
        ("2026-02-01T00:00:01Z", "2026-02-01T00:00:00Z"),
        ("2026-02-02", "2026-02-01T23:59:59Z"),
    ],
)
def test_a_beginning_after_the_end_is_refused(idle_web: WebWorld, first: str, last: str) -> None:
    refused = idle_web.call("GET", "/disputes/summary", query={"from": first, "to": last})

    assert refused.status_code == 422
    assert list(refused.get_json()["errors"]) == ["from"]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("from", "yesterday"),
        ("from", "2026-02-30"),
        ("from", "2026-02-01T00:00:00"),
        ("to", ""),
        ("to", "1999-12-31"),
        ("group_by", "colour"),
        ("group_by", ""),
        ("status", "won"),
        ("limit", "5"),
        ("span_from", "2026-01-01"),
    ],
)
def test_an_unknown_query_is_refused_by_name(idle_web: WebWorld, field: str, text: str) -> None:
    refused = idle_web.call("GET", "/disputes/summary", query={field: text})

    assert refused.status_code == 422
    assert list(refused.get_json()["errors"]) == [field]


def test_no_dispute_is_called_summary(web: WebWorld) -> None:
    _, charge_id = a_paid_invoice(web)
    tell_dispute(web, charge_id, stripe_dispute_id="dp_1", told_at=NOW)

    assert "groups" in web.call("GET", "/disputes/summary").get_json()
