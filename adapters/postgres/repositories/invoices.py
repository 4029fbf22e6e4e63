"""Invoices: locked, read and listed. What is written about them is in `invoice_changes`."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from adapters.postgres.line import Line, Row
from adapters.postgres.pages import newest_first, of_firm
from adapters.postgres.repositories.firms import PostgresFirms
from adapters.postgres.repositories.invoice_changes import Standing, write_change, write_new
from adapters.postgres.repositories.outbox import KNOWN_KIND
from adapters.postgres.rows.disputes import dispute_of
from adapters.postgres.rows.facts import attempt_of, fact_of
from adapters.postgres.rows.firms import firm_of
from adapters.postgres.rows.invoices import figures_of, invoice_of, invoice_row_of
from adapters.postgres.rows.refunds import refund_of, request_of, total_of
from adapters.postgres.rows.work import outbox_item_of
from adapters.postgres.statements import OF_ITS_INVOICE, ById, names, rows_of
from adapters.postgres.tables.invoices import invoices
from domain.model.attempts import AttemptStatus, OwnAttempt, derive_attempts
from domain.model.errors import StaleVersion
from domain.model.exposure import Reversals
from domain.model.invoices import InvoiceFacts
from domain.model.outbox import OutboxItem
from domain.model.payment_facts import PaymentFact
from ports.repositories import Change, InvoiceFilter, InvoiceRow, LockedInvoice, Page, PageRequest

_LOCK = ById(
    f"""
SELECT {names(invoices, "i")}, f.name AS firm_name, f.stripe_account AS firm_stripe_account, f.policy AS firm_policy,
       f.created_at AS firm_created_at
FROM (SELECT * FROM invoices WHERE {{firm}} id = %(id)s FOR UPDATE) i JOIN firms f USING (firm_id)
"""  # noqa: S608 - column names of our own tables
)
# A statement of its own, sent along: one that waited for the lock would see the children as they were before it.
_PARTS = ById(
    """
SELECT (SELECT json_agg(a ORDER BY a.started_at, a.id) FROM attempts a WHERE {firm} a.invoice_id = %(id)s) AS attempts,
       (SELECT json_agg(p ORDER BY p.fact_key) FROM payment_facts p WHERE {firm} p.invoice_id = %(id)s) AS payments
""",
    in_system=OF_ITS_INVOICE,
)
_PARTS_AND_PENDING = ById(
    f"""
SELECT (SELECT json_agg(a ORDER BY a.started_at, a.id)
        FROM attempts a WHERE {{firm}} a.invoice_id = %(id)s) AS attempts,
       (SELECT json_agg(p ORDER BY p.fact_key)
        FROM payment_facts p WHERE {{firm}} p.invoice_id = %(id)s) AS payments,
       (SELECT json_agg(o) FROM (
            SELECT * FROM outbox
            WHERE {{firm}} invoice_id = %(id)s AND status IN ('due', 'claimed', 'held') AND {KNOWN_KIND}
            ORDER BY due_at, id FOR UPDATE) o) AS pending
""",  # noqa: S608 - kinds of our own
    in_system=OF_ITS_INVOICE,
)
# Asked only where the invoice says that there are any: a quarter of a lock's time, for what few invoices have.
_REVERSALS = ById(
    """
SELECT (SELECT json_agg(r ORDER BY r.stripe_refund_id)
        FROM refunds r WHERE {firm} r.invoice_id = %(id)s) AS refunds,
       (SELECT json_agg(t ORDER BY t.stripe_charge_id)
        FROM refund_totals t WHERE {firm} t.invoice_id = %(id)s) AS totals,
       (SELECT json_agg(q ORDER BY q.requested_at, q.id)
        FROM refund_requests q WHERE {firm} q.invoice_id = %(id)s) AS requests,
       (SELECT json_agg(d ORDER BY d.id)
        FROM disputes d WHERE {firm} d.invoice_id = %(id)s) AS disputes
""",
    in_system=OF_ITS_INVOICE,
)
_INVOICE = ById(rows_of(invoices, "WHERE {firm} id = %(id)s"))
_OPEN_IDS = ById(
    """
