"""The host of the simulated world: whatever crashes, repeats or is out of order, each fact is told as one event."""

import json
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from adapters.memory.host_webhooks import MemoryHostWebhooks
from domain.model.host_deliveries import HostAnswer, answered
from domain.services import reading
from domain.services.outbox import run_outbox
from domain.services.webhook_endpoints import NewEndpoint, create_endpoint
from ports.host_webhooks import HostWebhook
from tests.host_builders import HOST_URL
from tests.simulation.world import BY, Crash, World

STEPS = 200


class FlakyHost(MemoryHostWebhooks):
    """Answers 500 now and then; the process that sends may die before or after, until `is_calm`."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._random = Random(seed)
        self.is_calm = False
        self.taken: Counter[str] = Counter()
        self.bodies: dict[str, set[bytes]] = {}

    def send(self, webhook: HostWebhook) -> HostAnswer:
        self._perhaps_crash()
        if not self.is_calm and self._random.random() < 0.3:
            return answered(500)
        self.taken[webhook.event_id] += 1
        self.bodies.setdefault(webhook.event_id, set()).add(webhook.body)
        self._perhaps_crash()
        return answered(200)

    def _perhaps_crash(self) -> None:
        if not self.is_calm and self._random.random() < 0.05:
            raise Crash


@pytest.mark.parametrize("seed", range(12))
def test_every_fact_is_told_as_one_event(seed: int) -> None:
    world, host = World(seed), FlakyHost(seed)
    world.workshop = replace(world.workshop, hosts=host)
    world.storage.perhaps_crash = lambda: None
    create_endpoint(world.ports, host, world.firm.id, NewEndpoint(HOST_URL), BY)
    world.storage.perhaps_crash = world._perhaps_crash
    for _ in range(STEPS):
        world.step()
    host.is_calm = True
    world.calm_down()
    while rung := world.doorbell.take():
        for outbox_id in rung:
            run_outbox(world.ports, world.workshop, outbox_id)

    stored = [told.stored for told in world.storage.store.host_events.rows.values()]
    assert {each.event.id for each in stored} == set(host.taken)
    assert {each.status for each in stored} <= {"delivered"}
    assert all(len(bodies) == 1 for bodies in host.bodies.values())
    told = [json.loads(body) for bodies in host.bodies.values() for body in bodies]
    for invoice_id in world.invoices:
        _judge(world, invoice_id, [each for each in told if (each["data"]["invoice"] or {}).get("id") == invoice_id])
    opened = {each["data"]["dispute"]["stripe_dispute_id"] for each in told if each["type"] == "dispute.opened"}
    assert opened == {dispute.id for dispute in world.reversals.disputes(None)}


def _judge(world: World, invoice_id: str, told: list[dict[str, object]]) -> None:
    """What was told of one invoice agrees with where it stands."""
    types = Counter(str(each["type"]) for each in told)
    figures = reading.get_invoice(world.ports, world.firm.id, invoice_id).figures
    attempts = reading.list_attempts(world.ports, world.firm.id, invoice_id)
    failures = sum(attempt.counts and attempt.is_failure for attempt in attempts)
    assert types["invoice.failed"] <= failures
    assert types["invoice.failed"] >= figures.payment_retry_count
    if figures.status == "overdue":
        assert (types["invoice.overdue"], types["dunning.finished"]) == (1, 1)
    assert types["invoice.overdue"] <= 1
    assert types["invoice.recovered"] <= 1
