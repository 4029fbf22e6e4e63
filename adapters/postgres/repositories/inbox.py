"""Stored events: matched, recorded, replaced, listed."""

from collections.abc import Sequence

from sqlalchemy import select

from adapters.postgres.line import Line, Row
from adapters.postgres.pages import newest_first, of_firm
from adapters.postgres.rows.work import inbox_entry_of, inbox_values
from adapters.postgres.statements import rows_of
from adapters.postgres.tables.work import inbox
from domain.model.inbox import InboxEntry, InboxStatus
from ports.repositories import Match, Page, PageRequest

# `owners`: (firm, invoice) of the first hint that leads anywhere, all of them where firms contradict each other.
_MATCH = """
WITH hints AS (
    SELECT 0 AS rank, i.firm_id, i.id AS invoice_id FROM invoices i WHERE i.id = %(named)s
    UNION ALL
    SELECT told.rank, l.firm_id, l.invoice_id
    FROM unnest(%(stripe_ids)s::text[]) WITH ORDINALITY AS told (stripe_id, rank)
    JOIN stripe_links l ON l.stripe_id = told.stripe_id
), leads AS (
    SELECT hints.* FROM hints JOIN firms USING (firm_id) WHERE firms.stripe_account = %(account)s
)
SELECT (SELECT json_agg(json_build_array(firm_id, invoice_id)) FROM leads
        WHERE rank = (SELECT min(rank) FROM leads)) AS owners,
       ARRAY(SELECT firm_id FROM firms WHERE stripe_account = %(account)s LIMIT 2) AS of_account,
       CASE WHEN %(account)s = '' OR EXISTS (SELECT FROM firms WHERE stripe_account = %(account)s) THEN NULL
            ELSE ARRAY(SELECT firm_id FROM firms WHERE NOT EXISTS (SELECT FROM firms WHERE stripe_account <> '')
                       LIMIT 2) END AS without_account,
       EXISTS (SELECT FROM inbox_mentions
               WHERE account = %(account)s AND stripe_id = ANY(%(stripe_ids)s::text[])) AS wakes_others
"""
_RECORD = """
INSERT INTO inbox (firm_id, account, event_id, type, livemode, api_version, created_at, body, status, received_at,
                   invoice_id, error, processed_at, tries, stripe_ids)
VALUES (%(firm_id)s, %(account)s, %(event_id)s, %(type)s, %(livemode)s, %(api_version)s, %(created_at)s,
        %(body)s::json, %(status)s, %(received_at)s, %(invoice_id)s, %(error)s, %(processed_at)s, %(tries)s,
        %(stripe_ids)s::text[])
ON CONFLICT (event_id, account) DO NOTHING RETURNING event_id
"""
_SAVE = """
UPDATE inbox SET firm_id = %(firm_id)s, status = %(status)s, received_at = %(received_at)s,
       invoice_id = %(invoice_id)s, error = %(error)s, processed_at = %(processed_at)s, tries = %(tries)s,
       stripe_ids = %(stripe_ids)s::text[]
WHERE event_id = %(event_id)s AND account = %(account)s
"""
_UNMENTION = "DELETE FROM inbox_mentions WHERE event_id = %(event_id)s AND account = %(account)s"
_MENTION = """
INSERT INTO inbox_mentions (firm_id, account, stripe_id, event_id)
SELECT %(firm_id)s, %(account)s, stripe_id, %(event_id)s
FROM (SELECT DISTINCT unnest(%(stripe_ids)s::text[]) AS stripe_id) told
"""
_LOCK = rows_of(inbox, "WHERE event_id = %(event_id)s AND account = %(account)s FOR UPDATE")
# An object is known to one firm of the account alone: what two of them claim stays unmatched until a person decides.
_MATCHABLE = """
SELECT e.account, e.event_id FROM inbox e
WHERE e.status = 'unmatched' AND EXISTS (
    SELECT FROM inbox_mentions m
    JOIN stripe_links l ON l.stripe_id = m.stripe_id
    JOIN firms f ON f.firm_id = l.firm_id AND f.stripe_account = m.account
    WHERE m.event_id = e.event_id AND m.account = e.account
    GROUP BY m.stripe_id HAVING count(*) = 1)
ORDER BY e.received_at, e.account, e.event_id LIMIT %(limit)s
"""
_MENTIONING = """
SELECT e.account, e.event_id FROM inbox e
WHERE (e.event_id, e.account) IN (
    SELECT m.event_id, m.account FROM inbox_mentions m WHERE m.stripe_id = ANY(%(stripe_ids)s::text[]))
ORDER BY e.received_at, e.account, e.event_id LIMIT %(limit)s
"""
_WITH_STATUS = """
SELECT account, event_id FROM inbox
WHERE status = %(status)s AND (%(tries_max)s::integer IS NULL OR tries <= %(tries_max)s)
ORDER BY received_at, account, event_id LIMIT %(limit)s
"""
_FIND = "SELECT account, event_id FROM inbox WHERE event_id = %(event_id)s ORDER BY account"


