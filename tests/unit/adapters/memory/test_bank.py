"""What the bank in memory does beyond the contract: its script, its chance, its keys, other people's doings."""

from datetime import UTC, datetime, timedelta

import pytest

from adapters.memory.bank import KEY_LIFE, MemoryBank
from adapters.memory.bank_values import BankRefusal, Mood, Trouble
from adapters.memory.chance import SeededChance
from adapters.memory.clock import SettableClock
from adapters.memory.payment_gateway import MemoryCardFile, MemoryPaymentGateway
from domain.model.answers import Absent, ChargeAnswer, Declined, Found, NotReached, Refused, Succeeded, Unknown
from ports.payment_gateway import ChargeOrder, LookUpOrder

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class World:
    """A bank with one customer and one card."""

    def __init__(self, bank: MemoryBank | None = None, mood: Mood | None = None) -> None:
        self.clock = SettableClock(NOW)
        self.bank = bank or MemoryBank(self.clock)
        self.gateway = MemoryPaymentGateway(self.bank, self.clock)
        self.customer = self.bank.add_customer()
        self.card = self.bank.attach_card(self.customer, mood)

    def order(
        self, attempt_id: str = "att_1", reuse: str | None = None, *, is_amount_fixed: bool = False
    ) -> ChargeOrder:
        return ChargeOrder(
            attempt_id, "inv_1", 5000, "usd", self.customer, self.card, reuse, is_amount_fixed=is_amount_fixed
        )

    def execute(self, order: ChargeOrder | None = None) -> ChargeAnswer:
        return self.gateway.execute(None, self.gateway.freeze(order or self.order()))


def test_the_script_is_met_in_its_order_and_none_means_nothing() -> None:
    world = World()
    world.bank.script(Trouble.UNREACHABLE, None, Trouble.ANSWER_LOST)

    met = [type(world.execute(world.order(f"att_{number}"))) for number in range(4)]

    assert met == [NotReached, Succeeded, Unknown, Succeeded]


def test_what_is_forgotten_of_the_script_does_not_happen() -> None:
    world = World()
    world.bank.script(Trouble.UNREACHABLE)
    world.bank.forget_script()

    assert isinstance(world.execute(), Succeeded)


def test_reads_do_not_use_up_the_script_of_writes() -> None:
    world = World()
    world.bank.script(Trouble.UNREACHABLE)

    MemoryCardFile(world.bank).cards(None, world.customer)

    assert isinstance(world.execute(), NotReached)


def answers_by_chance(seed: int) -> list[str]:
    clock = SettableClock(NOW)
    rates = {Trouble.UNREACHABLE: 0.2, Trouble.ANSWER_LOST: 0.2, Trouble.ERROR_AFTER: 0.1}
    world = World(MemoryBank(clock, SeededChance(seed), rates))
    return [repr(world.execute(world.order(f"att_{number}"))) for number in range(60)]


def test_equal_seeds_give_equal_histories() -> None:
    assert answers_by_chance(7) == answers_by_chance(7)
    assert answers_by_chance(7) != answers_by_chance(8)


def test_chance_meets_every_trouble_that_has_a_rate() -> None:
    told = {answer.partition("(")[0] for answer in answers_by_chance(7)}

    assert told == {"Succeeded", "NotReached", "Unknown"}


def test_rates_without_chance_are_refused() -> None:
    with pytest.raises(ValueError, match="chance"):
        MemoryBank(SettableClock(NOW), rates={Trouble.UNREACHABLE: 0.5})


@pytest.mark.parametrize(("age", "charges"), [(KEY_LIFE - timedelta(seconds=1), 1), (KEY_LIFE, 2)])
def test_a_key_is_forgotten_after_24_hours_and_then_charges_again(age: timedelta, charges: int) -> None:
    world = World()
    world.execute()
    world.clock.advance(age)

    world.execute()

    assert len(world.bank.charges()) == charges


def test_a_mood_that_passes_declines_so_many_times_and_then_succeeds() -> None:
    world = World(mood=Mood(decline_code="generic_decline", succeed_after=2))

    answers = [type(world.execute(world.order(f"att_{number}"))) for number in range(4)]

    assert answers == [Declined, Declined, Succeeded, Succeeded]


def test_an_amount_that_stripe_billing_owns_cannot_be_changed() -> None:
    world = World()
    intent_id = world.bank.bill("in_1", world.customer, 5000, "usd")

    changed = world.execute(world.order("att_1", intent_id))
    unchanged = world.execute(world.order("att_2", intent_id, is_amount_fixed=True))

    assert isinstance(changed, Refused)
    assert isinstance(unchanged, Succeeded)


def test_a_billed_invoice_names_its_intent() -> None:
    world = World()
    intent_id = world.bank.bill("in_1", world.customer, 5000, "usd")

    assert MemoryCardFile(world.bank).intent_of_invoice(None, "in_1") == intent_id


def test_what_the_customer_pays_alone_is_told_by_a_look_up_but_is_not_ours() -> None:
    world = World()
    intent_id = world.bank.bill("in_1", world.customer, 5000, "usd")
    world.bank.pay(intent_id, world.card)

    seen = world.gateway.look_up(None, LookUpOrder("att_1", world.customer, NOW, intent_id))

    assert isinstance(seen, Absent)
    assert len(seen.facts) == 1


def test_a_paid_intent_is_not_paid_again() -> None:
    world = World()
    intent_id = world.bank.bill("in_1", world.customer, 5000, "usd")
    world.bank.pay(intent_id, world.card)

    with pytest.raises(BankRefusal, match="succeeded"):
        world.bank.pay(intent_id, world.card)


def test_a_processing_charge_that_is_settled_is_found_as_paid() -> None:
    world = World(mood=Mood(is_processing=True))
    pending = world.execute()
    intent_id = pending.fact.stripe_payment_intent_id  # type: ignore[union-attr]
    world.bank.settle(intent_id, has_succeeded=True)

    seen = world.gateway.look_up(None, LookUpOrder("att_1", world.customer, NOW, intent_id))

    assert isinstance(seen, Found)
    assert [charge.status for charge in world.bank.charges()] == ["succeeded"]


def test_accounts_do_not_see_each_other() -> None:
    world = World()
    world.execute()

    assert world.bank.charges("acct_1") == ()
    assert MemoryCardFile(world.bank).default_card("acct_1", world.customer) is None
