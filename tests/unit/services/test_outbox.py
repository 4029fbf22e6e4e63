"""Claims, sweeps, and faults of our own in a row."""

from datetime import timedelta

import pytest

from domain.model.answers import Refused
from domain.model.outbox import LEASE, OutboxKind, OutboxStatus
from domain.services.outbox import run_outbox
from domain.services.steps import in_firm
from ports.alerter import AlertNotDelivered
from tests.builders import NOW
from tests.service_world import World


@pytest.fixture
def world() -> World:
    return World()


def the_row(world: World, invoice_id: str) -> str:
    (item,) = world.pending(invoice_id)
    return item.id


def test_a_row_that_is_held_by_another_at_that_instant_is_rung_for_again(world: World) -> None:
    world.gateway.answers.append("succeed")
    invoice_id = world.invoice().invoice.id
    world.doorbell.take()

    with world.ports.uow.firm(world.firm.id) as other:
        other.invoices.lock(invoice_id)
        run_outbox(world.ports, world.workshop, the_row(world, invoice_id))

    assert world.gateway.sent == []
    world.clock.advance(timedelta(seconds=0.5))
    world.run_due()
    assert len(world.gateway.sent) == 1


def test_a_fault_of_ours_in_a_row_is_seen_and_tried_again_without_running_hot(world: World) -> None:
    invoice_id = world.invoice().invoice.id

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    default_card, world.cards.default_card = world.cards.default_card, broken  # type: ignore[assignment,method-assign]
    with pytest.raises(ZeroDivisionError):
        world.run_due()

    (item,) = world.pending(invoice_id)
    assert (item.status, item.last_error) == (OutboxStatus.DUE, "ZeroDivisionError: see the log")
    assert item.due_at > NOW

    world.cards.default_card = default_card  # type: ignore[method-assign]
    world.gateway.answers.append("succeed")
    world.advance(timedelta(seconds=2))
    assert len(world.gateway.sent) == 1


def test_a_row_whose_holder_is_gone_is_run_once_its_lease_is_over(world: World) -> None:
    world.gateway.answers.append("succeed")
    invoice_id = world.invoice().invoice.id
    row = the_row(world, invoice_id)
    in_firm(world.ports, world.firm.id, lambda step: step.tx.outbox.claim(row, step.now, step.now + LEASE))

    world.advance(LEASE - timedelta(seconds=1))
    assert world.gateway.sent == []
    world.advance(timedelta(seconds=2))

    assert len(world.gateway.sent) == 1


def test_an_alert_that_no_channel_took_is_tried_again(world: World) -> None:
    kept = world.alerts.alert
    refused = []

    def refuse(alert: object) -> None:
        refused.append(alert)
        raise AlertNotDelivered("the channel is down")

    world.alerts.alert = refuse  # type: ignore[method-assign]
    world.gateway.answers.append(Refused("No such customer."))
    invoice_id = world.invoice().invoice.id
    world.run_due()
    assert len(refused) == 1

    world.alerts.alert = kept  # type: ignore[method-assign]
    world.advance(timedelta(seconds=2))

    assert [alert.action for alert in world.alerts.alerts] == ["collection_held"]
    alerts = [item for item in world.outbox(invoice_id) if item.kind is OutboxKind.ALERT]
    assert [item.status for item in alerts] == [OutboxStatus.DONE]
