"""Our attempts joined with what is told. Expected values: design.md 1 and 5, contract.md (Attempt)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.model.attempts import OPEN_STATUSES, Attempt, AttemptStatus, FrozenCharge, OwnAttempt, Trigger
from domain.model.declines import DeclineCodes, FailureCode
from domain.model.payment_facts import FactKind, PaymentFact, Source
from tests.payment_stories import AMOUNT_MINOR, START, decline, fact, own_attempt, payment, skipped_slot, state_of

SOON = START + timedelta(seconds=5)
DAY = timedelta(days=1)
INTENT = "pi_1"


def listed(*told: PaymentFact, own: tuple[OwnAttempt, ...] = ()) -> tuple[Attempt, ...]:
    return state_of(*told, own=own).attempts


def shown(*told: PaymentFact, own: OwnAttempt) -> Attempt:
    return next(attempt for attempt in listed(*told, own=(own,)) if attempt.id == own.id)


def waiting(**told: object) -> PaymentFact:
    given: dict[str, object] = {"stripe_payment_intent_id": INTENT, "pending_status": "processing"}
    return fact(FactKind.PENDING, Source.PAYMENT_INTENT, SOON, **{**given, **told})


def canceled(**told: object) -> PaymentFact:
    return fact(FactKind.CANCELED, Source.PAYMENT_INTENT, SOON, stripe_payment_intent_id=INTENT, **told)


def test_the_hosts_own_decline_is_an_external_attempt_that_counts() -> None:
    found = listed(decline(START, "ch_1"))[0]

    assert (found.trigger, found.status, found.counts) == (Trigger.EXTERNAL, AttemptStatus.DECLINED, True)


def test_the_hosts_own_payment_is_an_external_attempt_that_succeeded() -> None:
    found = listed(payment(START, "ch_1", amount_minor=4200))[0]

    assert (found.trigger, found.status, found.amount_minor) == (Trigger.EXTERNAL, AttemptStatus.SUCCEEDED, 4200)


def test_an_external_attempt_has_the_same_id_whoever_tells_it() -> None:
    by_charge = listed(payment(START, "ch_1", INTENT))[0]
    by_intent = listed(fact(FactKind.SUCCEEDED, Source.PAYMENT_INTENT, SOON, stripe_payment_intent_id=INTENT))[0]

    assert by_charge.id == by_intent.id


def test_an_outcome_belongs_to_the_attempt_that_its_metadata_names() -> None:
    found = shown(decline(SOON, "ch_1", INTENT, attempt_id="att_1"), own=own_attempt("att_1", START))

    assert (found.trigger, found.status, found.stripe_charge_id) == (Trigger.RETRY, AttemptStatus.DECLINED, "ch_1")


def test_an_outcome_that_names_an_attempt_of_nobody_is_external() -> None:
    found = listed(decline(START, "ch_1", attempt_id="att_of_another_house"))[0]

    assert found.trigger is Trigger.EXTERNAL


def test_a_customer_who_goes_on_with_our_intent_makes_an_external_attempt() -> None:
    found = listed(
        decline(SOON, "ch_1", INTENT, attempt_id="att_1"),
        payment(SOON + DAY, "ch_2", INTENT, attempt_id="att_1"),
        own=(own_attempt("att_1", START),),
    )

    assert [(one.id == "att_1", one.status) for one in found] == [
        (True, AttemptStatus.DECLINED),
        (False, AttemptStatus.SUCCEEDED),
    ]


def test_an_outcome_outranks_what_we_decided() -> None:
    given_up = own_attempt("att_1", START, status=AttemptStatus.CANCELED, finished_at=SOON)

    assert shown(payment(SOON, "ch_1", attempt_id="att_1"), own=given_up).status is AttemptStatus.SUCCEEDED


def test_a_success_without_metadata_on_the_intent_that_we_confirmed_is_ours() -> None:
    told = fact(FactKind.SUCCEEDED, Source.INVOICE, SOON, stripe_payment_intent_id=INTENT, amount_minor=AMOUNT_MINOR)

    assert shown(told, own=own_attempt("att_1", START, INTENT)).status is AttemptStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("trigger", "counts"),
    [
        (Trigger.AUTOPAY, True),
        (Trigger.RETRY, True),
        (Trigger.MANUAL, False),
        (Trigger.CUSTOMER, False),
    ],
)
def test_automatic_attempts_count_and_a_persons_do_not(trigger: Trigger, counts: bool) -> None:
    told = decline(SOON, "ch_1", attempt_id="att_1")

    assert shown(told, own=own_attempt("att_1", START, trigger=trigger)).counts is counts


def test_a_success_never_counts_as_a_failure() -> None:
    assert shown(payment(SOON, "ch_1", attempt_id="att_1"), own=own_attempt("att_1", START)).counts is False


def test_a_skipped_slot_counts() -> None:
    assert shown(own=skipped_slot("att_1", START)).counts is True


@pytest.mark.parametrize("status", [AttemptStatus.CANCELED, *sorted(OPEN_STATUSES)])
def test_a_canceled_or_open_attempt_does_not_count(status: AttemptStatus) -> None:
    assert shown(own=own_attempt("att_1", START, status=status)).counts is False


def test_the_open_statuses_are_those_whose_outcome_is_still_to_come() -> None:
    assert {AttemptStatus.IN_FLIGHT, AttemptStatus.PENDING, AttemptStatus.UNKNOWN} == OPEN_STATUSES


def test_an_unknown_outcome_shows_as_a_network_error() -> None:
    found = shown(own=own_attempt("att_1", START, status=AttemptStatus.UNKNOWN))

    assert found.failure_code is FailureCode.NETWORK_ERROR


@pytest.mark.parametrize("status", sorted(OPEN_STATUSES))
def test_an_open_attempt_whose_intent_is_processing_is_pending(status: AttemptStatus) -> None:
    found = shown(waiting(attempt_id="att_1"), own=own_attempt("att_1", START, status=status))

    assert found.status is AttemptStatus.PENDING


def test_a_pending_attempt_shows_the_intent_that_it_created() -> None:
    found = shown(waiting(attempt_id="att_1"), own=own_attempt("att_1", START))

    assert found.stripe_payment_intent_id == INTENT


@pytest.mark.parametrize("status", sorted(OPEN_STATUSES))
def test_an_open_attempt_whose_intent_was_canceled_is_canceled(status: AttemptStatus) -> None:
    assert shown(canceled(), own=own_attempt("att_1", START, INTENT, status=status)).status is AttemptStatus.CANCELED


def test_an_unknown_attempt_is_canceled_with_the_intent_that_names_it() -> None:
    lost = own_attempt("att_1", START, status=AttemptStatus.UNKNOWN)

    assert shown(canceled(attempt_id="att_1"), own=lost).status is AttemptStatus.CANCELED


def test_a_canceled_intent_leaves_a_decline_declined() -> None:
    told = decline(SOON, "ch_1", INTENT, attempt_id="att_1")

    assert shown(told, canceled(attempt_id="att_1"), own=own_attempt("att_1", START)).status is AttemptStatus.DECLINED


def test_the_hosts_pending_payment_is_one_open_attempt_whoever_tells_it() -> None:
    found = listed(waiting(), replace(waiting(), source=Source.ANSWER))

    assert [(one.trigger, one.status) for one in found] == [(Trigger.EXTERNAL, AttemptStatus.PENDING)]


def test_a_pending_payment_of_an_attempt_that_was_given_up_is_open_all_the_same() -> None:
    given_up = own_attempt("att_1", START, status=AttemptStatus.CANCELED, finished_at=START)

    found = listed(waiting(attempt_id="att_1"), own=(given_up,))

    assert [one.status for one in found] == [AttemptStatus.CANCELED, AttemptStatus.PENDING]


def test_a_canceled_intent_is_not_pending() -> None:
    assert listed(waiting(), canceled()) == ()


def test_a_failed_bank_debit_leaves_nothing_open() -> None:
    failed = decline(SOON + 4 * DAY, "py_1", INTENT, charge_created_at=START, attempt_id="att_1")

    found = listed(waiting(attempt_id="att_1"), failed, own=(own_attempt("att_1", START),))

    assert [one.status for one in found] == [AttemptStatus.DECLINED]


def test_attempts_are_numbered_from_one_in_the_order_of_time() -> None:
    found = listed(decline(START + 2 * DAY, "ch_a"), decline(START, "ch_b"), own=(skipped_slot("att_1", START + DAY),))

    assert [(one.number, one.key) for one in found] == [(1, "ch_b"), (2, "att_1"), (3, "ch_a")]


def test_in_one_second_attempts_are_numbered_by_their_keys() -> None:
    found = listed(decline(START, "ch_b"), decline(START, "ch_a"))

    assert [one.key for one in found] == ["ch_a", "ch_b"]


def test_the_order_in_which_our_attempts_are_kept_does_not_matter() -> None:
    own = (skipped_slot("att_1", START), skipped_slot("att_2", SOON), own_attempt("att_3", SOON))

    assert listed(own=own) == listed(own=tuple(reversed(own)))


def test_a_declines_codes_and_reason_are_shown() -> None:
    codes = DeclineCodes("card_declined", "insufficient_funds", "try_again_later", "51", None, "visa")

    found = listed(decline(START, "ch_1", codes=codes, message="Your card has insufficient funds."))[0]

    assert (found.codes, found.failure_code, found.failure_reason) == (
        codes,
        FailureCode.INSUFFICIENT_FUNDS,
        "Your card has insufficient funds.",
    )


def test_a_decline_without_stripes_words_gets_ours() -> None:
    assert listed(decline(START, "ch_1", message=None))[0].failure_reason == "The card was declined."


def test_our_attempt_keeps_its_key_and_times_when_its_outcome_is_told() -> None:
    ours = own_attempt("att_1", START, scheduled_for=START, frozen=FrozenCharge("key_1", (), INTENT))

    found = shown(decline(SOON, "ch_1", INTENT, attempt_id="att_1"), own=ours)

    assert (found.idempotency_key, found.scheduled_for, found.started_at, found.finished_at) == (
        "key_1",
        START,
        START,
        SOON,
    )


def test_an_outcome_that_names_no_intent_is_on_the_one_that_we_confirmed() -> None:
    told = replace(payment(SOON, "ch_1", attempt_id="att_1"), stripe_payment_intent_id=None)

    assert shown(told, own=own_attempt("att_1", START, INTENT)).stripe_payment_intent_id == INTENT


def test_an_attempt_whose_telling_names_no_amount_keeps_ours() -> None:
    told = payment(SOON, "ch_1", attempt_id="att_1", amount_minor=None)

    assert shown(told, own=own_attempt("att_1", START)).amount_minor == AMOUNT_MINOR