SELECT id FROM invoices
WHERE {firm} id > %(after)s AND (
    status IN ('draft', 'sent', 'failed', 'overdue', 'disputed')
    OR EXISTS (SELECT FROM disputes d WHERE d.firm_id = invoices.firm_id AND d.invoice_id = invoices.id AND d.is_open))
ORDER BY id LIMIT %(limit)s
"""
)
_NUMBERS_TAKEN = ById("SELECT count(*) AS taken FROM invoices WHERE {firm} number >= %(prefix)s AND number < %(end)s")
_GREATEST_CHARACTER = chr(0x10FFFF)
_USED_METHOD = ById(
    f"""
SELECT {names(invoices, "i")}, parts.attempts, parts.payments FROM (
    SELECT firm_id, invoice_id FROM payment_facts
    WHERE {{firm}} stripe_payment_method_id = %(method)s AND kind = 'failed' AND told_at >= %(since)s
    UNION
    SELECT firm_id, invoice_id FROM attempts
    WHERE {{firm}} stripe_payment_method_id = %(method)s AND started_at >= %(since)s
) used
JOIN invoices i ON i.firm_id = used.firm_id AND i.id = used.invoice_id
CROSS JOIN LATERAL (
    SELECT (SELECT json_agg(a) FROM attempts a WHERE a.firm_id = i.firm_id AND a.invoice_id = i.id) AS attempts,
           (SELECT json_agg(p) FROM payment_facts p WHERE p.firm_id = i.firm_id AND p.invoice_id = i.id) AS payments
) parts
"""  # noqa: S608 - column names of our own tables
)
# A charge is told of after it was made, an attempt ends after it began: the day is ample for both.
_SLACK = timedelta(days=1)


class PostgresInvoices:
    """The port `Invoices`."""

    def __init__(self, line: Line, firms: PostgresFirms) -> None:
        self._line = line
        self._firms = firms
        self._locked: dict[str, Standing] = {}

    def add(self, change: Change) -> None:
        """Store the new invoice; see the port."""
        self._line.require(change.after.invoice.firm_id)
        write_new(self._line, change)

    def lock(self, invoice_id: str) -> LockedInvoice | None:
        """The facts and the pending outbox rows, locked; see the port."""
        parameters = self._by_id(invoice_id)
        scope = self._line.scope
        heads, parts = self._line.ask_together(
            (_LOCK.within(scope), parameters), (_PARTS_AND_PENDING.within(scope), parameters)
        )
        if not heads:
            return None
        facts = _facts_of(heads[0], parts[0], _reversals_of(self._line, heads[0]))
        self._firms.remember(firm_of(_firm_part(heads[0])))
        self._locked[invoice_id] = Standing(facts, figures_of(heads[0]), _effective(parts[0]))
        return LockedInvoice(facts, _pending_of(parts[0]))

    def save(self, change: Change) -> tuple[OutboxItem, ...]:
        """Write a change of a locked invoice; see the port."""
        invoice_id = change.before.invoice.id
        self._line.require(change.before.invoice.firm_id)
        if invoice_id not in self._locked:
            self.lock(invoice_id)
        standing = self._locked.pop(invoice_id, None)
        if standing is None or standing.facts.version != change.before.version:
            raise self._line.failed(StaleVersion("The invoice was changed in between. Run the step again."))
        return write_change(self._line, change, standing)

    def get(self, invoice_id: str) -> InvoiceRow | None:
        """The invoice as stored, without a lock."""
        rows = self._line.ask(_INVOICE.within(self._line.scope), self._by_id(invoice_id))
        return invoice_row_of(rows[0]) if rows else None

    def page(self, wanted: InvoiceFilter, request: PageRequest) -> Page[InvoiceRow]:
        """Invoices, newest first; see the port."""
        column = invoices.c
        query = select(invoices).where(*of_firm(self._line, column.firm_id))
        if wanted.status is not None:
            query = query.where(column.status == str(wanted.status))
        if wanted.client_id is not None:
            query = query.where(column.client_id == wanted.client_id)
        if wanted.q is not None:
            is_found = column.number.icontains(wanted.q, autoescape=True)
            query = query.where(is_found | column.description.icontains(wanted.q, autoescape=True))
        return newest_first(self._line, query, request, order=(column.created_at, column.id), item_of=invoice_row_of)

    def forget(self) -> None:
        """The transaction that held the locks is over."""
        self._locked.clear()

    def _by_id(self, invoice_id: str) -> dict[str, Any]:
        return {"firm": self._line.scope.firm_id, "id": invoice_id}


class PostgresInvoiceHistory:
    """The port `InvoiceHistory`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def facts(self, invoice_id: str) -> InvoiceFacts | None:
        """The facts without a lock, for reading."""
        scope = self._line.scope
        parameters = {"firm": scope.firm_id, "id": invoice_id}
        heads, parts = self._line.ask_together((_INVOICE.within(scope), parameters), (_PARTS.within(scope), parameters))
        return _facts_of(heads[0], parts[0], _reversals_of(self._line, heads[0])) if heads else None

    def declined_at(self, stripe_payment_method_id: str, since: datetime) -> Sequence[datetime]:
        """When that payment method was declined, oldest first; see the port."""
        rows = self._asked(_USED_METHOD, method=stripe_payment_method_id, since=since - _SLACK)
        return sorted(at for row in rows for at in _declines(row, stripe_payment_method_id, since))

    def open_ids(self, after_id: str, limit: int) -> Sequence[str]:
        """Ids of invoices that may still have something to come; see the port."""
        return [row["id"] for row in self._asked(_OPEN_IDS, after=after_id, limit=limit)]

    def numbers_taken(self, prefix: str) -> int:
        """How many invoice numbers begin with `prefix`."""
        return int(self._asked(_NUMBERS_TAKEN, prefix=prefix, end=prefix + _GREATEST_CHARACTER)[0]["taken"])

    def _asked(self, statement: ById, **parameters: Any) -> list[Row]:
        scope = self._line.scope
        return self._line.ask(statement.within(scope), {"firm": scope.firm_id, **parameters})


