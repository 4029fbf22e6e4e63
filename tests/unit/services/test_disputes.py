"""Whole stories of disputes, as Stripe's events tell them: the invoice, the books, and what people are told."""

from datetime import timedelta
from typing import Any

import pytest

from domain.model.audit import Severity
from domain.model.dispute_statuses import DisputeStatus
from domain.model.errors import Conflict
from domain.model.invoices import InvoiceStatus
from domain.model.outbox import LEASE, OutboxKind, OutboxStatus
from domain.services import collection
from domain.services.outbox import run_outbox
from domain.services.steps import in_system
from tests import stripe_events as stripe
from tests.builders import NOW, days
from tests.reversal_world import (
    alerts,
    booked,
    charged,
    charged_again,
    deliver,
    disputed,
    disputes,
    paid_invoice,
    pending,
    refunded,
    reinstated,
    rows,
    the_dispute,
    withdrawn,
)
from tests.service_world import ADMIN, DAY, World


@pytest.fixture
def world() -> World:
    return World()


def shown(world: World, invoice_id: str) -> tuple[str, int, int, int]:
    """Status, and the amounts paid, refunded and disputed."""
    figures = world.row(invoice_id).figures
    return figures.status.value, figures.amount_paid, figures.amount_refunded, figures.amount_disputed


def taken(world: World, **rest: Any) -> str:
    """A paid invoice whose charge is charged back, its money withdrawn."""
    invoice_id = paid_invoice(world)
    deliver(world, disputed(**rest), disputed("funds_withdrawn", movements=[withdrawn()], **rest))
    return invoice_id


def test_an_open_chargeback_makes_the_invoice_disputed_and_books_the_withdrawal(world: World) -> None:
    invoice_id = taken(world)
    world.run_due()

    assert shown(world, invoice_id) == ("disputed", 4200, 0, 4200)
    assert booked(world) == {"payment": 4200, "dispute_withdrawal": -4200, "dispute_fee": -1500}
    (event,) = world.audit("payment_disputed")
    assert event.severity is Severity.CRITICAL
    told = {name: event.metadata[name] for name in ("dispute_id", "invoice_id", "amount", "currency", "resolution")}
    assert told == {
        "dispute_id": the_dispute(world).id,
        "invoice_id": invoice_id,
        "amount": 4200,
        "currency": "usd",
        "resolution": None,
    }
    assert len(alerts(world, "payment_disputed")) == 1


def test_a_dispute_that_is_won_gives_back_the_status_of_before(world: World) -> None:
    invoice_id = taken(world)
    back = [withdrawn(), reinstated()]

    deliver(
        world,
        disputed("closed", NOW + days(60), status="won", submissions=1, movements=[withdrawn()]),
        disputed("funds_reinstated", NOW + days(60), status="won", submissions=1, movements=back),
    )
    world.run_due()

    assert shown(world, invoice_id) == ("paid", 4200, 0, 0)
    assert booked(world)["dispute_reinstatement"] == 4200
    (event,) = world.audit("dispute_won")
    assert (event.severity, event.metadata["resolution"]) == (Severity.CRITICAL, "won")


def test_a_loss_charges_back_once_however_often_it_is_told(world: World) -> None:
    invoice_id = taken(world)
    lost = [disputed("closed", NOW + days(60), status="lost", movements=[withdrawn()]) for _ in range(3)]

    deliver(world, *lost, lost[0])
    world.run_due()

    assert shown(world, invoice_id) == ("charged_back", 0, 0, 4200)
    assert booked(world)["dispute_withdrawal"] == -4200
    assert len(world.audit("dispute_lost")) == len(alerts(world, "dispute_lost")) == 1


