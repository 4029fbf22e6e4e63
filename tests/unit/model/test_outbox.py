"""Waits and queues of what happens later. Expected values: design.md 1 and 4, the issue (point 6)."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.model.outbox import (
    LEASE,
    PENDING_STATUSES,
    QUEUE_OF,
    OutboxItem,
    OutboxKind,
    OutboxStatus,
    backoff,
    settle_delay,
)


@pytest.mark.parametrize(
    ("look", "seconds"),
    [(0, 5), (1, 15), (2, 60), (3, 120), (4, 240), (5, 480), (6, 960), (7, 1920), (8, 3600), (9, 3600), (400, 3600)],
)
def test_an_unknown_outcome_is_looked_into_ever_less_often_up_to_once_an_hour(look: int, seconds: int) -> None:
    assert settle_delay(look) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("tries", "seconds"), [(1, 2), (2, 4), (3, 8), (9, 512), (10, 900), (1000, 900)])
def test_the_wait_doubles_up_to_a_quarter_of_an_hour(tries: int, seconds: int) -> None:
    assert backoff(tries, 0.999999) == pytest.approx(timedelta(seconds=seconds), abs=timedelta(seconds=0.01))


@pytest.mark.parametrize("tries", [1, 5, 50])
def test_chance_takes_at_most_half_of_the_wait_away(tries: int) -> None:
    assert backoff(tries, 0.0) * 2 == pytest.approx(backoff(tries, 0.9999999), abs=timedelta(milliseconds=1))


def test_a_claim_outlasts_the_gateways_time_budget() -> None:
    assert timedelta(seconds=30) == LEASE


def test_every_kind_has_a_queue() -> None:
    assert set(QUEUE_OF) == set(OutboxKind)


@pytest.mark.parametrize("kind", [OutboxKind.COLLECT, OutboxKind.RETRY, OutboxKind.RUN_ATTEMPT, OutboxKind.SETTLE])
def test_what_may_move_money_runs_on_the_retries_queue(kind: OutboxKind) -> None:
    item = OutboxItem("out_1", "frm_1", kind, "key", datetime(2026, 3, 1, tzinfo=UTC))

    assert item.queue == "retries"


def test_what_is_done_or_canceled_is_not_pending() -> None:
    assert {OutboxStatus.DUE, OutboxStatus.CLAIMED, OutboxStatus.HELD} == PENDING_STATUSES
