"""What sources tell becomes one outcome each. Expected values: design.md 1 (keys, sources, times), stripe-facts 11."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.model.declines import DeclineCodes
from domain.model.payment_facts import FactKind, Outcome, PaymentFact, Source, merge, outcomes
from tests.payment_stories import AMOUNT_MINOR, START, decline, fact, payment

LATER = START + timedelta(seconds=2)
INTENT = "pi_1"
CHARGE = "ch_1"


def told(*facts: PaymentFact) -> tuple[Outcome, ...]:
    return outcomes(merge((), facts))


def failure(source: Source, at: datetime = START, **given: object) -> PaymentFact:
    return fact(FactKind.FAILED, source, at, event_id=f"evt_{source}", **given)


def success(source: Source, at: datetime = START, **given: object) -> PaymentFact:
    return fact(FactKind.SUCCEEDED, source, at, **{"amount_minor": AMOUNT_MINOR, "currency": "usd", **given})


def stripe_invoice_paid(amount_minor: int = AMOUNT_MINOR, at: datetime = LATER, **given: object) -> PaymentFact:
    return fact(
        FactKind.INVOICE_PAID,
        Source.INVOICE,
        at,
        **{"stripe_invoice_id": "in_1", "amount_minor": amount_minor, "currency": "usd", **given},
    )


def test_telling_a_thing_again_adds_nothing() -> None:
    one = decline(START, CHARGE)

    assert merge(merge((), [one]), [one, one]) == (one,)


def test_a_thing_told_again_later_was_heard_of_when_it_was_first() -> None:
    again = replace(decline(START, CHARGE), heard_at=LATER)

    assert merge([again], [decline(START, CHARGE)])[0].heard_at == START


def test_of_two_tellings_of_an_end_the_earlier_stands() -> None:
    early = failure(Source.PAYMENT_INTENT, START, stripe_charge_id=CHARGE, message="first")
    late = failure(Source.PAYMENT_INTENT, LATER, stripe_charge_id=CHARGE, message="second")

    assert [one.message for one in merge([late], [early])] == ["first"]


def test_of_two_tellings_of_a_waiting_payment_the_later_stands() -> None:
    early = fact(FactKind.PENDING, Source.PAYMENT_INTENT, START, stripe_payment_intent_id=INTENT, pending_status="a")
    late = replace(early, told_at=LATER, pending_status="b")

    assert [one.pending_status for one in merge([late], [early])] == ["b"]


@pytest.mark.parametrize("kind", list(FactKind))
def test_a_telling_that_names_nothing_is_refused(kind: FactKind) -> None:
    with pytest.raises(ValueError, match="names nothing"):
        _ = fact(kind, Source.PAYMENT_INTENT, START).key


def test_one_decline_told_by_four_sources_is_one_failure() -> None:
    of_charge = {"stripe_charge_id": CHARGE, "stripe_payment_intent_id": INTENT, "attempt_id": "att_1"}

    found = told(*(failure(source, **of_charge) for source in Source))

    assert [outcome.key for outcome in found] == [CHARGE]


def test_declines_of_two_charges_are_two_failures() -> None:
    found = told(decline(START, "ch_1", INTENT), decline(LATER, "ch_2", INTENT))

    assert [outcome.key for outcome in found] == ["ch_1", "ch_2"]


def test_a_decline_without_a_charge_is_known_by_our_attempt() -> None:
    found = told(failure(Source.PAYMENT_INTENT, attempt_id="att_1"), failure(Source.ANSWER, attempt_id="att_1"))

    assert [outcome.key for outcome in found] == ["att_1"]


def test_a_decline_without_charge_and_attempt_is_known_by_its_event() -> None:
    assert [outcome.key for outcome in told(failure(Source.PAYMENT_INTENT))] == ["evt_payment_intent"]


def test_a_telling_without_the_charge_joins_the_one_that_names_it() -> None:
    found = told(
        failure(Source.ANSWER, attempt_id="att_1"), failure(Source.CHARGE, attempt_id="att_1", stripe_charge_id=CHARGE)
    )

    assert [outcome.key for outcome in found] == [CHARGE]


def test_one_success_told_by_every_source_is_one_payment() -> None:
    found = told(
        success(Source.CHARGE, stripe_charge_id=CHARGE, stripe_payment_intent_id=INTENT),
        success(Source.ANSWER, stripe_charge_id=CHARGE, stripe_payment_intent_id=INTENT, attempt_id="att_1"),
        success(Source.PAYMENT_INTENT, stripe_payment_intent_id=INTENT),
        success(Source.INVOICE, stripe_payment_intent_id=INTENT, stripe_invoice_id="in_1"),
        stripe_invoice_paid(),
    )

    assert [(outcome.key, outcome.amount_minor) for outcome in found] == [(INTENT, AMOUNT_MINOR)]


def test_a_success_of_an_old_api_version_is_known_by_its_charge_alone() -> None:
    found = told(success(Source.CHARGE, stripe_charge_id=CHARGE), success(Source.INVOICE, stripe_charge_id=CHARGE))

    assert [outcome.key for outcome in found] == [CHARGE]


def test_an_old_telling_of_a_charge_joins_the_payment_intent_that_a_newer_one_names() -> None:
    found = told(
        success(Source.INVOICE, stripe_charge_id=CHARGE),
        success(Source.CHARGE, stripe_charge_id=CHARGE, stripe_payment_intent_id=INTENT),
    )

    assert [outcome.key for outcome in found] == [INTENT]


def test_a_paid_stripe_invoice_without_named_payments_is_a_payment_of_its_own() -> None:
    found = told(stripe_invoice_paid())

    assert [(outcome.key, outcome.amount_minor) for outcome in found] == [("in_1", AMOUNT_MINOR)]


def test_a_paid_stripe_invoice_stands_for_what_its_named_payments_leave() -> None:
    found = told(payment(START, CHARGE, INTENT, amount_minor=1200), stripe_invoice_paid(4200))

    assert [(outcome.key, outcome.amount_minor) for outcome in found] == [(INTENT, 1200), ("in_1", 3000)]


def test_a_payment_out_of_band_comes_beside_the_named_ones() -> None:
    found = told(payment(START, CHARGE, INTENT), stripe_invoice_paid(is_out_of_band=True))

    assert [outcome.key for outcome in found] == [INTENT, "in_1"]


def test_invoice_paid_and_invoice_payment_succeeded_are_one_payment_out_of_band() -> None:
    found = told(
        stripe_invoice_paid(is_out_of_band=True, event_id="evt_a"),
        stripe_invoice_paid(is_out_of_band=True, event_id="evt_b", at=START),
    )

    assert len(found) == 1


def test_a_charge_that_is_told_as_failed_and_as_succeeded_succeeded() -> None:
    found = told(decline(START, CHARGE, INTENT), payment(START, CHARGE, INTENT))

    assert [outcome.has_succeeded for outcome in found] == [True]


def test_it_happened_when_the_charge_was_made() -> None:
    answer = failure(Source.ANSWER, LATER, stripe_charge_id=CHARGE)
    event = failure(Source.CHARGE, LATER, stripe_charge_id=CHARGE, charge_created_at=START)

    assert told(answer, event)[0].occurred_at == START


def test_without_the_charges_time_it_happened_when_the_event_was_made() -> None:
    answer = failure(Source.ANSWER, LATER, stripe_charge_id=CHARGE)
    event = failure(Source.PAYMENT_INTENT, START, stripe_charge_id=CHARGE)

    assert told(answer, event)[0].occurred_at == START


def test_known_from_our_call_alone_it_happened_when_the_answer_came() -> None:
    assert told(failure(Source.ANSWER, LATER, stripe_charge_id=CHARGE))[0].occurred_at == LATER


def test_each_field_comes_from_the_best_source_that_knows_it() -> None:
    charge = failure(
        Source.CHARGE, stripe_charge_id=CHARGE, codes=DeclineCodes("card_declined", None, "do_not_try_again")
    )
    intent = failure(
        Source.PAYMENT_INTENT,
        stripe_charge_id=CHARGE,
        codes=DeclineCodes("other_code", "stolen_card"),
        message="Declined.",
        stripe_payment_method_id="pm_1",
    )

    found = told(intent, charge)[0]

    assert (found.codes, found.message, found.stripe_payment_method_id) == (
        DeclineCodes("card_declined", "stolen_card", "do_not_try_again"),
        "Declined.",
        "pm_1",
    )


def test_it_was_heard_of_when_the_first_source_told_it() -> None:
    slow = replace(decline(START, CHARGE), heard_at=LATER)
    quick = replace(failure(Source.PAYMENT_INTENT, stripe_charge_id=CHARGE), heard_at=START)

    assert told(slow, quick)[0].heard_at == START


def test_in_one_second_a_failure_comes_before_a_success() -> None:
    found = told(success(Source.CHARGE, stripe_charge_id="ch_a"), decline(START, "ch_b"))

    assert [outcome.key for outcome in found] == ["ch_b", "ch_a"]


def test_outcomes_of_one_second_are_ordered_by_their_keys() -> None:
    found = told(decline(START, "ch_b"), decline(START, "ch_a"))

    assert [outcome.key for outcome in found] == ["ch_a", "ch_b"]
