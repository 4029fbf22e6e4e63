"""What is still to come, and what has ended. Expected values: design.md 1 (third idea), stripe-facts 5."""

from datetime import datetime, timedelta

import pytest

from domain.model.payment_facts import FactKind, PaymentFact, Source, merge, outcomes
from domain.model.pending_payments import canceled_ids, open_pendings
from tests.payment_stories import START, decline, fact, payment

INTENT = "pi_1"
MINUTE = timedelta(minutes=1)


def waiting(at: datetime, source: Source = Source.PAYMENT_INTENT, **told: object) -> PaymentFact:
    given: dict[str, object] = {"stripe_payment_intent_id": INTENT, "pending_status": "processing"}
    return fact(FactKind.PENDING, source, at, **{**given, **told})


def is_open(*told: PaymentFact) -> bool:
    facts = merge((), told)
    return bool(open_pendings(facts, outcomes(facts)))


def test_a_pending_payment_is_open() -> None:
    assert is_open(waiting(START))


@pytest.mark.parametrize("minutes", [-1, 0, 1])
def test_a_success_of_its_intent_ends_it_whenever_that_was(minutes: int) -> None:
    assert not is_open(waiting(START), payment(START + minutes * MINUTE, "ch_1", INTENT))


@pytest.mark.parametrize("seconds", [0, 60])
def test_a_decline_in_the_same_second_or_later_ends_it(seconds: int) -> None:
    assert not is_open(waiting(START), decline(START + timedelta(seconds=seconds), "ch_1", INTENT))


def test_an_earlier_decline_leaves_it_open() -> None:
    assert is_open(waiting(START), decline(START - MINUTE, "ch_1", INTENT))


def test_a_bank_debit_ends_days_after_its_charge_was_made() -> None:
    failed = decline(START + timedelta(days=4), "py_1", INTENT, charge_created_at=START - timedelta(seconds=1))

    assert not is_open(waiting(START), failed)


def test_a_look_up_that_tells_of_an_old_decline_leaves_what_is_pending_now() -> None:
    old = fact(
        FactKind.FAILED,
        Source.ANSWER,
        START + MINUTE,
        charge_created_at=START - MINUTE,
        stripe_charge_id="ch_1",
        stripe_payment_intent_id=INTENT,
    )

    assert is_open(waiting(START), old, waiting(START + MINUTE, Source.ANSWER))


def test_a_look_up_that_finds_only_the_decline_ends_a_bank_debit() -> None:
    found = fact(
        FactKind.FAILED,
        Source.ANSWER,
        START + timedelta(days=5),
        charge_created_at=START,
        stripe_charge_id="py_1",
        stripe_payment_intent_id=INTENT,
    )

    assert not is_open(waiting(START + MINUTE), found)


def test_what_happens_on_another_intent_leaves_it_open() -> None:
    assert is_open(waiting(START), payment(START + MINUTE, "ch_2", "pi_2"), decline(START + MINUTE, "ch_3", "pi_3"))


def test_a_decline_of_another_attempt_on_the_intent_leaves_it_open() -> None:
    told = decline(START + MINUTE, "ch_1", INTENT, attempt_id="att_2")

    assert is_open(waiting(START, attempt_id="att_1"), told)


def test_a_canceled_intent_is_named_with_the_attempt_in_its_metadata() -> None:
    canceled = fact(
        FactKind.CANCELED, Source.PAYMENT_INTENT, START, stripe_payment_intent_id=INTENT, attempt_id="att_1"
    )

    assert canceled_ids([canceled]) == {INTENT, "att_1"}
