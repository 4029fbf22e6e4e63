"""Running attempts: the course of retries, and every answer that a gateway may give."""

from datetime import timedelta
from itertools import pairwise

import pytest

from domain.model.answers import NotReached, Refused
from domain.model.attempts import AttemptStatus, Trigger
from domain.model.cards import Card
from domain.model.declines import FailureCode
from domain.model.errors import Conflict
from domain.model.invoices import InvoiceStatus
from domain.model.outbox import OutboxKind, OutboxStatus
from domain.services import collection, pausing
from ports.payment_gateway import GatewayUnavailable
from tests.builders import NOW
from tests.service_world import ADMIN, DAY, World


@pytest.fixture
def world() -> World:
    return World()


def test_an_invoice_sent_with_autopay_is_charged_at_once_and_paid(world: World) -> None:
    world.gateway.answers.append("succeed")

    invoice_id = world.invoice().invoice.id
    world.run_due()

    figures = world.row(invoice_id).figures
    assert (figures.status, figures.amount_paid, figures.paid_at) == (InvoiceStatus.PAID, 4200, NOW)
    assert [a.trigger for a in world.attempts(invoice_id)] == [Trigger.AUTOPAY]


def test_the_course_is_three_seven_and_fourteen_days_and_ends_overdue(world: World) -> None:
    world.gateway.answers.extend(["insufficient_funds"] * 4)
    invoice_id = world.invoice().invoice.id
    world.run_due()

    seen = [(world.row(invoice_id).figures.status, world.row(invoice_id).figures.next_payment_retry_at)]
    for days in (3, 7, 14):
        world.advance(days * DAY)
        figures = world.row(invoice_id).figures
        seen.append((figures.status, figures.next_payment_retry_at))

    assert seen == [
        (InvoiceStatus.FAILED, NOW + 3 * DAY),
        (InvoiceStatus.FAILED, NOW + 10 * DAY),
        (InvoiceStatus.FAILED, NOW + 24 * DAY),
        (InvoiceStatus.OVERDUE, None),
    ]
    assert world.row(invoice_id).figures.payment_retry_count == 4
    world.advance(100 * DAY)
    assert len(world.gateway.sent) == 4


def test_a_retry_is_not_run_before_its_time(world: World) -> None:
    world.gateway.answers.append("generic_decline")
    world.invoice()
    world.run_due()

    world.advance(3 * DAY - timedelta(seconds=1))

    assert len(world.gateway.sent) == 1


def test_a_later_attempt_reuses_the_refused_payment_intent_under_a_key_of_its_own(world: World) -> None:
    world.gateway.answers.extend(["generic_decline", "succeed"])
    invoice_id = world.invoice().invoice.id
    world.run_due()
    world.advance(3 * DAY)

    first, second = world.attempts(invoice_id)

    assert second.stripe_payment_intent_id == first.stripe_payment_intent_id
    assert second.idempotency_key != first.idempotency_key
    assert world.row(invoice_id).figures.status is InvoiceStatus.PAID


def test_the_charge_asks_for_what_is_still_owed(world: World) -> None:
    world.gateway.answers.append("succeed")

    world.invoice(amount_due=777)
    world.run_due()

    assert world.gateway.orders[0].amount_minor == 777


def test_a_missing_card_is_an_immediate_failure(world: World) -> None:
    world.cards.card = None

    invoice_id = world.invoice().invoice.id
    world.run_due()

    figures = world.row(invoice_id).figures
    assert (figures.status, figures.payment_failure_code) == (InvoiceStatus.FAILED, FailureCode.PAYMENT_METHOD_MISSING)
    assert figures.next_payment_retry_at == NOW + 3 * DAY
    assert world.gateway.sent == []


def test_a_card_that_must_not_be_tried_again_skips_the_slot_which_counts(world: World) -> None:
    world.gateway.answers.append("stolen_card")
    invoice_id = world.invoice().invoice.id
    world.run_due()

    world.advance(3 * DAY)

    last = world.attempts(invoice_id)[-1]
    assert (last.status, last.counts) == (AttemptStatus.SKIPPED, True)
    assert "stolen_card" in (last.failure_reason or "")
    assert world.row(invoice_id).figures.payment_retry_count == 2
    assert len(world.gateway.sent) == 1


