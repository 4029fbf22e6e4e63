"""What is written down and told to staff. Expected values: design.md 5, the issue (point 9)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.model.attempts import AttemptStatus, OwnAttempt, Trigger
from domain.model.audit import Note, Severity
from domain.model.declines import DeclineCodes
from domain.model.invoices import InvoiceState
from domain.model.moments import shown
from domain.model.narration import narrate
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


def notes(before: InvoiceState, after: InvoiceState) -> dict[str, Note]:
    found = narrate(invoice(), before, after)
    by_action = {note.action: note for note in found}
    assert len(by_action) == len(found)
    return by_action


def told(*facts: PaymentFact, own: tuple[OwnAttempt, ...] = ()) -> dict[str, Note]:
    """The notes of one step from the invoice as sent."""
    return notes(state_of(), state_of(*facts, own=own))


def test_nothing_new_is_nothing_to_write() -> None:
    state = state_of(decline(START, "ch_1"))

    assert notes(state, state) == {}


def test_a_failure_is_a_warning() -> None:
    assert told(decline(START, "ch_1"))["payment_failed"].severity is Severity.WARNING


def test_a_failure_says_what_the_brief_asks_for() -> None:
    codes = DeclineCodes("card_declined", "insufficient_funds")
    metadata = told(decline(START, "ch_1", codes=codes, message="No funds."))["payment_failed"].metadata

    assert {key: metadata[key] for key in ("invoice_id", "failure_reason", "failure_code", "retry_count")} == {
        "invoice_id": "inv_story",
        "failure_reason": "No funds.",
        "failure_code": "insufficient_funds",
        "retry_count": 1,
    }


def test_amounts_are_whole_minor_units_with_their_currency() -> None:
    metadata = told(decline(START, "ch_1"))["payment_failed"].metadata

    assert (metadata["amount"], metadata["currency"]) == (AMOUNT_MINOR, "usd")


@pytest.mark.parametrize("source", [Source.ANSWER, Source.PAYMENT_INTENT, Source.INVOICE])
def test_another_telling_of_a_failure_is_not_written_again(source: Source) -> None:
    by_charge = decline(START, "ch_1", "pi_1")

    assert notes(state_of(by_charge), state_of(by_charge, replace(by_charge, source=source))) == {}


def test_our_decline_is_not_written_again_when_its_charge_becomes_known() -> None:
    own = (own_attempt("att_1", START, trigger=Trigger.MANUAL),)
    answer = fact(FactKind.FAILED, Source.ANSWER, START, attempt_id="att_1", amount_minor=AMOUNT_MINOR)
    by_charge = decline(START, "ch_1", attempt_id="att_1")

    assert notes(state_of(answer, own=own), state_of(answer, by_charge, own=own)) == {}


def test_a_failure_is_followed_by_the_status_and_the_next_retry() -> None:
    assert list(told(decline(START, "ch_1"))) == ["payment_failed", "invoice_status_changed", "retry_scheduled"]


def test_a_scheduled_retry_says_when_it_is_due() -> None:
    note = told(decline(START, "ch_1"))["retry_scheduled"]

    assert (note.metadata["retry"], note.metadata["due_at"]) == (1, shown(START + 3 * DAY))


def test_overdue_is_a_warning() -> None:
    failures = [decline(START + number * DAY, f"ch_{number}") for number in range(4)]

    note = notes(state_of(*failures[:3]), state_of(*failures))["invoice_status_changed"]

    assert (note.severity, note.metadata["from"], note.metadata["to"]) == (Severity.WARNING, "failed", "overdue")


def test_a_payment_is_good_news() -> None:
    found = told(payment(START, "ch_1"))

    assert {note.severity for note in found.values()} == {Severity.INFO}


def test_a_payment_says_how_much_it_was() -> None:
    assert "42.00 USD" in told(payment(START, "ch_1"))["payment_succeeded"].summary


def test_a_second_payment_is_critical_and_told_to_staff() -> None:
    first = payment(START, "ch_1")

    note = notes(state_of(first), state_of(first, payment(START, "ch_2")))["overpaid"]

    assert (note.severity, note.alert_key, note.metadata["overpaid"]) == (
        Severity.CRITICAL,
        "overpaid:inv_story",
        AMOUNT_MINOR,
    )


def test_a_payment_in_another_currency_is_critical_and_told_to_staff() -> None:
    note = told(payment(START, "ch_1", currency="eur"))["payment_succeeded"]

    assert (note.severity, note.alert_key is not None) == (Severity.CRITICAL, True)


def test_a_held_slot_is_told_to_staff() -> None:
    old = replace(decline(START, "ch_1"), heard_at=START + 30 * DAY)

    note = told(old)["retry_held"]

    assert (note.severity, note.alert_key) == (Severity.WARNING, "retry_held:inv_story:ch_1")


def test_a_lost_answer_is_a_warning_and_no_failure() -> None:
    lost = own_attempt("att_1", START, status=AttemptStatus.UNKNOWN)

    assert {name: note.severity for name, note in told(own=(lost,)).items()} == {"payment_unknown": Severity.WARNING}


def test_a_skipped_slot_is_a_warning_with_its_reason() -> None:
    first = decline(START, "ch_1")
    slot = skipped_slot("att_1", START + 3 * DAY)

    note = notes(state_of(first), state_of(first, own=(slot,)))["retry_skipped"]

    assert (note.severity, slot.reason in note.summary if slot.reason else False) == (Severity.WARNING, True)


@pytest.mark.parametrize(
    ("status", "action"),
    [
        (AttemptStatus.IN_FLIGHT, "attempt_started"),
        (AttemptStatus.PENDING, "payment_pending"),
        (AttemptStatus.CANCELED, "attempt_canceled"),
    ],
)
def test_each_step_of_an_attempt_is_written_down(status: AttemptStatus, action: str) -> None:
    assert list(told(own=(own_attempt("att_1", START, status=status),))) == [action]