def test_an_inquiry_takes_nothing_escalates_is_lost_and_won_late(world: World) -> None:
    invoice_id = paid_invoice(world)

    deliver(world, disputed(status="warning_needs_response"))
    assert shown(world, invoice_id) == ("paid", 4200, 0, 0)
    assert the_dispute(world).is_inquiry

    escalated = disputed("updated", NOW + days(5), due_by=NOW + days(20))
    deliver(world, escalated, disputed("funds_withdrawn", NOW + days(5), movements=[withdrawn()]))
    assert shown(world, invoice_id) == ("disputed", 4200, 0, 4200)

    deliver(world, disputed("closed", NOW + days(40), status="lost"))
    assert shown(world, invoice_id) == ("charged_back", 0, 0, 4200)

    deliver(world, disputed("updated", NOW + days(70), status="won", movements=[reinstated(at=NOW + days(70))]))
    assert shown(world, invoice_id) == ("paid", 4200, 0, 0)
    assert booked(world) == {
        "payment": 4200,
        "dispute_withdrawal": -4200,
        "dispute_fee": -1500,
        "dispute_reinstatement": 4200,
    }
    assert the_dispute(world).resolution_reason == "Lost at first, won later."
    severities = [event.severity for event in world.audit("payment_disputed")]
    assert severities == [Severity.WARNING, Severity.CRITICAL]


def test_an_inquiry_that_ends_well_is_closed(world: World) -> None:
    invoice_id = paid_invoice(world)

    deliver(world, disputed(status="warning_needs_response"))
    deliver(world, disputed("closed", NOW + days(3), status="warning_closed"))

    assert shown(world, invoice_id) == ("paid", 4200, 0, 0)
    assert the_dispute(world).status is DisputeStatus.CLOSED
    assert len(world.audit("dispute_closed")) == 1


def test_two_partial_disputes_of_one_charge_are_two(world: World) -> None:
    invoice_id = paid_invoice(world)
    first = {"dispute_id": "dp_1", "amount": 1000}
    second = {"dispute_id": "dp_2", "amount": 2000}

    deliver(world, disputed(**first), disputed(**second))
    assert shown(world, invoice_id) == ("disputed", 4200, 0, 3000)
    deliver(world, disputed("closed", NOW + days(60), status="won", **first))
    assert shown(world, invoice_id) == ("disputed", 4200, 0, 2000)
    deliver(world, disputed("closed", NOW + days(61), status="lost", **second))

    assert shown(world, invoice_id) == ("charged_back", 2200, 0, 2000)


def test_a_refund_and_then_a_dispute_of_all_never_count_more_than_the_charge(world: World) -> None:
    invoice_id = paid_invoice(world)

    deliver(world, refunded(amount=1000), disputed())
    world.run_due()
    assert shown(world, invoice_id) == ("disputed", 4200, 1000, 3200)
    assert len(alerts(world, "paid_out_twice")) == 1

    deliver(world, disputed("closed", NOW + days(60), status="lost"))
    assert shown(world, invoice_id) == ("charged_back", 1000, 1000, 3200)


def test_a_dispute_may_arrive_already_lost(world: World) -> None:
    invoice_id = paid_invoice(world)

    deliver(world, disputed(status="lost", due_by=None, movements=[withdrawn()]))
    world.run_due()

    assert shown(world, invoice_id) == ("charged_back", 0, 0, 4200)
    assert [event.action for event in world.audit() if event.action.startswith(("payment_disp", "dispute_"))] == [
        "payment_disputed",
        "dispute_lost",
    ]
    assert pending(world, OutboxKind.DISPUTE_DEADLINE) == []


def test_a_prevented_dispute_takes_nothing_in_the_end(world: World) -> None:
    invoice_id = taken(world)

    deliver(world, disputed("closed", NOW + days(1), status="prevented", movements=[withdrawn(), reinstated()]))

    assert shown(world, invoice_id) == ("paid", 4200, 0, 0)
    assert the_dispute(world).resolution_reason == "The dispute was prevented before it became a chargeback."


