"""What a dispute is, given all that was told of it. Expected values: design.md 1 and 5, stripe-facts 1 and 2."""

from datetime import timedelta
from itertools import permutations

import pytest

from domain.model.dispute_statuses import STRIPE_STATUSES, DisputeStatus, Stage
from domain.model.disputes import Deadline, Dispute, merge_disputes
from domain.model.money import Money
from tests.builders import FIRM_ID, NOW, OTHER_FIRM_ID, days
from tests.reversal_builders import a_dispute, a_reinstatement, a_withdrawal, dispute_telling, inquiry_telling

FOLDED = {
    "warning_needs_response": "opened",
    "warning_under_review": "under_review",
    "warning_closed": "closed",
    "needs_response": "opened",
    "under_review": "under_review",
    "charge_refunded": "closed",
    "prevented": "closed",
    "lost": "lost",
    "appeal_needs_response": "opened",
    "appeal_under_review": "under_review",
    "won": "won",
}


def life(*statuses: str, **changes: object) -> Dispute:
    """A dispute told of once a day, in these statuses."""
    told = [
        dispute_telling(stripe_status=status, told_at=NOW + days(day), **changes) for day, status in enumerate(statuses)
    ]
    return a_dispute(*told)


@pytest.mark.parametrize(("stripe_status", "status"), FOLDED.items())
def test_stripes_status_folds_into_ours(stripe_status: str, status: str) -> None:
    dispute = a_dispute(stripe_status=stripe_status)

    assert (dispute.status, dispute.stripe_status) == (status, stripe_status)


def test_every_status_that_is_known_is_folded() -> None:
    assert set(STRIPE_STATUSES) == set(FOLDED)


@pytest.mark.parametrize("stripe_status", FOLDED)
def test_the_prefix_alone_makes_an_inquiry(stripe_status: str) -> None:
    dispute = a_dispute(stripe_status=stripe_status, case_type=None, brand=None, is_charge_refundable=None)

    assert dispute.is_inquiry is stripe_status.startswith("warning_")


@pytest.mark.parametrize(
    ("stripe_status", "takes_money", "is_loss"),
    [
        ("warning_needs_response", False, False),
        ("warning_under_review", False, False),
        ("warning_closed", False, False),
        ("needs_response", True, False),
        ("under_review", True, False),
        ("charge_refunded", False, False),
        ("prevented", False, False),
        ("lost", False, True),
        ("appeal_needs_response", True, True),
        ("appeal_under_review", True, True),
        ("won", False, False),
    ],
)
def test_what_holds_money_and_what_has_lost_it(stripe_status: str, takes_money: bool, is_loss: bool) -> None:
    dispute = a_dispute(stripe_status=stripe_status)

    assert (dispute.is_open_chargeback, dispute.is_loss) == (takes_money, is_loss)


RANKS = [
    ["warning_needs_response", "needs_response"],
    ["needs_response", "under_review"],
    ["under_review", "prevented"],
    ["prevented", "lost"],
    ["lost", "appeal_needs_response"],
    ["appeal_under_review", "won"],
    ["warning_closed", "needs_response"],
]


@pytest.mark.parametrize(("below", "above"), RANKS)
def test_of_two_tellings_of_one_second_the_status_further_along_stands(below: str, above: str) -> None:
    told = [dispute_telling(stripe_status=below), dispute_telling(stripe_status=above)]

    assert a_dispute(*told).stripe_status == a_dispute(*told[::-1]).stripe_status == above


@pytest.mark.parametrize(("below", "above"), RANKS)
def test_the_later_telling_stands_whatever_its_rank(below: str, above: str) -> None:
    assert life(above, below).stripe_status == below


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_an_inquiry_that_escalates_is_lost_and_later_won_ends_as_won_in_any_order(order: tuple[int, ...]) -> None:
    statuses = ["warning_needs_response", "needs_response", "lost", "won"]
    told = [dispute_telling(stripe_status=status, told_at=NOW + days(n)) for n, status in enumerate(statuses)]

    dispute = a_dispute(*(told[number] for number in order))

    assert (dispute.status, dispute.closed_at) == (DisputeStatus.WON, NOW + days(3))
    assert dispute.resolution_reason == "Lost at first, won later."


@pytest.mark.parametrize("status", ["lost", "prevented"])
def test_a_dispute_that_arrives_decided_was_never_open(status: str) -> None:
    dispute = a_dispute(stripe_status=status, deadline=Deadline(None))

    assert (dispute.is_open, dispute.closed_at, dispute.respond_by) == (False, NOW, None)


