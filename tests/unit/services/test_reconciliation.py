"""Comparing with Stripe's books: every kind of difference is found, told, and mended; nothing else is touched."""

from dataclasses import replace
from typing import Any

import pytest

from domain.model.answers import NotReached, Refused
from domain.model.inbox import Interpretation
from domain.model.invoices import InvoiceStatus
from domain.model.outbox import OutboxKind, OutboxStatus
from domain.services import firms
from domain.services.clients import NewClient, create_client
from domain.services.collection import NewInvoice, create_invoice
from domain.services.disputes import link_dispute
from domain.services.reading import get_invoice
from domain.services.reconciliation import OLDER_AT_ONCE, Drift, Reconciler, reconcile_page, stages
from domain.services.refunds import WantedRefund, request_refund
from domain.services.upkeep import plan_upkeep
from ports.payment_gateway import GatewayUnavailable
from ports.stripe_records import Record, RecordKind
from tests import stripe_events as stripe
from tests.builders import NOW, days
from tests.reversal_builders import dispute_telling
from tests.reversal_world import (
    Json,
    alerts,
    booked,
    deliver,
    disputed,
    disputes,
    paid_invoice,
    pending,
    refunded,
    standing,
    the_dispute,
    withdrawn,
)
from tests.service_world import ADMIN, World

_KINDS = {"payment_intent": RecordKind.PAYMENT_INTENT, "refund": RecordKind.REFUND, "dispute": RecordKind.DISPUTE}


@pytest.fixture
def world() -> World:
    return World()


def invoice(world: World) -> str:
    return world.invoice(autopay=False, stripe_payment_intent_id="pi_1").invoice.id


def shows(world: World, *bodies: Json) -> None:
    """What Stripe has on record, each object as an event of now would tell of it."""
    for body in bodies:
        event = stripe.parsed(body)
        told = world.mailroom.interpreter.interpret(event, world.clock.now())
        obj = body["data"]["object"]
        kind = _KINDS[{"charge": "payment_intent"}.get(obj["object"], obj["object"])]
        world.records.objects.append(Record(kind, obj["id"], told))


def paid(**rest: Any) -> Json:
    return stripe.event("charge.succeeded", stripe.charge("ch_1", "pi_1", NOW, **rest), NOW)


def reconcile(world: World, *, repair: bool = False, account: str = "", since: Any = None) -> list[Drift]:
    """Every difference, page by page."""
    found: list[Drift] = []
    books = Reconciler(world.records, world.disputes)
    for stage in stages(account, world.clock.now(), since, is_repairing=repair):
        cursor = None
        while True:
            page, cursor = reconcile_page(world.ports, books, stage, cursor)
            found += page
            if cursor is None:
                break
    world.run_due()
    return found


def words(found: list[Drift]) -> str:
    return "; ".join(drift.words for drift in found)


def test_nothing_is_said_where_all_agrees(world: World) -> None:
    invoice_id = paid_invoice(world)
    bodies = [refunded(amount=1000), disputed(amount=500, movements=[withdrawn(500)])]
    deliver(world, *bodies)
    before = standing(world, invoice_id)
    shows(world, paid(), *bodies)

    assert reconcile(world) == reconcile(world, repair=True) == []
    assert standing(world, invoice_id) == before
    assert "dunlin_drift_total" not in world.metrics.counted


def test_a_missing_payment_is_found_and_mended(world: World) -> None:
    invoice_id = invoice(world)
    shows(world, paid())

    found = reconcile(world)
    assert "is sent here and paid by Stripe's books" in words(found)
    assert "the ledger lacks the payment ch_1" in words(found)
    assert world.row(invoice_id).figures.status is InvoiceStatus.SENT
    assert {drift.is_mended for drift in found} == {False}
    assert world.metrics.counted["dunlin_drift_total"] == len(found)

    assert {drift.is_mended for drift in reconcile(world, repair=True)} == {True}
    assert world.row(invoice_id).figures.status is InvoiceStatus.PAID
    assert reconcile(world) == []


def test_a_missing_refund_is_found_and_mended(world: World) -> None:
    invoice_id = paid_invoice(world)
    shows(world, paid(), refunded(amount=1000))

    assert "refund re_1 is unknown here and succeeded at Stripe" in words(reconcile(world, repair=True))
    assert world.row(invoice_id).figures.status is InvoiceStatus.PARTIALLY_REFUNDED
    assert reconcile(world) == []


