"""A card given on Stripe's page becomes the default and is tried at once, whoever tells of it first."""

from datetime import timedelta

import pytest

from adapters.memory.bank_values import Mood, Trouble
from domain.model.errors import Conflict
from domain.services.checkouts import open_checkout
from domain.services.clients import change_client
from domain.services.collection import void_invoice
from domain.services.new_cards import card_returned, open_card_page
from ports.payment_gateway import GatewayUnavailable
from tests.customer_world import NO_FUNDS, CustomerWorld
from tests.service_world import ADMIN

PAID = [("autopay", "declined"), ("customer", "succeeded")]


@pytest.fixture
def world() -> CustomerWorld:
    return CustomerWorld()


def given_card(world: CustomerWorld, mood: Mood | None = None) -> tuple[str, str]:
    """A page on which the customer gave a card: the session's id and the card's."""
    session_id = open_card_page(world.ports, world.sessions, world.visit).rpartition("/")[2]
    return session_id, world.sessions.save_card(session_id, mood)


def come_back(world: CustomerWorld, session_id: str) -> bool:
    return card_returned(world.ports, world.sessions, world.firm.id, world.invoice_id, session_id)


def default_card(world: CustomerWorld) -> str | None:
    card = world.workshop.till.cards.default_card(None, world.customer_id)
    return card.stripe_payment_method_id if card else None


def test_on_return_the_card_becomes_the_default_and_pays(world: CustomerWorld) -> None:
    session_id, card_id = given_card(world)

    assert come_back(world, session_id)
    world.run_due()

    assert (world.shown(), world.status, default_card(world)) == (PAID, "paid", card_id)
    assert [event.actor for event in world.audit("card_given")] == ["customer"]


def test_the_event_alone_does_the_same(world: CustomerWorld) -> None:
    session_id, card_id = given_card(world)

    world.tell_card(session_id)

    assert (world.shown(), default_card(world)) == (PAID, card_id)


@pytest.mark.parametrize("is_event_first", [True, False])
def test_both_together_in_any_order_make_one_attempt(world: CustomerWorld, is_event_first: bool) -> None:
    session_id, _ = given_card(world, NO_FUNDS)
    tellings = [lambda: world.tell_card(session_id), lambda: come_back(world, session_id), world.run_due]

    for tell in tellings if is_event_first else [tellings[1], tellings[0], world.run_due, tellings[1], world.run_due]:
        tell()

    assert world.shown() == [("autopay", "declined"), ("customer", "declined")]
    assert len(world.audit("card_given")) == 1


def test_a_new_card_that_is_declined_uses_up_nothing(world: CustomerWorld) -> None:
    before = world.row(world.invoice_id).figures
    session_id, card_id = given_card(world, NO_FUNDS)

    world.tell_card(session_id)

    figures = world.row(world.invoice_id).figures
    assert (figures.payment_retry_count, figures.next_payment_retry_at) == (
        before.payment_retry_count,
        before.next_payment_retry_at,
    )
    assert default_card(world) == card_id


def test_a_retry_that_is_due_at_that_moment_charges_once(world: CustomerWorld) -> None:
    session_id, _ = given_card(world)
    world.clock.advance(world.until_retry())

    come_back(world, session_id)
    world.sweep()
    world.advance(timedelta(minutes=1))

    assert world.paid_charges() == 1
    assert world.status == "paid"


def test_the_card_waits_for_another_attempt_that_is_open(world: CustomerWorld) -> None:
    world.bank.set_mood(world.card_id, Mood(is_processing=True))
    world.advance(world.until_retry())
    assert ("retry", "pending") in world.shown()
    session_id, card_id = given_card(world)

    world.tell_card(session_id)
    assert ("customer", "in_flight") not in world.shown()
    intent = world.bank.intents_of(None, world.customer_id)[-1]
    settled = world.bank.settle(intent.id, has_succeeded=True)
    world.tell_payment(settled)
    world.advance(timedelta(minutes=15))

    assert (world.paid_charges(), world.status, default_card(world)) == (1, "paid", card_id)


