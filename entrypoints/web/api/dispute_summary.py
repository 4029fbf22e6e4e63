"""Sums over disputes."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from domain.model.dispute_statuses import DisputeStatus
from domain.model.firms import Scope
from domain.services.dispute_desk import Sums, summarize
from entrypoints.web.api import shown
from entrypoints.web.api.blueprint import Answer, ApiBlueprint
from entrypoints.web.api.fields import Accepted, Choice
from entrypoints.web.api.shown import Shown
from entrypoints.web.api.spans import span, span_from, span_to
from entrypoints.web.application import ports
from entrypoints.web.authentication import caller
from ports.dispute_repositories import GroupBy, SummaryRequest

blueprint = ApiBlueprint("dispute-summary", path="/disputes/summary", description="Sums over disputes.")

_NAMES = {status: "open" if status is DisputeStatus.OPENED else status.value for status in DisputeStatus}
"""What a status is called in sums."""


class DisputeSummaryQuery(Accepted):
    """Which disputes to sum up, and by what."""

    span_from = span_from("Only disputes that were opened")
    span_to = span_to("Only disputes that were opened")
    group_by = Choice(
        [group.value for group in GroupBy],
        metadata={"description": "Sums of each group too; a month is that of the opening, in UTC."},
    )


class DisputedAmountsSchema(Shown):
    """Amounts of one currency, in minor units."""

    total = shown.number("All.", 12900)
    open = shown.number("Waiting for an answer.", 0)
    under_review = shown.number("With the bank.", 0)
    won = shown.number("Won.", 12900)
    lost = shown.number("Lost.", 0)
    closed = shown.number("Ended without a decision.", 0)


class DisputeSumsSchema(Shown):
    """Sums over some disputes, inquiries too."""

    total = shown.number("How many.", 12)
    open = shown.number("How many wait for an answer.", 2)
    under_review = shown.number("How many the bank looks at.", 1)
    won = shown.number("How many were won.", 6)
    lost = shown.number("How many were lost.", 2)
    closed = shown.number("How many ended without a decision.", 1)
    inquiries = shown.number("How many of the total are inquiries.", 3)
    win_rate = shown.fraction("Won over won plus lost; null when none was decided.", 0.75, nullable=True)
    average_days_to_resolve = shown.fraction(
        "From opening to end, over those that have ended; null when none has.", 41.5, nullable=True
    )
    amounts = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(DisputedAmountsSchema),
        required=True,
        metadata={
            "description": "Amounts by lower-case currency.",
            "example": {
                "eur": {"total": 12900, "open": 0, "under_review": 0, "won": 12900, "lost": 0, "closed": 0},
            },
        },
    )


class DisputeGroupSchema(DisputeSumsSchema):
    """The sums of one group."""

    key = shown.text(
        "The reason, month, brand or client id; null where a dispute has none.", "fraudulent", nullable=True
    )


class DisputeSummarySchema(DisputeSumsSchema):
    """The sums of all disputes of the time, and of each group."""

    groups = fields.List(
        fields.Nested(DisputeGroupSchema),
        required=True,
        metadata={"description": "The same for each group, largest first; empty without `group_by`."},
    )


@blueprint.operation(
    "GET", "", Answer(200, DisputeSummarySchema, "The sums."), scope=Scope.READ, query=DisputeSummaryQuery
)
def summarize_disputes(query: Mapping[str, Any]) -> dict[str, Any]:
    """Sum up the firm's disputes: how many, how much, how they ended, and the same by group.

    Inquiries are counted too. At most the 1,000 largest groups are shown; the totals hold all.
    """
    opened_from, opened_before = span(query)
    group_by = GroupBy(query["group_by"]) if "group_by" in query else None
    summary = summarize(ports(), caller().firm_id, SummaryRequest(opened_from, opened_before, group_by))
    groups = [{"key": key, **_shown(sums)} for key, sums in summary.groups]
    return {**_shown(summary.all), "groups": groups}


def _shown(sums: Sums) -> dict[str, Any]:
    return {
        "total": sums.total,
        **_by_name(sums.counts),
        "inquiries": sums.inquiries,
        "win_rate": sums.win_rate,
        "average_days_to_resolve": sums.average_days_to_resolve,
        "amounts": {currency: {"total": sum(of.values()), **_by_name(of)} for currency, of in sums.amounts.items()},
    }


def _by_name(numbers: Mapping[DisputeStatus, int]) -> dict[str, int]:
    return {_NAMES[status]: number for status, number in numbers.items()}