def test_a_refund_that_failed_unheard_is_found_booked_back_and_told(world: World) -> None:
    invoice_id = paid_invoice(world)
    deliver(world, refunded(amount=1000))
    shows(world, refunded("failed", NOW + days(20), status="failed", failure_reason="declined", amount=1000))

    assert "refund re_1 is succeeded here and failed at Stripe" in words(reconcile(world, repair=True))
    assert world.row(invoice_id).figures.status is InvoiceStatus.PAID
    assert booked(world) == {"payment": 4200, "refund": -1000, "refund_reversal": 1000}
    assert len(alerts(world, "refund_failed")) == 1


def test_a_missing_dispute_is_found_mended_and_alerted(world: World) -> None:
    invoice_id = paid_invoice(world)
    shows(world, disputed(movements=[withdrawn()]))

    assert "dispute dp_1 is unknown here and needs_response at Stripe" in words(reconcile(world, repair=True))
    assert world.row(invoice_id).figures.status is InvoiceStatus.DISPUTED
    assert len(alerts(world, "payment_disputed")) == 1
    assert len(pending(world, OutboxKind.DISPUTE_DEADLINE)) == 4
    assert [event.actor for event in world.audit("payment_disputed")] == ["dunlin:reconcile"]


def test_a_dispute_that_ended_unheard_is_found_and_closed(world: World) -> None:
    invoice_id = paid_invoice(world)
    deliver(world, disputed())
    shows(world, disputed("closed", NOW + days(60), status="won", submissions=1))

    assert "dispute dp_1 is needs_response here and won at Stripe" in words(reconcile(world, repair=True))
    assert world.row(invoice_id).figures.status is InvoiceStatus.PAID
    assert pending(world, OutboxKind.DISPUTE_DEADLINE) == []


def test_a_deadline_that_moved_unheard_is_found(world: World) -> None:
    paid_invoice(world)
    deliver(world, disputed())
    shows(world, disputed("updated", NOW + days(1), due_by=NOW + days(5)))

    assert len(reconcile(world, repair=True)) == 1
    assert the_dispute(world).respond_by == NOW + days(5)


def test_a_dispute_that_nobody_told_of_is_kept_without_an_invoice(world: World) -> None:
    shows(world, disputed())

    assert [drift.subject for drift in reconcile(world)] == ["dp_1"]
    assert disputes(world) == []
    reconcile(world, repair=True)

    assert [row.invoice_id for row in disputes(world)] == [None]
    assert len(alerts(world, "dispute_unmatched")) == 1
    assert reconcile(world) == []


def test_payments_and_refunds_of_no_invoice_here_are_somebody_elses(world: World) -> None:
    shows(world, paid(), refunded())

    assert reconcile(world, repair=True) == []


def test_a_dispute_goes_to_the_invoice_that_it_was_linked_to(world: World) -> None:
    deliver(world, disputed(intent=None))
    linked = world.invoice(autopay=False).invoice.id
    link_dispute(world.ports, world.firm.id, "dp_1", linked, ADMIN)
    paid_invoice(world)
    shows(world, disputed("closed", NOW + days(9), status="lost"))

    (drift, *_) = reconcile(world, repair=True)

    assert world.row(linked).invoice.number in drift.subject
    assert world.row(linked).figures.status is InvoiceStatus.CHARGED_BACK


def test_a_refund_of_ours_whose_answer_was_lost_is_found(world: World) -> None:
    invoice_id = paid_invoice(world)
    request = request_refund(world.ports, world.firm.id, invoice_id, WantedRefund(1000), ADMIN)
    world.doorbell.take()
    shows(world, refunded(amount=1000, metadata={"refund_id": request.id}))

    reconcile(world, repair=True)
    world.sweep()

    assert world.refunds.sent == []
    assert world.row(invoice_id).figures.amount_refunded == 1000
    assert pending(world, OutboxKind.REFUND) == []


def test_old_failures_that_are_found_charge_nobody(world: World) -> None:
    invoice_id = world.invoice(send=False, stripe_payment_intent_id="pi_1").invoice.id
    world.clock.advance(days(10))
    failed = stripe.charge("ch_1", "pi_1", NOW, decline_code="generic_decline")
    shows(world, stripe.event("charge.failed", failed, NOW))

    reconcile(world, repair=True)
    world.advance(days(1))

    assert world.row(invoice_id).figures.status is InvoiceStatus.FAILED
    assert world.gateway.sent == []
    assert [item.status for item in world.pending(invoice_id) if item.kind is OutboxKind.RETRY] == [OutboxStatus.HELD]