def test_an_open_payment_page_is_closed_before_the_new_card_is_tried(world: CustomerWorld) -> None:
    page = open_checkout(world.ports, world.sessions, world.visit).rpartition("/")[2]
    session_id, _ = given_card(world)

    world.tell_card(session_id)

    assert world.sessions.read(None, page).url is None  # type: ignore[union-attr]
    assert (world.paid_charges(), world.status) == (1, "paid")


def test_who_paid_on_the_other_page_is_not_charged_again(world: CustomerWorld) -> None:
    page = open_checkout(world.ports, world.sessions, world.visit).rpartition("/")[2]
    session_id, _ = given_card(world)
    intent = world.sessions.pay(page)

    world.tell_card(session_id)
    world.tell_payment(intent)
    world.advance(timedelta(minutes=15))

    assert (world.paid_charges(), world.status) == (1, "paid")


def test_a_card_for_an_invoice_that_is_paid_is_kept_and_not_charged(world: CustomerWorld) -> None:
    session_id, card_id = given_card(world)
    world.tell_payment(world.sessions.pay(open_checkout(world.ports, world.sessions, world.visit).rpartition("/")[2]))

    world.tell_card(session_id)

    assert (world.paid_charges(), default_card(world)) == (1, card_id)


def test_a_void_invoice_is_not_charged(world: CustomerWorld) -> None:
    session_id, _ = given_card(world)
    void_invoice(world.ports, world.firm.id, world.invoice_id, ADMIN)

    world.tell_card(session_id)

    assert world.paid_charges() == 0


def test_a_page_that_was_left_without_a_card_changes_nothing_now_and_counts_later(world: CustomerWorld) -> None:
    session_id = open_card_page(world.ports, world.sessions, world.visit).rpartition("/")[2]
    assert not come_back(world, session_id)
    world.tell_card(session_id)
    assert default_card(world) == world.card_id

    card_id = world.sessions.save_card(session_id)
    assert come_back(world, session_id)
    world.run_due()

    assert (default_card(world), world.status) == (card_id, "paid")


def test_another_invoices_page_is_not_taken(world: CustomerWorld) -> None:
    session_id, _ = given_card(world)
    other = world.invoice(send=False)

    assert not card_returned(world.ports, world.sessions, world.firm.id, other.invoice.id, session_id)


def test_a_payment_page_is_no_page_for_a_card(world: CustomerWorld) -> None:
    page = open_checkout(world.ports, world.sessions, world.visit).rpartition("/")[2]

    assert not come_back(world, page)


@pytest.mark.parametrize("trouble", [Trouble.UNREACHABLE, Trouble.ERROR_AFTER, Trouble.ANSWER_LOST])
def test_trouble_on_the_way_delays_and_repeats_nothing(world: CustomerWorld, trouble: Trouble) -> None:
    session_id, card_id = given_card(world)
    world.bank.script(trouble)

    world.tell_card(session_id)
    for _ in range(3):
        world.advance(timedelta(minutes=1))

    assert (world.paid_charges(), default_card(world), world.status) == (1, card_id, "paid")


def test_without_a_customer_at_stripe_no_page_is_opened(world: CustomerWorld) -> None:
    session_id, _ = given_card(world)
    change_client(world.ports, world.firm.id, world.client.id, {"stripe_customer_id": None}, ADMIN)

    with pytest.raises(Conflict):
        open_card_page(world.ports, world.sessions, world.visit)
    world.tell_card(session_id)

    assert world.paid_charges() == 0


def test_where_stripe_does_not_answer_it_is_said(world: CustomerWorld) -> None:
    world.bank.script(Trouble.UNREACHABLE)

    with pytest.raises(GatewayUnavailable):
        open_card_page(world.ports, world.sessions, world.visit)