def test_what_a_later_shape_does_not_show_is_kept() -> None:
    bare = dispute_telling(
        told_at=NOW + days(1),
        opened_at=None,
        stripe_payment_intent_id=None,
        brand=None,
        case_type=None,
        deadline=None,
        submissions=None,
        is_charge_refundable=None,
    )

    dispute = a_dispute(dispute_telling(submissions=1), bare)

    assert (dispute.newest.brand, dispute.newest.case_type, dispute.newest.submissions) == ("visa", "chargeback", 1)
    assert (dispute.respond_by, dispute.opened_at) == (NOW + days(9), NOW)
    assert (dispute.newest.stripe_payment_intent_id, dispute.is_charge_refundable) == ("pi_1", False)


def test_what_was_said_of_an_inquirys_charge_does_not_hold_for_the_chargeback() -> None:
    escalated = dispute_telling(told_at=NOW + days(1), is_charge_refundable=None)

    assert a_dispute(inquiry_telling()).is_charge_refundable is True
    assert a_dispute(inquiry_telling(), escalated).is_charge_refundable is None


def test_a_deadline_that_is_taken_away_is_gone() -> None:
    dispute = a_dispute(dispute_telling(), dispute_telling(told_at=NOW + days(1), deadline=Deadline(None)))

    assert dispute.respond_by is None


def test_amount_and_currency_are_the_newest_ones_together() -> None:
    dispute = a_dispute(
        dispute_telling(amount_minor=6000, currency="eur", told_at=NOW + days(2)), dispute_telling(amount_minor=5000)
    )

    assert (dispute.money.amount_minor, dispute.money.currency) == (6000, "eur")


def test_a_dispute_whose_opening_no_telling_dates_was_opened_when_first_told_of() -> None:
    told = [dispute_telling(opened_at=None, told_at=NOW + days(n)) for n in (3, 1, 2)]

    assert a_dispute(*told).opened_at == NOW + days(1)


# -- when it ended -----------------------------------------------------------------------------------------------------


def test_an_open_dispute_has_no_end() -> None:
    dispute = life("needs_response", "under_review")

    assert (dispute.closed_at, dispute.resolution, dispute.resolution_reason) == (None, None, None)


@pytest.mark.parametrize("ending", ["lost", "won", "warning_closed", "prevented"])
def test_a_dispute_ended_when_its_end_was_first_told(ending: str) -> None:
    assert life("under_review", ending, ending, ending).closed_at == NOW + days(1)


def test_an_older_telling_that_comes_late_does_not_move_the_end() -> None:
    ended = life("needs_response", "lost")
    late = dispute_telling(stripe_status="under_review", told_at=NOW + timedelta(hours=1))

    assert a_dispute(*ended.tellings, late).closed_at == NOW + days(1)


def test_a_loss_that_stands_after_an_appeal_did_not_end_before_it() -> None:
    assert life("lost", "appeal_under_review", "lost").closed_at == NOW + days(1)


@pytest.mark.parametrize("repeats", [1, 2, 7])
def test_the_end_after_an_appeal_does_not_move_when_it_is_told_again(repeats: int) -> None:
    statuses = ["lost", "appeal_needs_response", "appeal_under_review", *["lost"] * repeats]

    assert life(*statuses).closed_at == life(*statuses, "lost").closed_at


def test_a_dispute_that_was_open_again_has_no_end() -> None:
    assert life("lost", "appeal_needs_response").closed_at is None


@pytest.mark.parametrize(
    ("statuses", "words"),
    [
        (["needs_response", "won"], "The bank decided for the firm."),
        (["needs_response", "lost"], "Lost without evidence."),
        (["warning_needs_response", "warning_closed"], "The inquiry ended without a chargeback."),
        (["prevented"], "The dispute was prevented before it became a chargeback."),
        (["needs_response", "charge_refunded"], "The charge was refunded."),
        (["lost", "appeal_under_review", "won"], "Lost at first, won later."),
    ],
)
def test_the_resolution_has_its_reason_in_words(statuses: list[str], words: str) -> None:
    assert life(*statuses).resolution_reason == words


def test_a_dispute_that_was_contested_was_lost_by_the_banks_decision() -> None:
    assert life("under_review", "lost", submissions=1).resolution_reason == "The bank decided for the customer."


