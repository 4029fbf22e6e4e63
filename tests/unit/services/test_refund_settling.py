"""Refunds whose answers are lost, whose workers die or stall: made once or not at all, and known for what they are."""

from collections import deque
from collections.abc import Iterable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory.clock import SettableClock
from domain.model.answers import (
    Absent,
    NotReached,
    RefundAnswer,
    Refunded,
    RefundLookUpAnswer,
    Refused,
    Unknown,
    UnknownCause,
)
from domain.model.errors import Conflict
from domain.model.outbox import LEASE, OutboxKind
from domain.model.refunds import RefundRequest, RefundStatus, RefundTelling
from domain.services.refund_desk import list_refunds
from domain.services.refunds import WantedRefund, request_refund
from domain.services.steps import in_system
from ports.refund_gateway import RefundOrder
from tests.builders import NOW
from tests.reversal_world import Json, alerts, booked, deliver, disputed, paid_invoice, pending, refunded
from tests.service_world import ADMIN, World

FATES = ("made", "made, answer lost", "lost", "500", "made, 500", "not reached", "dies before", "dies after", "busy")


class WorkerDied(BaseException):
    """A process that is killed runs no handler."""


class StripesRefunds:
    """Refunds as Stripe makes them: one for each key, a stored 500 is repeated, and never more than the charge."""

    def __init__(self, clock: SettableClock, charge_minor: int = 4200) -> None:
        self._clock = clock
        self._left = charge_minor
        self.fates: deque[str] = deque()
        self.made: dict[str, RefundTelling] = {}
        self._broken: set[str] = set()
        self.sent: list[RefundOrder] = []
        self.asked: list[RefundOrder] = []

    def refund(self, account: str | None, order: RefundOrder) -> RefundAnswer:
        self.sent.append(order)
        fate = self.fates.popleft() if self.fates else "made"
        if fate == "dies before":
            raise WorkerDied
        if fate in ("not reached", "busy", "lost"):
            return _UNANSWERED[fate]
        if order.idempotency_key in self._broken or (fate == "500" and order.idempotency_key not in self.made):
            self._broken.add(order.idempotency_key)
            return SERVER_ERROR
        answer = self._made(order)
        if fate == "dies after":
            raise WorkerDied
        if fate == "made, 500":
            self._broken.add(order.idempotency_key)
            return SERVER_ERROR
        return LOST if fate == "made, answer lost" else answer

    def find(self, account: str | None, order: RefundOrder) -> RefundLookUpAnswer:
        self.asked.append(order)
        told = next((told for told in self.made.values() if told.request_id == order.refund_id), None)
        return Absent() if told is None else Refunded(told)

    def _made(self, order: RefundOrder) -> RefundAnswer:
        known = self.made.get(order.idempotency_key)
        if known is not None:
            return Refunded(known)
        if order.amount_minor > self._left:
            return Refused("Refund amount is greater than unrefunded amount on charge.")
        self._left -= order.amount_minor
        now = self._clock.now()
        told = RefundTelling(
            f"re_{len(self.made)}",
            RefundStatus.SUCCEEDED,
            now,
            order.amount_minor,
            "usd",
            now,
            order.stripe_charge_id,
            request_id=order.refund_id,
        )
        self.made[order.idempotency_key] = told
        return Refunded(told)

    def forget_errors(self) -> None:
        """Keys are not to be trusted for ever."""
        self._broken.clear()

    @property
    def given_back(self) -> int:
        """How much money really went out."""
        return sum(told.amount_minor for told in self.made.values())


LOST = Unknown(UnknownCause.LOST, "time-out")
SERVER_ERROR = Unknown(UnknownCause.SERVER_ERROR, "500")
_UNANSWERED: dict[str, RefundAnswer] = {
    "not reached": NotReached("connection refused"),
    "busy": Unknown(UnknownCause.CONFLICT, "409"),
    "lost": LOST,
}


def with_bank(*fates: str) -> tuple[World, StripesRefunds, str]:
    """A paid invoice, and Stripe's refunds with what happens to the next requests."""
    world = World()
    bank = StripesRefunds(world.clock)
    bank.fates.extend(fates)
    object.__setattr__(world.workshop, "refunds", bank)
    return world, bank, paid_invoice(world)


def ask(world: World, invoice_id: str, amount: int | None = None) -> RefundRequest:
    return request_refund(world.ports, world.firm.id, invoice_id, WantedRefund(amount), ADMIN)


def work(world: World) -> None:
    """What is due is run; a worker that dies is followed by the next one."""
    while True:
        try:
            world.run_due()
        except WorkerDied:
            continue
        return


def let_pass(world: World, *seconds: float) -> None:
    for wait in seconds:
        world.clock.advance(timedelta(seconds=wait))
        try:
            world.sweep()
        except WorkerDied:
            work(world)