def test_a_new_card_is_charged_after_the_old_one_was_stolen(world: World) -> None:
    world.gateway.answers.extend(["stolen_card", "succeed"])
    invoice_id = world.invoice().invoice.id
    world.run_due()

    world.cards.card = Card("pm_2", brand="mastercard", is_default=True)
    world.advance(3 * DAY)

    assert world.row(invoice_id).figures.status is InvoiceStatus.PAID


def test_an_unreachable_gateway_is_a_delay_and_no_attempt(world: World) -> None:
    world.gateway.answers.extend([NotReached("connection refused"), "succeed"])
    invoice_id = world.invoice().invoice.id
    world.run_due()

    assert world.attempts(invoice_id) == ()
    waiting = world.pending(invoice_id)[0]
    assert (waiting.status, waiting.last_error) == (OutboxStatus.DUE, "connection refused")
    assert NOW < waiting.due_at <= NOW + timedelta(seconds=2)

    world.advance(timedelta(seconds=2))
    assert [a.status for a in world.attempts(invoice_id)] == [AttemptStatus.SUCCEEDED]


def test_delays_grow_while_the_gateway_stays_away(world: World) -> None:
    world.gateway.answers.extend([NotReached("refused")] * 6)
    invoice_id = world.invoice().invoice.id
    world.run_due()

    waits = []
    for _ in range(5):
        item = world.pending(invoice_id)[0]
        waits.append((item.due_at - world.clock.now()).total_seconds())
        world.clock.set(item.due_at)
        world.sweep()

    assert all(later > earlier for earlier, later in pairwise(waits))


def test_a_card_that_cannot_be_read_puts_the_attempt_off(world: World) -> None:
    world.cards.failure = GatewayUnavailable("time-out")
    invoice_id = world.invoice().invoice.id
    world.run_due()

    assert world.attempts(invoice_id) == ()
    assert world.pending(invoice_id)[0].last_error == "time-out"


def test_a_refusal_holds_collection_and_alerts_without_counting(world: World) -> None:
    world.gateway.answers.append(Refused("No such customer.", code="resource_missing"))
    invoice_id = world.invoice().invoice.id
    world.run_due()

    row = world.row(invoice_id)
    assert (row.figures.payment_retry_count, row.invoice.paused_at) == (0, NOW)
    assert [a.status for a in world.attempts(invoice_id)] == [AttemptStatus.CANCELED]
    assert [alert.action for alert in world.alerts.alerts] == ["collection_held"]
    assert [item.status for item in world.pending(invoice_id)] == [OutboxStatus.HELD]


def test_after_a_refusal_was_mended_resume_makes_a_new_attempt(world: World) -> None:
    world.gateway.answers.extend([Refused("No such customer."), "succeed"])
    invoice_id = world.invoice().invoice.id
    world.run_due()

    pausing.resume_invoice(world.ports, world.firm.id, invoice_id, ADMIN)
    world.run_due()

    assert world.row(invoice_id).figures.status is InvoiceStatus.PAID


def test_a_payment_method_that_is_gone_counts_as_no_card(world: World) -> None:
    world.gateway.answers.append(Refused("No such PaymentMethod.", is_method_gone=True))
    invoice_id = world.invoice().invoice.id
    world.run_due()

    figures = world.row(invoice_id).figures
    assert figures.payment_failure_code is FailureCode.PAYMENT_METHOD_MISSING
    assert figures.payment_retry_count == 1


def test_a_manual_charge_answers_an_attempt_at_once_and_a_worker_carries_it_out(world: World) -> None:
    world.gateway.answers.append("succeed")
    invoice_id = world.invoice(autopay=False).invoice.id

    attempt = collection.charge_invoice(world.ports, world.firm.id, invoice_id, ADMIN)
    assert (attempt.status, attempt.trigger) == (AttemptStatus.IN_FLIGHT, Trigger.MANUAL)

    world.run_due()
    assert [(a.id, a.status) for a in world.attempts(invoice_id)] == [(attempt.id, AttemptStatus.SUCCEEDED)]


