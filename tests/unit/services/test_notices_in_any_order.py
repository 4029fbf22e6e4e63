"""Whatever order and repetition events come in, and whatever the mail server does: no notice too many."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.model.errors import Conflict
from domain.services import pausing
from tests import stripe_events as stripe
from tests.builders import NOW
from tests.notice_stories import DECLINED, fail, mailed, stage_of, writing_world
from tests.reversal_world import deliver
from tests.service_world import ADMIN, DAY, World

Json = dict[str, Any]
AUTHENTICATION = "authentication_required"
COURSE = ("payment_failed", "payment_urgent", "suspension_warning", "final_notice")
AT = [NOW + after * DAY for after in (0, 3, 10, 24)]
SOURCES = ("charge", "intent", "invoice")
CODES = st.sampled_from([DECLINED, AUTHENTICATION])
TELLINGS = st.lists(st.sampled_from(SOURCES), min_size=1, max_size=5)


def told(number: int, source: str, code: str = DECLINED) -> Json:
    """How one source tells of the `number`-th failure (from 0); an invoice's event does not tell why."""
    at, charge_id = AT[number], f"ch_{number}"
    match source:
        case "charge":
            return stripe.event("charge.failed", stripe.charge(charge_id, "pi_1", at, decline_code=code), at)
        case "intent":
            error = stripe.decline_error(charge_id, code)
            intent = stripe.payment_intent("pi_1", "requires_payment_method", charge_id=charge_id, error=error)
            return stripe.event("payment_intent.payment_failed", intent, at)
        case _:
            body = stripe.old_invoice("in_1", is_paid=False, intent_id="pi_1", charge_id=charge_id)
            return stripe.event("invoice.payment_failed", body, at)


def paid(world: World) -> Json:
    intent = stripe.payment_intent("pi_1", "succeeded", charge_id="ch_paid")
    return stripe.event("payment_intent.succeeded", intent, world.clock.now())


def a_world() -> World:
    """An invoice that the host charges itself: its failures are heard of from events alone."""
    world = writing_world()
    world.invoice(autopay=False, stripe_payment_intent_id="pi_1", stripe_invoice_id="in_1")
    return world


def tell(world: World, body: Json) -> None:
    deliver(world, body)
    world.run_due()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CODES, TELLINGS), min_size=1, max_size=4))
@example([(AUTHENTICATION, ["invoice", "intent", "charge"])])
def test_each_failure_is_told_once_however_it_is_heard_of(failures: list[tuple[str, list[str]]]) -> None:
    world = a_world()
    for number, (code, sources) in enumerate(failures):
        world.clock.set(AT[number])
        for source in sources:
            tell(world, told(number, source, code))
    world.advance(DAY)

    assert len(mailed(world)) == len(failures)
    for number, (stage, (code, _)) in enumerate(zip(mailed(world), failures, strict=True)):
        may_be = {COURSE[number]} | ({"authentication_needed"} if code == AUTHENTICATION and number < 3 else set())
        assert stage in may_be


@settings(max_examples=60, deadline=None)
@given(st.permutations([(number, source) for number in range(4) for source in SOURCES]), st.integers(0, 12))
def test_failures_that_are_heard_of_in_any_order_have_no_mail_too_many(
    tellings: Sequence[tuple[int, str]], paid_after: int
) -> None:
    world = a_world()
    heard: set[int] = set()
    for number, source in tellings[:paid_after]:
        world.clock.set(max(world.clock.now(), AT[number]))
        tell(world, told(number, source))
        heard.add(number)
        stages = Counter(mailed(world))
        assert stages.total() <= len(heard)
        assert set(stages.values()) <= {1}
    before = mailed(world)
    tell(world, paid(world))
    for number, source in tellings[paid_after:]:
        tell(world, told(number, source))

    assert mailed(world) in ([*before, "receipt"], before)


STEPS = st.one_of(
    st.sampled_from(["not taken", "answer lost", "refused", "pay", "pause", "resume"]),
    st.sampled_from([timedelta(seconds=3), timedelta(minutes=11), timedelta(hours=30), 3 * DAY, 8 * DAY]),
)


def happens(world: World, step: str, invoice_id: str) -> None:
    match step:
        case "not taken":
            world.mailer.fail_next(3)
        case "answer lost":
            world.mailer.lose_next_answer()
        case "refused":
            world.mailer.refuse_next(is_address_bad=False)
        case "pay":
            intent = stripe.payment_intent("pi_9", "succeeded", charge_id="ch_9", metadata={"invoice_id": invoice_id})
            tell(world, stripe.event("payment_intent.succeeded", intent, world.clock.now()))
        case "pause":
            with suppress(Conflict):  # where nothing is left to hold
                pausing.pause_invoice(world.ports, world.firm.id, invoice_id, ADMIN)
        case _:
            pausing.resume_invoice(world.ports, world.firm.id, invoice_id, ADMIN)
            world.run_due()


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=15))
def test_whatever_happens_each_stage_is_one_mail_in_order_and_none_follows_the_money(
    steps: list[str | timedelta],
) -> None:
    world = writing_world()
    invoice_id = fail(world, *[DECLINED] * 4)
    before_money: int | None = None
    for step in steps:
        if step == "pay" and before_money is None:
            before_money = len(world.mailer.sent)
        if isinstance(step, timedelta):
            world.advance(step)
        else:
            happens(world, step, invoice_id)

    ids = {(stage_of(mail), mail.message_id) for mail in world.mailer.sent}
    ranks = [COURSE.index(stage) for stage in mailed(world) if stage in COURSE]
    assert len(ids) == len(set(mailed(world)))
    assert ranks == sorted(ranks)
    if before_money is not None:
        assert set(mailed(world)[before_money:]) <= {"receipt"}
