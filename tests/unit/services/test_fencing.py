"""Holders that stall, refusals that come too late, customers that change: nobody is charged twice for it."""

from datetime import timedelta

import pytest

from domain.model.answers import Absent, Found, NotReached, Refused, Unknown, UnknownCause
from domain.model.attempts import AttemptStatus, FrozenCharge
from domain.model.invoices import InvoiceStatus
from domain.model.outbox import LEASE, OutboxKind
from domain.model.payment_facts import FactKind, PaymentFact, Source
from domain.model.policies import Policy
from domain.services import collection, firms
from domain.services.clients import change_client
from domain.services.outbox import POLICY_BATCH
from domain.services.webhooks import apply_event
from tests import stripe_events as stripe
from tests.builders import NOW
from tests.service_world import ADMIN, DAY, World

LOST = Unknown(UnknownCause.LOST, "time-out")
SERVER_ERROR = Unknown(UnknownCause.SERVER_ERROR, "500")


@pytest.fixture
def world() -> World:
    return World()


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def paid(world: World, attempt_id: str) -> PaymentFact:
    now = world.clock.now()
    return PaymentFact(
        FactKind.SUCCEEDED,
        Source.ANSWER,
        told_at=now,
        heard_at=now,
        attempt_id=attempt_id,
        stripe_payment_intent_id="pi_1",
        stripe_charge_id="ch_1",
        amount_minor=4200,
        currency="usd",
    )


def test_a_replay_that_is_refused_says_nothing_of_the_first_request(world: World) -> None:
    world.gateway.answers.extend([LOST, Refused("Invalid API key.")])
    invoice_id = world.invoice().invoice.id
    world.run_due()
    attempt_id = world.attempts(invoice_id)[0].id

    world.advance(seconds(5))
    assert [a.status for a in world.attempts(invoice_id)] == [AttemptStatus.UNKNOWN]
    world.gateway.look_ups.append(Found((paid(world, attempt_id),)))
    world.advance(seconds(15))

    assert world.row(invoice_id).figures.status is InvoiceStatus.PAID
    assert len(world.gateway.sent) == 2
    assert world.row(invoice_id).invoice.paused_at is None


def test_a_lost_answer_is_looked_for_at_the_customer_that_was_charged(world: World) -> None:
    world.gateway.answers.append(SERVER_ERROR)
    world.invoice()
    world.run_due()

    change_client(world.ports, world.firm.id, world.client.id, {"stripe_customer_id": "cus_2"}, ADMIN)
    world.advance(seconds(5))

    assert [order.stripe_customer_id for order in world.gateway.asked] == ["cus_1"]


def test_a_holder_that_stalled_beyond_its_lease_cannot_undo_what_came_after_it(world: World) -> None:
    invoice_id = world.invoice().invoice.id
    execute = world.gateway.execute

    def stall(account: str | None, charge: FrozenCharge) -> NotReached:
        """The lease runs out, others take over and the money moves; then this holder wakes up and knows nothing."""
        world.gateway.sent.append(charge)
        world.gateway.execute = execute  # type: ignore[method-assign]
        world.gateway.answers.append("succeed")
        world.advance(LEASE + seconds(1))
        world.sweep()
        return NotReached("connection refused")

    world.gateway.execute = stall  # type: ignore[assignment,method-assign]
    world.run_due()
    world.advance(DAY)

    assert [a.status for a in world.attempts(invoice_id)] == [AttemptStatus.SUCCEEDED]
    assert {charge.idempotency_key for charge in world.gateway.sent} == {world.gateway.sent[0].idempotency_key}
    assert world.row(invoice_id).figures.amount_paid == 4200


def test_what_a_late_holder_knows_of_money_is_kept_all_the_same(world: World) -> None:
    invoice_id = world.invoice().invoice.id
    execute = world.gateway.execute

    def stall(account: str | None, charge: FrozenCharge) -> object:
        world.gateway.execute = execute  # type: ignore[method-assign]
        world.gateway.answers.append(LOST)
        world.advance(LEASE + seconds(1))
        world.sweep()
        world.gateway.answers.appendleft("succeed")
        return execute(account, charge)

    world.gateway.execute = stall  # type: ignore[assignment,method-assign]
    world.run_due()

    assert world.row(invoice_id).figures.status is InvoiceStatus.PAID
    assert [item.kind for item in world.pending(invoice_id)] == []


def test_a_charge_that_a_person_asked_for_waits_for_a_pending_payment_of_others(world: World) -> None:
    invoice_id = world.invoice(autopay=False, stripe_payment_intent_id="pi_1").invoice.id
    collection.charge_invoice(world.ports, world.firm.id, invoice_id, ADMIN)
    pending = stripe.event("payment_intent.processing", stripe.payment_intent("pi_1", "processing"), NOW)
    apply_event(world.ports, world.mailroom, stripe.parsed(pending))

    world.run_due()

    assert world.gateway.sent == []


def test_a_pending_payment_that_returns_is_polled_again(world: World) -> None:
    invoice_id = world.invoice(send=False, stripe_payment_intent_id="pi_1").invoice.id

    def tell(event_type: str, status: str, at: timedelta) -> None:
        error = stripe.decline_error("ch_1", "generic_decline") if event_type.endswith("failed") else None
        body = stripe.event(event_type, stripe.payment_intent("pi_1", status, error=error), NOW + at)
        apply_event(world.ports, world.mailroom, stripe.parsed(body))

    tell("payment_intent.processing", "processing", seconds(0))
    tell("payment_intent.payment_failed", "requires_payment_method", seconds(60))
    world.advance(DAY)
    tell("payment_intent.processing", "processing", DAY)

    assert OutboxKind.POLL_PENDING in [item.kind for item in world.pending(invoice_id)]
    world.advance(2 * DAY)
    assert len(world.gateway.asked) >= 1


def test_a_new_policy_reaches_every_invoice_slice_by_slice(world: World) -> None:
    world.gateway.answers.extend(["generic_decline"] * (POLICY_BATCH + 5))
    invoice_ids = [world.invoice().invoice.id for _ in range(POLICY_BATCH + 5)]
    world.run_due()

    firms.replace_policy(world.ports, world.firm.id, Policy(retry_delays_days=(1,)), ADMIN)
    world.run_due()

    assert {world.row(invoice_id).figures.next_payment_retry_at for invoice_id in invoice_ids} == {NOW + DAY}


def test_a_replay_that_cannot_leave_for_long_gives_way_to_look_ups(world: World) -> None:
    world.gateway.answers.extend(
        [LOST, NotReached("500 on the update"), NotReached("500 on the update"), NotReached("x")]
    )
    invoice_id = world.invoice().invoice.id
    world.run_due()
    world.gateway.look_ups.extend([Absent(), Absent()])
    world.gateway.answers.append("succeed")

    for wait in (5, 15, 60, 120, 240, 480):
        world.advance(seconds(wait))

    statuses = [a.status for a in world.attempts(invoice_id)]
    assert statuses == [AttemptStatus.CANCELED, AttemptStatus.SUCCEEDED]
    assert world.row(invoice_id).figures.amount_paid == 4200