def until_settled(world: World) -> None:
    let_pass(world, *[5, 15, 35, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600])


def statuses(world: World, invoice_id: str) -> list[str]:
    return [view.status for view in list_refunds(world.ports, world.firm.id, invoice_id).refunds]


def event_of(told: RefundTelling) -> Json:
    """The webhook of a refund that was made."""
    metadata = {"refund_id": told.request_id or ""}
    return refunded("created", NOW, told.stripe_refund_id, amount=told.amount_minor, metadata=metadata)


@pytest.mark.parametrize("fate", [fate for fate in FATES if fate not in ("500", "dies before", "lost", "not reached")])
def test_a_refund_that_was_made_is_known_whatever_became_of_its_answer(fate: str) -> None:
    world, bank, invoice_id = with_bank(fate)
    ask(world, invoice_id)
    work(world)
    until_settled(world)

    assert len(bank.made) == 1
    assert statuses(world, invoice_id) == ["succeeded"]
    assert world.row(invoice_id).figures.amount_refunded == 4200
    assert booked(world) == {"payment": 4200, "refund": -4200}
    assert pending(world, OutboxKind.REFUND) == []


@pytest.mark.parametrize("fate", ["lost", "not reached", "dies before", "busy"])
def test_a_request_that_never_arrived_is_sent_again_under_its_key(fate: str) -> None:
    world, bank, invoice_id = with_bank(fate)
    ask(world, invoice_id)
    work(world)
    until_settled(world)

    assert len({order.idempotency_key for order in bank.sent}) == 1
    assert len(bank.sent) == 2
    assert statuses(world, invoice_id) == ["succeeded"]


def test_after_a_server_error_it_is_only_looked_for_and_given_up_when_it_is_surely_absent() -> None:
    world, bank, invoice_id = with_bank("500")
    ask(world, invoice_id)
    work(world)
    let_pass(world, 5, 15)
    assert statuses(world, invoice_id) == ["requested"]
    with pytest.raises(Conflict):
        ask(world, invoice_id, 1)

    let_pass(world, 60)

    assert (len(bank.sent), len(bank.asked)) == (1, 3)
    assert statuses(world, invoice_id) == ["refused"]
    assert len(alerts(world, "refund_refused")) == 1
    ask(world, invoice_id)
    work(world)
    assert bank.given_back == 4200


def test_a_look_up_that_does_not_get_through_says_nothing() -> None:
    world, bank, invoice_id = with_bank("500")
    find = bank.find
    bank.find = lambda *_: NotReached("no route")  # type: ignore[method-assign]
    ask(world, invoice_id)
    work(world)
    until_settled(world)
    assert statuses(world, invoice_id) == ["requested"]

    bank.find = find  # type: ignore[method-assign]
    until_settled(world)
    assert statuses(world, invoice_id) == ["refused"]


def test_a_key_that_stripe_may_have_forgotten_is_not_used_again() -> None:
    world, bank, invoice_id = with_bank("dies after")
    ask(world, invoice_id)
    work(world)

    let_pass(world, 23 * 3600)

    assert (len(bank.sent), len(bank.asked)) == (1, 1)
    assert statuses(world, invoice_id) == ["succeeded"]


def test_a_request_that_first_leaves_after_a_day_is_sent() -> None:
    world, bank, invoice_id = with_bank()
    ask(world, invoice_id)
    world.doorbell.take()

    let_pass(world, 48 * 3600)

    assert len(bank.sent) == 1
    assert statuses(world, invoice_id) == ["succeeded"]


@pytest.mark.parametrize("fate", ["dies after", "made, answer lost", "made, 500"])
def test_the_event_may_come_before_anything_else_tells(fate: str) -> None:
    world, bank, invoice_id = with_bank(fate)
    ask(world, invoice_id)
    work(world)

    deliver(world, event_of(*bank.made.values()))
    until_settled(world)

    assert (len(bank.sent), bank.asked) == (1, [])
    assert statuses(world, invoice_id) == ["succeeded"]
    assert pending(world, OutboxKind.REFUND) == []
    assert len(world.audit("payment_refunded")) == 1


def test_the_event_may_come_while_the_answer_is_on_its_way() -> None:
    world, bank, invoice_id = with_bank()
    refund = bank.refund

    def told_first(account: str | None, order: RefundOrder) -> RefundAnswer:
        answer = refund(account, order)
        deliver(world, event_of(*bank.made.values()))
        return answer

    bank.refund = told_first  # type: ignore[method-assign]
    ask(world, invoice_id)
    work(world)

    assert statuses(world, invoice_id) == ["succeeded"]
    assert world.row(invoice_id).figures.amount_refunded == 4200
    assert pending(world, OutboxKind.REFUND) == []


