"""Status, amounts and what may be charged. Expected values: design.md 5 (status, amounts), contract.md (Invoice)."""

from datetime import timedelta

import pytest

from domain.model.attempts import AttemptStatus, Trigger
from domain.model.declines import DeclineCodes, FailureCode
from domain.model.derivation import own_status
from domain.model.invoices import Intents, InvoiceStatus, blocking_reason
from domain.model.payment_facts import FactKind, PaymentFact, Source
from tests.payment_stories import (
    AMOUNT_MINOR,
    START,
    decline,
    fact,
    invoice,
    own_attempt,
    payment,
    skipped_slot,
    state_of,
)

DAY = timedelta(days=1)


def paid_out_of_band(amount_minor: int) -> PaymentFact:
    return fact(
        FactKind.INVOICE_PAID,
        Source.INVOICE,
        START,
        stripe_invoice_id="in_1",
        amount_minor=amount_minor,
        currency="usd",
        is_out_of_band=True,
    )


def test_an_invoice_that_was_not_sent_is_a_draft() -> None:
    assert state_of(sent_at=None).figures.status is InvoiceStatus.DRAFT


def test_an_invoice_without_facts_is_sent() -> None:
    assert state_of().figures.status is InvoiceStatus.SENT


def test_a_draft_that_the_host_collects_is_paid() -> None:
    assert state_of(payment(START, "ch_1"), sent_at=None).figures.status is InvoiceStatus.PAID


def test_void_outranks_a_payment() -> None:
    assert state_of(payment(START, "ch_1"), voided_at=START).figures.status is InvoiceStatus.VOID


def test_a_payment_outranks_an_exhausted_course() -> None:
    failures = [decline(START + number * DAY, f"ch_{number}") for number in range(4)]

    assert state_of(payment(START - DAY, "ch_paid"), *failures).figures.status is InvoiceStatus.PAID


def test_a_past_due_date_alone_is_not_overdue() -> None:
    assert state_of(due_on=(START - 90 * DAY).date()).figures.status is InvoiceStatus.SENT


@pytest.mark.parametrize("status", [AttemptStatus.IN_FLIGHT, AttemptStatus.PENDING, AttemptStatus.UNKNOWN])
def test_an_open_attempt_leaves_the_invoice_sent(status: AttemptStatus) -> None:
    assert state_of(own=(own_attempt("att_1", START, status=status),)).figures.status is InvoiceStatus.SENT


def test_an_unknown_outcome_is_never_a_failure() -> None:
    lost = own_attempt("att_1", START, status=AttemptStatus.UNKNOWN)

    assert state_of(own=(lost,)).figures.payment_retry_count == 0


def test_a_canceled_attempt_leaves_no_failure() -> None:
    refused = own_attempt("att_1", START, status=AttemptStatus.CANCELED, finished_at=START)

    assert state_of(own=(refused,)).figures.payment_failed_at is None


def test_a_missing_payment_method_is_a_failure_at_once() -> None:
    code = FailureCode.PAYMENT_METHOD_MISSING
    missing = own_attempt(
        "att_1",
        START,
        trigger=Trigger.AUTOPAY,
        status=AttemptStatus.DECLINED,
        finished_at=START,
        frozen=None,
        failure_code=code,
    )

    shown = state_of(own=(missing,)).figures

    assert (shown.status, shown.payment_failure_code, shown.payment_retry_count) == (InvoiceStatus.FAILED, code, 1)


def test_a_part_payment_keeps_the_invoice_sent() -> None:
    assert state_of(payment(START, "ch_1", amount_minor=1)).figures.status is InvoiceStatus.SENT


def test_two_part_payments_pay_the_invoice() -> None:
    state = state_of(payment(START, "ch_1", amount_minor=1200), payment(START, "ch_2", amount_minor=3000))

    assert (state.figures.status, state.figures.amount_paid) == (InvoiceStatus.PAID, 4200)


def test_the_invoice_was_paid_when_the_last_part_came() -> None:
    parts = [payment(START + number * DAY, f"ch_{number}", amount_minor=2100) for number in range(2)]

    assert state_of(*parts).figures.paid_at == START + DAY


def test_what_is_beyond_the_debt_is_told_apart() -> None:
    state = state_of(payment(START, "ch_1"), payment(START + DAY, "ch_2"))

    assert (state.figures.status, state.overpaid_minor, state.amount_open) == (InvoiceStatus.PAID, AMOUNT_MINOR, 0)


def test_a_second_success_does_not_move_the_time_of_payment() -> None:
    assert state_of(payment(START, "ch_1"), payment(START + DAY, "ch_2")).figures.paid_at == START


def test_money_in_another_currency_pays_nothing() -> None:
    state = state_of(payment(START, "ch_1", currency="eur"))

    assert (state.figures.status, state.figures.amount_paid) == (InvoiceStatus.SENT, 0)


def test_a_payment_out_of_band_pays_the_invoice() -> None:
    state = state_of(paid_out_of_band(AMOUNT_MINOR), stripe_invoice_id="in_1")

    assert (state.figures.status, state.figures.paid_at) == (InvoiceStatus.PAID, START)


