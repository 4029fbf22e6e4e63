"""What refunds and disputes do to an invoice. Expected values: design.md 5 (status, amounts), the issue (point 3)."""

from dataclasses import replace

import pytest

from domain.model.derivation import derive
from domain.model.invoices import InvoiceFacts, InvoiceState, InvoiceStatus, blocking_reason
from domain.model.outbox import OutboxItem, OutboxKind, OutboxStatus
from domain.model.policies import Terms
from domain.model.refunds import RefundStatus
from domain.model.schedule import Rescheduling, instead_of_running, reschedule
from tests.builders import NOW, WITHOUT_NOTICES, a_decline, a_success, an_invoice, an_outbox_item, days, facts_of
from tests.reversal_builders import (
    a_refund_request,
    dispute_telling,
    refund_telling,
    with_reversals,
)

TERMS = Terms(replace(WITHOUT_NOTICES, dispute_reminder_hours=()))
PAID = facts_of(payments=[a_success()])
PART_PAID = facts_of(
    payments=[
        a_success(amount_minor=2000),
        a_decline(stripe_charge_id="ch_2", stripe_payment_intent_id="pi_2", at=NOW + days(1)),
    ]
)
INQUIRY = ("warning_needs_response", "warning_under_review", "warning_closed")
OPEN = ("needs_response", "under_review", "appeal_needs_response", "appeal_under_review")
NO_LOSS = ("won", "prevented", "charge_refunded")


def state_of(facts: InvoiceFacts) -> InvoiceState:
    return derive(facts, TERMS)


def disputed(facts: InvoiceFacts, status: str, **changes: object) -> InvoiceFacts:
    """The facts with dispute `dp_1` of `ch_1` in this status; told later than the other statuses of its life."""
    later = {"told_at": NOW + days([*INQUIRY, *OPEN, "lost", *NO_LOSS].index(status))}
    return with_reversals(facts, disputes=[dispute_telling(stripe_status=status, **{**later, **changes})])


def amounts(facts: InvoiceFacts) -> tuple[str, int, int, int]:
    shown = state_of(facts).figures
    return shown.status, shown.amount_paid, shown.amount_refunded, shown.amount_disputed


@pytest.mark.parametrize("status", INQUIRY)
@pytest.mark.parametrize("facts", [PAID, PART_PAID, facts_of()])
def test_an_inquiry_leaves_the_invoice_as_it_is(facts: InvoiceFacts, status: str) -> None:
    assert state_of(disputed(facts, status)).figures == state_of(facts).figures


@pytest.mark.parametrize("status", OPEN[:2])
def test_an_open_chargeback_makes_the_invoice_disputed_and_lowers_nothing_yet(status: str) -> None:
    assert amounts(disputed(PAID, status)) == ("disputed", 5000, 0, 5000)


@pytest.mark.parametrize("status", OPEN[2:])
def test_an_appeal_keeps_what_was_lost_lost(status: str) -> None:
    assert amounts(disputed(disputed(PAID, "lost", told_at=NOW), status)) == ("disputed", 0, 0, 5000)


def test_a_loss_charges_the_invoice_back() -> None:
    assert amounts(disputed(PAID, "lost")) == ("charged_back", 0, 0, 5000)


def test_a_loss_lowers_the_amount_once_however_often_it_is_told() -> None:
    facts = PAID
    for day in range(4):
        facts = disputed(facts, "lost", told_at=NOW + days(day), amount_minor=3000)

    assert amounts(facts) == ("charged_back", 2000, 0, 3000)


@pytest.mark.parametrize("status", NO_LOSS)
@pytest.mark.parametrize("facts", [PAID, PART_PAID, with_reversals(PAID, refunds=[refund_telling()])])
@pytest.mark.parametrize("before", ["needs_response", "lost"])
def test_an_end_without_a_loss_restores_what_the_facts_give_without_it(
    facts: InvoiceFacts, status: str, before: str
) -> None:
    ended = disputed(disputed(facts, before, told_at=NOW), status, told_at=NOW + days(40))

    assert state_of(ended).figures == state_of(facts).figures


def test_a_loss_takes_at_most_what_the_refunds_left() -> None:
    facts = with_reversals(PAID, refunds=[refund_telling()])

    assert amounts(disputed(facts, "lost")) == ("charged_back", 2000, 2000, 3000)


def test_a_loss_larger_than_its_charge_takes_the_charge() -> None:
    assert amounts(disputed(PAID, "lost", amount_minor=9000)) == ("charged_back", 0, 0, 5000)


def test_two_partial_losses_of_one_charge_add_up() -> None:
    facts = disputed(disputed(PAID, "lost", amount_minor=1000), "lost", amount_minor=1500, stripe_dispute_id="dp_2")

    assert amounts(facts) == ("charged_back", 2500, 0, 2500)


def test_one_dispute_that_is_open_beside_one_that_was_lost_keeps_the_invoice_disputed() -> None:
    facts = disputed(disputed(PAID, "lost", amount_minor=1000), "under_review", stripe_dispute_id="dp_2")

    assert amounts(facts) == ("disputed", 4000, 0, 5000)


def test_a_loss_in_another_currency_takes_all_of_its_charge() -> None:
    assert amounts(disputed(PAID, "lost", amount_minor=100, currency="eur")) == ("charged_back", 0, 0, 5000)


def test_a_dispute_that_is_told_before_its_payment_lowers_nothing_below_zero() -> None:
    assert amounts(disputed(facts_of(), "lost")) == ("charged_back", 0, 0, 5000)