class PostgresInbox:
    """The port `Inbox`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def match(self, account: str, named_invoice_id: str | None, stripe_ids: Sequence[str]) -> Match:
        """Whose event this is; see the port."""
        parameters = {"account": account, "named": named_invoice_id, "stripe_ids": list(stripe_ids)}
        (row,) = self._line.ask(_MATCH, parameters)
        owners: list[list[str]] = row["owners"] or []
        wakes_others = bool(row["wakes_others"])
        if len(owners) == 1:
            firm_id, invoice_id = owners[0]
            return Match(firm_id, invoice_id, wakes_others=wakes_others)
        if owners:
            return Match(is_ambiguous=True, wakes_others=wakes_others)
        return Match(firm_id=_firm_of(row), wakes_others=wakes_others)

    def record(self, entry: InboxEntry) -> bool:
        """Store the event unless it is stored already; see the port."""
        self._line.require(entry.firm_id)
        values = inbox_values(entry)
        if not self._line.ask(_RECORD, values):
            return False
        if entry.status is InboxStatus.UNMATCHED:
            self._line.ask(_MENTION, values)
        return True

    def lock(self, account: str, event_id: str) -> InboxEntry | None:
        """The stored event, locked."""
        rows = self._line.ask(_LOCK, {"account": account, "event_id": event_id})
        return inbox_entry_of(rows[0]) if rows else None

    def save(self, entry: InboxEntry) -> None:
        """Replace the processing state."""
        self._line.require(entry.firm_id)
        values = inbox_values(entry)
        statements = [(_SAVE, values), (_UNMENTION, values)]
        if entry.status is InboxStatus.UNMATCHED:
            statements.append((_MENTION, values))
        self._line.ask_together(*statements)

    def page(self, status: str | None, request: PageRequest) -> Page[InboxEntry]:
        """Stored events, newest first; see the port."""
        column = inbox.c
        query = select(inbox).where(*of_firm(self._line, column.firm_id))
        if status is not None:
            query = query.where(column.status == str(status))
        order = (column.received_at, column.account, column.event_id)
        return newest_first(self._line, query, request, order=order, item_of=inbox_entry_of)


class PostgresInboxBacklog:
    """The port `InboxBacklog`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def matchable(self, limit: int) -> Sequence[tuple[str, str]]:
        """Unmatched events one of whose objects is known by now; see the port."""
        return _keys(self._line.ask(_MATCHABLE, {"limit": limit}))

    def mentioning(self, stripe_ids: Sequence[str], limit: int) -> Sequence[tuple[str, str]]:
        """Unmatched events that speak of one of these objects; see the port."""
        return _keys(self._line.ask(_MENTIONING, {"stripe_ids": list(stripe_ids), "limit": limit}))

    def with_status(self, status: InboxStatus, tries_max: int | None, limit: int) -> Sequence[tuple[str, str]]:
        """Events in that status, oldest first; see the port."""
        parameters = {"status": status.value, "tries_max": tries_max, "limit": limit}
        return _keys(self._line.ask(_WITH_STATUS, parameters))

    def find(self, event_id: str) -> Sequence[tuple[str, str]]:
        """Every stored event with that id."""
        return _keys(self._line.ask(_FIND, {"event_id": event_id}))


def _firm_of(row: Row) -> str | None:
    """The account's firm; the only one without an account; for an account that nobody has, the only firm at all."""
    firms: list[str] = row["of_account"] or row["without_account"] or []
    return firms[0] if len(firms) == 1 else None


def _keys(rows: Sequence[Row]) -> list[tuple[str, str]]:
    return [(row["account"], row["event_id"]) for row in rows]