def test_an_appeal_leaves_the_loss_until_it_is_won(world: World) -> None:
    invoice_id = taken(world)
    deliver(world, disputed("closed", NOW + days(60), status="lost", submissions=1))

    deliver(world, disputed("updated", NOW + days(61), status="appeal_needs_response", due_by=NOW + days(75)))
    assert shown(world, invoice_id) == ("disputed", 0, 0, 4200)
    assert {item.due_at for item in pending(world, OutboxKind.DISPUTE_DEADLINE)} == {
        NOW + days(75) - timedelta(hours=hours) for hours in (168, 72, 24, 4)
    }

    deliver(world, disputed("updated", NOW + days(70), status="appeal_under_review", submissions=2))
    assert pending(world, OutboxKind.DISPUTE_DEADLINE) == []
    deliver(world, disputed("closed", NOW + days(90), status="won", submissions=2))
    assert shown(world, invoice_id) == ("paid", 4200, 0, 0)


def test_a_dispute_larger_than_its_charge_takes_no_more_than_the_charge_of_the_invoice(world: World) -> None:
    invoice_id = paid_invoice(world)

    deliver(world, disputed(amount=5000, status="lost", movements=[withdrawn(5000)]))

    assert shown(world, invoice_id) == ("charged_back", 0, 0, 4200)
    assert booked(world)["dispute_withdrawal"] == -5000


def test_a_dispute_in_another_currency_puts_the_whole_charge_at_stake(world: World) -> None:
    invoice_id = paid_invoice(world)

    deliver(world, disputed(amount=3900, currency="eur"))

    assert shown(world, invoice_id) == ("disputed", 4200, 0, 4200)


def test_a_dispute_on_a_void_invoice_is_kept_and_told_and_leaves_it_void(world: World) -> None:
    invoice_id = world.invoice(autopay=False, stripe_payment_intent_id="pi_1").invoice.id
    collection.void_invoice(world.ports, world.firm.id, invoice_id, ADMIN)

    deliver(world, charged(), disputed())
    world.run_due()

    assert world.row(invoice_id).figures.status is InvoiceStatus.VOID
    assert [row.invoice_id for row in disputes(world)] == [invoice_id]
    assert len(alerts(world, "payment_disputed")) == 1


OF_PART = {"charge": "ch_part", "amount": 1000}


def failed_once(world: World) -> str:
    """An invoice whose part payment was followed by a decline of the rest: its retry is due in three days."""
    invoice_id = world.invoice(send=False, stripe_payment_intent_id="pi_1").invoice.id
    deliver(world, charged("ch_part", NOW - days(1), amount=1000))
    world.gateway.answers.append("generic_decline")
    collection.send_invoice(world.ports, world.firm.id, invoice_id, ADMIN)
    world.run_due()
    assert world.row(invoice_id).figures.status is InvoiceStatus.FAILED
    return invoice_id


def the_retry(world: World, invoice_id: str) -> OutboxStatus:
    (item,) = [item for item in world.outbox(invoice_id) if item.kind is OutboxKind.RETRY]
    return item.status


def test_a_retry_is_held_while_a_chargeback_is_open_and_goes_on_when_it_is_won(world: World) -> None:
    invoice_id = failed_once(world)
    deliver(world, disputed(**OF_PART))
    assert the_retry(world, invoice_id) is OutboxStatus.HELD
    assert world.row(invoice_id).figures.next_payment_retry_at is None

    world.advance(5 * DAY)
    assert len(world.gateway.sent) == 1

    world.gateway.answers.append("succeed")
    deliver(world, disputed("closed", world.clock.now(), status="won", **OF_PART))
    world.run_due()

    assert len(world.gateway.sent) == 2
    assert shown(world, invoice_id) == ("paid", 4200, 0, 0)


def test_a_retry_is_canceled_when_the_chargeback_is_lost(world: World) -> None:
    invoice_id = failed_once(world)
    deliver(world, disputed(**OF_PART), disputed("closed", NOW + days(1), status="lost", **OF_PART))

    assert the_retry(world, invoice_id) is OutboxStatus.CANCELED
    world.advance(30 * DAY)
    assert len(world.gateway.sent) == 1