def test_the_event_may_come_after_the_answer_and_changes_nothing() -> None:
    world, bank, invoice_id = with_bank()
    ask(world, invoice_id)
    work(world)
    before = (world.row(invoice_id).figures, booked(world))

    deliver(world, event_of(*bank.made.values()))

    assert (world.row(invoice_id).figures, booked(world)) == before


def stalled(world: World, bank: StripesRefunds, answer: RefundAnswer) -> None:
    """The next request stalls beyond its lease, another worker has the row when its answer comes."""
    refund = bank.refund

    def stall(account: str | None, order: RefundOrder) -> RefundAnswer:
        bank.refund = refund  # type: ignore[method-assign]
        (row,) = pending(world, OutboxKind.REFUND)
        world.clock.advance(LEASE + timedelta(seconds=1))
        in_system(world.ports, lambda step: step.tx.outbox.claim(row.id, step.now, step.now + LEASE))
        return answer

    bank.refund = stall  # type: ignore[method-assign]


def test_a_refusal_that_comes_after_the_claim_was_lost_gives_no_refund_up() -> None:
    world, bank, invoice_id = with_bank()
    stalled(world, bank, Refused("The charge has been disputed."))
    ask(world, invoice_id)
    work(world)

    assert statuses(world, invoice_id) == ["requested"]
    with pytest.raises(Conflict):
        ask(world, invoice_id, 1)
    until_settled(world)
    assert (statuses(world, invoice_id), bank.given_back) == (["refused"], 0)


def test_money_that_a_late_worker_knows_of_is_kept_whatever_was_decided_meanwhile() -> None:
    world, bank, invoice_id = with_bank()
    refund = bank.refund

    def stall(account: str | None, order: RefundOrder) -> RefundAnswer:
        """While it is on its way, look-ups give it up; then it turns out to have been made."""
        bank.refund = refund  # type: ignore[method-assign]
        bank.fates.append("500")
        let_pass(world, 31, 5, 15, 60, 120)
        assert statuses(world, invoice_id) == ["refused"]
        bank.forget_errors()
        return refund(account, order)

    bank.refund = stall  # type: ignore[method-assign]
    ask(world, invoice_id)
    work(world)

    assert statuses(world, invoice_id) == ["succeeded"]
    assert world.row(invoice_id).figures.amount_refunded == bank.given_back == 4200


def test_a_dispute_that_comes_while_the_answer_is_lost_does_not_hide_the_refund() -> None:
    world, bank, invoice_id = with_bank("made, answer lost")
    ask(world, invoice_id, 1000)
    work(world)

    deliver(world, disputed(amount=4200))
    until_settled(world)

    figures = world.row(invoice_id).figures
    assert (figures.amount_refunded, figures.amount_disputed) == (1000, 3200)
    assert bank.given_back == 1000


def test_two_requests_are_two_refunds_and_one_request_is_never_two() -> None:
    world, bank, invoice_id = with_bank("made, answer lost", "dies after", "made")
    ask(world, invoice_id, 1000)
    ask(world, invoice_id, 1000)
    work(world)
    until_settled(world)

    assert sorted(told.amount_minor for told in bank.made.values()) == [1000, 1000]
    assert world.row(invoice_id).figures.amount_refunded == 2000


def requests_in(world: World, invoice_id: str, amounts: Iterable[int]) -> int:
    """How much of what is asked for was taken."""
    taken = 0
    for amount in amounts:
        try:
            taken += ask(world, invoice_id, amount).amount_minor
        except Conflict:
            continue
    return taken


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(FATES), max_size=6),
    st.lists(st.sampled_from([500, 1500, 3000, 4200]), min_size=1, max_size=4),
    st.lists(st.sampled_from([0, 4, 20, 40, 90_000]), max_size=6),
    st.booleans(),
)
def test_whatever_goes_wrong_our_books_show_what_stripe_gave_back(
    fates: list[str], amounts: list[int], waits: list[int], are_events_sent: bool
) -> None:
    world, bank, invoice_id = with_bank(*fates)
    assert requests_in(world, invoice_id, amounts) <= 4200
    work(world)
    for wait in waits:
        let_pass(world, wait)
        if are_events_sent and bank.made:
            deliver(world, *(event_of(told) for told in bank.made.values()))
    until_settled(world)
    let_pass(world, 90_000, 60, 120, 240)

    assert len({told.request_id for told in bank.made.values()}) == len(bank.made)
    figures = world.row(invoice_id).figures
    assert figures.amount_refunded == bank.given_back <= 4200
    assert booked(world).get("refund", 0) == -bank.given_back
    assert pending(world, OutboxKind.REFUND) == []
    (charge,) = list_refunds(world.ports, world.firm.id, invoice_id).charges
    assert charge.refundable_minor == 4200 - bank.given_back
