"""What a firm's staff is told although nothing single went wrong."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.model.alert_rules import Payments, Unmatched, Watch, repeated_failures, watch_rate, watch_unmatched
from domain.model.audit import Note, Severity
from domain.model.derivation import derive
from domain.model.invoices import InvoiceState
from domain.model.payment_facts import PaymentFact
from domain.model.policies import Policy, Terms
from tests.builders import FIRM_ID, NOW, a_decline, a_success, an_invoice, days, facts_of

FIVE_MINUTES = timedelta(minutes=5)
COUNTS = st.builds(Payments, st.integers(0, 40), st.integers(0, 200))


@pytest.mark.parametrize(
    ("payments", "is_told"),
    [
        (Payments(19, 0), False),
        (Payments(20, 0), True),
        (Payments(2, 18), False),
        (Payments(3, 17), True),
        (Payments(10, 90), False),
        (Payments(11, 89), True),
        (Payments(), False),
    ],
)
def test_a_rate_over_ten_percent_of_twenty_or_more_is_told(payments: Payments, is_told: bool) -> None:
    watch, note = watch_rate(Watch(), FIRM_ID, payments, NOW)

    assert (note is not None, watch.rate_high_since) == (is_told, NOW if is_told else None)


def test_what_is_told_of_a_rate_are_its_figures() -> None:
    _, note = watch_rate(Watch(), FIRM_ID, Payments(3, 17), NOW)

    assert note is not None
    assert (note.action, note.severity, note.subject_id) == ("failure_rate_high", Severity.WARNING, FIRM_ID)
    assert note.summary.startswith("3 of 20 payments of the last 7 days failed (15.0 %, more than 10 %).")


def test_a_rate_that_stays_high_is_told_once() -> None:
    watch, _ = watch_rate(Watch(), FIRM_ID, Payments(10, 10), NOW)

    assert watch_rate(watch, FIRM_ID, Payments(90, 10), NOW + FIVE_MINUTES) == (watch, None)


def test_a_rate_that_wavers_around_the_mark_is_one_story() -> None:
    watch, _ = watch_rate(Watch(), FIRM_ID, Payments(11, 89), NOW)
    watch, _ = watch_rate(watch, FIRM_ID, Payments(9, 91), NOW + FIVE_MINUTES)

    assert watch_rate(watch, FIRM_ID, Payments(12, 88), NOW + FIVE_MINUTES)[1] is None


def test_a_rate_that_had_fallen_well_below_is_told_again() -> None:
    watch, _ = watch_rate(Watch(), FIRM_ID, Payments(11, 89), NOW)
    watch, _ = watch_rate(watch, FIRM_ID, Payments(8, 92), NOW + FIVE_MINUTES)

    _, note = watch_rate(watch, FIRM_ID, Payments(12, 88), NOW + 2 * FIVE_MINUTES)

    assert note is not None


def test_a_week_without_payments_ends_the_story() -> None:
    watch, _ = watch_rate(Watch(), FIRM_ID, Payments(20, 0), NOW)

    assert watch_rate(watch, FIRM_ID, Payments(), NOW + days(8)) == (Watch(), None)


@given(st.lists(COUNTS, max_size=30))
def test_the_rate_is_told_as_a_plain_model_says(figures: Sequence[Payments]) -> None:
    watch, is_high = Watch(), False
    for number, payments in enumerate(figures):
        watch, note = watch_rate(watch, FIRM_ID, payments, NOW + number * FIVE_MINUTES)

        rate = payments.failed / payments.total if payments.total else 0.0
        crosses = not is_high and payments.total >= 20 and rate > 0.1
        is_high = crosses or (is_high and rate > 0.08)
        assert (note is not None, watch.rate_high_since is not None) == (crosses, is_high)


def test_events_that_wait_are_one_alert_with_their_count() -> None:
    watch, note = watch_unmatched(Watch(), FIRM_ID, Unmatched(7, NOW))

    assert note is not None
    assert (note.action, note.severity) == ("events_unmatched", Severity.WARNING)
    assert note.summary.startswith("7 events from Stripe found no invoice for more than 15 minutes.")
    assert watch_unmatched(watch, FIRM_ID, Unmatched(7, NOW)) == (watch, None)


def test_an_event_that_joins_those_that_wait_is_told() -> None:
    watch, _ = watch_unmatched(Watch(), FIRM_ID, Unmatched(1, NOW))

    _, note = watch_unmatched(watch, FIRM_ID, Unmatched(2, NOW + FIVE_MINUTES))

    assert note is not None


def test_events_that_were_matched_or_that_are_fewer_now_are_not_told() -> None:
    watch, _ = watch_unmatched(Watch(), FIRM_ID, Unmatched(3, NOW))

    assert watch_unmatched(watch, FIRM_ID, Unmatched(0, NOW + days(1))) == (watch, None)
    assert watch_unmatched(watch, FIRM_ID, Unmatched(2, NOW - FIVE_MINUTES)) == (watch, None)


def failures(count: int, *, first: int = 1) -> list[PaymentFact]:
    numbers = range(first, first + count)
    return [a_decline(stripe_charge_id=f"ch_{n}", stripe_payment_intent_id=None, at=NOW + days(n)) for n in numbers]


def state(payments: Sequence[PaymentFact]) -> InvoiceState:
    return derive(facts_of(payments=payments), Terms(Policy()))


def told(before: Sequence[PaymentFact], after: Sequence[PaymentFact]) -> tuple[Note, ...]:
    return repeated_failures(an_invoice(), state(before), state(after))


def test_the_third_failure_in_a_row_is_told() -> None:
    assert told(failures(1), failures(2)) == ()
    (note,) = told(failures(2), failures(3))
    assert (note.action, note.severity) == ("failing_repeatedly", Severity.WARNING)
    assert note.summary.startswith("3 payments of invoice 2026-0001 over 50.00 USD failed in a row")


def test_the_fourth_failure_in_a_row_is_no_news() -> None:
    assert told(failures(3), failures(4)) == ()


def test_failures_that_are_heard_of_all_at_once_are_told_once() -> None:
    assert len(told([], failures(4))) == 1


def test_each_course_of_an_invoice_is_told_by_itself_and_once_only() -> None:
    paid = a_success(stripe_charge_id="ch_paid", stripe_payment_intent_id="pi_paid", at=NOW + days(9))
    refunded_again = [*failures(3), paid, *failures(3, first=20)]

    (first,) = told(failures(2), failures(3))
    (late,) = told(failures(2), failures(4))
    (second,) = told([*failures(3), paid], refunded_again)

    assert first.alert_key == late.alert_key != second.alert_key