def test_a_stripe_invoice_paid_without_a_payment_intent_ends_the_course() -> None:
    paid = fact(
        FactKind.INVOICE_PAID,
        Source.INVOICE,
        START + DAY,
        stripe_invoice_id="in_1",
        amount_minor=AMOUNT_MINOR,
        currency="usd",
    )

    state = state_of(decline(START, "ch_1"), paid, stripe_invoice_id="in_1")

    assert (state.figures.status, state.figures.payment_retry_count, state.slot) == (InvoiceStatus.PAID, 0, None)


def test_the_newest_failure_is_shown_with_its_codes() -> None:
    newest = decline(START + DAY, "ch_2", codes=DeclineCodes("expired_card", "expired_card"), message="It expired.")

    shown = state_of(newest, decline(START, "ch_1")).figures

    assert (
        shown.payment_failed_at,
        shown.payment_failure_code,
        shown.payment_decline_code,
        shown.payment_failure_reason,
    ) == (START + DAY, FailureCode.EXPIRED_CARD, "expired_card", "It expired.")


def test_an_administrators_failed_attempt_is_the_newest_failure_too() -> None:
    by_hand = own_attempt("att_1", START + DAY, trigger=Trigger.MANUAL)

    state = state_of(decline(START, "ch_1"), decline(START + DAY, "ch_2", attempt_id="att_1"), own=(by_hand,))

    assert state.figures.payment_failed_at == START + DAY


def test_an_invoice_that_was_charged_once_was_never_retried() -> None:
    assert state_of(decline(START, "ch_1")).figures.last_payment_retry_at is None


def test_the_last_retry_is_the_newest_attempt_after_the_first() -> None:
    told = [decline(START + number * DAY, f"ch_{number}") for number in (0, 3, 10)]

    assert state_of(*told).figures.last_payment_retry_at == START + 10 * DAY


def test_a_skipped_slot_is_no_retry() -> None:
    slot = skipped_slot("att_1", START + 3 * DAY)

    assert state_of(decline(START, "ch_1"), own=(slot,)).figures.last_payment_retry_at is None


def test_the_hosts_payment_intent_is_shown_until_another_is_used() -> None:
    assert state_of(given_payment_intent_id="pi_given").figures.stripe_payment_intent_id == "pi_given"


def test_the_payment_intent_of_the_newest_attempt_is_shown() -> None:
    told = [decline(START, "ch_1", "pi_old"), decline(START + DAY, "ch_2", "pi_new")]

    assert state_of(*told, given_payment_intent_id="pi_given").figures.stripe_payment_intent_id == "pi_new"


def test_the_refused_payment_intent_is_used_again() -> None:
    assert state_of(decline(START, "ch_1", "pi_1")).intents.usable() == "pi_1"


def test_the_intent_that_the_host_gave_is_used_first() -> None:
    assert state_of(given_payment_intent_id="pi_given").intents.usable() == "pi_given"


def test_an_intent_that_succeeded_is_not_used_again() -> None:
    part = payment(START, "ch_1", "pi_1", amount_minor=1)

    assert state_of(part, given_payment_intent_id="pi_1").intents.usable() is None


def test_an_intent_that_was_canceled_is_not_used_again() -> None:
    canceled = fact(FactKind.CANCELED, Source.PAYMENT_INTENT, START + DAY, stripe_payment_intent_id="pi_1")

    assert state_of(decline(START, "ch_1", "pi_1"), canceled).intents.usable() is None


def test_stripes_own_intent_for_its_invoice_is_preferred() -> None:
    assert Intents(("pi_1",), frozenset()).usable("pi_of_stripe") == "pi_of_stripe"


def test_a_preferred_intent_that_has_ended_is_not_used() -> None:
    assert Intents(("pi_1",), frozenset({"pi_of_stripe"})).usable("pi_of_stripe") == "pi_1"


def test_the_attempt_whose_outcome_is_to_come_is_the_open_one() -> None:
    open_attempt = state_of(own=(skipped_slot("att_1", START), own_attempt("att_2", START + DAY))).open_attempt

    assert open_attempt is not None
    assert open_attempt.id == "att_2"


def test_our_attempts_status_takes_its_outcome_into_account() -> None:
    own = own_attempt("att_1", START)

    assert own_status(state_of(payment(START, "ch_1", attempt_id="att_1"), own=(own,)), own) is AttemptStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("decided", "told", "word"),
    [
        ({"voided_at": START}, [], "void"),
        ({}, [payment(START, "ch_1")], "paid"),
        ({"paused_at": START, "paused_reason": "the customer asked"}, [], "the customer asked"),
    ],
)
def test_what_may_not_be_charged_says_why(decided: dict[str, object], told: list[PaymentFact], word: str) -> None:
    assert word in (blocking_reason(invoice(**decided), state_of(*told, **decided)) or "")


@pytest.mark.parametrize("failures", [0, 1, 4])
def test_what_is_owed_may_be_charged_even_when_overdue(failures: int) -> None:
    told = [decline(START + number * DAY, f"ch_{number}") for number in range(failures)]

    assert blocking_reason(invoice(), state_of(*told)) is None
