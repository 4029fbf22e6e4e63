"""The failure course. Expected values: design.md 5, the brief (section 1), contract.md (DUNLIN_DAY_SECONDS)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.model.attempts import Trigger
from domain.model.invoices import InvoiceState, InvoiceStatus
from domain.model.payment_facts import FactKind, PaymentFact, Source
from domain.model.policies import CountFrom, OldSlots, Policy, RetriesBy, Terms
from tests.payment_stories import AMOUNT_MINOR, START, decline, fact, own_attempt, payment, skipped_slot, state_of

DAY = timedelta(days=1)
SENT, FAILED, OVERDUE, PAID = InvoiceStatus.SENT, InvoiceStatus.FAILED, InvoiceStatus.OVERDUE, InvoiceStatus.PAID
FROM_FIRST = Terms(Policy(count_from=CountFrom.FIRST_FAILURE))


def day(number: float) -> datetime:
    return START + number * DAY


def figures(state: InvoiceState) -> tuple[InvoiceStatus, int, datetime | None]:
    """What the course decides: status, count, next retry."""
    shown = state.figures
    return shown.status, shown.payment_retry_count, shown.next_payment_retry_at


def heard(told: PaymentFact, at: datetime) -> PaymentFact:
    return replace(told, heard_at=at)


def is_held(state: InvoiceState) -> bool:
    assert state.slot is not None
    return state.slot.is_held


@pytest.mark.parametrize("length", [timedelta(days=1), timedelta(seconds=2)])
@pytest.mark.parametrize(
    ("count_from", "failures", "retries"),
    [
        (CountFrom.PREVIOUS_FAILURE, (0, 3, 10, 24), (3, 10, 24)),
        (CountFrom.FIRST_FAILURE, (0, 3, 7, 14), (3, 7, 14)),
    ],
)
def test_the_course_of_the_brief_leads_from_the_first_failure_to_overdue(
    count_from: CountFrom, failures: tuple[int, ...], retries: tuple[int, ...], length: timedelta
) -> None:
    terms = Terms(Policy(count_from=count_from), length)
    declines = [decline(START + days * length, f"ch_{days}", "pi_1") for days in failures]

    course = [figures(state_of(*declines[:failed], terms=terms)) for failed in range(5)]

    assert course == [
        (SENT, 0, None),
        (FAILED, 1, START + retries[0] * length),
        (FAILED, 2, START + retries[1] * length),
        (FAILED, 3, START + retries[2] * length),
        (OVERDUE, 4, None),
    ]


def test_a_late_retry_moves_the_next_one_when_counted_from_the_failure_before() -> None:
    state = state_of(decline(day(0), "ch_1"), decline(day(5), "ch_2"))

    assert figures(state) == (FAILED, 2, day(12))


def test_a_late_retry_moves_nothing_when_counted_from_the_first_failure() -> None:
    state = state_of(decline(day(0), "ch_1"), decline(day(5), "ch_2"), terms=FROM_FIRST)

    assert figures(state) == (FAILED, 2, day(7))


def test_a_skipped_slot_uses_up_a_step() -> None:
    state = state_of(decline(day(0), "ch_1"), own=(skipped_slot("att_1", day(3)),))

    assert figures(state) == (FAILED, 2, day(10))


def test_three_skipped_slots_end_in_overdue() -> None:
    slots = tuple(skipped_slot(f"att_{days}", day(days)) for days in (3, 10, 24))

    assert figures(state_of(decline(day(0), "ch_1"), own=slots)) == (OVERDUE, 4, None)


def test_an_external_failure_uses_up_a_step() -> None:
    own = own_attempt("att_1", day(0), trigger=Trigger.AUTOPAY)
    ours = decline(day(0), "ch_1", attempt_id="att_1")

    state = state_of(ours, decline(day(1), "ch_2"), own=(own,))

    assert figures(state) == (FAILED, 2, day(8))


@pytest.mark.parametrize("trigger", [Trigger.MANUAL, Trigger.CUSTOMER])
def test_a_persons_failed_attempt_changes_nothing_in_the_course(trigger: Trigger) -> None:
    by_hand = own_attempt("att_1", day(1), trigger=trigger)

    state = state_of(decline(day(0), "ch_1"), decline(day(1), "ch_2", attempt_id="att_1"), own=(by_hand,))

    assert figures(state) == (FAILED, 1, day(3))


def test_a_persons_failed_attempt_alone_leaves_the_invoice_sent() -> None:
    by_hand = own_attempt("att_1", day(0), trigger=Trigger.MANUAL)

    assert figures(state_of(decline(day(0), "ch_1", attempt_id="att_1"), own=(by_hand,))) == (SENT, 0, None)


def test_four_tellings_of_a_decline_use_up_one_step() -> None:
    one = decline(day(0), "ch_1", "pi_1")
    told = [replace(one, source=source, event_id=f"evt_{source}") for source in Source]

    assert figures(state_of(*told)) == (FAILED, 1, day(3))


@pytest.mark.parametrize("paid_on", [1, 5, 30])
def test_a_success_ends_the_course_at_any_time(paid_on: int) -> None:
    failures = [decline(day(number), f"ch_{number}") for number in (0, 3, 10, 24) if number < paid_on]

    assert figures(state_of(*failures, payment(day(paid_on), "ch_paid"))) == (PAID, 0, None)


def test_a_success_between_two_failures_is_where_counting_begins_again() -> None:
    state = state_of(decline(day(0), "ch_1"), payment(day(1), "ch_2"), decline(day(2), "ch_3"))

    assert figures(state) == (PAID, 1, None)


def test_a_failure_that_is_told_late_on_a_paid_intent_came_before_its_success() -> None:
    late = fact(FactKind.FAILED, Source.ANSWER, day(2), stripe_charge_id="ch_1", stripe_payment_intent_id="pi_1")

    assert figures(state_of(payment(day(1), "ch_2", "pi_1"), late)) == (PAID, 0, None)


def test_a_failure_in_the_second_of_a_success_came_before_it() -> None:
    assert figures(state_of(payment(day(1), "ch_1"), decline(day(1), "ch_2"))) == (PAID, 0, None)


def test_a_part_payment_leaves_the_course_as_it_is() -> None:
    state = state_of(decline(day(0), "ch_1"), payment(day(1), "ch_2", amount_minor=1200))

    assert figures(state) == (FAILED, 1, day(3))


def test_a_part_payment_brings_nobody_back_from_overdue() -> None:
    failures = [decline(day(number), f"ch_{number}") for number in (0, 3, 10, 24)]

    assert figures(state_of(*failures, payment(day(25), "ch_part", amount_minor=1200))) == (OVERDUE, 4, None)


def test_after_a_part_payment_the_rest_is_asked_for() -> None:
    state = state_of(decline(day(0), "ch_1"), payment(day(1), "ch_2", amount_minor=1200))

    assert state.amount_open == AMOUNT_MINOR - 1200


def test_part_payments_that_cover_the_debt_end_the_course() -> None:
    parts = [payment(day(number), f"ch_part_{number}", amount_minor=AMOUNT_MINOR // 2) for number in (1, 2)]

    assert figures(state_of(decline(day(0), "ch_1"), *parts)) == (PAID, 0, None)


def test_without_autopay_failures_count_and_nothing_is_retried() -> None:
    assert figures(state_of(decline(day(0), "ch_1"), autopay=False)) == (FAILED, 1, None)


def test_without_autopay_the_fourth_failure_is_overdue_too() -> None:
    failures = [decline(day(number), f"ch_{number}") for number in range(4)]

    assert figures(state_of(*failures, autopay=False)) == (OVERDUE, 4, None)


def test_stripe_retries_its_own_invoice_where_the_policy_says_so() -> None:
    terms = Terms(Policy(retries_by=RetriesBy.STRIPE))

    assert figures(state_of(decline(day(0), "ch_1"), terms=terms, stripe_invoice_id="in_1")) == (FAILED, 1, None)


def test_dunlin_retries_stripes_invoice_where_the_policy_says_so() -> None:
    terms = Terms(Policy(retries_by=RetriesBy.DUNLIN))

    assert figures(state_of(decline(day(0), "ch_1"), terms=terms, stripe_invoice_id="in_1")) == (FAILED, 1, day(3))


def test_dunlin_retries_an_invoice_that_stripe_does_not_own_whatever_the_policy_says() -> None:
    terms = Terms(Policy(retries_by=RetriesBy.STRIPE))

    assert figures(state_of(decline(day(0), "ch_1"), terms=terms)) == (FAILED, 1, day(3))


def test_a_paused_invoice_has_no_next_retry() -> None:
    assert figures(state_of(decline(day(0), "ch_1"), paused_at=day(1))) == (FAILED, 1, None)


def test_a_void_invoice_has_no_next_retry() -> None:
    assert state_of(decline(day(0), "ch_1"), voided_at=day(1)).slot is None


def test_a_policy_without_retries_is_overdue_at_once() -> None:
    state = state_of(decline(day(0), "ch_1"), terms=Terms(Policy(retry_delays_days=())))

    assert figures(state) == (OVERDUE, 1, None)


def test_an_event_that_came_an_hour_late_is_due_in_the_past_and_not_held() -> None:
    one_second_days = Terms(Policy(), timedelta(seconds=1))
    state = state_of(heard(decline(day(0), "ch_1"), START + timedelta(hours=1)), terms=one_second_days)

    assert figures(state) == (FAILED, 1, START + timedelta(seconds=3))


def test_a_slot_due_because_of_old_news_is_held() -> None:
    assert is_held(state_of(heard(decline(day(0), "ch_1"), day(30))))


def test_a_held_slot_has_no_next_retry_until_it_is_released() -> None:
    assert figures(state_of(heard(decline(day(0), "ch_1"), day(30)))) == (FAILED, 1, None)


def test_a_released_slot_is_due_when_it_was() -> None:
    state = state_of(heard(decline(day(0), "ch_1"), day(30)), released_slot_key="ch_1")

    assert figures(state) == (FAILED, 1, day(3))


def test_a_policy_may_run_old_slots() -> None:
    state = state_of(heard(decline(day(0), "ch_1"), day(30)), terms=Terms(Policy(old_slots=OldSlots.RUN)))

    assert figures(state) == (FAILED, 1, day(3))


def test_old_news_whose_slot_is_still_to_come_is_not_held() -> None:
    assert not is_held(state_of(heard(decline(day(0), "ch_1"), day(2))))


def test_news_of_just_a_day_is_not_old() -> None:
    short = Terms(Policy(retry_delays_days=(1,)))

    assert not is_held(state_of(heard(decline(day(0), "ch_1"), day(1)), terms=short))


def test_a_fresh_failure_after_an_old_one_is_counted_from_itself_and_not_held() -> None:
    state = state_of(heard(decline(day(0), "ch_1"), day(30)), decline(day(30), "ch_2"))

    assert (is_held(state), figures(state)) == (False, (FAILED, 2, day(37)))


def test_a_slot_counted_from_an_old_first_failure_is_held_too() -> None:
    state = state_of(heard(decline(day(0), "ch_1"), day(30)), decline(day(30), "ch_2"), terms=FROM_FIRST)

    assert is_held(state)


def test_what_another_source_told_in_time_is_no_old_news() -> None:
    in_time = replace(decline(day(0), "ch_1"), source=Source.PAYMENT_INTENT, event_id="evt_in_time")

    assert not is_held(state_of(heard(decline(day(0), "ch_1"), day(30)), in_time))


def test_a_release_holds_for_its_own_slot_only() -> None:
    told = [heard(decline(day(number), f"ch_{number}"), day(60)) for number in (0, 4)]

    assert figures(state_of(*told, released_slot_key="ch_0")) == (FAILED, 2, None)
