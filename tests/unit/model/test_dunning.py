"""Which notices an invoice asks for. Expected values: issue 4, point 1, and design.md 5."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.model.attempts import AttemptStatus, Trigger
from domain.model.declines import DeclineCodes
from domain.model.derivation import derive
from domain.model.dunning import COURSE_STAGES, notice_key, notice_wishes
from domain.model.invoices import InvoiceFacts
from domain.model.notice_policy import NoticePolicy, StageRule
from domain.model.notices import NoticeStage
from domain.model.outbox import OutboxKind, OutboxStatus, Wish
from domain.model.payment_facts import PaymentFact, merge
from domain.model.policies import Policy, Terms
from tests.payment_stories import AMOUNT_MINOR, START, decline, invoice, own_attempt, payment, skipped_slot
from tests.reversal_builders import dispute_telling, with_reversals

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
FAILURES = [decline(START + after * DAY, f"ch_{number}") for number, after in enumerate((0, 3, 10, 24), start=1)]
ASKS_FOR_THE_CARDHOLDER = DeclineCodes("card_declined", "authentication_required")
TERMS = Terms(Policy())


def terms(*, retries: tuple[int, ...] = (3, 7, 14), day: timedelta = DAY, **rules: StageRule) -> Terms:
    notices = NoticePolicy({NoticeStage(stage): rule for stage, rule in rules.items()})
    return Terms(Policy(retries, notices=notices), day)


def facts_of(*told: PaymentFact, **decided: object) -> InvoiceFacts:
    return InvoiceFacts(invoice(**decided), (), merge((), told))


def wishes(facts: InvoiceFacts, under: Terms = TERMS) -> list[Wish]:
    return notice_wishes(facts, derive(facts, under), under)


def wished(facts: InvoiceFacts, under: Terms = TERMS) -> list[tuple[str, datetime]]:
    """Stage and cause with the time of each."""
    return [(wish.dedupe_key.removeprefix("notice:inv_story:"), wish.due_at) for wish in wishes(facts, under)]


def stages(facts: InvoiceFacts, under: Terms = TERMS) -> list[str]:
    return [key.partition(":")[0] for key, _ in wished(facts, under)]


def test_each_failure_of_a_course_has_its_mail() -> None:
    assert wished(facts_of(*FAILURES)) == [
        ("payment_failed:ch_1", START),
        ("payment_urgent:ch_2", START + 3 * DAY),
        ("suspension_warning:ch_3", START + 10 * DAY),
        ("final_notice:ch_4", START + 24 * DAY),
    ]


@pytest.mark.parametrize(
    ("retries", "expected"),
    [
        ((), ["final_notice"]),
        ((3,), ["payment_failed", "final_notice"]),
        ((3, 7), ["payment_failed", "suspension_warning", "final_notice"]),
        ((3, 7, 14, 14), ["payment_failed", "payment_urgent", "payment_urgent", "suspension_warning"]),
    ],
)
def test_a_course_of_another_length_begins_friendly_and_ends_with_the_final_one(
    retries: tuple[int, ...], expected: list[str]
) -> None:
    assert stages(facts_of(*FAILURES), terms(retries=retries)) == expected


def test_failures_beyond_the_course_are_not_written_about() -> None:
    fifth = decline(START + 40 * DAY, "ch_5")

    assert stages(facts_of(*FAILURES, fifth)) == [stage.value for stage in COURSE_STAGES]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_bank_that_asks_for_the_cardholder_has_a_mail_of_its_own(number: int) -> None:
    told = [*FAILURES[: number - 1], replace(FAILURES[number - 1], codes=ASKS_FOR_THE_CARDHOLDER)]

    assert stages(facts_of(*told))[-1] == "authentication_needed"


def test_the_final_one_stays_so_whatever_the_bank_asks_for() -> None:
    told = [*FAILURES[:3], replace(FAILURES[3], codes=ASKS_FOR_THE_CARDHOLDER)]

    assert stages(facts_of(*told))[-1] == "final_notice"


def test_a_retry_that_was_skipped_is_written_about_like_a_failure() -> None:
    facts = InvoiceFacts(invoice(), (skipped_slot("att_1", START + 3 * DAY),), merge((), FAILURES[:1]))

    assert wished(facts)[1] == ("payment_urgent:att_1", START + 3 * DAY)


def test_a_persons_own_attempt_that_fails_is_not_written_about() -> None:
    own = own_attempt("att_1", START, trigger=Trigger.MANUAL, status=AttemptStatus.DECLINED)
    told = decline(START, "ch_1", attempt_id="att_1")

    assert wishes(InvoiceFacts(invoice(), (own,), merge((), [told]))) == []


def test_an_invoice_that_nothing_happened_to_asks_for_no_mail() -> None:
    assert wishes(facts_of()) == []
    assert wishes(facts_of(sent_at=None)) == []


def test_money_ends_the_mails_of_the_course_and_asks_for_a_receipt() -> None:
    paid = payment(START + 4 * DAY, "ch_paid")

    assert wished(facts_of(*FAILURES[:2], paid)) == [("receipt:pi_of_ch_paid", START + 4 * DAY)]


def test_a_payment_that_ended_no_course_has_no_receipt() -> None:
    assert wishes(facts_of(payment(START, "ch_paid"))) == []
    assert wishes(facts_of(payment(START, "ch_paid"), decline(START + DAY, "ch_late", "pi_of_ch_paid"))) == []


def test_the_receipt_is_for_the_payment_that_completed_the_debt() -> None:
    half = AMOUNT_MINOR // 2
    parts = [payment(START + n * DAY, f"ch_part_{n}", amount_minor=half) for n in (1, 2)]

    assert stages(facts_of(FAILURES[0], parts[0])) == ["payment_failed"]
    assert wished(facts_of(FAILURES[0], *parts)) == [("receipt:pi_of_ch_part_2", START + 2 * DAY)]


def test_a_void_invoice_asks_for_no_mail() -> None:
    assert wishes(facts_of(*FAILURES, voided_at=START + 30 * DAY)) == []


def test_what_was_old_when_it_was_first_heard_of_is_not_written_about() -> None:
    old, new = replace(FAILURES[0], heard_at=START + DAY + timedelta(seconds=1)), FAILURES[1]
    paid = replace(payment(START + 4 * DAY, "ch_paid"), heard_at=START + 6 * DAY)

    assert wished(facts_of(old, new)) == [("payment_urgent:ch_2", START + 3 * DAY)]
    assert wishes(facts_of(FAILURES[0], paid)) == []


def test_what_was_a_day_old_is_still_news() -> None:
    assert stages(facts_of(replace(FAILURES[0], heard_at=START + DAY))) == ["payment_failed"]


def test_a_delay_counts_in_hours_of_the_policys_day() -> None:
    delayed = {"payment_failed": StageRule(delay_hours=6)}

    assert wished(facts_of(FAILURES[0]), terms(**delayed)) == [("payment_failed:ch_1", START + 6 * HOUR)]
    shortened = terms(**delayed, day=timedelta(seconds=24))
    assert wished(facts_of(FAILURES[0]), shortened) == [("payment_failed:ch_1", START + timedelta(seconds=6))]


def test_a_stage_that_the_firm_does_not_send_is_not_asked_for() -> None:
    off = {"payment_failed": StageRule(is_enabled=False), "receipt": StageRule(is_enabled=False)}

    assert stages(facts_of(*FAILURES[:2]), terms(**off)) == ["payment_urgent"]
    assert wishes(facts_of(FAILURES[0], payment(START + DAY, "ch_paid")), terms(**off)) == []


def test_mails_are_held_while_collection_is() -> None:
    (wish,) = wishes(facts_of(FAILURES[0], paused_at=START + HOUR))

    assert wish.status is OutboxStatus.HELD


def test_mails_are_held_while_a_chargeback_is_open_but_for_the_note_on_it() -> None:
    polite = terms(dispute_received=StageRule(is_enabled=True))
    told = dispute_telling(stripe_charge_id="ch_old", told_at=START, opened_at=START)
    facts = with_reversals(facts_of(FAILURES[0]), disputes=[told])

    found = {wish.dedupe_key.split(":")[2]: wish.status for wish in wishes(facts, polite)}

    assert found == {"payment_failed": OutboxStatus.HELD, "dispute_received": OutboxStatus.DUE}


def test_a_dispute_that_was_old_news_or_is_over_is_not_written_about() -> None:
    polite = terms(dispute_received=StageRule(is_enabled=True))
    late = dispute_telling(told_at=START + DAY + HOUR, opened_at=START)
    over = dispute_telling(told_at=START, opened_at=START, stripe_status="won")

    assert [stages(with_reversals(facts_of(), disputes=[told]), polite) for told in (late, over)] == [[], []]


def test_a_notices_key_names_invoice_stage_and_cause() -> None:
    (wish,) = wishes(facts_of(FAILURES[0]))

    assert wish.kind is OutboxKind.NOTICE
    assert wish.dedupe_key == notice_key("inv_story", NoticeStage.PAYMENT_FAILED, "ch_1")


@given(st.permutations(FAILURES), st.lists(st.sampled_from(FAILURES), max_size=4), st.booleans())
def test_the_order_and_repetition_of_tellings_change_nothing(
    told: list[PaymentFact], again: list[PaymentFact], is_paid: bool
) -> None:
    paid = [payment(START + 30 * DAY, "ch_paid")] if is_paid else []

    assert wishes(facts_of(*told, *again, *paid)) == wishes(facts_of(*FAILURES, *paid))
