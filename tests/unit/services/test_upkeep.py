"""The check of the books: an invoice's figures and its ledger are two records of the same money."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from adapters.memory.store import Booked
from domain.model.audit import Severity
from domain.services.upkeep import SETTLING_TIME, BookCheck
from tests.builders import NOW, days
from tests.reversal_world import (
    alerts,
    charged,
    charged_again,
    deliver,
    disputed,
    paid_invoice,
    refunded,
    reinstated,
    withdrawn,
)
from tests.service_world import World

Entries = dict[Any, Booked]


@pytest.fixture
def world() -> World:
    return World()


def check(world: World, *, wait: timedelta = SETTLING_TIME) -> list[str]:
    """The texts of all alerts about the books, once they were looked at."""
    world.clock.advance(wait)
    BookCheck().check(world.ports)
    world.run_due()
    return alerts(world, "books_disagree")


def tampered(world: World, change: Callable[[Booked], Booked | None], kind: str) -> None:
    """As somebody with the database's own rights could do it."""
    ledger = world.ports.uow.store.ledger  # type: ignore[attr-defined]
    key, booked = next((key, row) for key, row in ledger.rows.items() if row.entry.kind == kind)
    ledger.apply({key: change(booked)})


def removed(_: Booked) -> None:
    return None


def altered(booked: Booked) -> Booked:
    return replace(booked, entry=replace(booked.entry, amount_minor=booked.entry.amount_minor + 1))


STORIES: dict[str, list[Any]] = {
    "paid": [charged()],
    "refunded": [refunded()],
    "partly refunded": [refunded(amount=1000)],
    "refund failed": [refunded(), refunded("failed", NOW + days(1), status="failed")],
    "refund on its way": [refunded(status="pending")],
    "inquiry": [disputed(status="warning_needs_response")],
    "disputed": [disputed(movements=[withdrawn()])],
    "partly disputed": [disputed(amount=1000, movements=[withdrawn(1000)])],
    "disputed for more than the charge": [disputed(amount=5000, movements=[withdrawn(5000)])],
    "lost": [disputed("closed", NOW + days(60), status="lost", movements=[withdrawn()])],
    "lost with a credit": [
        disputed("closed", NOW + days(60), status="lost", movements=[withdrawn(), reinstated(2100)])
    ],
    "won": [disputed("closed", NOW + days(60), status="won", movements=[withdrawn(), reinstated()])],
    "refunded in part, the rest lost": [
        refunded(amount=1000),
        disputed("closed", NOW + days(60), status="lost", amount=3200, movements=[withdrawn(3200)]),
    ],
    "two partial disputes, one won": [
        disputed("closed", status="won", amount=1000, movements=[withdrawn(1000), reinstated(1000)]),
        disputed(dispute_id="dp_2", amount=2000, movements=[withdrawn(2000, "dp_2")]),
    ],
}


@pytest.mark.parametrize("story", STORIES)
def test_books_that_are_right_are_left_in_peace(world: World, story: str) -> None:
    paid_invoice(world)
    deliver(world, *STORIES[story])

    assert check(world) == []


@pytest.mark.parametrize("change", [removed, altered])
@pytest.mark.parametrize(
    ("story", "kind"),
    [
        ("paid", "payment"),
        ("refunded", "refund"),
        ("refund failed", "refund_reversal"),
        ("won", "dispute_reinstatement"),
        ("lost", "dispute_withdrawal"),
        ("won", "dispute_fee"),
        ("lost with a credit", "dispute_reinstatement"),
        ("disputed for more than the charge", "dispute_withdrawal"),
    ],
)
def test_an_entry_that_was_removed_or_altered_is_told_once(
    world: World, story: str, kind: str, change: Callable[[Booked], Booked | None]
) -> None:
    invoice_id = paid_invoice(world)
    deliver(world, *STORIES[story])
    tampered(world, change, kind)

    assert len(check(world)) == 1
    assert [alert.severity for alert in world.alerts.alerts if alert.action == "books_disagree"] == [Severity.CRITICAL]
    for _ in range(3):
        assert len(check(world)) == 1
    (event,) = world.audit("books_disagree")
    assert (event.severity, event.invoice_id) == (Severity.CRITICAL, invoice_id)
    assert world.metrics.counted["dunlin_books_disagree_total"] == 4


def test_a_withdrawal_that_was_removed_is_told(world: World) -> None:
    paid_invoice(world)
    deliver(world, *STORIES["lost"])
    tampered(world, removed, "dispute_withdrawal")

    (text,) = check(world)
    assert "disputes hold 0.00 USD by the ledger, and 42.00 USD shown" in text


def test_another_disagreement_of_the_same_invoice_is_told_too(world: World) -> None:
    paid_invoice(world)
    deliver(world, *STORIES["refunded"])
    tampered(world, altered, "payment")
    assert len(check(world)) == 1

    tampered(world, removed, "refund")
    assert len(check(world)) == 2


def test_what_changed_a_moment_ago_is_not_judged_yet(world: World) -> None:
    paid_invoice(world)
    deliver(world, disputed())

    assert check(world, wait=SETTLING_TIME - timedelta(seconds=1)) == []
    assert len(check(world, wait=timedelta(seconds=1))) == 1, "an hour later its withdrawal is still not told of"
    deliver(world, disputed("funds_withdrawn", movements=[withdrawn()]))
    assert len(check(world)) == 1


def test_money_that_came_twice_is_no_disagreement(world: World) -> None:
    invoice_id = paid_invoice(world)
    deliver(world, charged_again(invoice_id))

    assert world.row(invoice_id).figures.amount_paid == 8400
    assert check(world) == []
