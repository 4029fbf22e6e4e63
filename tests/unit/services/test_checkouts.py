"""A customer who pays at Stripe's Checkout, and everything that may happen meanwhile (issue 4, point 5)."""

from datetime import timedelta

import pytest

from adapters.memory.bank_values import Trouble
from domain.model.errors import Conflict
from domain.services.checkouts import PAGE_LIFE, make_way, open_checkout
from domain.services.clients import change_client
from domain.services.collection import charge_invoice
from ports.payment_gateway import GatewayRefuses, GatewayUnavailable
from tests import stripe_events as stripe
from tests.customer_world import NO_FUNDS, CustomerWorld
from tests.service_world import ADMIN, DAY


@pytest.fixture
def world() -> CustomerWorld:
    return CustomerWorld()


def page_of(world: CustomerWorld) -> str:
    """The session id of the page that is open now."""
    return open_checkout(world.ports, world.sessions, world.visit).rpartition("/")[2]


def test_an_open_page_is_an_open_attempt_of_the_customers(world: CustomerWorld) -> None:
    page_of(world)

    assert world.shown() == [("autopay", "declined"), ("customer", "pending")]
    assert world.audit("checkout_opened")[0].actor == "customer"
    with pytest.raises(Conflict):
        charge_invoice(world.ports, world.firm.id, world.invoice_id, ADMIN)


def test_a_payment_on_the_page_settles_the_attempt_by_its_event(world: CustomerWorld) -> None:
    intent = world.sessions.pay(page_of(world))

    world.tell_payment(intent)

    assert world.status == "paid"
    assert world.shown() == [("autopay", "declined"), ("customer", "succeeded")]
    assert [item.kind.value for item in world.pending(world.invoice_id) if item.kind.value != "notice"] == []


def test_a_decline_on_the_page_uses_up_nothing_and_leaves_it_open(world: CustomerWorld) -> None:
    retry_at = world.row(world.invoice_id).figures.next_payment_retry_at
    page = page_of(world)

    world.tell_payment(world.sessions.pay(page, NO_FUNDS))

    figures = world.row(world.invoice_id).figures
    assert (figures.payment_retry_count, figures.next_payment_retry_at) == (1, retry_at)
    assert ("customer", "pending") in world.shown()
    assert page_of(world) == page


def test_a_second_click_leads_to_the_same_page(world: CustomerWorld) -> None:
    assert page_of(world) == page_of(world)
    assert len(world.shown()) == 2


def test_an_automatic_charge_closes_the_page_first(world: CustomerWorld) -> None:
    page = page_of(world)

    world.advance(world.until_retry())

    assert world.sessions.read(None, page).url is None  # type: ignore[union-attr]
    assert world.shown() == [("autopay", "declined"), ("customer", "canceled"), ("retry", "declined")]


def test_an_automatic_charge_waits_for_a_payment_that_was_made_on_the_page(world: CustomerWorld) -> None:
    world.advance(world.until_retry() - timedelta(minutes=10))
    intent = world.sessions.pay(page_of(world))

    world.advance(timedelta(minutes=11))
    assert world.shown() == [("autopay", "declined"), ("customer", "pending")]
    world.tell_payment(intent)
    world.advance(DAY)

    assert world.shown() == [("autopay", "declined"), ("customer", "succeeded")]
    assert world.paid_charges() == 1


def test_an_automatic_charge_waits_while_stripe_does_not_say_how_the_page_stands(world: CustomerWorld) -> None:
    world.advance(world.until_retry() - timedelta(minutes=1))
    page_of(world)

    world.bank.script_reads(1)
    world.clock.advance(timedelta(minutes=1))
    world.sweep()

    assert ("customer", "pending") in world.shown()
    assert ("retry", "declined") not in world.shown()


def test_a_page_that_expired_ends_the_attempt_and_another_can_be_opened(world: CustomerWorld) -> None:
    page = page_of(world)
    world.clock.advance(PAGE_LIFE)
    world.tell_expired(world.attempts(world.invoice_id)[-1].id)

    assert world.shown() == [("autopay", "declined"), ("customer", "canceled")]
    assert page_of(world) != page


def test_a_page_whose_end_was_never_told_makes_way_for_another(world: CustomerWorld) -> None:
    page = page_of(world)
    world.clock.advance(PAGE_LIFE)

    assert page_of(world) != page
    assert world.shown() == [("autopay", "declined"), ("customer", "canceled"), ("customer", "pending")]


def test_a_page_that_nobody_tells_of_is_closed_in_the_end(world: CustomerWorld) -> None:
    page_of(world)

    for _ in range(3):
        world.advance(DAY)

    assert ("customer", "canceled") in world.shown()


def test_a_page_whose_answer_was_lost_is_found_again(world: CustomerWorld) -> None:
    world.bank.script(Trouble.ANSWER_LOST)
    with pytest.raises(GatewayUnavailable):
        page_of(world)

    assert page_of(world)
    assert len(world.shown()) == 2


def test_a_page_that_was_never_made_is_waited_for_and_then_replaced(world: CustomerWorld) -> None:
    world.bank.script(Trouble.REQUEST_LOST)
    for _ in range(2):
        with pytest.raises(GatewayUnavailable):
            page_of(world)

    world.clock.advance(timedelta(minutes=3))

    assert page_of(world)
    assert world.shown() == [("autopay", "declined"), ("customer", "canceled"), ("customer", "pending")]


@pytest.mark.parametrize("trouble", [Trouble.UNREACHABLE, Trouble.RATE_LIMITED])
def test_where_stripe_was_not_reached_nothing_stays_open(world: CustomerWorld, trouble: Trouble) -> None:
    world.bank.script(trouble)

    with pytest.raises(GatewayUnavailable):
        page_of(world)

    assert world.shown() == [("autopay", "declined"), ("customer", "canceled")]


def test_a_paid_page_is_not_opened_again(world: CustomerWorld) -> None:
    world.sessions.pay(page_of(world))

    with pytest.raises(Conflict):
        page_of(world)


def test_a_page_over_another_amount_is_replaced(world: CustomerWorld) -> None:
    page = page_of(world)
    names = {"invoice_id": world.invoice_id}
    world.tell("charge.succeeded", stripe.charge("ch_part", "pi_part", world.clock.now(), amount=100, metadata=names))

    assert page_of(world) != page
    amounts = [one.amount_minor for one in world.attempts(world.invoice_id) if one.trigger.value == "customer"]
    assert amounts == [4200, 4100]


def test_a_late_payment_on_a_page_that_was_closed_is_still_money(world: CustomerWorld) -> None:
    page = page_of(world)
    intent = world.sessions.pay(page)
    attempt = next(own for own in world.attempts(world.invoice_id) if own.trigger.value == "customer")
    world.tell_expired(attempt.id)

    world.tell_payment(intent)

    assert world.status == "paid"


def test_nothing_is_opened_for_what_is_not_owed(world: CustomerWorld) -> None:
    world.tell_payment(world.sessions.pay(page_of(world)))

    with pytest.raises(Conflict):
        page_of(world)


def test_a_page_that_stripe_refuses_leaves_nothing_open(world: CustomerWorld) -> None:
    change_client(world.ports, world.firm.id, world.client.id, {"stripe_customer_id": "cus_nobody"}, ADMIN)

    with pytest.raises(GatewayRefuses):
        page_of(world)

    assert ("customer", "pending") not in world.shown()


def test_without_an_open_page_there_is_nothing_to_close(world: CustomerWorld) -> None:
    make_way(world.ports, world.sessions, world.firm.id, world.invoice_id)

    assert world.shown() == [("autopay", "declined")]
