"""The summary of a firm's disputes: one pass over an index that holds all it asks for."""

from collections.abc import Sequence

from adapters.postgres.line import Row
from adapters.postgres.statements import ById
from domain.model.disputes import DisputeStatus
from ports.dispute_repositories import GroupBy, SummaryLine, SummaryRequest

_GROUPS = {
    None: "NULL::text",
    GroupBy.REASON: "reason",
    GroupBy.BRAND: "brand",
    GroupBy.CLIENT: "client_id",
    GroupBy.MONTH: "date_trunc('month', opened_at, 'UTC')",
}
_SHOWN = {GroupBy.MONTH: "to_char(part AT TIME ZONE 'UTC', 'YYYY-MM')"}
_STATUSES = tuple(DisputeStatus)


def _statement(group_by: GroupBy | None, bounds: str) -> ById:
    """Rows are summed by status first, so that the many are looked at once and only the few by status."""
    by_status = "".join(
        f", sum(count) FILTER (WHERE status = '{status}')::bigint AS {status}_count"
        f", sum(amount) FILTER (WHERE status = '{status}')::bigint AS {status}_amount"
        for status in _STATUSES
    )
    return ById(
        f"""
SELECT {_SHOWN.get(group_by, "part") if group_by else "part"} AS part, currency,
       sum(inquiries)::bigint AS inquiries_count, sum(resolved)::bigint AS resolved_count,
       extract(epoch FROM sum(lasted))::double precision AS resolved_seconds{by_status}
FROM (
    SELECT {_GROUPS[group_by]} AS part, currency, status, count(*) AS count, sum(amount_minor) AS amount,
           count(*) FILTER (WHERE is_inquiry) AS inquiries, count(closed_at) AS resolved,
           sum(closed_at - opened_at) AS lasted
    FROM disputes WHERE {{firm}} {bounds} GROUP BY 1, currency, status
) sums GROUP BY sums.part, currency ORDER BY sums.part NULLS LAST, currency
"""  # noqa: S608 - column names and statuses of our own
    )


_FROM, _BEFORE = "opened_at >= %(from)s", "opened_at < %(before)s"
_STATEMENTS = {
    (group_by, has_from, has_before): _statement(
        group_by, " AND ".join(["true", *[_FROM] * has_from, *[_BEFORE] * has_before])
    )
    for group_by in _GROUPS
    for has_from in (False, True)
    for has_before in (False, True)
}


def summary_statement(wanted: SummaryRequest) -> ById:
    """What answers the request; its parameters are `from` and `before`."""
    return _STATEMENTS[wanted.group_by, wanted.opened_from is not None, wanted.opened_before is not None]


def lines_of(rows: Sequence[Row]) -> list[SummaryLine]:
    """The sums, a status that nothing has left out."""
    return [_line(row) for row in rows]


def _line(row: Row) -> SummaryLine:
    there = [status for status in _STATUSES if row[f"{status}_count"] is not None]
    return SummaryLine(
        group=row["part"],
        currency=row["currency"],
        counts={status.value: row[f"{status}_count"] for status in there},
        amounts={status.value: row[f"{status}_amount"] for status in there},
        inquiries_count=row["inquiries_count"],
        resolved_count=row["resolved_count"],
        resolved_seconds=row["resolved_seconds"] or 0.0,
    )
