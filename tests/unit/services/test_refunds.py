"""Refunds that people ask for and refunds made elsewhere: never more than the charge, whoever asks."""

import pytest

from domain.model.answers import Refused
from domain.model.errors import Conflict, InvalidInput, NotFound
from domain.model.outbox import OutboxKind
from domain.model.refunds import RefundRequest, RefundStatus
from domain.services import firms
from domain.services.dispute_desk import get_dispute, refund_disputed
from domain.services.refund_desk import list_refunds
from domain.services.refunds import WantedRefund, request_refund
from tests import stripe_events as stripe
from tests.builders import NOW, days
from tests.reversal_world import (
    alerts,
    booked,
    charged,
    charged_again,
    deliver,
    disputed,
    paid_invoice,
    pending,
    refunded,
    the_dispute,
)
from tests.service_world import ADMIN, World


@pytest.fixture
def world() -> World:
    return World()


def ask(world: World, invoice_id: str, amount: int | None = None, **wanted: str) -> RefundRequest:
    return request_refund(world.ports, world.firm.id, invoice_id, WantedRefund(amount, **wanted), ADMIN)  # type: ignore[arg-type]


def refundable(world: World, invoice_id: str) -> list[int]:
    """What may still be given back of each charge."""
    return [charge.refundable_minor for charge in list_refunds(world.ports, world.firm.id, invoice_id).charges]


def shown(world: World, invoice_id: str) -> tuple[str, int, int]:
    figures = world.row(invoice_id).figures
    return figures.status.value, figures.amount_paid, figures.amount_refunded


def test_without_an_amount_all_that_is_left_is_given_back(world: World) -> None:
    invoice_id = paid_invoice(world)
    deliver(world, refunded(amount=1000))

    request = ask(world, invoice_id)
    world.run_due()

    assert request.amount_minor == 3200
    assert shown(world, invoice_id) == ("refunded", 4200, 4200)
    assert booked(world) == {"payment": 4200, "refund": -4200}
    (order,) = world.refunds.sent
    assert (order.amount_minor, order.stripe_charge_id, order.refund_id) == (3200, "ch_1", request.id)
    assert order.idempotency_key == request.idempotency_key


def test_partial_refunds_add_up_to_the_charge_and_no_further(world: World) -> None:
    invoice_id = paid_invoice(world)

    ask(world, invoice_id, 1000)
    ask(world, invoice_id, 3000)
    with pytest.raises(Conflict, match=r"At most 2\.00 USD"):
        ask(world, invoice_id, 201)
    world.run_due()

    assert shown(world, invoice_id) == ("partially_refunded", 4200, 4000)
    assert refundable(world, invoice_id) == [200]


def test_a_request_holds_its_amount_before_anything_left(world: World) -> None:
    invoice_id = paid_invoice(world)
    ask(world, invoice_id)

    with pytest.raises(Conflict, match="Nothing is left"):
        ask(world, invoice_id, 1)
    assert world.refunds.sent == []


@pytest.mark.parametrize("amount", [0, -1])
def test_a_refund_is_more_than_nothing(world: World, amount: int) -> None:
    invoice_id = paid_invoice(world)

    with pytest.raises(InvalidInput, match="more than nothing"):
        ask(world, invoice_id, amount)


def test_more_than_the_charge_is_refused_and_nothing_of_it_is_kept(world: World) -> None:
    invoice_id = paid_invoice(world)

    with pytest.raises(Conflict, match=r"At most 42\.00 USD"):
        ask(world, invoice_id, 4201)

    assert pending(world, OutboxKind.REFUND) == []
    assert world.audit("refund_requested") == []


def test_an_unpaid_invoice_has_nothing_to_give_back(world: World) -> None:
    with pytest.raises(Conflict, match="Nothing was paid"):
        ask(world, world.invoice(autopay=False).invoice.id)


def test_another_firms_invoice_is_not_there(world: World) -> None:
    invoice_id = paid_invoice(world)
    south = firms.create_firm(world.ports, "South Ltd", "acct_south", ADMIN)

    with pytest.raises(NotFound):
        request_refund(world.ports, south.id, invoice_id, WantedRefund(), ADMIN)
    with pytest.raises(NotFound):
        list_refunds(world.ports, south.id, invoice_id)


