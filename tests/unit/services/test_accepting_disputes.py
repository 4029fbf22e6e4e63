"""Conceding a dispute: what a person said of one round is not said of the next."""

import pytest

from domain.model.answers import NotReached
from domain.model.dispute_statuses import DisputeStatus
from domain.model.outbox import OutboxKind
from domain.services.dispute_work import request_acceptance
from tests.builders import NOW, days
from tests.reversal_world import deliver, disputed, paid_invoice, pending, the_dispute
from tests.service_world import ADMIN, World

APPEAL = {"status": "appeal_needs_response", "submissions": 1, "due_by": NOW + days(90)}


@pytest.fixture
def world() -> World:
    """A chargeback of a paid invoice."""
    world = World()
    paid_invoice(world)
    return world


def accept(world: World) -> None:
    world.disputes.shown["dp_1"] = the_dispute(world).newest
    request_acceptance(world.ports, world.firm.id, "dp_1", ADMIN)


def test_an_appeal_is_not_conceded_by_what_was_said_of_the_chargeback(world: World) -> None:
    deliver(world, disputed())
    world.disputes.answers.append(NotReached("Stripe was not reached."))
    accept(world)
    world.run_due()
    deliver(world, disputed("closed", NOW + days(1), status="lost"))

    deliver(world, disputed("updated", NOW + days(60), **APPEAL))
    world.advance(days(60))

    assert (pending(world, OutboxKind.ACCEPT_DISPUTE), world.disputes.accepted) == ([], ["dp_1"])
    assert the_dispute(world).is_open


def test_a_chargeback_is_not_conceded_by_what_was_said_of_its_inquiry(world: World) -> None:
    deliver(world, disputed(status="warning_needs_response"))
    accept(world)

    deliver(world, disputed("updated", NOW + days(1), status="needs_response"))
    world.run_due()

    assert (pending(world, OutboxKind.ACCEPT_DISPUTE), world.disputes.accepted) == ([], [])


def test_each_round_can_be_conceded(world: World) -> None:
    deliver(world, disputed())
    accept(world)
    world.run_due()
    deliver(world, disputed("updated", NOW + days(60), **APPEAL))
    world.clock.advance(days(61))

    accept(world)
    world.run_due()

    assert world.disputes.accepted == ["dp_1", "dp_1"]
    dispute = the_dispute(world)
    assert (dispute.status, dispute.resolution_reason) == (DisputeStatus.LOST, "The firm accepted the dispute.")


def test_an_appeal_that_is_lost_was_not_accepted_by_what_was_said_before(world: World) -> None:
    deliver(world, disputed())
    accept(world)
    world.run_due()

    deliver(world, disputed("updated", NOW + days(60), **APPEAL))
    deliver(world, disputed("closed", NOW + days(99), status="lost", submissions=1))

    assert the_dispute(world).resolution_reason == "The bank decided for the customer."