def test_an_inquiry_holds_nothing(world: World) -> None:
    invoice_id = failed_once(world)
    world.gateway.answers.append("succeed")
    deliver(world, disputed(status="warning_needs_response", **OF_PART))

    world.advance(3 * DAY)

    assert len(world.gateway.sent) == 2
    assert world.row(invoice_id).figures.amount_paid == 4200


def test_a_worker_that_had_claimed_the_retry_charges_nothing_any_more(world: World) -> None:
    invoice_id = failed_once(world)
    world.clock.advance(3 * DAY)
    read_card = world.cards.default_card

    def disputed_meanwhile(*asked: Any) -> Any:
        world.cards.default_card = read_card  # type: ignore[method-assign]
        deliver(world, disputed(**OF_PART))
        return read_card(*asked)

    world.cards.default_card = disputed_meanwhile  # type: ignore[method-assign]
    world.sweep()

    assert len(world.gateway.sent) == 1
    assert the_retry(world, invoice_id) is OutboxStatus.HELD


def test_a_retry_whose_worker_died_before_the_dispute_is_held_by_the_next_one(world: World) -> None:
    invoice_id = failed_once(world)
    world.clock.advance(3 * DAY)
    (item,) = [item for item in world.pending(invoice_id) if item.kind is OutboxKind.RETRY]
    in_system(world.ports, lambda step: step.tx.outbox.claim(item.id, step.now, step.now + LEASE))
    deliver(world, disputed(**OF_PART))

    world.clock.advance(LEASE + timedelta(seconds=1))
    run_outbox(world.ports, world.workshop, item.id)

    assert len(world.gateway.sent) == 1
    assert the_retry(world, invoice_id) is OutboxStatus.HELD


def test_nobody_can_charge_while_a_dispute_is_open(world: World) -> None:
    invoice_id = failed_once(world)
    deliver(world, disputed(**OF_PART))

    with pytest.raises(Conflict, match="dispute is open"):
        collection.charge_invoice(world.ports, world.firm.id, invoice_id, ADMIN)


def test_a_charge_that_somebody_asked_for_just_before_the_dispute_does_not_leave(world: World) -> None:
    invoice_id = failed_once(world)
    collection.charge_invoice(world.ports, world.firm.id, invoice_id, ADMIN)

    deliver(world, disputed(**OF_PART))
    world.run_due()

    assert len(world.gateway.sent) == 1


def test_what_an_older_api_version_leaves_out_is_kept_from_the_newer_one(world: World) -> None:
    paid_invoice(world)
    deliver(world, disputed())

    old = stripe.old_dispute("dp_1", "ch_1", NOW + days(1), status="under_review")
    deliver(world, stripe.event("charge.dispute.updated", old, NOW + days(1)))

    told = the_dispute(world)
    assert (told.stripe_status, told.newest.network_reason_code, told.newest.brand) == ("under_review", "10.4", "visa")


def test_fraud_warnings_and_reviews_stand_on_the_timeline_and_change_nothing(world: World) -> None:
    invoice_id = paid_invoice(world)
    before = world.row(invoice_id).figures

    deliver(
        world,
        stripe.event("radar.early_fraud_warning.created", stripe.fraud_warning("ch_1", "pi_1", NOW), NOW),
        stripe.event("review.opened", stripe.review("ch_1", "pi_1", NOW), NOW),
        stripe.event("review.closed", stripe.review("ch_1", "pi_1", NOW, closed_reason="approved"), NOW),
    )

    assert world.row(invoice_id).figures == before
    assert len(world.audit("stripe_reported")) == 2
    assert len(world.audit("early_fraud_warning")) == 1


def test_a_charge_that_is_made_twice_is_only_charged_back_where_it_is_disputed(world: World) -> None:
    invoice_id = paid_invoice(world)
    deliver(world, charged_again(invoice_id))

    deliver(world, disputed("closed", charge="ch_2", intent=None, status="lost", dispute_id="dp_2"))

    assert shown(world, invoice_id) == ("charged_back", 4200, 0, 4200)
    assert len(rows(world, OutboxKind.RETRY)) == 0
