"""A lost answer is never a failure: it blocks the invoice until the outcome is known."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.model.answers import Found, NotReached, Unknown, UnknownCause
from domain.model.attempts import AttemptStatus
from domain.model.errors import Conflict
from domain.model.invoices import InvoiceStatus
from domain.model.outbox import OutboxKind, OutboxStatus
from domain.model.payment_facts import FactKind, PaymentFact, Source
from domain.services import collection, pausing
from domain.services.steps import in_firm
from tests.builders import NOW
from tests.service_world import ADMIN, DAY, World

LOST = Unknown(UnknownCause.LOST, "time-out")
SERVER_ERROR = Unknown(UnknownCause.SERVER_ERROR, "500")
CONFLICT = Unknown(UnknownCause.CONFLICT, "still in progress")


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


@pytest.fixture
def world() -> World:
    return World()


def found(world: World, kind: FactKind, attempt_id: str) -> Found:
    now = world.clock.now()
    told = PaymentFact(
        kind,
        Source.ANSWER,
        told_at=now,
        heard_at=now,
        attempt_id=attempt_id,
        stripe_payment_intent_id="pi_found",
        stripe_charge_id="ch_found",
        stripe_payment_method_id="pm_1",
        amount_minor=4200,
        currency="usd",
    )
    return Found((told,))


def test_a_lost_answer_is_unknown_counts_nothing_and_blocks_every_other_charge(world: World) -> None:
    world.gateway.answers.append(LOST)
    invoice_id = world.invoice().invoice.id
    world.run_due()

    assert [a.status for a in world.attempts(invoice_id)] == [AttemptStatus.UNKNOWN]
    assert world.row(invoice_id).figures.payment_retry_count == 0
    assert world.row(invoice_id).figures.status is InvoiceStatus.SENT
    with pytest.raises(Conflict, match="unknown"):
        collection.charge_invoice(world.ports, world.firm.id, invoice_id, ADMIN)


def test_the_first_step_after_five_seconds_is_the_same_request_under_the_same_key(world: World) -> None:
    world.gateway.answers.extend([LOST, "succeed"])
    invoice_id = world.invoice().invoice.id
    world.run_due()

    world.advance(seconds(4))
    assert len(world.gateway.sent) == 1
    world.advance(seconds(1))

    assert world.gateway.sent[0] == world.gateway.sent[1]
    assert world.row(invoice_id).figures.status is InvoiceStatus.PAID


def test_after_a_server_error_nothing_is_replayed(world: World) -> None:
    world.gateway.answers.append(SERVER_ERROR)
    invoice_id = world.invoice().invoice.id
    world.run_due()
    attempt_id = world.attempts(invoice_id)[0].id
    world.gateway.look_ups.append(found(world, FactKind.SUCCEEDED, attempt_id))

    world.advance(seconds(5))

    assert len(world.gateway.sent) == 1
    assert world.gateway.asked[0].attempt_id == attempt_id
    assert world.row(invoice_id).figures.status is InvoiceStatus.PAID


def test_after_a_second_lost_answer_only_look_ups_follow(world: World) -> None:
    world.gateway.answers.extend([LOST, LOST])
    world.invoice()
    world.run_due()

    for wait in (5, 15, 30):
        world.advance(seconds(wait))

    assert [charge.idempotency_key for charge in world.gateway.sent] == [world.gateway.sent[0].idempotency_key] * 2
    assert len(world.gateway.asked) == 1


def test_a_found_decline_counts_and_the_course_goes_on(world: World) -> None:
    world.gateway.answers.append(SERVER_ERROR)
    invoice_id = world.invoice().invoice.id
    world.run_due()
    world.gateway.look_ups.append(found(world, FactKind.FAILED, world.attempts(invoice_id)[0].id))

    world.advance(seconds(5))

    figures = world.row(invoice_id).figures
    assert (figures.status, figures.payment_retry_count) == (InvoiceStatus.FAILED, 1)
    assert [item.kind for item in world.pending(invoice_id)] == [OutboxKind.RETRY]


def test_absence_is_believed_after_two_look_ups_a_minute_apart(world: World) -> None:
    world.gateway.answers.extend([SERVER_ERROR, "succeed"])
    invoice_id = world.invoice().invoice.id
    world.run_due()

    world.advance(seconds(5))
    world.advance(seconds(15))
    assert [a.status for a in world.attempts(invoice_id)] == [AttemptStatus.UNKNOWN]
    world.advance(seconds(60))

    closed, again = world.attempts(invoice_id)
    assert (closed.status, closed.counts) == (AttemptStatus.CANCELED, False)
    assert (again.status, again.id != closed.id) == (AttemptStatus.SUCCEEDED, True)
    assert world.gateway.sent[0].idempotency_key != world.gateway.sent[1].idempotency_key


def test_the_new_attempt_after_absence_is_for_the_same_slot(world: World) -> None:
    world.gateway.answers.extend(["generic_decline", SERVER_ERROR, "generic_decline"])
    invoice_id = world.invoice().invoice.id
    world.run_due()
    world.advance(3 * DAY)

    for wait in (5, 15, 60):
        world.advance(seconds(wait))

    assert world.row(invoice_id).figures.payment_retry_count == 2
    assert [a.status for a in world.attempts(invoice_id)] == [
        AttemptStatus.DECLINED,
        AttemptStatus.CANCELED,
        AttemptStatus.DECLINED,
    ]


def test_a_success_that_turns_up_after_absence_was_believed_is_still_recorded(world: World) -> None:
    world.gateway.answers.extend([SERVER_ERROR, "generic_decline"])
    invoice_id = world.invoice().invoice.id
    world.run_due()
    first_id = world.attempts(invoice_id)[0].id
    for wait in (5, 15, 60):
        world.advance(seconds(wait))

    (late,) = found(world, FactKind.SUCCEEDED, first_id).facts
    from domain.model.audit import STRIPE  # noqa: PLC0415
    from domain.services.payments import handle_payment_success  # noqa: PLC0415

    def tell(step):  # type: ignore[no-untyped-def]
        locked, firm = step.tx.invoices.lock(invoice_id), step.tx.firms.get(world.firm.id)
        return handle_payment_success(step, locked, late, firm, STRIPE)

    in_firm(world.ports, world.firm.id, tell)

    assert world.row(invoice_id).figures.status is InvoiceStatus.PAID
    assert [item for item in world.pending(invoice_id) if item.kind is not OutboxKind.ALERT] == []


def test_a_key_still_in_use_is_asked_again_later(world: World) -> None:
    world.gateway.answers.extend([LOST, CONFLICT, "succeed"])
    invoice_id = world.invoice().invoice.id
    world.run_due()

    world.advance(seconds(5))
    world.advance(seconds(15))

    assert len(world.gateway.sent) == 3
    assert world.row(invoice_id).figures.status is InvoiceStatus.PAID


def test_a_replay_that_could_not_leave_is_tried_again(world: World) -> None:
    world.gateway.answers.extend([LOST, NotReached("refused"), "succeed"])
    invoice_id = world.invoice().invoice.id
    world.run_due()

    world.advance(seconds(5))
    assert [a.status for a in world.attempts(invoice_id)] == [AttemptStatus.UNKNOWN]
    world.advance(seconds(15))

    assert world.row(invoice_id).figures.status is InvoiceStatus.PAID


def test_nothing_is_replayed_for_an_invoice_that_is_on_hold(world: World) -> None:
    world.gateway.answers.append(LOST)
    invoice_id = world.invoice().invoice.id
    world.run_due()
    pausing.pause_invoice(world.ports, world.firm.id, invoice_id, ADMIN)

    world.advance(seconds(5))

    assert len(world.gateway.sent) == 1
    assert len(world.gateway.asked) == 1


def test_a_key_that_stripe_may_have_forgotten_is_not_used_again(world: World) -> None:
    world.gateway.answers.append(LOST)
    world.invoice()
    world.run_due()

    world.advance(timedelta(hours=23))

    assert len(world.gateway.sent) == 1
    assert len(world.gateway.asked) == 1


def test_a_worker_that_died_after_sending_leaves_an_unknown_attempt_that_is_settled_not_repeated(world: World) -> None:
    world.gateway.answers.append("succeed")
    invoice_id = world.invoice().invoice.id

    class Killed(BaseException):
        """The process is gone in the middle of the call."""

    def die(*_: object) -> None:
        raise Killed

    execute, world.gateway.execute = world.gateway.execute, die  # type: ignore[assignment,method-assign]
    with pytest.raises(Killed):
        world.run_due()
    world.gateway.execute = execute  # type: ignore[method-assign]
    assert [a.status for a in world.attempts(invoice_id)] == [AttemptStatus.IN_FLIGHT]

    world.advance(seconds(31))
    world.sweep()

    assert [a.status for a in world.attempts(invoice_id)] == [AttemptStatus.SUCCEEDED]
    assert len(world.gateway.sent) == 1
    assert len(world.gateway.orders) == 1


def test_looks_grow_apart_from_seconds_to_an_hour(world: World) -> None:
    world.gateway.answers.append(SERVER_ERROR)
    invoice_id = world.invoice().invoice.id
    world.run_due()
    world.gateway.look_ups.extend([NotReached("away")] * 12)

    waits = []
    for _ in range(11):
        item = next(item for item in world.pending(invoice_id) if item.kind is OutboxKind.SETTLE)
        waits.append((item.due_at - world.clock.now()).total_seconds())
        world.clock.set(item.due_at)
        world.sweep()

    assert waits == [5, 15, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_a_settled_attempt_leaves_no_settling_row(world: World) -> None:
    world.gateway.answers.extend([LOST, "succeed"])
    invoice_id = world.invoice().invoice.id
    world.run_due()
    world.advance(seconds(5))

    rows = [item for item in world.outbox(invoice_id) if item.kind is OutboxKind.SETTLE]

    assert [row.status for row in rows] == [OutboxStatus.DONE]
    assert replace(rows[0], tries=0).attempt_id == world.attempts(invoice_id)[0].id
    assert world.clock.now() == NOW + seconds(5)
