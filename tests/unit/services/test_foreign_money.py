"""PaymentIntents and payments in another currency, and attempts that wait for each other."""

from datetime import timedelta
from typing import Any

import pytest

from domain.model.errors import Conflict
from domain.model.invoices import InvoiceStatus
from domain.model.outbox import OutboxKind, OutboxStatus
from domain.services import collection, pausing
from domain.services.webhooks import apply_event
from tests import stripe_events as stripe
from tests.builders import NOW
from tests.service_world import ADMIN, DAY, World


@pytest.fixture
def world() -> World:
    return World()


def tell(world: World, event_type: str, body: dict[str, Any], at: Any = NOW) -> None:
    apply_event(world.ports, world.mailroom, stripe.parsed(stripe.event(event_type, body, at)))


def test_money_in_another_currency_stops_the_automatic_course(world: World) -> None:
    invoice_id = world.invoice(send=False, stripe_payment_intent_id="pi_1").invoice.id
    paid = {**stripe.payment_intent("pi_1", "succeeded", charge_id="ch_1"), "currency": "eur"}

    tell(world, "payment_intent.succeeded", paid)
    collection.send_invoice(world.ports, world.firm.id, invoice_id, ADMIN)
    world.advance(DAY)

    assert world.gateway.sent == []
    assert [item.status for item in world.pending(invoice_id)] == [OutboxStatus.HELD]
    with pytest.raises(Conflict, match="another currency"):
        collection.charge_invoice(world.ports, world.firm.id, invoice_id, ADMIN)

    world.gateway.answers.append("succeed")
    pausing.resume_invoice(world.ports, world.firm.id, invoice_id, ADMIN)
    world.run_due()
    assert world.row(invoice_id).figures.status is InvoiceStatus.PAID


def test_a_retry_that_waited_for_another_attempt_is_due_when_that_has_ended(world: World) -> None:
    invoice_id = world.invoice(send=False, stripe_payment_intent_id="pi_1").invoice.id
    charge = stripe.charge("ch_1", "pi_1", NOW, decline_code="generic_decline")
    tell(world, "charge.failed", charge)
    world.clock.advance(2 * DAY)
    tell(world, "payment_intent.processing", stripe.payment_intent("pi_1", "processing"), world.clock.now())
    world.advance(DAY)
    for _ in range(6):
        world.advance(timedelta(minutes=5))
    (waiting,) = [item for item in world.pending(invoice_id) if item.kind is OutboxKind.RETRY]
    assert waiting.tries > 3
    assert waiting.due_at > world.clock.now()

    world.gateway.answers.append("succeed")
    error = stripe.decline_error(None, "generic_decline")
    failed = stripe.payment_intent("pi_1", "requires_payment_method", error=error, metadata={"attempt_id": "att_host"})
    tell(world, "payment_intent.canceled", {**failed, "status": "canceled"}, world.clock.now())
    world.run_due()

    assert world.row(invoice_id).figures.status is InvoiceStatus.PAID


def test_an_old_charge_in_a_new_event_surprises_nobody(world: World) -> None:
    invoice_id = world.invoice(send=False, stripe_payment_intent_id="pi_1").invoice.id

    tell(world, "charge.failed", stripe.charge("ch_1", "pi_1", NOW - 5 * DAY, decline_code="generic_decline"))
    world.advance(timedelta(hours=1))

    assert world.gateway.sent == []
    assert [item.status for item in world.pending(invoice_id) if item.kind is OutboxKind.RETRY] == [OutboxStatus.HELD]
