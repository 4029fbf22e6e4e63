"""Reminders before a dispute's deadline. Expected values: the issue (point 7), design.md 5 (disputes)."""

from datetime import timedelta

import pytest

from domain.model.dispute_deadlines import dispute_wishes, reminders
from domain.model.dispute_statuses import STRIPE_STATUSES
from domain.model.disputes import Deadline, Dispute, DisputeTelling, merge_dispute
from domain.model.outbox import OutboxItem, OutboxKind, OutboxStatus, Wish
from domain.model.policies import Policy
from domain.model.schedule import Rescheduling, reschedule_dispute
from tests.builders import NOW, an_outbox_item, days
from tests.reversal_builders import a_dispute, dispute_telling, inquiry_telling

RESPOND_BY = NOW + days(9)
POLICY = Policy()
HOURS = (168, 72, 24, 4)
DUE = {RESPOND_BY - timedelta(hours=hours) for hours in HOURS}


def due(dispute: Dispute, policy: Policy = POLICY) -> set[object]:
    return {reminder.due_at for reminder in reminders(dispute, policy)}


def rows_of(dispute: Dispute) -> list[OutboxItem]:
    """The rows that the dispute's wishes became."""
    return [row_of(wish) for wish in dispute_wishes(dispute, POLICY)]


def row_of(wish: Wish) -> OutboxItem:
    return an_outbox_item(kind=wish.kind, dedupe_key=wish.dedupe_key, due_at=wish.due_at, status=wish.status)


def told_also(dispute: Dispute, telling: DisputeTelling) -> Dispute:
    return merge_dispute(dispute.id, dispute, [telling])


def moved(before: Dispute, after: Dispute) -> Rescheduling:
    """What happens to the rows of `before` when the dispute has become `after`."""
    return reschedule_dispute(after, POLICY, rows_of(before))


def test_reminders_are_due_a_week_three_days_a_day_and_four_hours_before() -> None:
    assert due(a_dispute()) == DUE


def test_an_inquiry_is_reminded_of_as_well() -> None:
    assert due(a_dispute(inquiry_telling())) == DUE


def test_the_policy_says_when() -> None:
    assert due(a_dispute(), Policy(dispute_reminder_hours=(1,))) == {RESPOND_BY - timedelta(hours=1)}


def test_a_policy_may_want_none() -> None:
    assert due(a_dispute(), Policy(dispute_reminder_hours=())) == set()


@pytest.mark.parametrize(("allowed", "hours"), [(days(7), (72, 24, 4)), (days(1), (4,)), (timedelta(hours=2), ())])
def test_nobody_is_reminded_of_a_time_before_the_dispute_was_opened(allowed: timedelta, hours: tuple[int, ...]) -> None:
    dispute = a_dispute(deadline=Deadline(NOW + allowed))

    assert due(dispute) == {NOW + allowed - timedelta(hours=hour) for hour in hours}


def test_a_dispute_that_takes_no_answer_has_no_reminders() -> None:
    assert due(a_dispute(deadline=Deadline(None))) == set()


def test_a_dispute_whose_deadline_nobody_told_has_no_reminders() -> None:
    assert due(a_dispute(deadline=None)) == set()


@pytest.mark.parametrize("status", [status for status in STRIPE_STATUSES if not status.endswith("needs_response")])
def test_a_dispute_that_waits_for_no_answer_has_no_reminders(status: str) -> None:
    assert due(a_dispute(stripe_status=status)) == set()


def test_a_deadline_that_moves_takes_its_reminders_along() -> None:
    before = a_dispute()
    after = told_also(before, dispute_telling(told_at=NOW + days(1), deadline=Deadline(RESPOND_BY + days(5))))

    moves = moved(before, after)

    assert {wish.due_at for wish in moves.missing} == {at + days(5) for at in DUE}
    assert [item.status for item in moves.changed] == [OutboxStatus.CANCELED] * 4


def test_a_deadline_that_moves_forth_and_back_has_the_reminders_that_it_had() -> None:
    before = a_dispute()
    away = told_also(before, dispute_telling(told_at=NOW + days(1), deadline=Deadline(RESPOND_BY + days(5))))
    back = told_also(away, dispute_telling(told_at=NOW + days(2)))

    assert dispute_wishes(back, POLICY) == dispute_wishes(before, POLICY)