def test_what_cannot_be_read_is_said_and_stops_nothing(world: World) -> None:
    paid_invoice(world)
    unread = Record(RecordKind.REFUND, "re_9", Interpretation(is_handled=True), problem="status is unknown")
    world.records.objects.append(unread)
    shows(world, refunded(amount=1000))

    found = reconcile(world, repair=True)

    assert found[0] == Drift(RecordKind.REFUND, "re_9", "cannot be read: status is unknown", is_mended=False)
    assert "refund re_1 is unknown here" in words(found)


def test_what_cannot_be_compared_is_said_and_stops_nothing(world: World) -> None:
    """The same refund at two invoices, as a mistaken host may have it."""
    invoice_id = paid_invoice(world)
    other = world.invoice(autopay=False, stripe_payment_intent_id="pi_2").invoice.id
    deliver(world, refunded(amount=1000))
    shows(world, refunded(amount=1000), disputed())
    (record, *_) = world.records.objects
    elsewhere = replace(record, told=replace(record.told, stripe_ids=("pi_2",)))
    world.records.objects[0] = elsewhere

    found = reconcile(world, repair=True)

    assert (found[0].words, found[0].is_mended) == ("cannot be compared: Conflict", False)
    assert world.row(other).figures.amount_refunded == 0
    assert world.row(invoice_id).figures.status is InvoiceStatus.DISPUTED


def test_each_account_is_compared_with_its_own_firms_alone(world: World) -> None:
    north_id = invoice(world)
    south = firms.create_firm(world.ports, "South Ltd", "acct_south", ADMIN)
    client = create_client(world.ports, south.id, NewClient("Client"), ADMIN)
    wanted = NewInvoice(client.id, "usd", 4200, stripe_payment_intent_id="pi_1")
    south_id = create_invoice(world.ports, south.id, wanted, ADMIN).invoice.id
    shows(world, paid(metadata={"invoice_id": north_id}))

    reconcile(world, repair=True, account="acct_south")

    assert world.row(north_id).figures.status is InvoiceStatus.SENT
    assert get_invoice(world.ports, south.id, south_id).figures.status is InvoiceStatus.PAID
    assert world.records.asked[0][0] == "acct_south"


def old_disputes(world: World, count: int) -> list[str]:
    """Disputes that were opened before the time that Stripe's list is asked for, and are open here still."""
    ids = [f"dp_{number:03}" for number in range(count)]
    for dispute_id in ids:
        deliver(world, disputed(dispute_id=dispute_id, amount=10))
        told = dispute_telling(stripe_dispute_id=dispute_id, stripe_status="lost", amount_minor=10, told_at=NOW)
        world.disputes.shown[dispute_id] = told
    world.clock.advance(days(200))
    return ids


def test_disputes_from_before_the_list_are_looked_at_one_by_one_a_few_at_a_time(world: World) -> None:
    paid_invoice(world)
    ids = old_disputes(world, 2 * OLDER_AT_ONCE + 1)

    found = reconcile(world, repair=True)

    assert {drift.subject.split()[0] for drift in found} == set(ids)
    assert disputes(world, status="opened") == []
    assert reconcile(world) == []


def test_the_nightly_run_looks_at_all_of_them_too(world: World) -> None:
    paid_invoice(world)
    old_disputes(world, OLDER_AT_ONCE + 1)
    plan_upkeep(world.ports)
    world.clock.advance(days(1))
    plan_upkeep(world.ports)
    world.run_due()

    assert disputes(world, status="opened") == []


def test_an_old_dispute_that_stripe_does_not_know_is_said(world: World) -> None:
    paid_invoice(world)
    old_disputes(world, 1)
    world.disputes.show = lambda *_: Refused("No such dispute.")  # type: ignore[method-assign]

    assert "cannot be seen at Stripe: No such dispute." in words(reconcile(world, repair=True))


def test_where_stripe_does_not_answer_for_an_old_dispute_the_page_is_asked_for_again(world: World) -> None:
    paid_invoice(world)
    old_disputes(world, 1)
    world.disputes.show = lambda *_: NotReached("connection refused")  # type: ignore[method-assign]

    with pytest.raises(GatewayUnavailable):
        reconcile(world)
