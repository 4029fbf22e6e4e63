"""Refunds as Stripe tells of them and as we ask for them. Expected values: stripe-facts 9, the issue (point 5)."""

from datetime import timedelta
from itertools import permutations

import pytest

from domain.model.refunds import (
    RefundStatus,
    RequestStatus,
    merge_refunds,
    merge_totals,
    open_requests,
    unnamed_minor,
)
from tests.builders import NOW, days
from tests.reversal_builders import a_refund, a_refund_request, a_refund_total, refund_telling

SECOND = timedelta(seconds=1)
PENDING = refund_telling(status=RefundStatus.PENDING)
SUCCEEDED = refund_telling(told_at=NOW + days(1))
FAILED = refund_telling(status=RefundStatus.FAILED, told_at=NOW + days(20), failure_reason="declined")


@pytest.mark.parametrize("told", list(permutations([PENDING, SUCCEEDED, FAILED])))
def test_a_refund_that_fails_after_it_succeeded_has_failed_in_whatever_order_it_is_told(told) -> None:  # type: ignore[no-untyped-def]
    refund = a_refund(*told)

    assert refund.status is RefundStatus.FAILED
    assert (refund.succeeded_at, refund.failed_at) == (NOW + days(1), NOW + days(20))


def test_a_refund_does_not_succeed_after_it_failed_whatever_the_clock_says() -> None:
    late = refund_telling(told_at=FAILED.told_at + days(1))

    assert a_refund(FAILED, late).status is RefundStatus.FAILED


@pytest.mark.parametrize("status", [RefundStatus.FAILED, RefundStatus.CANCELED])
def test_a_refund_that_is_canceled_came_to_nothing_like_one_that_failed(status: RefundStatus) -> None:
    assert a_refund(status=status, told_at=NOW + days(1)).failed_at == NOW + days(1)


def test_a_refund_on_its_way_has_neither_succeeded_nor_failed() -> None:
    refund = a_refund(PENDING)

    assert (refund.succeeded_at, refund.failed_at) == (None, None)


def test_what_an_earlier_telling_alone_says_is_kept() -> None:
    bare = refund_telling(told_at=NOW + days(1), reason=None, stripe_payment_intent_id=None, request_id=None)

    refund = a_refund(refund_telling(status=RefundStatus.PENDING, request_id="ref_1"), bare)

    assert (refund.newest.reason, refund.newest.request_id) == ("requested_by_customer", "ref_1")
    assert refund.newest.stripe_payment_intent_id == "pi_1"


def test_a_refund_whose_making_no_telling_dates_was_made_when_first_told_of() -> None:
    told = [refund_telling(created_at=None, told_at=NOW + days(n)) for n in (2, 1, 3)]

    assert a_refund(*told).created_at == NOW + days(1)


def test_two_refunds_of_one_charge_are_two() -> None:
    refunds = merge_refunds((), [refund_telling(), refund_telling(stripe_refund_id="re_2"), refund_telling()])

    assert [refund.stripe_refund_id for refund in refunds] == ["re_1", "re_2"]


# -- what a charge says was refunded of it in all ----------------------------------------------------------------------


def test_the_newest_total_of_a_charge_stands() -> None:
    told = [a_refund_total(amount_minor=amount, told_at=NOW + days(day)) for day, amount in ((1, 2000), (2, 500))]

    assert merge_totals((), told) == merge_totals((told[1],), [told[0]]) == (told[1],)


def test_of_two_totals_told_in_one_second_the_greater_one_stands() -> None:
    told = [a_refund_total(amount_minor=2000), a_refund_total(amount_minor=3000)]

    assert merge_totals((), told) == merge_totals((), told[::-1]) == (told[1],)


def test_a_total_whose_refunds_nobody_named_is_all_unnamed() -> None:
    assert unnamed_minor(a_refund_total(amount_minor=2000), []) == 2000


@pytest.mark.parametrize("status", [RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION, RefundStatus.SUCCEEDED])
def test_a_total_counts_the_refunds_on_their_way(status: RefundStatus) -> None:
    assert unnamed_minor(a_refund_total(amount_minor=2500), [a_refund(status=status)]) == 500


def test_a_total_told_before_a_refund_was_made_does_not_hold_it() -> None:
    later = a_refund(created_at=NOW + SECOND, told_at=NOW + SECOND)

    assert unnamed_minor(a_refund_total(amount_minor=2000), [later]) == 2000


def test_a_total_told_after_a_refund_failed_does_not_hold_it() -> None:
    total = a_refund_total(amount_minor=1000, told_at=FAILED.told_at + SECOND)

    assert unnamed_minor(total, [a_refund(SUCCEEDED, FAILED)]) == 1000


def test_a_total_told_before_a_refund_failed_held_it() -> None:
    total = a_refund_total(told_at=FAILED.told_at - SECOND)

    assert unnamed_minor(total, [a_refund(SUCCEEDED, FAILED)]) == 0


def test_a_refund_that_failed_in_the_second_of_its_making_leaves_nothing_unnamed() -> None:
    failed = a_refund(PENDING, refund_telling(status=RefundStatus.FAILED))

    assert unnamed_minor(a_refund_total(), [failed]) == 0


def test_a_total_smaller_than_the_refunds_that_are_named_leaves_nothing_unnamed() -> None:
    assert unnamed_minor(a_refund_total(amount_minor=100), [a_refund()]) == 0


# -- what we asked for ourselves ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [RequestStatus.IN_FLIGHT, RequestStatus.UNKNOWN, RequestStatus.ACCEPTED])
def test_a_request_is_open_until_its_refund_is_told_of(status: RequestStatus) -> None:
    request = a_refund_request(status=status, stripe_refund_id="re_7" if status is RequestStatus.ACCEPTED else None)

    assert open_requests([request], []) == (request,)


def test_a_refused_request_is_not_open() -> None:
    assert open_requests([a_refund_request(status=RequestStatus.REFUSED)], []) == ()


@pytest.mark.parametrize("status", list(RefundStatus))
def test_a_request_is_settled_by_the_refund_that_names_it(status: RefundStatus) -> None:
    assert open_requests([a_refund_request()], [a_refund(request_id="rfr_1", status=status)]) == ()


def test_a_request_is_settled_by_the_refund_that_it_names() -> None:
    assert open_requests([a_refund_request(stripe_refund_id="re_1")], [a_refund()]) == ()


def test_a_refund_that_somebody_else_made_settles_no_request_of_ours() -> None:
    request = a_refund_request()

    assert open_requests([request], [a_refund(request_id=None)]) == (request,)