def _reversals_of(line: Line, head: Row) -> Reversals:
    """What goes against the payments of the invoice that `head` is the row of."""
    if not head["has_reversals"]:
        return Reversals()
    (parts,) = line.ask(_REVERSALS.within(line.scope), {"firm": line.scope.firm_id, "id": head["id"]})
    return Reversals(
        refunds=tuple(refund_of(row) for row in parts["refunds"] or ()),
        totals=tuple(total_of(row) for row in parts["totals"] or ()),
        requests=tuple(request_of(row) for row in parts["requests"] or ()),
        disputes=tuple(dispute_of(row) for row in parts["disputes"] or ()),
    )


def _facts_of(head: Row, parts: Row, reversals: Reversals) -> InvoiceFacts:
    return InvoiceFacts(
        invoice=invoice_of(head),
        attempts=_attempts_of(parts),
        payments=_payments_of(parts),
        version=head["version"],
        reversals=reversals,
    )


def _attempts_of(parts: Row) -> tuple[OwnAttempt, ...]:
    return tuple(attempt_of(row) for row in parts["attempts"] or ())


def _payments_of(parts: Row) -> tuple[PaymentFact, ...]:
    return tuple(fact_of(row) for row in parts["payments"] or ())


def _effective(parts: Row) -> dict[str, AttemptStatus]:
    return {row["id"]: AttemptStatus(row["effective_status"]) for row in parts["attempts"] or ()}


def _pending_of(parts: Row) -> tuple[OutboxItem, ...]:
    return tuple(outbox_item_of(row) for row in parts["pending"] or ())


def _firm_part(head: Row) -> Row:
    return {
        "firm_id": head["firm_id"],
        "name": head["firm_name"],
        "stripe_account": head["firm_stripe_account"],
        "policy": head["firm_policy"],
        "created_at": head["firm_created_at"],
    }


def _declines(invoice: Row, stripe_payment_method_id: str, since: datetime) -> list[datetime]:
    return [
        attempt.at
        for attempt in derive_attempts(_attempts_of(invoice), _payments_of(invoice), invoice["currency"])
        if attempt.status is AttemptStatus.DECLINED
        and attempt.stripe_payment_method_id == stripe_payment_method_id
        and attempt.at >= since
    ]
