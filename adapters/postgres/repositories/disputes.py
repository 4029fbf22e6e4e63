"""Disputes: held, listed and summed up. Those of an invoice are written with it, in `reversal_changes`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal_column, select

from adapters.postgres.line import Line, Row
from adapters.postgres.pages import newest_first, of_firm, soonest_first
from adapters.postgres.repositories.dispute_summary import ROOM, lines_of, summary_statement
from adapters.postgres.repositories.reversal_changes import SAVE_UNMATCHED
from adapters.postgres.rows.disputes import dispute_row_of, standing_dispute_of, stored_dispute
from adapters.postgres.rows.values import as_json
from adapters.postgres.statements import ById, names, rows_of
from adapters.postgres.tables.columns import UtcDateTime
from adapters.postgres.tables.reversals import dispute_notes, disputes
from domain.model.disputes import Dispute
from domain.model.errors import Conflict
from ports.dispute_repositories import (
    DisputeFilter,
    DisputeOrder,
    DisputeRow,
    StandingDispute,
    SummaryLine,
    SummaryRequest,
)
from ports.repositories import Page, PageRequest

# There may be no row to lock yet: the id itself is locked. Our ids are made of the firm's, so no two firms share one.
_HOLD = "SELECT pg_advisory_xact_lock(hashtextextended('dispute ' || %(id)s, 0))"
_STANDING = ById(rows_of(disputes, "WHERE {firm} id = %(id)s"))
_ROW = ById(
    f"""
SELECT {names(disputes)}, (SELECT count(*) FROM dispute_notes n WHERE n.firm_id = disputes.firm_id
                           AND n.dispute_id = disputes.id AND n.version = 1) AS notes_count
FROM disputes WHERE {{firm}} (id = %(id)s OR stripe_dispute_id = %(id)s)
"""  # noqa: S608 - column names of our own tables
)
_OPEN = ById(
    "SELECT firm_id, stripe_dispute_id FROM disputes "
    "WHERE {firm} is_open AND opened_at < %(before)s ORDER BY updated_at, id LIMIT %(limit)s"
)
_ATTACHABLE = ById(
    """
SELECT d.firm_id, d.id, l.invoice_id FROM (SELECT * FROM disputes WHERE {firm} invoice_id IS NULL) d
CROSS JOIN LATERAL (
    SELECT l.invoice_id FROM stripe_links l
    WHERE l.firm_id = d.firm_id AND l.stripe_id IN (d.stripe_charge_id, d.stripe_payment_intent_id)
    ORDER BY l.stripe_id IS DISTINCT FROM d.stripe_charge_id LIMIT 1) l
ORDER BY d.firm_id, d.id LIMIT %(limit)s
"""
)
_NOTES_COUNT = (
    select(func.count())
    .select_from(dispute_notes)
    .where(
        dispute_notes.c.firm_id == disputes.c.firm_id,
        dispute_notes.c.dispute_id == disputes.c.id,
        dispute_notes.c.version == 1,
    )
    .scalar_subquery()
    .label("notes_count")
)
_NEVER: ColumnElement[datetime] = literal_column("'9999-12-31 00:00+00'::timestamptz", UtcDateTime)
_ANSWER_BY = func.coalesce(disputes.c.respond_by, _NEVER).label("answer_by")


class PostgresDisputes:
    """The port `Disputes`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def hold(self, dispute_id: str) -> StandingDispute | None:
        """Hold this dispute until the transaction ends; see the port."""
        statement, parameters = self._about(_STANDING, id=dispute_id)
        _, rows = self._line.ask_together((_HOLD, {"id": dispute_id}), (statement, parameters))
        return standing_dispute_of(rows[0]) if rows else None

    def save_unmatched(self, dispute: Dispute, now: datetime) -> None:
        """Store or replace a held dispute that belongs to no invoice yet; see the port."""
        row = stored_dispute(self._line.own_firm(), dispute, now, invoice_id=None, client_id=None)
        if not self._line.ask(SAVE_UNMATCHED, {"rows": as_json([row])}):
            raise self._line.failed(Conflict(f"dispute {dispute.id} belongs to an invoice already."))

    def get(self, dispute_id: str) -> DisputeRow | None:
        """The dispute by our id or by Stripe's."""
        rows = self._line.ask(*self._about(_ROW, id=dispute_id))
        return dispute_row_of(rows[0]) if rows else None

    def page(self, wanted: DisputeFilter, request: PageRequest) -> Page[DisputeRow]:
        """Disputes in the wanted order; see the port."""
        query = select(disputes, _NOTES_COUNT, _ANSWER_BY).where(*of_firm(self._line, disputes.c.firm_id))
        query = _filtered(query, wanted)
        if wanted.order is DisputeOrder.RESPOND_BY:
            order = (_ANSWER_BY, disputes.c.id)
            return soonest_first(self._line, query, request, order=order, item_of=dispute_row_of)
        order_by_age = (disputes.c.opened_at, disputes.c.id)
        return newest_first(self._line, query, request, order=order_by_age, item_of=dispute_row_of)

    def summary(self, wanted: SummaryRequest) -> Sequence[SummaryLine]:
        """Sums over all disputes in reach, by group and currency; see the port."""
        bounds = {"from": wanted.opened_from, "before": wanted.opened_before}
        _, rows = self._line.ask_together((ROOM, {}), self._about(summary_statement(wanted), **bounds))
        return lines_of(rows)

    def attachable(self, limit: int) -> Sequence[tuple[str, str, str]]:
        """Disputes whose invoice is known by now; see the port."""
        rows = self._line.ask(*self._about(_ATTACHABLE, limit=limit))
        return [(row["firm_id"], row["id"], row["invoice_id"]) for row in rows]

    def open_stripe_ids(self, opened_before: datetime, limit: int) -> Sequence[tuple[str, str]]:
        """(firm id, Stripe id) of open disputes; see the port."""
        rows = self._line.ask(*self._about(_OPEN, before=opened_before, limit=limit))
        return [(row["firm_id"], row["stripe_dispute_id"]) for row in rows]

    def _about(self, statement: ById, **parameters: Any) -> tuple[str, Row]:
        scope = self._line.scope
        return statement.within(scope), {"firm": scope.firm_id, **parameters}


def _filtered(query: Select[Any], wanted: DisputeFilter) -> Select[Any]:
    column = disputes.c
    if wanted.status is not None:
        query = query.where(column.status == str(wanted.status))
    if wanted.reason is not None:
        query = query.where(column.reason == wanted.reason)
    if wanted.client_id is not None:
        query = query.where(column.client_id == wanted.client_id)
    if wanted.invoice_id is not None:
        query = query.where(column.invoice_id == wanted.invoice_id)
    if wanted.respond_before is not None:
        query = query.where(column.respond_by < wanted.respond_before)
    if wanted.is_inquiry is not None:
        query = query.where(column.is_inquiry.is_(wanted.is_inquiry))
    if wanted.is_matched is not None:
        query = query.where(column.invoice_id.is_not(None) if wanted.is_matched else column.invoice_id.is_(None))
    return query