def test_a_manual_attempt_that_fails_does_not_use_up_the_course(world: World) -> None:
    world.gateway.answers.extend(["generic_decline", "generic_decline"])
    invoice_id = world.invoice().invoice.id
    world.run_due()
    world.clock.advance(DAY)

    collection.charge_invoice(world.ports, world.firm.id, invoice_id, ADMIN)
    world.run_due()

    figures = world.row(invoice_id).figures
    assert (figures.payment_retry_count, figures.next_payment_retry_at) == (1, NOW + 3 * DAY)


def test_charging_while_an_attempt_is_open_is_refused(world: World) -> None:
    invoice_id = world.invoice(autopay=False).invoice.id
    collection.charge_invoice(world.ports, world.firm.id, invoice_id, ADMIN)

    with pytest.raises(Conflict, match="in_flight"):
        collection.charge_invoice(world.ports, world.firm.id, invoice_id, ADMIN)


def test_without_autopay_nothing_is_charged_by_itself(world: World) -> None:
    invoice_id = world.invoice(autopay=False).invoice.id

    world.advance(60 * DAY)

    assert world.gateway.sent == []
    assert world.pending(invoice_id) == []


def test_a_paused_invoice_keeps_its_retry_and_goes_on_when_resumed(world: World) -> None:
    world.gateway.answers.extend(["generic_decline", "succeed"])
    invoice_id = world.invoice().invoice.id
    world.run_due()
    pausing.pause_invoice(world.ports, world.firm.id, invoice_id, ADMIN)

    world.advance(5 * DAY)
    assert len(world.gateway.sent) == 1
    assert [item.status for item in world.pending(invoice_id)] == [OutboxStatus.HELD]

    pausing.resume_invoice(world.ports, world.firm.id, invoice_id, ADMIN)
    world.run_due()
    assert world.row(invoice_id).figures.status is InvoiceStatus.PAID


def test_a_void_invoice_is_not_charged(world: World) -> None:
    world.gateway.answers.append("generic_decline")
    invoice_id = world.invoice().invoice.id
    world.run_due()

    collection.void_invoice(world.ports, world.firm.id, invoice_id, ADMIN)
    world.advance(5 * DAY)

    assert len(world.gateway.sent) == 1
    assert world.pending(invoice_id) == []
    with pytest.raises(Conflict, match="void"):
        collection.charge_invoice(world.ports, world.firm.id, invoice_id, ADMIN)


def test_a_lost_bell_costs_a_sweep_and_nothing_else(world: World) -> None:
    world.gateway.answers.append("succeed")
    invoice_id = world.invoice().invoice.id

    world.doorbell.forget_everything()
    world.sweep()

    assert world.row(invoice_id).figures.status is InvoiceStatus.PAID


def test_ringing_twice_charges_once(world: World) -> None:
    world.gateway.answers.append("succeed")
    invoice_id = world.invoice().invoice.id
    item = world.pending(invoice_id)[0]
    assert item.kind is OutboxKind.COLLECT

    for _ in range(3):
        world.sweep()

    assert len(world.gateway.sent) == 1


def test_every_failure_is_audited_with_code_reason_and_count(world: World) -> None:
    world.gateway.answers.append("insufficient_funds")
    invoice_id = world.invoice().invoice.id
    world.run_due()

    event = world.audit("payment_failed")[0]

    assert event.severity == "WARNING"
    told = {
        name: event.metadata[name] for name in ("invoice_id", "failure_code", "failure_reason", "retry_count", "amount")
    }
    assert told == {
        "invoice_id": invoice_id,
        "failure_code": "insufficient_funds",
        "failure_reason": "Declined.",
        "retry_count": 1,
        "amount": 4200,
    }
