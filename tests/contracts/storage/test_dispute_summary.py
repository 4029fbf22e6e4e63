"""`ports.dispute_repositories.Disputes.summary`."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.model.disputes import Dispute
from ports.dispute_repositories import GroupBy, SummaryLine, SummaryRequest
from ports.unit_of_work import UnitOfWork
from tests.builders import CLIENT_ID, FIRM_ID, NOW, OTHER_FIRM_ID, days
from tests.reversal_builders import a_dispute, dispute_telling, inquiry_telling
from tests.storage import dispute_invoice, in_firm, in_system, keep_invoice, southern_invoice

EMPTY = SummaryLine(None, "usd", {}, {}, 0, 0, 0.0)


def a_closed(stripe_dispute_id: str, stripe_status: str, *, after: timedelta, **changes: object) -> Dispute:
    """A dispute that was opened now and ended so much later."""
    opened = dispute_telling(stripe_dispute_id=stripe_dispute_id, **changes)
    return a_dispute(opened, replace(opened, stripe_status=stripe_status, told_at=NOW + after))


def summary(uow: UnitOfWork, **wanted: object) -> list[SummaryLine]:
    request = SummaryRequest(**wanted)  # type: ignore[arg-type]
    return in_firm(uow, lambda tx: [*tx.disputes.summary(request)])


def keep(uow: UnitOfWork, *disputes: Dispute) -> None:
    for dispute in disputes:
        in_firm(uow, lambda tx, d=dispute: tx.disputes.save_unmatched(d, NOW))


def test_without_disputes_there_is_nothing_to_sum_up(uow: UnitOfWork) -> None:
    assert [summary(uow, group_by=group_by) for group_by in (None, *GroupBy)] == [[]] * 5


def test_counts_and_amounts_are_by_status_and_currency(uow: UnitOfWork) -> None:
    keep(
        uow,
        a_dispute(stripe_dispute_id="dp_open", amount_minor=100),
        a_dispute(inquiry_telling(stripe_dispute_id="dp_inquiry", amount_minor=20)),
        a_dispute(stripe_dispute_id="dp_review", stripe_status="under_review", amount_minor=3),
        a_closed("dp_won", "won", after=days(30), amount_minor=1000),
        a_closed("dp_lost", "lost", after=timedelta(seconds=90), amount_minor=2000),
        a_closed("dp_lost_too", "lost", after=days(1), amount_minor=3000),
        a_closed("dp_yen", "prevented", after=days(2), amount_minor=7, currency="jpy"),
    )

    assert summary(uow) == [
        SummaryLine(None, "jpy", {"closed": 1}, {"closed": 7}, 0, 1, 2 * 86_400.0),
        SummaryLine(
            None,
            "usd",
            {"opened": 2, "under_review": 1, "won": 1, "lost": 2},
            {"opened": 120, "under_review": 3, "won": 1000, "lost": 5000},
            inquiries_count=1,
            resolved_count=3,
            resolved_seconds=31 * 86_400.0 + 90.0,
        ),
    ]


@pytest.mark.parametrize(
    ("bounds", "found"),
    [
        ({}, 3),
        ({"opened_from": NOW}, 2),
        ({"opened_before": NOW}, 1),
        ({"opened_from": NOW, "opened_before": NOW + days(1)}, 1),
        ({"opened_from": NOW + days(1)}, 1),
        ({"opened_from": NOW + days(2)}, 0),
    ],
)
@pytest.mark.parametrize("group_by", [None, *GroupBy])
def test_the_first_bound_belongs_to_the_time_asked_for_and_the_last_does_not(
    uow: UnitOfWork, bounds: dict[str, datetime], found: int, group_by: GroupBy | None
) -> None:
    keep(
        uow,
        a_dispute(stripe_dispute_id="dp_before", opened_at=NOW - timedelta(microseconds=1)),
        a_dispute(stripe_dispute_id="dp_at", opened_at=NOW),
        a_dispute(stripe_dispute_id="dp_after", opened_at=NOW + days(1)),
    )

    assert sum(line.counts["opened"] for line in summary(uow, group_by=group_by, **bounds)) == found


@pytest.mark.parametrize(
    ("group_by", "groups"),
    [
        (GroupBy.REASON, ["duplicate", "fraudulent", None]),
        (GroupBy.BRAND, ["amex", "visa", None]),
        (GroupBy.CLIENT, [CLIENT_ID, None]),
        (GroupBy.MONTH, ["2026-02", "2026-03"]),
    ],
)
def test_a_summary_is_split_by_its_groups_those_without_one_last(
    uow: UnitOfWork, group_by: GroupBy, groups: list[str | None]
) -> None:
    keep_invoice(uow)
    dispute_invoice(uow, dispute_telling(stripe_dispute_id="dp_of_client", reason="duplicate", brand="amex"))
    keep(
        uow,
        a_dispute(stripe_dispute_id="dp_bare", reason=None, brand=None),
        a_dispute(stripe_dispute_id="dp_february", opened_at=datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC)),
    )

    lines = summary(uow, group_by=group_by)

    assert [line.group for line in lines] == groups
    assert sum(line.counts["opened"] for line in lines) == 3
    assert sum(line.amounts["opened"] for line in lines) == 15_000


def test_a_firm_sums_up_its_own_and_the_system_everybodys(uow: UnitOfWork) -> None:
    keep(uow, a_dispute())
    keep_invoice(uow, southern_invoice())
    dispute_invoice(uow, dispute_telling(amount_minor=7), invoice=southern_invoice())

    def amounts(firm_id: str) -> list[dict[str, int]]:
        lines = in_firm(uow, lambda tx: tx.disputes.summary(SummaryRequest()), firm_id=firm_id)
        return [line.amounts for line in lines]

    assert amounts(FIRM_ID) == [{"opened": 5000}]
    assert amounts(OTHER_FIRM_ID) == [{"opened": 7}]
    assert in_system(uow, lambda tx: [*tx.disputes.summary(SummaryRequest())]) == [
        replace(EMPTY, counts={"opened": 2}, amounts={"opened": 5007})
    ]