def test_of_two_payments_one_has_to_be_named(world: World) -> None:
    invoice_id = paid_invoice(world)
    deliver(world, charged_again(invoice_id))

    with pytest.raises(InvalidInput, match="name the charge"):
        ask(world, invoice_id)
    with pytest.raises(InvalidInput, match="No payment of this invoice"):
        ask(world, invoice_id, stripe_charge_id="ch_3")
    assert ask(world, invoice_id, stripe_charge_id="ch_2").stripe_charge_id == "ch_2"
    assert ask(world, invoice_id).stripe_charge_id == "ch_1"


def test_a_payment_whose_charge_nothing_named_yet_is_no_answer_to_which_one_is_meant(world: World) -> None:
    invoice_id = paid_invoice(world)
    intent = stripe.payment_intent("pi_2", "succeeded", metadata={"invoice_id": invoice_id})
    deliver(world, stripe.event("payment_intent.succeeded", intent, NOW + days(1)))

    with pytest.raises(InvalidInput, match="name the charge"):
        ask(world, invoice_id)
    assert ask(world, invoice_id, stripe_charge_id="pi_2").stripe_payment_intent_id == "pi_2"


def out_of_band(world: World) -> str:
    """An invoice that was paid past Stripe."""
    invoice_id = world.invoice(autopay=False, stripe_invoice_id="in_1", stripe_payment_intent_id="pi_1").invoice.id
    paid = {**stripe.old_invoice("in_1", is_paid=True), "paid_out_of_band": True}
    deliver(world, stripe.event("invoice.paid", paid, NOW))
    return invoice_id


def test_what_was_paid_past_stripe_is_not_given_back_through_it(world: World) -> None:
    invoice_id = out_of_band(world)

    with pytest.raises(Conflict, match="give it back the way it came"):
        ask(world, invoice_id)


def test_beside_a_payment_past_stripe_the_other_one_is_meant(world: World) -> None:
    invoice_id = out_of_band(world)
    deliver(world, charged())

    assert ask(world, invoice_id).stripe_charge_id == "ch_1"


def test_during_a_chargeback_nothing_is_refunded(world: World) -> None:
    invoice_id = paid_invoice(world)
    deliver(world, disputed(amount=1000))

    with pytest.raises(Conflict, match="pay the customer twice"):
        ask(world, invoice_id, 100)
    assert refundable(world, invoice_id) == [0]


def test_one_of_several_disputes_is_enough_to_refuse(world: World) -> None:
    invoice_id = paid_invoice(world)
    deliver(world, disputed(status="warning_needs_response", amount=1000), disputed(dispute_id="dp_2", amount=500))

    with pytest.raises(Conflict, match="dp_2"):
        ask(world, invoice_id, 100)


def test_after_a_dispute_that_was_won_refunds_are_possible_again(world: World) -> None:
    invoice_id = paid_invoice(world)
    deliver(world, disputed(), disputed("closed", NOW + days(60), status="won"))

    ask(world, invoice_id)
    world.run_due()

    assert shown(world, invoice_id) == ("refunded", 4200, 4200)


def test_an_inquiry_is_ended_by_a_refund_in_full(world: World) -> None:
    paid_invoice(world)
    deliver(world, disputed(status="warning_needs_response", amount=1000), refunded(amount=200))

    offered = get_dispute(world.ports, world.firm.id, "dp_1").refund_in_full
    assert offered is not None
    assert offered.amount_minor == 4000
    refund_disputed(world.ports, world.firm.id, "dp_1", ADMIN)
    world.run_due()

    assert [order.amount_minor for order in world.refunds.sent] == [4000]
    assert get_dispute(world.ports, world.firm.id, "dp_1").refund_in_full is None


def test_a_chargeback_is_not_ended_by_a_refund(world: World) -> None:
    paid_invoice(world)
    deliver(world, disputed())

    assert get_dispute(world.ports, world.firm.id, "dp_1").refund_in_full is None
    with pytest.raises(Conflict, match="Only an open inquiry"):
        refund_disputed(world.ports, world.firm.id, the_dispute(world).id, ADMIN)


