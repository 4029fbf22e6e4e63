"""Which card is charged, or why none. Expected values: design.md 5 (which card, or none)."""

from datetime import timedelta

import pytest

from domain.model.attempts import Attempt
from domain.model.cards import Card, CardPlan, NoCardReason, last_advice, plan_card
from domain.model.declines import DeclineCodes, Verdict
from domain.model.payment_facts import PaymentFact
from tests.payment_stories import START, decline, payment, state_of

DAY = timedelta(days=1)
CARD = Card("pm_1", brand="visa", last4="4242")
STOLEN = DeclineCodes("card_declined", "stolen_card")
NO_FUNDS = DeclineCodes("card_declined", "insufficient_funds")
AUTHENTICATE = DeclineCodes("authentication_required", "authentication_required")


def declined(codes: DeclineCodes, days: int = 0, card_id: str = "pm_1") -> PaymentFact:
    return decline(START + days * DAY, f"ch_{days}", codes=codes, stripe_payment_method_id=card_id)


def attempts(*told: PaymentFact) -> tuple[Attempt, ...]:
    return state_of(*told).attempts


def plan(*told: PaymentFact) -> CardPlan:
    return plan_card(CARD, attempts(*told), (), START + 30 * DAY)


def test_a_card_that_was_never_declined_is_charged() -> None:
    assert (plan().card, plan().refusal) == (CARD, None)


def test_without_a_card_none_is_charged() -> None:
    assert plan_card(None, (), (), START).refusal is NoCardReason.MISSING


def test_a_card_that_was_declined_for_now_is_charged_again() -> None:
    assert plan(declined(NO_FUNDS)).card == CARD


def test_a_card_that_must_not_be_tried_again_is_not() -> None:
    found = plan(declined(STOLEN))

    assert (found.card, found.refusal) == (None, NoCardReason.FORBIDDEN)


def test_a_card_whose_bank_wants_the_customer_is_not_charged_without_them() -> None:
    found = plan(declined(AUTHENTICATE))

    assert (found.card, found.refusal) == (None, NoCardReason.NEEDS_CUSTOMER)


def test_the_newest_decline_of_the_card_decides() -> None:
    assert plan(declined(STOLEN, 0), declined(NO_FUNDS, 1)).card == CARD


def test_a_decline_of_another_card_means_nothing() -> None:
    assert plan(declined(STOLEN, card_id="pm_before")).card == CARD


def test_a_card_that_has_paid_since_is_not_held_to_its_decline() -> None:
    part = payment(START + DAY, "ch_part", amount_minor=1, stripe_payment_method_id="pm_1")

    assert plan(declined(STOLEN), part) == plan()


def test_the_networks_limit_stops_a_card() -> None:
    many = [START + hours * timedelta(hours=1) for hours in range(20)]

    assert plan_card(CARD, (), many, START + DAY).refusal is NoCardReason.FORBIDDEN


def test_the_networks_limit_looks_at_its_own_window_only() -> None:
    many = [START + hours * timedelta(hours=1) for hours in range(20)]

    assert plan_card(CARD, (), many, START + 40 * DAY).card == CARD


@pytest.mark.parametrize(
    ("codes", "word"),
    [(STOLEN, "stolen_card"), (NO_FUNDS, "insufficient_funds"), (AUTHENTICATE, "authenticate")],
)
def test_a_plan_says_in_words_which_card_and_why(codes: DeclineCodes, word: str) -> None:
    card_reason, advice = plan(declined(codes)).reasons

    assert ("pm_1" in card_reason, word in advice) == (True, True)


def test_a_plan_at_the_networks_limit_names_the_rule() -> None:
    found = plan_card(CARD, (), [START] * 20, START)

    assert "Visa" in found.reasons[-1]


def test_a_card_that_was_never_declined_has_no_advice() -> None:
    assert last_advice("pm_1", ()) is None


def test_the_advice_is_that_of_the_newest_decline() -> None:
    advice = last_advice("pm_1", attempts(declined(NO_FUNDS, 0), declined(STOLEN, 1)))

    assert advice is not None
    assert advice.verdict is Verdict.NEVER
