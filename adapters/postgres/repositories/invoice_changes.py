"""Writing a change of an invoice: what differs and nothing else, in one round trip."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.postgres.line import Line, Row
from adapters.postgres.repositories.outbox import ADD, SAVE, added_rows, once_each, saved_values
from adapters.postgres.repositories.reversal_changes import reversal_rows, reversal_statements, taken_by_another
from adapters.postgres.rows.facts import attempt_row, fact_row
from adapters.postgres.rows.invoices import stored_invoice
from adapters.postgres.rows.journal import audit_row, ledger_row
from adapters.postgres.rows.values import as_json
from adapters.postgres.rows.work import outbox_row
from adapters.postgres.statements import Statements, from_excluded, from_row, insert
from adapters.postgres.tables.invoices import attempts, invoices, payment_facts
from adapters.postgres.tables.journal import audit_events, ledger_entries, ledger_times
from domain.model.attempts import OPEN_STATUSES, AttemptStatus, OwnAttempt
from domain.model.errors import Conflict, StaleVersion
from domain.model.exposure import Reversals
from domain.model.invoices import InvoiceFacts, InvoiceFigures
from domain.model.outbox import OutboxItem
from ports.repositories import Change

_HEAD_ADDED = insert(invoices, "rows")
_HEAD_SAVED = f"""
UPDATE invoices i SET {from_row(invoices, "n", without=("firm_id", "id", "created_at"))}
FROM json_populate_record(NULL::invoices, %(row)s::json) n
WHERE i.firm_id = %(firm)s AND i.id = %(id)s AND i.version = %(version)s RETURNING i.id
"""  # noqa: S608 - column names of our own tables
_ATTEMPTS_GONE = "DELETE FROM attempts WHERE firm_id = %(firm)s AND id = ANY(%(ids)s::text[])"
_ATTEMPTS = f"""
{insert(attempts, "rows")}
ON CONFLICT (firm_id, id) DO UPDATE SET {from_excluded(attempts, without=("firm_id", "id", "invoice_id"))}
"""
_PAYMENTS = f"""
{insert(payment_facts, "rows")}
ON CONFLICT (firm_id, invoice_id, fact_key)
DO UPDATE SET {from_excluded(payment_facts, without=("firm_id", "invoice_id", "fact_key", "kind", "source"))}
"""
_LINKS = """
INSERT INTO stripe_links (firm_id, stripe_id, invoice_id)
SELECT %(firm)s, stripe_id, %(id)s FROM unnest(%(stripe_ids)s::text[]) stripe_id
ON CONFLICT (firm_id, stripe_id) DO NOTHING RETURNING stripe_id
"""
_LEDGER = f"""
WITH booked AS ({insert(ledger_entries, "rows")} ON CONFLICT (firm_id, stripe_id, kind) DO NOTHING)
{insert(ledger_times, "rows")}
ON CONFLICT (firm_id, stripe_id, kind) DO UPDATE SET occurred_at = excluded.occurred_at
WHERE ledger_times.occurred_at <> excluded.occurred_at
"""
AUDIT = insert(audit_events, "rows", without=("position", "transaction"))


@dataclass(frozen=True, slots=True)
class Standing:
    """A locked invoice as it is stored."""

    facts: InvoiceFacts
    figures: InvoiceFigures
    effective: Mapping[str, AttemptStatus]


def write_new(line: Line, change: Change) -> None:
    """Write a new invoice with everything that comes with it. Raises `Conflict`."""
    invoice = change.after.invoice
    row = stored_invoice(change.after, change.state.figures, 0, change.now)
    statements: Statements = {"head": (_HEAD_ADDED, {"rows": as_json([row])})}
    answers = _write(line, statements, change, Standing(InvoiceFacts(invoice), change.state.figures, {}))
    linked = {row["stripe_id"] for row in answers.get("links", ())}
    taken = sorted(change.stripe_ids - linked)
    if taken:
        raise line.failed(Conflict(f"stripe_ids: {taken[0]} belongs to another invoice already."))


def write_change(line: Line, change: Change, standing: Standing) -> tuple[OutboxItem, ...]:
    """Write what differs from `standing`; the outbox rows that were new or revived. Raises `StaleVersion`."""
    statements: Statements = {}
    after, figures, version = change.after, change.state.figures, standing.facts.version
    if _differs(after, standing.facts) or figures != standing.figures:
        row = stored_invoice(after, figures, version + 1, change.now)
        by_id = {"firm": after.invoice.firm_id, "id": after.invoice.id, "version": version}
        statements["head"] = (_HEAD_SAVED, {"row": as_json(row), **by_id})
    answers = _write(line, statements, change, standing)
    if "head" in answers and not answers["head"]:
        raise line.failed(StaleVersion("The invoice was changed in between. Run the step again."))
    return added_rows(change.new_outbox, answers.get("added", ()))


def _write(line: Line, statements: Statements, change: Change, standing: Standing) -> dict[str, list[Row]]:
    """Send `statements` and all others of the change; their answers."""
    _add_facts(statements, change, standing)
    reversals = reversal_rows(change, standing.facts.reversals)
    statements.update(reversal_statements(reversals))
    _add_rest(statements, change)
    if not statements:
        return {}
    answers = dict(zip(statements, line.ask_together(*statements.values()), strict=True))
    taken = taken_by_another(reversals, answers)
    if taken is not None:
        raise line.failed(taken)
    return answers


def _add_facts(statements: Statements, change: Change, standing: Standing) -> None:
    invoice = change.after.invoice
    known = {attempt.id: attempt for attempt in standing.facts.attempts}
    effective = {shown.id: shown.status for shown in change.state.attempts}
    gone = known.keys() - {attempt.id for attempt in change.after.attempts}
    if gone:
        statements["gone"] = (_ATTEMPTS_GONE, {"firm": invoice.firm_id, "ids": sorted(gone)})
    changed = [
        attempt
        for attempt in change.after.attempts
        if known.get(attempt.id) != attempt or standing.effective.get(attempt.id) != effective[attempt.id]
    ]
    if changed:
        changed.sort(key=lambda attempt: effective[attempt.id] in OPEN_STATUSES)  # one is closed before one is opened
        rows = [attempt_row(invoice.firm_id, attempt, effective[attempt.id]) for attempt in changed]
        statements["attempts"] = (_ATTEMPTS, {"rows": as_json(rows)})
    told = set(change.after.payments) - set(standing.facts.payments)
    if told:
        rows = [fact_row(invoice.firm_id, invoice.id, fact) for fact in sorted(told, key=lambda fact: fact.key)]
        statements["payments"] = (_PAYMENTS, {"rows": as_json(rows)})


def _add_rest(statements: Statements, change: Change) -> None:
    invoice = change.after.invoice
    if change.stripe_ids:
        parameters = {"firm": invoice.firm_id, "id": invoice.id, "stripe_ids": sorted(change.stripe_ids)}
        statements["links"] = (_LINKS, parameters)
    if change.ledger:
        rows = [ledger_row(invoice.firm_id, invoice.id, entry, change.now) for entry in change.ledger]
        statements["ledger"] = (_LEDGER, {"rows": as_json(rows)})
    for item in change.changed_outbox:
        statements[f"saved {item.id}"] = (SAVE, saved_values(item))
    if change.new_outbox:
        rows = [outbox_row(item) for item in once_each(change.new_outbox)]
        statements["added"] = (ADD, {"rows": as_json(rows)})
    if change.audit:
        statements["audit"] = (AUDIT, {"rows": as_json([audit_row(event) for event in change.audit])})


def _differs(after: InvoiceFacts, stored: InvoiceFacts) -> bool:
    return (
        after.invoice != stored.invoice
        or _sets(after.reversals) != _sets(stored.reversals)
        or set(after.payments) != set(stored.payments)
        or _by_id(after.attempts) != _by_id(stored.attempts)
    )


def _sets(reversals: Reversals) -> tuple[frozenset[object], ...]:
    parts = (reversals.refunds, reversals.totals, reversals.requests, reversals.disputes)
    return tuple(frozenset(part) for part in parts)


def _by_id(attempts_made: Sequence[OwnAttempt]) -> dict[str, OwnAttempt]:
    return {attempt.id: attempt for attempt in attempts_made}