@pytest.mark.parametrize("status", [*OPEN, "lost", *NO_LOSS])
def test_a_void_invoice_stays_void(status: str) -> None:
    void = facts_of(an_invoice(voided_at=NOW), payments=[a_success()])

    assert state_of(disputed(void, status)).figures.status is InvoiceStatus.VOID


@pytest.mark.parametrize(
    ("amount_minor", "status"), [(1, "partially_refunded"), (4999, "partially_refunded"), (5000, "refunded")]
)
def test_refunds_show_in_the_status_and_do_not_lower_what_was_paid(amount_minor: int, status: str) -> None:
    facts = with_reversals(PAID, refunds=[refund_telling(amount_minor=amount_minor)])

    assert amounts(facts) == (status, 5000, amount_minor, 0)


@pytest.mark.parametrize("status", sorted(set(RefundStatus) - {RefundStatus.SUCCEEDED}))
def test_a_refund_that_did_not_succeed_leaves_the_invoice_paid(status: RefundStatus) -> None:
    assert amounts(with_reversals(PAID, refunds=[refund_telling(status=status)])) == ("paid", 5000, 0, 0)


def test_an_invoice_that_was_refunded_is_paid_again_when_the_refund_fails() -> None:
    told = [refund_telling(amount_minor=5000), refund_telling(amount_minor=5000, status=RefundStatus.FAILED)]

    assert amounts(with_reversals(PAID, refunds=told)) == ("paid", 5000, 0, 0)


def test_a_part_payment_that_was_refunded_keeps_the_invoice_failed() -> None:
    assert amounts(with_reversals(PART_PAID, refunds=[refund_telling()]))[0] == "failed"


# -- collection --------------------------------------------------------------------------------------------------------


def moves(facts: InvoiceFacts, *pending: OutboxItem) -> Rescheduling:
    return reschedule(facts, state_of(facts), TERMS, pending)


def retry_of(facts: InvoiceFacts) -> OutboxItem:
    """The retry that the facts ask for, as a row."""
    (wish,) = moves(facts).missing
    return an_outbox_item(kind=wish.kind, dedupe_key=wish.dedupe_key, due_at=wish.due_at, status=wish.status)


@pytest.mark.parametrize("status", OPEN[:2])
def test_an_open_chargeback_holds_the_retry(status: str) -> None:
    retry = retry_of(PART_PAID)

    facts = disputed(PART_PAID, status)

    (held,) = moves(facts, retry).changed
    assert (held.id, held.status) == (retry.id, OutboxStatus.HELD)
    assert state_of(facts).figures.next_payment_retry_at is None


@pytest.mark.parametrize("status", NO_LOSS)
def test_the_same_retry_goes_on_when_the_chargeback_ended_without_a_loss(status: str) -> None:
    retry = retry_of(PART_PAID)
    (held,) = moves(disputed(PART_PAID, "needs_response"), retry).changed

    rescheduling = moves(disputed(disputed(PART_PAID, "needs_response"), status), held)

    assert rescheduling == Rescheduling((), (retry,))


def test_a_loss_cancels_the_retry() -> None:
    (canceled,) = moves(disputed(PART_PAID, "lost"), retry_of(PART_PAID)).changed

    assert canceled.status is OutboxStatus.CANCELED


@pytest.mark.parametrize("status", INQUIRY)
def test_an_inquiry_lets_the_retry_be(status: str) -> None:
    assert moves(disputed(PART_PAID, status), retry_of(PART_PAID)) == Rescheduling((), ())


def test_a_first_attempt_is_held_as_well() -> None:
    facts = disputed(facts_of(), "needs_response")

    (wish,) = moves(facts).missing

    assert (wish.kind, wish.status) == (OutboxKind.COLLECT, OutboxStatus.HELD)


def test_a_retry_that_was_claimed_before_the_chargeback_came_is_held_and_not_run() -> None:
    retry, facts = retry_of(PART_PAID), disputed(PART_PAID, "needs_response")

    instead = instead_of_running(retry, facts, state_of(facts), NOW + days(30))

    assert instead is not None
    assert instead.status is OutboxStatus.HELD


@pytest.mark.parametrize("status", [*OPEN, "lost"])
def test_nobody_charges_an_invoice_under_a_chargeback(status: str) -> None:
    facts = disputed(PART_PAID, status)

    assert blocking_reason(facts.invoice, state_of(facts)) is not None


@pytest.mark.parametrize("status", [*INQUIRY, *NO_LOSS])
def test_a_person_may_charge_what_is_owed_beside_a_dispute_that_takes_nothing(status: str) -> None:
    facts = disputed(PART_PAID, status)

    assert blocking_reason(facts.invoice, state_of(facts)) is None


def test_a_refund_that_was_asked_for_has_a_row_until_its_refund_is_told() -> None:
    asked = with_reversals(PAID, requests=[a_refund_request()])
    told = with_reversals(asked, refunds=[refund_telling(request_id="rfr_1")])

    assert [(wish.kind, wish.refund_id) for wish in moves(asked).missing] == [(OutboxKind.REFUND, "rfr_1")]
    assert moves(told).missing == ()


def test_a_refund_of_somebody_else_does_not_cancel_the_row_of_ours() -> None:
    asked = with_reversals(PAID, requests=[a_refund_request()])
    row = retry_of(asked)

    assert moves(with_reversals(asked, refunds=[refund_telling()]), row) == Rescheduling((), ())
