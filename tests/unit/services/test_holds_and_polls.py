"""What waits for a person, what waits for others, and what is left to Stripe."""

from datetime import timedelta

import pytest

from domain.model.answers import Absent, Found, Refused
from domain.model.attempts import AttemptStatus
from domain.model.derivation import ATTEMPTS_PER_SLOT_MAX
from domain.model.invoices import InvoiceStatus
from domain.model.outbox import OutboxKind, OutboxStatus
from domain.model.payment_facts import FactKind, PaymentFact, Source
from domain.model.policies import Policy, RetriesBy
from domain.services import collection, firms, pausing, reading
from domain.services.webhooks import apply_event
from tests import stripe_events as stripe
from tests.builders import NOW
from tests.service_world import ADMIN, DAY, World


@pytest.fixture
def world() -> World:
    return World()


def refuse_until_held(world: World) -> str:
    """An invoice whose first attempt came to nothing as often as a slot allows, and was resumed each time."""
    world.gateway.answers.extend([Refused("No such customer.")] * ATTEMPTS_PER_SLOT_MAX)
    invoice_id = world.invoice().invoice.id
    world.run_due()
    for _ in range(ATTEMPTS_PER_SLOT_MAX - 1):
        pausing.resume_invoice(world.ports, world.firm.id, invoice_id, ADMIN)
        world.run_due()
    return invoice_id


def test_a_first_attempt_that_keeps_coming_to_nothing_can_still_be_released(world: World) -> None:
    invoice_id = refuse_until_held(world)
    assert len(world.gateway.sent) == ATTEMPTS_PER_SLOT_MAX

    world.gateway.answers.append("succeed")
    pausing.resume_invoice(world.ports, world.firm.id, invoice_id, ADMIN)
    world.run_due()

    assert world.row(invoice_id).figures.status is InvoiceStatus.PAID


def test_the_plan_says_what_has_to_be_done_first(world: World) -> None:
    invoice_id = refuse_until_held(world)

    told = reading.plan(world.ports, world.cards, world.firm.id, invoice_id)

    assert (told.next, told.at) == ("collect", None)
    assert told.blocked_by is not None
    assert "Collection is held: Stripe refused the request" in told.blocked_by


def processing(world: World) -> str:
    """An invoice that the host application's own payment is pending for."""
    invoice_id = world.invoice(send=False, stripe_payment_intent_id="pi_1").invoice.id
    body = stripe.event("payment_intent.processing", stripe.payment_intent("pi_1", "processing"), NOW)
    apply_event(world.ports, world.mailroom, stripe.parsed(body))
    return invoice_id


def test_a_pending_payment_of_others_is_asked_about_once_a_day(world: World) -> None:
    invoice_id = processing(world)

    world.advance(DAY)
    world.advance(DAY)

    assert [order.stripe_payment_intent_id for order in world.gateway.asked] == ["pi_1", "pi_1"]
    assert [item.kind for item in world.pending(invoice_id)] == [OutboxKind.POLL_PENDING]


def test_an_outcome_whose_event_was_lost_is_found_by_asking(world: World) -> None:
    invoice_id = processing(world)
    now = NOW + timedelta(hours=2)
    success = PaymentFact(
        FactKind.SUCCEEDED,
        Source.ANSWER,
        told_at=now,
        heard_at=now,
        stripe_payment_intent_id="pi_1",
        stripe_charge_id="ch_1",
        amount_minor=4200,
        currency="usd",
    )
    world.gateway.look_ups.append(Absent((success,)))

    world.advance(DAY)

    assert world.row(invoice_id).figures.status is InvoiceStatus.PAID
    assert world.pending(invoice_id) == []


def test_a_canceled_intent_of_others_lets_our_own_collection_go_on(world: World) -> None:
    invoice_id = processing(world)
    collection.send_invoice(world.ports, world.firm.id, invoice_id, ADMIN)
    world.run_due()
    assert world.gateway.sent == []
    ended = PaymentFact(FactKind.CANCELED, Source.ANSWER, told_at=NOW, heard_at=NOW, stripe_payment_intent_id="pi_1")
    world.gateway.look_ups.append(Found((ended,)))
    world.gateway.answers.append("succeed")

    world.advance(DAY)
    world.advance(timedelta(minutes=15))

    assert [a.status for a in world.attempts(invoice_id)] == [AttemptStatus.SUCCEEDED]
    assert world.gateway.orders[0].reuse_intent_id is None


def test_what_stripe_billing_collects_is_not_charged_by_us_as_well(world: World) -> None:
    firms.replace_policy(world.ports, world.firm.id, Policy(retries_by=RetriesBy.STRIPE), ADMIN)
    invoice_id = world.invoice(stripe_invoice_id="in_1").invoice.id

    world.advance(60 * DAY)

    assert world.gateway.sent == []
    assert world.pending(invoice_id) == []


def test_a_new_policy_moves_the_retries_that_are_waiting(world: World) -> None:
    world.gateway.answers.append("generic_decline")
    invoice_id = world.invoice().invoice.id
    world.run_due()

    firms.replace_policy(world.ports, world.firm.id, Policy(retry_delays_days=(1, 2)), ADMIN)
    world.run_due()

    assert world.row(invoice_id).figures.next_payment_retry_at == NOW + DAY
    assert [(item.due_at, item.status) for item in world.pending(invoice_id)] == [(NOW + DAY, OutboxStatus.DUE)]
