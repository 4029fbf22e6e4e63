"""Sending a notice once: temporary refusals, kills, races, and whatever order events come in. Issue 4, point 1."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from adapters.memory.mailer import MemoryMailer
from domain.model.invoices import InvoiceStatus
from domain.model.notices import NoticeStatus
from domain.model.outbox import LEASE, OutboxItem, OutboxKind, OutboxStatus
from domain.services import collection
from domain.services.notices import send_notice
from domain.services.outbox import run_outbox
from domain.services.steps import in_system
from ports.mailer import Mail
from tests import stripe_events as stripe
from tests.builders import NOW
from tests.notice_stories import DECLINED, RETRIES, fail, mailed, notices, outcomes, writing_world
from tests.post_office import a_post_office
from tests.reversal_world import deliver
from tests.service_world import ADMIN, DAY, World

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
COURSE = ("payment_failed", "payment_urgent", "suspension_warning", "final_notice")


class Killed(BaseException):
    """The worker is gone."""


@dataclass
class MailerOfAWorkerThatDies:
    """Hands the first mail over, and then its worker dies before it can say so."""

    server: MemoryMailer
    is_dead: bool = False

    def send(self, mail: Mail) -> None:
        self.server.send(mail)
        if not self.is_dead:
            self.is_dead = True
            raise Killed


@pytest.fixture
def world() -> World:
    return writing_world()


def row_of_notice(world: World, invoice_id: str) -> OutboxItem:
    (row,) = (item for item in world.outbox(invoice_id) if item.kind is OutboxKind.NOTICE)
    return row


def claimed(world: World, invoice_id: str) -> OutboxItem:
    """The notice's row as a worker that has just taken it holds it."""
    row_id, now = row_of_notice(world, invoice_id).id, world.clock.now()
    item = in_system(world.ports, lambda step: step.tx.outbox.claim(row_id, now, now + LEASE))
    assert item is not None
    return item


def fail_quietly(world: World) -> str:
    """A failed invoice whose notice nobody has taken yet."""
    world.gateway.answers.append(DECLINED)
    invoice_id = world.invoice().invoice.id
    for outbox_id in world.doorbell.take():
        run_outbox(world.ports, world.workshop, outbox_id)
    return invoice_id


def pay(world: World, invoice_id: str) -> None:
    world.gateway.answers.append("succeed")
    collection.charge_invoice(world.ports, world.firm.id, invoice_id, ADMIN)
    world.run_due()


def test_a_mail_that_was_not_taken_is_tried_again_after_growing_waits(world: World) -> None:
    world.mailer.fail_next(5)
    invoice_id = fail(world)

    waits = []
    while world.mailer.sent == []:
        row = row_of_notice(world, invoice_id)
        waits.append((row.due_at - world.clock.now()).total_seconds())
        assert (row.status, "451" in (row.last_error or "")) == (OutboxStatus.DUE, True)
        world.clock.set(row.due_at - SECOND)
        world.run_due()
        assert world.mailer.sent == []
        world.advance(SECOND)

    assert waits == [2, 5, 15, 60, 120]
    assert (mailed(world), outcomes(world)) == (["payment_failed"], [("payment_failed", "sent")])


def test_a_server_that_stays_away_is_tried_every_ten_minutes(world: World) -> None:
    world.mailer.fail_next(10)
    invoice_id = fail(world)
    for _ in range(9):
        world.clock.set(row_of_notice(world, invoice_id).due_at)
        world.sweep()

    assert row_of_notice(world, invoice_id).due_at - world.clock.now() == 10 * MINUTE


def test_a_mail_whose_answer_was_lost_is_sent_again_under_its_message_id(world: World) -> None:
    world.mailer.lose_next_answer()
    fail(world)
    world.advance(2 * SECOND)

    first, second = world.mailer.sent
    assert first.message_id == second.message_id
    assert outcomes(world) == [("payment_failed", "sent")]


def test_a_worker_that_dies_between_sending_and_marking_leaves_the_message_id(world: World) -> None:
    world.workshop = replace(world.workshop, office=a_post_office(MailerOfAWorkerThatDies(world.mailer)))  # type: ignore[arg-type]
    with pytest.raises(Killed):
        fail(world)
    (left,) = notices(world)
    world.advance(LEASE + SECOND)

    assert left.status is NoticeStatus.SENDING
    assert Counter(mail.message_id for mail in world.mailer.sent) == {world.mailer.sent[0].message_id: 2}
    assert [(n.id, n.status) for n in notices(world)] == [(left.id, NoticeStatus.SENT)]


def test_nothing_is_sent_again_once_it_is_marked(world: World) -> None:
    invoice_id = fail(world)
    row = row_of_notice(world, invoice_id)
    for _ in range(3):
        run_outbox(world.ports, world.workshop, row.id)
    world.advance(DAY)

    assert mailed(world) == ["payment_failed"]


def test_a_worker_that_lost_its_row_while_it_sent_leaves_the_notice_sent(world: World) -> None:
    invoice_id = fail_quietly(world)
    slow = claimed(world, invoice_id)
    office = world.workshop.office

    class TakenOver:
        """A server so slow that another worker takes the row and asks what to do after the mail has left."""

        def send(self, mail: Mail) -> None:
            world.mailer.send(mail)
            world.clock.advance(LEASE + SECOND)
            self.next = claimed(world, invoice_id)

    server = TakenOver()
    send_notice(world.ports, replace(office, mailer=server), slow)
    send_notice(world.ports, office, server.next)

    assert mailed(world) == ["payment_failed"]
    assert outcomes(world) == [("payment_failed", "sent")]
    assert row_of_notice(world, invoice_id).status is OutboxStatus.DONE


def test_money_that_came_before_the_mail_left_is_seen(world: World) -> None:
    world.mailer.fail_next(3)
    invoice_id = fail(world)
    world.advance(2 * SECOND)
    pay(world, invoice_id)
    world.advance(DAY)

    assert mailed(world) == ["receipt"]


def test_money_that_came_after_the_row_was_taken_is_seen(world: World) -> None:
    invoice_id = fail_quietly(world)
    item = claimed(world, invoice_id)
    intent = stripe.payment_intent("pi_9", "succeeded", charge_id="ch_9", metadata={"invoice_id": invoice_id})
    deliver(world, stripe.event("payment_intent.succeeded", intent, world.clock.now()))

    send_notice(world.ports, world.workshop.office, item)

    assert world.row(invoice_id).figures.status is InvoiceStatus.PAID
    assert world.mailer.sent == []


def test_an_earlier_stage_is_left_out_once_a_later_one_was_sent(world: World) -> None:
    world.mailer.fail_next(1_000)
    invoice_id = fail(world, DECLINED, DECLINED)
    second_failure_at = NOW + RETRIES[0] * DAY
    while (next_try_at := row_of_notice(world, invoice_id).due_at) <= second_failure_at:
        world.clock.set(next_try_at)
        world.sweep()
    give_new_server(world)
    world.clock.set(second_failure_at)
    world.sweep()
    world.advance(10 * MINUTE)

    assert mailed(world) == ["payment_urgent"]
    assert outcomes(world) == [("payment_failed", "skipped"), ("payment_urgent", "sent")]


def give_new_server(world: World) -> None:
    """One that takes everything."""
    world.mailer = MemoryMailer()
    world.workshop = replace(world.workshop, office=a_post_office(world.mailer))