ENDS = [
    dispute_telling(told_at=NOW + days(1), submissions=1),
    dispute_telling(told_at=NOW + days(1), deadline=Deadline(None)),
    *(
        dispute_telling(told_at=NOW + days(1), stripe_status=status)
        for status in ("under_review", "won", "lost", "prevented", "charge_refunded")
    ),
]


@pytest.mark.parametrize("telling", ENDS)
def test_an_answer_or_an_end_cancels_the_reminders(telling: DisputeTelling) -> None:
    before = a_dispute()

    moves = moved(before, told_also(before, telling))

    assert moves.missing == ()
    assert [item.status for item in moves.changed] == [OutboxStatus.CANCELED] * 4


def test_staged_evidence_cancels_nothing() -> None:
    before = a_dispute()

    assert moved(before, told_also(before, dispute_telling(told_at=NOW + days(1)))) == Rescheduling((), ())


def test_an_older_telling_that_comes_late_brings_no_reminder_back() -> None:
    lost = a_dispute(stripe_status="lost", told_at=NOW + days(1))

    assert due(told_also(lost, dispute_telling())) == set()


ANSWERED = [
    inquiry_telling(),
    inquiry_telling(stripe_status="warning_under_review", submissions=1, told_at=NOW + days(1)),
]


def test_the_reminders_live_again_when_an_answered_inquiry_becomes_a_chargeback() -> None:
    respond_by = NOW + days(30)
    escalated = dispute_telling(told_at=NOW + days(15), submissions=1, deadline=Deadline(respond_by))

    dispute = a_dispute(*ANSWERED, escalated)

    assert due(dispute) == {respond_by - timedelta(hours=hours) for hours in HOURS}


def test_the_same_deadline_in_a_new_round_asks_for_the_same_rows_again() -> None:
    escalated = a_dispute(*ANSWERED, dispute_telling(told_at=NOW + days(2), submissions=1))

    assert [wish.dedupe_key for wish in dispute_wishes(escalated, POLICY)] == [
        item.dedupe_key for item in rows_of(a_dispute(inquiry_telling()))
    ]


def test_the_reminders_live_again_in_an_appeal() -> None:
    told = [dispute_telling(stripe_status="lost", submissions=1, told_at=NOW + days(60))]
    respond_by = NOW + days(80)
    appeal = dispute_telling(
        stripe_status="appeal_needs_response", submissions=1, told_at=NOW + days(70), deadline=Deadline(respond_by)
    )

    assert due(a_dispute(*told, appeal)) == {respond_by - timedelta(hours=hours) for hours in HOURS}


def test_a_row_that_somebody_has_claimed_is_left_to_its_holder() -> None:
    before = a_dispute()
    claimed = [
        an_outbox_item(kind=item.kind, dedupe_key=item.dedupe_key, due_at=item.due_at, status=OutboxStatus.CLAIMED)
        for item in rows_of(before)
    ]

    assert reschedule_dispute(told_also(before, ENDS[0]), POLICY, claimed) == Rescheduling((), ())


# -- conceding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["warning_needs_response", "needs_response", "appeal_needs_response"])
def test_a_dispute_that_is_to_be_accepted_has_a_row_for_it(status: str) -> None:
    dispute = a_dispute(stripe_status=status, accept_requested_at=None)
    accepted = a_dispute(dispute.tellings[0], accept_requested_at=NOW)

    (wish,) = [wish for wish in dispute_wishes(accepted, POLICY) if wish.kind is OutboxKind.ACCEPT_DISPUTE]

    assert (wish.due_at, wish.dispute_id) == (NOW, dispute.id)


def test_a_dispute_that_has_ended_is_not_accepted_any_more() -> None:
    lost = a_dispute(dispute_telling(stripe_status="lost"), accept_requested_at=NOW)

    assert dispute_wishes(lost, POLICY) == []


def test_a_second_decision_to_accept_is_a_row_of_its_own() -> None:
    first, second = (a_dispute(dispute_telling(), accept_requested_at=at) for at in (NOW, NOW + days(1)))

    assert dispute_wishes(first, POLICY)[-1].dedupe_key != dispute_wishes(second, POLICY)[-1].dedupe_key
