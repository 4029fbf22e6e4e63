"""Traces of a client in stored events and answers."""

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.postgres.line import Line
from adapters.postgres.rows.values import as_json
from adapters.postgres.rows.work import inbox_entry_of
from adapters.postgres.statements import names
from adapters.postgres.tables.work import inbox
from domain.model.erasure import ERASED_NOTE
from domain.model.inbox import InboxEntry
from ports.personal_data import EventKey, Trace

# By the text and not by JSON operators: these refuse a body that holds \u0000 anywhere.
_EVENTS = f"""
SELECT {names(inbox, "e")}, (e.firm_id = %(firm)s OR e.firm_id IS NULL) AND (
    e.invoice_id = ANY(%(invoices)s::text[])
    OR strpos(e.body::text, %(customer)s) > 0) IS TRUE AS is_theirs
FROM inbox e WHERE (e.event_id, e.account) > (%(event_id)s, %(account)s)
ORDER BY e.event_id, e.account LIMIT %(limit)s
"""  # noqa: S608 - column names of our own tables
_NOTES = """
UPDATE dispute_notes n SET body = %(erased)s FROM disputes d
WHERE d.firm_id = n.firm_id AND d.id = n.dispute_id AND n.firm_id = %(firm)s AND d.invoice_id = %(invoice)s
"""
_REPLACE = "UPDATE inbox SET body = %(body)s::json WHERE event_id = %(event_id)s AND account = %(account)s"
# A key without an answer: who sends the request again is told to look whether it was carried out.
_FORGET = """
UPDATE idempotency_keys SET status = 0, body = NULL
WHERE firm_id = %(firm)s AND status <> 0 AND strpos(body::text, %(text)s) > 0 RETURNING key
"""


class PostgresPersonalData:
    """The port `PersonalData`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def events(self, trace: Trace, after: EventKey | None, limit: int) -> tuple[Sequence[InboxEntry], EventKey | None]:
        """The client's events; see the port."""
        event_id, account = after or ("", "")
        customer = None if trace.stripe_customer_id is None else f'"{trace.stripe_customer_id}"'
        parameters = {
            "firm": trace.firm_id,
            "invoices": sorted(trace.invoice_ids),
            "customer": customer,
            "event_id": event_id,
            "account": account,
            "limit": limit,
        }
        rows = self._line.ask(_EVENTS, parameters)
        following = (rows[-1]["event_id"], rows[-1]["account"]) if len(rows) == limit else None
        return [inbox_entry_of(row) for row in rows if row["is_theirs"]], following

    def replace_body(self, account: str, event_id: str, body: Mapping[str, Any]) -> None:
        """Put another body in the place of a stored event's."""
        self._line.ask(_REPLACE, {"account": account, "event_id": event_id, "body": as_json(body)})

    def erase_notes(self, invoice_id: str) -> None:
        """Take away what was written about the invoice's disputes; see the port."""
        self._line.ask(_NOTES, {"firm": self._line.own_firm(), "invoice": invoice_id, "erased": ERASED_NOTE})

    def forget_answers(self, text: str) -> int:
        """Forget answers that hold `text`; see the port."""
        return len(self._line.ask(_FORGET, {"firm": self._line.own_firm(), "text": text}))
