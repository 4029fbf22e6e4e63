"""Which outbox rows an invoice has. Expected values: design.md 1 (second and third idea) and 5, contract.md."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.model.attempts import AttemptStatus, OwnAttempt, Settlement, Trigger
from domain.model.derivation import ATTEMPTS_PER_SLOT_MAX, derive
from domain.model.invoices import InvoiceFacts
from domain.model.outbox import OutboxItem, OutboxKind, OutboxStatus, Wish
from domain.model.payment_facts import FactKind, PaymentFact, Source, merge
from domain.model.policies import RetriesBy, Terms
from domain.model.schedule import Rescheduling, instead_of_running, reschedule
from tests.builders import WITHOUT_NOTICES
from tests.payment_stories import START, decline, fact, invoice, own_attempt, payment, skipped_slot

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
TERMS = Terms(WITHOUT_NOTICES)
ON_STRIPE = Terms(replace(WITHOUT_NOTICES, retries_by=RetriesBy.STRIPE))
FIRST = decline(START, "ch_1", "pi_1")


def facts_of(*told: PaymentFact, own: tuple[OwnAttempt, ...] = (), **decided: object) -> InvoiceFacts:
    return InvoiceFacts(invoice(**decided), own, merge((), told))


def rescheduled(facts: InvoiceFacts, *pending: OutboxItem, terms: Terms = TERMS) -> Rescheduling:
    return reschedule(facts, derive(facts, terms), terms, pending)


def wishes(facts: InvoiceFacts, terms: Terms = TERMS) -> list[Wish]:
    return list(rescheduled(facts, terms=terms).missing)


def only_wish(facts: InvoiceFacts) -> Wish:
    (wish,) = wishes(facts)
    return wish


def row_for(wish: Wish, **changed: object) -> OutboxItem:
    item = OutboxItem(
        "out_1", "frm_story", wish.kind, wish.dedupe_key, wish.due_at, wish.status, "inv_story", wish.attempt_id
    )
    return replace(item, **changed)  # type: ignore[arg-type]


def closed_attempts(number: int, slot_key: str | None, trigger: Trigger = Trigger.RETRY) -> tuple[OwnAttempt, ...]:
    """So many attempts of one slot that came to nothing."""
    return tuple(
        own_attempt(
            f"att_{count}",
            START + 3 * DAY,
            trigger=trigger,
            status=AttemptStatus.CANCELED,
            slot_key=slot_key,
            finished_at=START + 3 * DAY + count * SECOND,
        )
        for count in range(1, number + 1)
    )


def test_a_draft_has_nothing_pending() -> None:
    assert wishes(facts_of(sent_at=None)) == []


def test_an_invoice_that_is_sent_with_autopay_is_collected_at_once() -> None:
    wish = only_wish(facts_of())

    assert (wish.kind, wish.due_at, wish.status) == (OutboxKind.COLLECT, START, OutboxStatus.DUE)


def test_an_invoice_without_autopay_has_nothing_pending() -> None:
    assert wishes(facts_of(autopay=False)) == []


def test_a_failure_has_its_retry_pending() -> None:
    wish = only_wish(facts_of(FIRST))

    assert (wish.kind, wish.due_at, wish.status) == (OutboxKind.RETRY, START + 3 * DAY, OutboxStatus.DUE)


def test_each_failure_has_a_retry_of_its_own() -> None:
    second = decline(START + 3 * DAY, "ch_2")

    assert only_wish(facts_of(FIRST)).dedupe_key != only_wish(facts_of(FIRST, second)).dedupe_key


def test_another_telling_of_the_failure_keeps_the_retrys_key() -> None:
    again = replace(FIRST, source=Source.PAYMENT_INTENT)

    assert only_wish(facts_of(FIRST, again)).dedupe_key == only_wish(facts_of(FIRST)).dedupe_key


def test_an_overdue_invoice_has_nothing_pending() -> None:
    assert wishes(facts_of(*(decline(START + number * DAY, f"ch_{number}") for number in range(4)))) == []


def test_a_paid_invoice_has_nothing_pending() -> None:
    assert wishes(facts_of(FIRST, payment(START + DAY, "ch_2"))) == []


def test_a_void_invoice_has_nothing_pending() -> None:
    assert wishes(facts_of(FIRST, voided_at=START + DAY)) == []


def test_a_failure_without_autopay_has_nothing_pending() -> None:
    assert wishes(facts_of(FIRST, autopay=False)) == []


def test_a_retry_that_is_stripes_is_not_ours() -> None:
    assert wishes(facts_of(FIRST, stripe_invoice_id="in_1"), ON_STRIPE) == []


def test_a_part_payment_leaves_the_retry_alone() -> None:
    part = payment(START + DAY, "ch_2", amount_minor=1)

    assert wishes(facts_of(FIRST, part)) == wishes(facts_of(FIRST))


@pytest.mark.parametrize("told", [[], [FIRST]])
def test_what_is_pending_while_paused_is_held(told: list[PaymentFact]) -> None:
    assert only_wish(facts_of(*told, paused_at=START)).status is OutboxStatus.HELD


def test_a_retry_because_of_old_news_is_held() -> None:
    old = replace(FIRST, heard_at=START + 30 * DAY)

    assert only_wish(facts_of(old)).status is OutboxStatus.HELD


def test_a_released_retry_is_due_at_its_time_in_the_past() -> None:
    old = replace(FIRST, heard_at=START + 30 * DAY)

    wish = only_wish(facts_of(old, released_slot_key="ch_1"))

    assert (wish.status, wish.due_at) == (OutboxStatus.DUE, START + 3 * DAY)


def test_a_slot_whose_attempt_is_on_its_way_keeps_the_row_that_it_came_from_alone() -> None:
    running = own_attempt("att_1", START + 3 * DAY, slot_key="ch_1")

    before, during = wishes(facts_of(FIRST)), wishes(facts_of(FIRST, own=(running,)))

    assert [wish.dedupe_key for wish in during] == [wish.dedupe_key for wish in before]


def test_an_attempt_on_its_way_keeps_its_row_when_the_invoice_was_paid_elsewhere() -> None:
    running = own_attempt("att_1", START + 3 * DAY, slot_key="ch_1")
    elsewhere = payment(START + 4 * DAY, "ch_9", "pi_9")

    assert [wish.kind for wish in wishes(facts_of(FIRST, elsewhere, own=(running,)))] == [OutboxKind.RETRY]


def test_a_slot_whose_attempt_came_to_nothing_gets_a_new_one() -> None:
    wish = only_wish(facts_of(FIRST, own=closed_attempts(1, "ch_1")))

    assert (wish.kind, wish.due_at) == (OutboxKind.RETRY, START + 3 * DAY + SECOND)


def test_the_new_attempt_of_a_slot_has_a_row_of_its_own() -> None:
    again = only_wish(facts_of(FIRST, own=closed_attempts(1, "ch_1")))

    assert again.dedupe_key != only_wish(facts_of(FIRST)).dedupe_key


def test_a_slot_whose_attempts_come_to_nothing_waits_for_a_person_in_the_end() -> None:
    wish = only_wish(facts_of(FIRST, own=closed_attempts(ATTEMPTS_PER_SLOT_MAX, "ch_1")))

    assert wish.status is OutboxStatus.HELD


def test_first_attempts_that_come_to_nothing_wait_for_a_person_in_the_end() -> None:
    wish = only_wish(facts_of(own=closed_attempts(ATTEMPTS_PER_SLOT_MAX, None, Trigger.AUTOPAY)))

    assert (wish.kind, wish.status) == (OutboxKind.COLLECT, OutboxStatus.HELD)


def test_a_first_attempt_that_came_to_nothing_is_made_again() -> None:
    wish = only_wish(facts_of(own=closed_attempts(1, None, Trigger.AUTOPAY)))

    assert (wish.kind, wish.status, wish.due_at) == (
        OutboxKind.COLLECT,
        OutboxStatus.DUE,
        START + 3 * DAY + SECOND,
    )


def test_a_skipped_slot_has_the_next_retry_pending() -> None:
    wish = only_wish(facts_of(FIRST, own=(skipped_slot("att_1", START + 3 * DAY),)))

    assert (wish.kind, wish.due_at) == (OutboxKind.RETRY, START + 10 * DAY)


def test_an_unknown_outcome_is_looked_into_five_seconds_after_its_request_ended() -> None:
    settlement = Settlement(last_request_ended_at=START + 20 * SECOND)
    lost = own_attempt("att_1", START, trigger=Trigger.AUTOPAY, status=AttemptStatus.UNKNOWN, settlement=settlement)

    wish = only_wish(facts_of(own=(lost,)))

    assert (wish.kind, wish.due_at, wish.attempt_id) == (OutboxKind.SETTLE, START + 25 * SECOND, "att_1")


def test_a_pending_attempt_is_asked_about_a_day_later() -> None:
    waiting = own_attempt("att_1", START, trigger=Trigger.AUTOPAY, status=AttemptStatus.PENDING, finished_at=START)

    wish = only_wish(facts_of(own=(waiting,)))

    assert (wish.kind, wish.due_at, wish.attempt_id) == (OutboxKind.POLL_PENDING, START + DAY, "att_1")


@pytest.mark.parametrize("trigger", [Trigger.MANUAL, Trigger.CUSTOMER])
def test_an_attempt_that_a_person_asked_for_is_run_at_once(trigger: Trigger) -> None:
    asked = own_attempt("att_1", START + DAY, trigger=trigger, frozen=None)

    assert Wish(OutboxKind.RUN_ATTEMPT, "run_attempt:att_1", START + DAY, attempt_id="att_1") in wishes(
        facts_of(FIRST, own=(asked,))
    )


def test_an_attempt_whose_outcome_was_told_needs_no_settling() -> None:
    lost = own_attempt("att_1", START, trigger=Trigger.AUTOPAY, status=AttemptStatus.UNKNOWN)

    assert wishes(facts_of(payment(START, "ch_1", attempt_id="att_1"), own=(lost,))) == []


def test_an_attempt_whose_intent_was_canceled_needs_no_settling() -> None:
    lost = own_attempt("att_1", START, "pi_1", trigger=Trigger.MANUAL, status=AttemptStatus.UNKNOWN)
    canceled = fact(FactKind.CANCELED, Source.PAYMENT_INTENT, START + DAY, stripe_payment_intent_id="pi_1")

    assert [wish.kind for wish in wishes(facts_of(FIRST, canceled, own=(lost,)))] == [OutboxKind.RETRY]


def test_a_row_that_is_there_is_not_wished_for_again() -> None:
    facts = facts_of(FIRST)

    assert rescheduled(facts, row_for(only_wish(facts))) == Rescheduling((), ())


def test_a_row_is_canceled_when_its_cause_is_gone() -> None:
    retry = row_for(only_wish(facts_of(FIRST)))

    (changed,) = rescheduled(facts_of(FIRST, payment(START + DAY, "ch_2")), retry).changed

    assert (changed.id, changed.status) == (retry.id, OutboxStatus.CANCELED)


def test_a_canceled_row_says_why() -> None:
    retry = row_for(only_wish(facts_of(FIRST)))

    (changed,) = rescheduled(facts_of(FIRST, voided_at=START), retry).changed

    assert changed.last_error


def test_a_claimed_row_is_its_holders_to_finish() -> None:
    claimed = row_for(only_wish(facts_of(FIRST)), status=OutboxStatus.CLAIMED)

    assert rescheduled(facts_of(FIRST, payment(START + DAY, "ch_2")), claimed).changed == ()


def test_a_row_moves_with_the_policy() -> None:
    facts = facts_of(FIRST)
    retry = row_for(only_wish(facts))

    (changed,) = rescheduled(facts, retry, terms=Terms(replace(WITHOUT_NOTICES, retry_delays_days=(5,)))).changed

    assert changed.due_at == START + 5 * DAY


def test_a_row_that_its_runner_put_off_is_not_moved_back() -> None:
    facts = facts_of(FIRST)

    assert rescheduled(facts, row_for(only_wish(facts), due_at=START + 4 * DAY, tries=1)).changed == ()


def test_a_held_row_is_due_again_once_collection_goes_on() -> None:
    held = row_for(only_wish(facts_of(FIRST, paused_at=START)))

    (changed,) = rescheduled(facts_of(FIRST), held).changed

    assert (changed.status, changed.due_at) == (OutboxStatus.DUE, START + 3 * DAY)


@pytest.mark.parametrize("kind", [OutboxKind.ALERT, OutboxKind.MATCH_EVENTS])
def test_a_row_that_does_not_follow_from_the_state_is_left_alone(kind: OutboxKind) -> None:
    other = OutboxItem("out_2", "frm_story", kind, "its own key", START, invoice_id="inv_story")

    assert rescheduled(facts_of(FIRST, payment(START, "ch_2")), other).changed == ()


def decision(item: OutboxItem, facts: InvoiceFacts, now: datetime) -> OutboxItem | None:
    return instead_of_running(item, facts, derive(facts, TERMS), now)


def test_a_row_that_is_still_wished_for_is_run_when_due() -> None:
    facts = facts_of(FIRST)

    assert decision(row_for(only_wish(facts)), facts, START + 3 * DAY) is None


def test_a_row_whose_cause_went_while_it_was_claimed_is_canceled() -> None:
    retry = row_for(only_wish(facts_of(FIRST)), status=OutboxStatus.CLAIMED, lease_until=START + 4 * DAY)

    found = decision(retry, facts_of(FIRST, payment(START, "ch_2")), START + 3 * DAY)

    assert found is not None
    assert (found.status, found.lease_until) == (OutboxStatus.CANCELED, None)


def test_a_row_that_is_held_by_now_is_not_run() -> None:
    retry = row_for(only_wish(facts_of(FIRST)))

    found = decision(retry, facts_of(FIRST, paused_at=START), START + 3 * DAY)

    assert found is not None
    assert found.status is OutboxStatus.HELD


def test_a_row_that_was_rung_too_early_waits() -> None:
    facts = facts_of(FIRST)

    found = decision(row_for(only_wish(facts), status=OutboxStatus.CLAIMED), facts, START + DAY)

    assert found is not None
    assert (found.status, found.due_at) == (OutboxStatus.DUE, START + 3 * DAY)
