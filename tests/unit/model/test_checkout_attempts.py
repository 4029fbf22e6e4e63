"""An open Checkout is an open attempt of the customer's (issue 4, point 5; design.md 5)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.model.attempts import Attempt, AttemptStatus, OwnAttempt, Trigger
from domain.model.payment_facts import FactKind, PaymentFact, Source
from tests.payment_stories import START, decline, fact, own_attempt, payment, state_of

SOON = START + timedelta(minutes=5)
INTENT = "pi_of_the_page"


def checkout() -> OwnAttempt:
    opened = replace(own_attempt("att_1", START), trigger=Trigger.CUSTOMER, status=AttemptStatus.PENDING)
    return replace(opened, slot_key=None, frozen=None)


def attempts(*told: PaymentFact, own: OwnAttempt) -> tuple[Attempt, ...]:
    return state_of(*told, own=(own,)).attempts


def ours(*told: PaymentFact, own: OwnAttempt) -> Attempt:
    return next(attempt for attempt in attempts(*told, own=own) if attempt.id == own.id)


def expired(**told: object) -> PaymentFact:
    return fact(FactKind.CANCELED, Source.PAYMENT_INTENT, SOON, attempt_id="att_1", **told)


def test_an_open_page_is_an_open_attempt_and_uses_up_nothing() -> None:
    found = ours(own=checkout())

    assert (found.status, found.is_open, found.counts) == (AttemptStatus.PENDING, True, False)


def test_a_card_that_is_declined_on_the_page_leaves_it_open_and_does_not_count() -> None:
    told = decline(SOON, "ch_1", INTENT, attempt_id="att_1")

    state = state_of(told, own=(checkout(),))

    declined = next(attempt for attempt in state.attempts if attempt.stripe_charge_id == "ch_1")
    assert (declined.trigger, declined.counts) == (Trigger.CUSTOMER, False)
    assert ours(told, own=checkout()).is_open
    assert state.course.failures == ()


def test_a_payment_on_the_page_is_the_attempts_success_also_after_a_decline() -> None:
    told = (
        decline(SOON, "ch_1", INTENT, attempt_id="att_1"),
        payment(SOON + timedelta(minutes=1), "ch_2", INTENT, attempt_id="att_1", amount_minor=4200),
    )

    found = ours(*told, own=checkout())

    assert (found.status, found.stripe_charge_id) == (AttemptStatus.SUCCEEDED, "ch_2")


@pytest.mark.parametrize("told", [{}, {"stripe_payment_intent_id": INTENT}])
def test_a_page_that_expired_ends_the_attempt_with_or_without_an_intent(told: dict[str, object]) -> None:
    assert ours(expired(**told), own=checkout()).status is AttemptStatus.CANCELED


def test_a_payment_outranks_the_pages_end_whatever_is_told_first() -> None:
    paid = payment(SOON, "ch_1", INTENT, attempt_id="att_1", amount_minor=4200)

    assert ours(expired(), paid, own=checkout()).status is AttemptStatus.SUCCEEDED
    assert ours(paid, expired(), own=checkout()).status is AttemptStatus.SUCCEEDED


def test_a_page_that_we_closed_ourselves_keeps_its_declines_uncounted() -> None:
    told = decline(SOON, "ch_1", INTENT, attempt_id="att_1")

    state = state_of(told, own=(replace(checkout(), status=AttemptStatus.CANCELED),))

    assert [attempt.counts for attempt in state.attempts] == [False, False]


def test_the_intent_of_a_page_is_never_used_again() -> None:
    state = state_of(decline(SOON, "ch_1", INTENT, attempt_id="att_1"), own=(checkout(),))

    assert INTENT in state.intents.known
    assert state.intents.usable() is None


def test_an_attempt_that_waits_for_its_worker_is_no_page() -> None:
    asked = replace(checkout(), status=AttemptStatus.IN_FLIGHT)

    assert not asked.is_checkout
    assert not own_attempt("att_1", START).is_checkout
