"""The summary of a firm's disputes: one pass over an index that holds all it asks for."""

from collections.abc import Sequence

from adapters.postgres.line import Row
from adapters.postgres.statements import ById
from domain.model.dispute_statuses import DisputeStatus
from ports.dispute_repositories import GroupBy, SummaryLine, SummaryRequest

_GROUPS = {
    None: "NULL::text",
    GroupBy.REASON: "reason",
    GroupBy.BRAND: "brand",
    GroupBy.CLIENT: "client_id",
    GroupBy.MONTH: "date_trunc('month', opened_at AT TIME ZONE 'UTC')",
}
_STATUSES = tuple(DisputeStatus)
_BY_STATUS = "".join(
    f", count(*) FILTER (WHERE status = '{status}') AS {status}_count"
    f", sum(amount_minor) FILTER (WHERE status = '{status}')::bigint AS {status}_amount"
    for status in _STATUSES
)
ROOM = "SELECT set_config('work_mem', '64MB', true)"
"""So that thousands of clients are summed up in memory. Until the transaction ends."""


def _statement(group_by: GroupBy | None, bounds: str) -> ById:
    shown = "to_char(part, 'YYYY-MM') AS part" if group_by is GroupBy.MONTH else "part"
    return ById(
        f"""
SELECT {shown}, currency, inquiries_count, resolved_count, extract(epoch FROM lasted)::float8 AS resolved_seconds,
       {", ".join(f"{status}_count, {status}_amount" for status in _STATUSES)}
FROM (
    SELECT {_GROUPS[group_by]} AS part, currency, count(*) FILTER (WHERE is_inquiry) AS inquiries_count,
           count(closed_at) AS resolved_count, sum(closed_at - opened_at) AS lasted{_BY_STATUS}
    FROM disputes WHERE {{firm}} {bounds} GROUP BY 1, currency
) sums
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
    """The sums in the port's order. PostgreSQL would sort all the disputes for it."""
    return sorted((_line(row) for row in rows), key=lambda line: (line.group is None, line.group or "", line.currency))


def _line(row: Row) -> SummaryLine:
    there = [status for status in _STATUSES if row[f"{status}_count"]]
    return SummaryLine(
        group=row["part"],
        currency=row["currency"],
        counts={status.value: row[f"{status}_count"] for status in there},
        amounts={status.value: row[f"{status}_amount"] for status in there},
        inquiries_count=row["inquiries_count"],
        resolved_count=row["resolved_count"],
        resolved_seconds=row["resolved_seconds"] or 0.0,
    )
