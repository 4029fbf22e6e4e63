"""Deadlines and concessions: reminded in time and no more, conceded once and surely."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.model.answers import DisputeShown, NotReached, Refused, Unknown, UnknownCause
from domain.model.audit import Severity
from domain.model.errors import Conflict, NotFound
from domain.model.outbox import LEASE, OutboxItem, OutboxKind, OutboxStatus
from domain.model.policies import Policy
from domain.services.dispute_work import request_acceptance
from domain.services.outbox import run_outbox
from domain.services.steps import in_system
from tests.builders import NOW, days
from tests.reversal_builders import dispute_telling
from tests.reversal_world import alerts, deliver, disputed, paid_invoice, pending, rows, the_dispute
from tests.service_world import ADMIN, World

DEADLINE = NOW + days(9)
HOURS = (168, 72, 24, 4)


@pytest.fixture
def world() -> World:
    """A paid invoice whose charge is charged back, to be answered within nine days."""
    world = World()
    paid_invoice(world)
    deliver(world, disputed())
    world.run_due()
    world.disputes.shown["dp_1"] = dispute_telling(told_at=NOW, amount_minor=4200)
    return world


def reminded(world: World) -> list[str]:
    """What the reminders so far said was left."""
    return [text.split("has ")[1].split(" left")[0] for text in alerts(world, "dispute_deadline_near")]


def due_hours(world: World, deadline: datetime = DEADLINE) -> list[float]:
    """How many hours before the deadline the reminders are that are still to come."""
    return [
        (deadline - item.due_at).total_seconds() / 3600
        for item in sorted(pending(world, OutboxKind.DISPUTE_DEADLINE), key=lambda item: item.due_at)
    ]


def go_to(world: World, at: datetime) -> None:
    world.advance(at - world.clock.now())


def test_reminders_come_seven_three_and_one_days_and_four_hours_before(world: World) -> None:
    assert due_hours(world) == list(HOURS)

    for hours in HOURS:
        go_to(world, DEADLINE - timedelta(hours=hours) - timedelta(minutes=1))
        before = len(reminded(world))
        go_to(world, DEADLINE - timedelta(hours=hours))
        assert len(reminded(world)) == before + 1

    assert reminded(world) == ["7 days", "3 days", "24 hours", "4 hours"]
    assert [event.severity for event in world.audit("dispute_deadline_near")] == [Severity.CRITICAL] * 4
    go_to(world, DEADLINE + days(10))
    assert len(reminded(world)) == 4


def test_a_firm_sets_its_own_times(world: World) -> None:
    world = World(policy=Policy(dispute_reminder_hours=(48,)))
    paid_invoice(world)
    deliver(world, disputed())

    assert due_hours(world) == [48]


def test_they_move_with_the_deadline(world: World) -> None:
    later = DEADLINE + days(5)
    deliver(world, disputed("updated", NOW + days(1), due_by=later))

    assert due_hours(world, later) == list(HOURS)
    go_to(world, DEADLINE - timedelta(hours=72))
    assert reminded(world) == []
    go_to(world, later - timedelta(hours=168))
    assert reminded(world) == ["7 days"]


def test_a_deadline_that_moves_and_moves_back_is_still_reminded_of(world: World) -> None:
    deliver(world, disputed("updated", NOW + days(1), due_by=DEADLINE + days(5)))
    deliver(world, disputed("updated", NOW + days(2), due_by=DEADLINE))

    assert due_hours(world) == list(HOURS)


def test_a_deadline_that_is_gone_is_not_reminded_of(world: World) -> None:
    deliver(world, disputed("updated", NOW + days(1), due_by=None))

    assert due_hours(world) == []


@pytest.mark.parametrize("turn", [{"submissions": 1}, {"status": "under_review"}, {"status": "won"}])
def test_they_are_canceled_when_evidence_is_submitted_or_the_dispute_goes_on(
    world: World, turn: dict[str, Any]
) -> None:
    deliver(world, disputed("updated", NOW + days(1), **turn))

    assert due_hours(world) == []
    go_to(world, DEADLINE + days(1))
    assert reminded(world) == []


def test_evidence_that_is_only_staged_stops_no_reminder(world: World) -> None:
    staged = disputed("updated", NOW + days(1))
    staged["data"]["object"]["evidence_details"]["has_evidence"] = True
    deliver(world, staged)

    assert due_hours(world) == list(HOURS)


def test_of_several_that_are_overdue_only_the_nearest_is_told(world: World) -> None:
    go_to(world, DEADLINE - timedelta(hours=20))

    assert reminded(world) == ["20 hours"]
    statuses = {item.status for item in rows(world, OutboxKind.DISPUTE_DEADLINE)}
    assert statuses == {OutboxStatus.DONE, OutboxStatus.DUE}
    go_to(world, DEADLINE)
    assert len(reminded(world)) == 2


def test_a_dispute_that_is_heard_of_late_is_told_by_its_nearest_reminder_at_once() -> None:
    world = World()
    paid_invoice(world)
    world.clock.advance(DEADLINE - timedelta(hours=30) - NOW)

    deliver(world, disputed())
    world.run_due()

    assert reminded(world) == ["30 hours"]


def test_a_reminder_that_was_claimed_when_the_evidence_was_submitted_says_nothing(world: World) -> None:
    first = claimed(world, OutboxKind.DISPUTE_DEADLINE, DEADLINE - timedelta(hours=168))

    deliver(world, disputed("updated", world.clock.now(), submissions=1))
    after_its_lease(world, first)

    assert reminded(world) == []
    (row,) = [item for item in rows(world, OutboxKind.DISPUTE_DEADLINE) if item.id == first.id]
    assert row.status is OutboxStatus.CANCELED


def claimed(world: World, kind: OutboxKind, at: datetime) -> OutboxItem:
    """The first row of that kind, claimed at that time by a worker that dies."""
    first = min(pending(world, kind), key=lambda item: item.due_at)
    world.clock.advance(at - world.clock.now())
    item = in_system(world.ports, lambda step: step.tx.outbox.claim(first.id, step.now, step.now + LEASE))
    assert item is not None
    return item


def after_its_lease(world: World, item: OutboxItem) -> None:
    world.clock.advance(LEASE + timedelta(seconds=1))
    run_outbox(world.ports, world.workshop, item.id)
    world.run_due()


def accept(world: World) -> None:
    request_acceptance(world.ports, world.firm.id, "dp_1", ADMIN)
    world.run_due()


def test_a_dispute_is_conceded_by_one_call_however_often_it_is_asked_for(world: World) -> None:
    for _ in range(3):
        request_acceptance(world.ports, world.firm.id, "dp_1", ADMIN)
    world.run_due()
    world.sweep()

    assert world.disputes.accepted == ["dp_1"]
    told = the_dispute(world)
    assert (told.stripe_status, told.resolution_reason) == ("lost", "The firm accepted the dispute.")
    assert len(world.audit("dispute_accept_requested")) == 1
    assert due_hours(world) == []


def test_it_cannot_be_conceded_once_it_has_ended_or_is_reviewed(world: World) -> None:
    deliver(world, disputed("updated", NOW + days(1), status="under_review"))

    with pytest.raises(Conflict, match="under_review"):
        accept(world)
    with pytest.raises(NotFound):
        request_acceptance(world.ports, world.firm.id, "dp_nobody", ADMIN)


@pytest.mark.parametrize(
    "trouble",
    [Unknown(UnknownCause.LOST, "time-out"), Unknown(UnknownCause.SERVER_ERROR, "500"), NotReached("refused")],
)
def test_an_answer_that_was_lost_is_asked_for_again(world: World, trouble: Unknown | NotReached) -> None:
    world.disputes.answers.append(trouble)
    accept(world)
    assert the_dispute(world).stripe_status == "needs_response"

    world.advance(timedelta(seconds=2))

    assert len(world.disputes.accepted) == 2
    assert the_dispute(world).stripe_status == "lost"


def test_a_worker_that_died_after_the_call_is_followed_by_one_that_asks_again(world: World) -> None:
    request_acceptance(world.ports, world.firm.id, "dp_1", ADMIN)
    after_its_lease(world, claimed(world, OutboxKind.ACCEPT_DISPUTE, NOW))

    assert world.disputes.accepted == ["dp_1"]
    assert the_dispute(world).stripe_status == "lost"


def test_nothing_is_asked_when_the_event_of_the_end_came_before_the_next_worker(world: World) -> None:
    request_acceptance(world.ports, world.firm.id, "dp_1", ADMIN)
    item = claimed(world, OutboxKind.ACCEPT_DISPUTE, NOW)
    deliver(world, disputed("closed", NOW, status="lost"))

    after_its_lease(world, item)

    assert world.disputes.accepted == []
    assert pending(world, OutboxKind.ACCEPT_DISPUTE) == []


def test_a_refusal_is_told_and_the_dispute_waits_for_its_answer_again(world: World) -> None:
    world.disputes.answers.append(Refused("This dispute cannot be closed."))
    accept(world)

    assert the_dispute(world).accept_requested_at is None
    assert len(alerts(world, "dispute_accept_refused")) == 1
    assert due_hours(world) == list(HOURS)


def test_every_refusal_is_told_when_it_is_asked_for_again(world: World) -> None:
    for _ in range(2):
        world.disputes.answers.append(Refused("This dispute cannot be closed."))
        accept(world)
        world.clock.advance(timedelta(minutes=1))

    assert len(alerts(world, "dispute_accept_refused")) == 2
    accept(world)
    assert the_dispute(world).stripe_status == "lost"


def test_a_refusal_that_comes_after_the_claim_was_lost_decides_nothing(world: World) -> None:
    accept_at_stripe = world.disputes.accept

    def stall(account: str | None, stripe_dispute_id: str) -> Refused:
        """The lease runs out and another worker has the row when this one wakes up."""
        world.disputes.accept = accept_at_stripe  # type: ignore[method-assign]
        (item,) = pending(world, OutboxKind.ACCEPT_DISPUTE)
        world.clock.advance(LEASE + timedelta(seconds=1))
        in_system(world.ports, lambda step: step.tx.outbox.claim(item.id, step.now, step.now + LEASE))
        return Refused("This dispute cannot be closed.")

    world.disputes.accept = stall  # type: ignore[method-assign]
    accept(world)
    assert the_dispute(world).accept_requested_at is not None
    assert alerts(world, "dispute_accept_refused") == []

    world.advance(LEASE + timedelta(seconds=1))
    assert the_dispute(world).stripe_status == "lost"


def test_what_a_late_worker_was_shown_is_kept(world: World) -> None:
    accept_at_stripe = world.disputes.accept

    def stall(account: str | None, stripe_dispute_id: str) -> Any:
        world.disputes.accept = accept_at_stripe  # type: ignore[method-assign]
        (item,) = pending(world, OutboxKind.ACCEPT_DISPUTE)
        world.clock.advance(LEASE + timedelta(seconds=1))
        in_system(world.ports, lambda step: step.tx.outbox.claim(item.id, step.now, step.now + LEASE))
        return DisputeShown(dispute_telling(stripe_status="lost", told_at=world.clock.now(), amount_minor=4200))

    world.disputes.accept = stall  # type: ignore[method-assign]
    accept(world)

    assert the_dispute(world).stripe_status == "lost"
    world.advance(LEASE + timedelta(seconds=1))
    assert pending(world, OutboxKind.ACCEPT_DISPUTE) == []
    assert world.disputes.accepted == []
