"""What the bank in memory does with refunds and disputes beyond the contracts of the gateways."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from adapters.memory.bank import MemoryBank
from adapters.memory.bank_reversals import BankReversals
from adapters.memory.bank_values import BankRefund, BankRefusal
from adapters.memory.clock import SettableClock
from adapters.memory.dispute_gateway import MemoryDisputeGateway
from adapters.memory.stripe_records import MemoryStripeRecords
from domain.model.answers import DisputeShown
from ports.stripe_records import RecordKind
from tests import stripe_events as stripe

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class World:
    """A bank with one charge of 50.00 USD that has succeeded."""

    def __init__(self) -> None:
        self.clock = SettableClock(NOW)
        bank = MemoryBank(self.clock)
        self.reversals = BankReversals(bank, self.clock)
        customer = bank.add_customer()
        intent = bank.bill("in_1", customer, 5000, "usd")
        self.charge = bank.pay(intent, bank.attach_card(customer)).charges[0].id

    def refund(self, amount_minor: int) -> BankRefund:
        return self.reversals.refund(None, self.charge, None, amount_minor)

    def moved(self, dispute_id: str) -> list[int]:
        """What the dispute moved, in order."""
        return [movement.amount_minor for movement in self.reversals.dispute(None, dispute_id).movements]


def test_a_refund_that_takes_its_time_counts_from_the_start() -> None:
    world = World()
    world.reversals.begin_refunds_as("pending")

    refund = world.refund(4000)

    assert refund.status == "pending"
    with pytest.raises(BankRefusal, match="between 1 and 1000"):
        world.refund(1001)


def test_a_refund_that_fails_leaves_its_room_to_another() -> None:
    world = World()
    world.reversals.move_refund(world.refund(5000).id, "failed", failure_reason="declined")

    assert world.refund(5000).status == "succeeded"


def test_a_chargeback_ends_the_refunds_that_are_on_their_way() -> None:
    world = World()
    world.reversals.begin_refunds_as("pending")
    world.refund(1000)

    world.reversals.open_dispute(world.charge)

    assert [(refund.status, refund.failure_reason) for refund in world.reversals.refunds(None)] == [
        ("failed", "charge_for_pending_refund_disputed")
    ]


def test_a_full_refund_ends_an_inquiry_and_a_part_does_not() -> None:
    world = World()
    inquiry = world.reversals.open_dispute(world.charge, "warning_needs_response").id
    world.refund(1000)
    after_part = world.reversals.dispute(None, inquiry).status

    world.refund(4000)

    assert (after_part, world.reversals.dispute(None, inquiry).status) == ("warning_needs_response", "warning_closed")


@pytest.mark.parametrize(
    ("first", "then", "moved"),
    [
        ("needs_response", ["under_review", "lost"], [-5000]),
        ("needs_response", ["under_review", "won"], [-5000, 5000]),
        ("needs_response", ["lost", "won"], [-5000, 5000]),
        ("warning_needs_response", ["warning_closed"], []),
        ("warning_needs_response", ["needs_response", "prevented"], [-5000, 5000]),
        ("lost", ["appeal_needs_response", "appeal_under_review", "won"], [-5000, 5000]),
        ("prevented", [], []),
    ],
)
def test_a_dispute_takes_its_money_once_and_gives_it_back_once(first: str, then: list[str], moved: list[int]) -> None:
    world = World()
    dispute = world.reversals.open_dispute(world.charge, first).id

    for status in then:
        world.reversals.move_dispute(dispute, status)

    assert world.moved(dispute) == moved


def test_a_dispute_may_differ_from_its_charge_and_allow_no_answer() -> None:
    world = World()

    dispute = world.reversals.open_dispute(world.charge, amount_minor=7000, currency="eur", is_answerable=False)

    shown = MemoryDisputeGateway(world.reversals, world.clock).show(None, dispute.id)
    assert isinstance(shown, DisputeShown)
    assert (shown.telling.amount_minor, shown.telling.currency) == (7000, "eur")
    assert shown.telling.deadline is not None
    assert shown.telling.deadline.respond_by is None


def test_refunds_at_once_never_give_back_more_than_the_charge_holds() -> None:
    world = World()

    def refunded(_: int) -> bool:
        try:
            world.refund(1000)
        except BankRefusal:
            return False
        return True

    with ThreadPoolExecutor(10) as threads:
        assert sum(threads.map(refunded, range(50))) == 5


def test_accounts_do_not_see_each_others_reversals() -> None:
    world = World()
    world.reversals.open_dispute(world.charge, "warning_needs_response")
    world.refund(100)

    assert (world.reversals.refunds("acct_1"), world.reversals.disputes("acct_1")) == ((), ())
    with pytest.raises(BankRefusal, match="No such charge"):
        world.reversals.refund("acct_1", world.charge, None, 100)


def test_only_published_events_of_used_types_are_listed() -> None:
    world = World()
    records = MemoryStripeRecords(world.reversals, world.clock, {"charge.succeeded"})
    for number, event_type in enumerate(["charge.succeeded", "customer.updated", "charge.succeeded"]):
        body = stripe.event(event_type, {"id": "ch_1"}, NOW + timedelta(seconds=number), id=f"evt_{number}")
        records.publish(stripe.parsed(body))

    page = records.events(None, NOW, NOW + timedelta(seconds=5), None)

    assert [event.id for event in page.events] == ["evt_2", "evt_0"]
    assert records.records(None, RecordKind.DISPUTE, NOW, NOW, None).records == ()
