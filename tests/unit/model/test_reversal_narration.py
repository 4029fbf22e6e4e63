"""What is written down of disputes and refunds. Expected values: the issue (points 2 and 3), stripe-facts 14."""

import pytest
from hypothesis import given, settings

from domain.model.audit import Note, Severity
from domain.model.derivation import derive
from domain.model.disputes import Deadline, Dispute
from domain.model.invoices import InvoiceFacts
from domain.model.policies import Policy, Terms
from domain.model.refunds import RefundStatus
from domain.model.reversal_narration import narrate_dispute, narrate_reversals
from tests.builders import INVOICE_ID, NOW, a_success, days, facts_of
from tests.reversal_builders import a_dispute, dispute_telling, inquiry_telling, refund_telling, with_reversals
from tests.reversal_stories import Story, facts_after, stories, told_at_once

PAID = facts_of(payments=[a_success()])
ENDS = {
    "won": "dispute_won",
    "lost": "dispute_lost",
    "prevented": "dispute_closed",
    "charge_refunded": "dispute_closed",
}


def notes(before: Dispute | None, after: Dispute, invoice_id: str | None = INVOICE_ID) -> dict[str, Note]:
    found = narrate_dispute(before, after, invoice_id)
    by_action = {note.action: note for note in found}
    assert len(by_action) == len(found)
    return by_action


def told(before: InvoiceFacts, after: InvoiceFacts) -> dict[str, Note]:
    terms = Terms(Policy())
    return {note.action: note for note in narrate_reversals(before, after, derive(before, terms), derive(after, terms))}


def then(dispute: Dispute, status: str, day: int, **changes: object) -> Dispute:
    return a_dispute(*dispute.tellings, dispute_telling(stripe_status=status, told_at=NOW + days(day), **changes))


def test_a_chargeback_is_critical_and_says_what_is_disputed() -> None:
    note = notes(None, a_dispute())["payment_disputed"]

    assert (note.severity, note.alert_key) == (Severity.CRITICAL, f"dispute:{a_dispute().id}:opened:chargeback")
    assert {"amount": 5000, "currency": "usd", "invoice_id": INVOICE_ID, "resolution": None}.items() <= (
        note.metadata.items()
    )
    assert "50.00 USD is a chargeback, reason fraudulent. Answer by 2026-03-11" in note.summary


def test_an_inquiry_is_a_warning_and_alerts() -> None:
    note = notes(None, a_dispute(inquiry_telling()))["payment_disputed"]

    assert (note.severity, note.alert_key is not None) == (Severity.WARNING, True)
    assert "no money was taken" in note.summary


def test_an_inquiry_that_escalates_is_told_anew() -> None:
    inquiry = a_dispute(inquiry_telling())

    found = notes(inquiry, then(inquiry, "needs_response", 3))

    assert "became a chargeback" in found["payment_disputed"].summary
    assert found["payment_disputed"].alert_key != notes(None, inquiry)["payment_disputed"].alert_key


@pytest.mark.parametrize(("status", "action"), ENDS.items())
def test_an_end_is_critical_and_says_how(status: str, action: str) -> None:
    note = notes(a_dispute(), then(a_dispute(), status, 40))[action]

    assert (note.severity, note.alert_key is not None) == (Severity.CRITICAL, True)
    assert note.metadata["resolution"] == action.removeprefix("dispute_")


def test_a_dispute_that_arrives_lost_is_opened_and_lost() -> None:
    found = notes(None, a_dispute(stripe_status="lost", deadline=Deadline(None)))

    assert set(found) == {"payment_disputed", "dispute_lost"}
    assert "It came already decided." in found["payment_disputed"].summary


def test_an_inquiry_that_is_prevented_never_became_a_chargeback() -> None:
    inquiry = a_dispute(inquiry_telling())

    assert set(notes(inquiry, then(inquiry, "prevented", 3))) == {"dispute_closed"}


def test_an_older_telling_that_comes_late_is_no_news() -> None:
    lost = a_dispute(dispute_telling(stripe_status="lost", told_at=NOW + days(1)))

    assert notes(lost, a_dispute(*lost.tellings, dispute_telling())) == {}


def test_a_late_win_is_told_after_the_loss() -> None:
    lost = a_dispute(stripe_status="lost")

    assert notes(lost, then(lost, "won", 90))["dispute_won"].summary.endswith("Lost at first, won later.")


def test_what_is_lost_again_after_an_appeal_is_told_again() -> None:
    lost = a_dispute(stripe_status="lost")
    appeal = then(lost, "appeal_needs_response", 10)
    again = then(appeal, "lost", 60)

    assert "dispute_reopened" in notes(lost, appeal)
    keys = [notes(before, after)["dispute_lost"].alert_key for before, after in ((None, lost), (appeal, again))]
    assert len(set(keys)) == 2


def test_a_deadline_that_moves_is_noted_while_the_dispute_is_open() -> None:
    later = then(a_dispute(), "needs_response", 1, deadline=Deadline(NOW + days(20)))

    assert set(notes(a_dispute(), later)) == {"dispute_deadline_moved"}
    assert set(notes(a_dispute(), then(a_dispute(), "lost", 1, deadline=Deadline(None)))) == {"dispute_lost"}


def test_submitted_evidence_is_noted_once() -> None:
    answered = then(a_dispute(), "under_review", 1, submissions=1)

    assert set(notes(a_dispute(), answered)) == {"evidence_submitted", "dispute_under_review"}
    assert notes(answered, then(answered, "under_review", 2, submissions=1)) == {}


def test_a_dispute_of_an_unknown_charge_asks_to_be_linked() -> None:
    note = notes(None, a_dispute(), None)["dispute_unmatched"]

    assert (note.severity, note.alert_key is not None) == (Severity.CRITICAL, True)


# -- refunds -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "action", "alerts"),
    [
        (RefundStatus.PENDING, "refund_pending", False),
        (RefundStatus.REQUIRES_ACTION, "refund_pending", False),
        (RefundStatus.SUCCEEDED, "payment_refunded", False),
        (RefundStatus.FAILED, "refund_failed", True),
        (RefundStatus.CANCELED, "refund_failed", True),
    ],
)
def test_each_turn_of_a_refund_is_noted(status: RefundStatus, action: str, alerts: bool) -> None:
    note = told(PAID, with_reversals(PAID, refunds=[refund_telling(status=status)]))[action]

    assert (note.metadata["amount"], note.alert_key is not None) == (2000, alerts)


def test_a_refund_that_is_told_again_is_no_news() -> None:
    refunded = with_reversals(PAID, refunds=[refund_telling()])

    assert told(refunded, with_reversals(refunded, refunds=[refund_telling(told_at=NOW + days(1))])) == {}


@pytest.mark.parametrize("refunded_minor", [2000, 5000])
def test_a_chargeback_of_money_that_was_refunded_alerts(refunded_minor: int) -> None:
    refunded = with_reversals(PAID, refunds=[refund_telling(amount_minor=refunded_minor)])
    both = with_reversals(refunded, disputes=[dispute_telling()])

    note = told(refunded, both)["paid_out_twice"]

    assert (note.severity, note.metadata["claimed"]) == (Severity.CRITICAL, 5000 + refunded_minor)
    assert "paid_out_twice" not in told(both, with_reversals(both, disputes=[dispute_telling(told_at=NOW + days(1))]))


@settings(max_examples=60, deadline=None)
@given(stories())
def test_what_was_told_already_is_never_news(story: Story) -> None:
    facts = facts_after(story)

    assert told(facts, told_at_once(facts, story.told)) == {}
