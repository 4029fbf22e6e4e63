"""Fifty at once on one charge: refunds, disputes and their events never give back more than came in."""

import random
from collections.abc import Callable, Iterator
from threading import Lock

import pytest

from adapters.postgres.unit_of_work import SqlUnitOfWork
from domain.model.audit import AuditEvent
from domain.model.errors import Conflict
from domain.model.invoices import InvoiceStatus
from domain.model.outbox import OutboxKind
from domain.model.refunds import RefundRequest
from domain.services.dispute_work import request_acceptance
from domain.services.disputes import link_dispute
from domain.services.outbox import run_outbox
from domain.services.refund_desk import list_refunds
from domain.services.refunds import WantedRefund, request_refund
from tests.builders import NOW, days
from tests.reversal_builders import dispute_telling
from tests.reversal_world import (
    Json,
    deliver,
    disputed,
    disputes,
    paid_invoice,
    pending,
    refunded,
    rows,
    the_dispute,
    withdrawn,
)
from tests.scripted_reversals import ScriptedRefunds
from tests.service_world import ADMIN, World
from tests.storage import all_at_once, empty_tables

THREADS = 50
CHARGE = 4200


@pytest.fixture(scope="module")
def uow(database_url: str) -> Iterator[SqlUnitOfWork]:
    uow = SqlUnitOfWork(database_url, pool_size=25, pool_timeout_seconds=30)
    yield uow
    uow.close()


@pytest.fixture
def world(uow: SqlUnitOfWork, database_url: str) -> World:
    empty_tables(database_url)
    return World(uow=uow)


def ask(world: World, invoice_id: str, amount: int) -> RefundRequest | None:
    try:
        return request_refund(world.ports, world.firm.id, invoice_id, WantedRefund(amount), ADMIN)
    except Conflict:
        return None


def asking(world: World, invoice_id: str, amount: int) -> Callable[[], object]:
    return lambda: ask(world, invoice_id, amount)


def telling(world: World, *bodies: Json) -> Callable[[], object]:
    return lambda: deliver(world, *bodies)


def in_order(world: World) -> list[AuditEvent]:
    """What happened to the invoice, in the order in which it was locked for it."""
    wanted = ("refund_requested", "payment_refunded", "payment_disputed", "dispute_won")
    return [event for event in world.audit() if event.action in wanted]


def check_ceiling(history: list[AuditEvent]) -> None:
    """Whenever a refund was taken there was room for it, and no chargeback open."""
    taken, is_disputed = 0, False
    for event in history:
        if event.action in ("payment_disputed", "dispute_won"):
            is_disputed = event.action == "payment_disputed"
            continue
        taken += int(event.metadata["amount"] or 0)
        if event.action == "refund_requested":
            assert taken <= CHARGE
            assert not is_disputed


def test_fifty_requests_never_take_more_than_the_charge(world: World) -> None:
    invoice_id = paid_invoice(world, amount=CHARGE)

    all_at_once([asking(world, invoice_id, 150) for _ in range(THREADS)])

    assert len(pending(world, OutboxKind.REFUND)) == CHARGE // 150
    (charge,) = list_refunds(world.ports, world.firm.id, invoice_id).charges
    assert charge.refundable_minor == CHARGE % 150


@pytest.mark.parametrize("seed", range(3))
def test_fifty_requests_while_refunds_and_disputes_are_told_of_stay_below_the_charge(world: World, seed: int) -> None:
    invoice_id = paid_invoice(world, amount=CHARGE)
    elsewhere = [refunded(refund_id=f"re_{number}", amount=200) for number in range(4)]
    opened, won = disputed(amount=1000), disputed("closed", NOW + days(60), status="won", amount=1000)
    works = [asking(world, invoice_id, 130) for _ in range(THREADS - 10)]
    works += [telling(world, body, body) for body in elsewhere]
    works += [telling(world, opened), telling(world, opened), telling(world, opened, won)]
    works += [telling(world, body) for body in elsewhere[:3]]
    random.Random(seed).shuffle(works)

    all_at_once(works)

    check_ceiling(in_order(world))
    assert world.row(invoice_id).figures.amount_refunded == 800
    assert the_dispute(world).stripe_status == "won"


class CountingRefunds(ScriptedRefunds):
    """Counts what each key made, from many threads."""

    def __init__(self, world: World) -> None:
        super().__init__(world.clock)
        self._lock = Lock()

    def refund(self, account: str | None, order: object) -> object:  # type: ignore[override]
        with self._lock:
            return super().refund(account, order)  # type: ignore[arg-type]


def test_fifty_workers_make_each_refund_once_while_a_dispute_comes(world: World) -> None:
    invoice_id = paid_invoice(world, amount=CHARGE)
    refunds = CountingRefunds(world)
    object.__setattr__(world.workshop, "refunds", refunds)
    requests = [ask(world, invoice_id, 400) for _ in range(10)]
    row_ids = [item.id for item in pending(world, OutboxKind.REFUND)]
    works = [lambda row=row: run_outbox(world.ports, world.workshop, row) for row in row_ids * 5]  # type: ignore[misc]
    works.insert(20, telling(world, disputed()))

    all_at_once(works)
    world.run_due()
    world.sweep()

    keys = [order.idempotency_key for order in refunds.sent]
    assert len(keys) == len(set(keys))
    sent_minor = sum(order.amount_minor for order in refunds.sent)
    assert world.row(invoice_id).figures.amount_refunded == sent_minor
    assert pending(world, OutboxKind.REFUND) == []
    statuses = [view.status for view in list_refunds(world.ports, world.firm.id, invoice_id).refunds]
    assert statuses.count("succeeded") == len(keys)
    assert len(statuses) == len(requests)


def test_one_dispute_told_linked_accepted_and_refunded_by_fifty_at_once_ends_as_if_one_after_the_other(
    world: World,
) -> None:
    invoice_id = world.invoice(autopay=False, amount_due=CHARGE).invoice.id
    opened = disputed(intent=None)
    deliver(world, opened)
    world.disputes.shown["dp_1"] = dispute_telling(told_at=NOW, amount_minor=CHARGE)
    taken = disputed("funds_withdrawn", intent=None, movements=[withdrawn()])
    submitted = disputed("updated", intent=None, submissions=1)
    works: list[Callable[[], object]] = []
    for number in range(THREADS // 5):
        event = disputed("updated", intent=None, submissions=1)
        works += [
            lambda: link_dispute(world.ports, world.firm.id, "dp_1", invoice_id, ADMIN),
            telling(world, taken, submitted),
            telling(world, event, opened),
            lambda: request_acceptance(world.ports, world.firm.id, "dp_1", ADMIN),
            asking(world, invoice_id, 100 + number),
        ]
    random.Random(7).shuffle(works)

    all_at_once(works)
    world.run_due()
    world.sweep()

    assert [row.invoice_id for row in disputes(world)] == [invoice_id]
    assert world.row(invoice_id).figures.status is InvoiceStatus.CHARGED_BACK
    assert (len(world.audit("dispute_linked")), len(world.audit("dispute_accept_requested"))) == (1, 1)
    assert world.disputes.accepted == ["dp_1"]
    assert len(rows(world, OutboxKind.ACCEPT_DISPUTE)) == 1
    assert pending(world, OutboxKind.DISPUTE_DEADLINE) == []
    assert world.metrics.counted.get("dunlin_transaction_retries_total", 0) == 0
