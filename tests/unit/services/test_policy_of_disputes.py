"""A changed policy and the reminders of disputes, with an invoice and without one."""

from datetime import datetime, timedelta

import pytest

from domain.model.outbox import OutboxKind
from domain.model.policies import Policy
from domain.services.firms import replace_policy
from tests.builders import NOW, days
from tests.reversal_world import alerts, deliver, disputed, paid_invoice, pending
from tests.service_world import ADMIN, World

RESPOND_BY = NOW + days(9)


def reminded_at(world: World) -> set[datetime]:
    return {item.due_at for item in pending(world, OutboxKind.DISPUTE_DEADLINE)}


@pytest.mark.parametrize("is_matched", [True, False])
def test_the_reminders_follow_a_new_policy(*, is_matched: bool) -> None:
    world = World(policy=Policy(dispute_reminder_hours=()))
    if is_matched:
        paid_invoice(world)
    deliver(world, disputed(), disputed(dispute_id="dp_2"))
    assert reminded_at(world) == set()

    replace_policy(world.ports, world.firm.id, Policy(dispute_reminder_hours=(48, 2)), ADMIN)
    world.run_due()

    assert reminded_at(world) == {RESPOND_BY - timedelta(hours=hours) for hours in (48, 2)}
    world.advance(days(8))
    assert len(alerts(world, "dispute_deadline_near")) == 2