def test_a_chargeback_that_comes_before_the_worker_keeps_the_refund_from_leaving(world: World) -> None:
    invoice_id = paid_invoice(world)
    ask(world, invoice_id)

    deliver(world, disputed())
    world.run_due()

    assert world.refunds.sent == []
    assert len(alerts(world, "refund_refused")) == 1
    assert [view.status for view in list_refunds(world.ports, world.firm.id, invoice_id).refunds] == ["refused"]


def test_what_stripe_refuses_is_told_and_gives_its_amount_back(world: World) -> None:
    invoice_id = paid_invoice(world)
    world.refunds.answers.append(Refused("Charge ch_1 has already been refunded."))
    ask(world, invoice_id)
    world.run_due()

    assert shown(world, invoice_id) == ("paid", 4200, 0)
    assert refundable(world, invoice_id) == [4200]
    (text,) = alerts(world, "refund_refused")
    assert "already been refunded" in text


def test_a_refund_that_fails_later_is_booked_back_told_and_can_be_made_again(world: World) -> None:
    invoice_id = paid_invoice(world)
    request = ask(world, invoice_id)
    world.run_due()

    made = {"refund_id": f"re_{request.id}", "metadata": {"refund_id": request.id}}
    deliver(world, refunded("failed", NOW + days(20), status="failed", failure_reason="declined", **made))
    world.run_due()

    assert shown(world, invoice_id) == ("paid", 4200, 0)
    assert booked(world) == {"payment": 4200, "refund": -4200, "refund_reversal": 4200}
    assert len(alerts(world, "refund_failed")) == 1
    again = ask(world, invoice_id)
    assert (again.amount_minor, again.id == request.id) == (4200, False)


@pytest.mark.parametrize("end", ["failed", "canceled"])
def test_a_pending_refund_counts_against_the_charge_until_it_comes_to_nothing(world: World, end: str) -> None:
    invoice_id = paid_invoice(world)
    deliver(world, refunded(status="pending", amount=4000))
    assert shown(world, invoice_id) == ("paid", 4200, 0)
    assert refundable(world, invoice_id) == [200]

    deliver(world, refunded("updated", NOW + days(1), status=end, amount=4000))
    assert refundable(world, invoice_id) == [4200]
    assert booked(world) == {"payment": 4200}


def test_refunds_made_elsewhere_are_imported_and_shown(world: World) -> None:
    invoice_id = paid_invoice(world)
    listed = [stripe.refund("re_1", "ch_1", "pi_1", NOW, amount=1500)]
    charge = stripe.refunded_charge("ch_1", "pi_1", NOW, refunded=1500, refunds=listed)
    deliver(world, stripe.event("charge.refunded", charge, NOW), refunded(amount=1500))

    assert shown(world, invoice_id) == ("partially_refunded", 4200, 1500)
    (view,) = list_refunds(world.ports, world.firm.id, invoice_id).refunds
    assert (view.id, view.money.amount_minor, view.requested_by) == ("re_1", 1500, None)


def test_a_total_counts_before_its_refunds_are_named_and_not_twice_after(world: World) -> None:
    invoice_id = paid_invoice(world)
    total = stripe.event("charge.refunded", stripe.refunded_charge("ch_1", "pi_1", NOW, refunded=1500), NOW)

    deliver(world, total)
    assert shown(world, invoice_id) == ("partially_refunded", 4200, 1500)
    assert refundable(world, invoice_id) == [2700]
    deliver(world, refunded(amount=1500))
    assert shown(world, invoice_id) == ("partially_refunded", 4200, 1500)


def test_a_refund_is_pending_until_its_event_says_that_it_succeeded(world: World) -> None:
    invoice_id = paid_invoice(world)
    made = world.refunds.made
    world.refunds.made = lambda order: made(order, RefundStatus.PENDING)  # type: ignore[assignment,method-assign]
    request = ask(world, invoice_id)
    world.run_due()

    assert shown(world, invoice_id) == ("paid", 4200, 0)
    assert refundable(world, invoice_id) == [0]
    deliver(world, refunded("updated", NOW + days(1), refund_id=f"re_{request.id}"))
    assert shown(world, invoice_id) == ("refunded", 4200, 4200)
    assert [view.id for view in list_refunds(world.ports, world.firm.id, invoice_id).refunds] == [request.id]
