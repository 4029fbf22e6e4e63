"""Which of several snapshots still count. Expected values: design.md 1: merging is a maximum in a declared order."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.model.disputes import Dispute, merge_dispute
from domain.model.refunds import Refund, RefundStatus
from domain.model.snapshots import by_rank, by_time, that_count, told
from tests.builders import NOW
from tests.reversal_builders import dispute_telling, refund_telling
from tests.reversal_stories import any_dispute_telling, any_refund_telling

SECOND = timedelta(seconds=1)
dispute_tellings = st.lists(any_dispute_telling(), min_size=1, max_size=9)
refund_tellings = st.lists(any_refund_telling(), min_size=1, max_size=9)

DISPUTE_ANSWERS = (
    "newest",
    "status",
    "stage",
    "money",
    "is_open",
    "is_loss",
    "is_open_chargeback",
    "opened_at",
    "respond_by",
    "closed_at",
    "evidence_submitted_at",
    "awaits_answer",
    "resolution_reason",
)
REFUND_ANSWERS = ("newest", "status", "money", "created_at", "succeeded_at", "failed_at")


def test_snapshots_that_say_nothing_of_their_own_are_dropped() -> None:
    told_daily = [dispute_telling(told_at=NOW + n * SECOND) for n in range(50)]

    assert that_count(told_daily, by_time) == (told_daily[0], told_daily[-1])


def test_the_last_snapshot_that_shows_a_field_is_kept() -> None:
    shows = dispute_telling(told_at=NOW + SECOND, brand="amex")
    others = [dispute_telling(told_at=NOW + n * SECOND, brand=None) for n in (0, 2, 3)]

    kept = that_count([shows, *others], by_time)

    assert (shows in kept, told(kept, "brand")) == (True, "amex")


def test_a_field_that_nothing_shows_is_unknown() -> None:
    assert told([dispute_telling(brand=None)], "brand") is None


def test_rank_goes_before_time_where_a_thing_only_goes_forward() -> None:
    failed = refund_telling(status=RefundStatus.FAILED)
    late = refund_telling(told_at=NOW + SECOND)

    assert that_count([late, failed], by_rank)[-1] == failed


@settings(max_examples=80, deadline=None)
@given(dispute_tellings)
def test_dropping_snapshots_changes_no_answer_about_a_dispute(tellings) -> None:  # type: ignore[no-untyped-def]
    whole = Dispute("dsp_1", tuple(sorted(set(tellings), key=by_time)))

    kept = Dispute("dsp_1", that_count(tellings, by_time))

    assert [getattr(kept, name) for name in DISPUTE_ANSWERS] == [getattr(whole, name) for name in DISPUTE_ANSWERS]


@settings(max_examples=80, deadline=None)
@given(refund_tellings)
def test_dropping_snapshots_changes_no_answer_about_a_refund(tellings) -> None:  # type: ignore[no-untyped-def]
    whole = Refund(tuple(sorted(set(tellings), key=by_rank)))

    kept = Refund(that_count(tellings, by_rank))

    assert [getattr(kept, name) for name in REFUND_ANSWERS] == [getattr(whole, name) for name in REFUND_ANSWERS]


@settings(max_examples=80, deadline=None)
@given(dispute_tellings, dispute_tellings, dispute_tellings)
def test_merging_disputes_is_associative_commutative_and_idempotent(one, other, third) -> None:  # type: ignore[no-untyped-def]
    together = merge_dispute("dsp_1", None, [*one, *other, *third])

    apart = merge_dispute("dsp_1", merge_dispute("dsp_1", merge_dispute("dsp_1", None, third), one), other)

    assert merge_dispute("dsp_1", apart, [*other, *one]) == apart == together


@settings(max_examples=80, deadline=None)
@given(refund_tellings, refund_tellings)
def test_keeping_what_counts_is_associative(one, other) -> None:  # type: ignore[no-untyped-def]
    kept = that_count(one, by_rank)

    assert that_count([*kept, *that_count(other, by_rank)], by_rank) == that_count([*one, *other], by_rank)


@settings(max_examples=80, deadline=None)
@given(st.lists(any_dispute_telling(), min_size=1, max_size=40))
def test_what_is_kept_is_bounded_by_the_phases_and_the_fields(tellings) -> None:  # type: ignore[no-untyped-def]
    phases = {telling.phase for telling in tellings}

    assert len(that_count(tellings, by_time)) <= 2 * len(phases) + 16