def test_a_dispute_that_was_accepted_says_so() -> None:
    dispute = a_dispute(stripe_status="lost", accept_requested_at=NOW)

    assert dispute.resolution_reason == "The firm accepted the dispute."


# -- evidence and rounds -----------------------------------------------------------------------------------------------


def test_evidence_counts_from_its_first_telling() -> None:
    told = [dispute_telling(submissions=count, told_at=NOW + days(day)) for day, count in ((0, 0), (2, 1), (1, 1))]

    assert a_dispute(*told).evidence_submitted_at == NOW + days(1)


@pytest.mark.parametrize("submissions", [None, 0])
def test_staged_evidence_is_not_submitted(submissions: int | None) -> None:
    dispute = a_dispute(submissions=submissions)

    assert (dispute.evidence_submitted_at, dispute.awaits_answer) == (None, True)


@pytest.mark.parametrize(
    ("status", "is_awaited"), [(status, status.endswith("needs_response")) for status in STRIPE_STATUSES]
)
def test_only_a_dispute_that_needs_a_response_awaits_one(status: str, is_awaited: bool) -> None:
    assert a_dispute(stripe_status=status).awaits_answer is is_awaited


def test_a_dispute_that_takes_no_answer_awaits_none() -> None:
    assert not a_dispute(deadline=Deadline(None)).awaits_answer


def test_a_dispute_that_was_answered_awaits_nothing() -> None:
    assert not a_dispute(submissions=1).awaits_answer


ANSWERED_INQUIRY = [
    inquiry_telling(),
    inquiry_telling(stripe_status="warning_under_review", submissions=1, told_at=NOW + days(1)),
]


@pytest.mark.parametrize("submissions", [0, 1, None])
def test_an_escalated_inquiry_awaits_an_answer_though_the_inquiry_had_one(submissions: int | None) -> None:
    escalated = dispute_telling(submissions=submissions, told_at=NOW + days(2))

    assert a_dispute(*ANSWERED_INQUIRY, escalated).awaits_answer


def test_an_escalated_inquiry_awaits_an_answer_though_nobody_told_that_the_inquiry_had_one() -> None:
    assert a_dispute(inquiry_telling(), dispute_telling(submissions=1, told_at=NOW + days(2))).awaits_answer


def test_an_escalated_inquiry_that_was_answered_again_awaits_nothing() -> None:
    told = [dispute_telling(submissions=count, told_at=NOW + days(1 + count)) for count in (1, 2)]

    assert not a_dispute(*ANSWERED_INQUIRY, *told).awaits_answer


def test_an_escalated_inquiry_whose_round_is_answered_first_awaits_nothing() -> None:
    told = [dispute_telling(submissions=count, told_at=NOW + days(1 + count)) for count in (0, 1)]

    assert not a_dispute(inquiry_telling(), *told).awaits_answer


def test_an_appeal_awaits_an_answer_though_the_chargeback_had_one() -> None:
    dispute = life("needs_response", "under_review", "lost", "appeal_needs_response", submissions=1)

    assert (dispute.stage, dispute.awaits_answer) == (Stage.APPEAL, True)


# -- money -------------------------------------------------------------------------------------------------------------


def test_balance_transactions_add_up_over_all_tellings_each_once() -> None:
    told = [
        dispute_telling(movements=(a_withdrawal(),)),
        dispute_telling(stripe_status="won", told_at=NOW + days(30), movements=(a_withdrawal(), a_reinstatement())),
        dispute_telling(stripe_status="won", told_at=NOW + days(31)),
    ]

    for order in permutations(told):
        dispute = a_dispute(*order)
        assert [movement.stripe_id for movement in dispute.movements] == ["txn_reinstated", "txn_withdrawn"]
        assert dispute.fee == Money(1500, "usd")


def test_a_dispute_has_one_id_in_its_firm_and_another_one_elsewhere() -> None:
    (mine,), (again,) = (merge_disputes(FIRM_ID, (), [dispute_telling(told_at=at)]) for at in (NOW, NOW + days(1)))
    (other,) = merge_disputes(OTHER_FIRM_ID, (), [dispute_telling()])

    assert (mine.id == again.id, mine.id == other.id) == (True, False)


def test_being_told_again_keeps_the_decision_to_accept() -> None:
    accepted = a_dispute(accept_requested_at=NOW)

    (dispute,) = merge_disputes(FIRM_ID, [accepted], [dispute_telling(stripe_status="lost", told_at=NOW + days(1))])

    assert dispute.accept_requested_at == NOW
