"""What runs by itself on a timer: the hourly backfill, the nightly reconciliation, and the check of the books."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.model.audit import DUNLIN, MetadataValue, Note, Severity
from domain.model.books import Figures, disagreements
from domain.model.invoices import InvoiceStatus
from domain.services.backfill import KEPT, OVERLAP, Window, backfill_row
from domain.services.bookkeeping import alert_items, audit_event
from domain.services.reconciliation import accounts, reconcile_row
from domain.services.steps import Ports, Step, in_firm, in_system
from ports.dispute_repositories import BookedSums
from ports.stripe_records import RecordKind

BACKFILL_EVERY = timedelta(hours=1)
NIGHT_HOUR = 3
"""Reconciliation starts after this hour, UTC."""
BOOKS_BATCH = 1_000
SETTLING_TIME = timedelta(hours=1)
"""The parts of one movement are told by several events: figures that changed within this time are not judged yet."""


def plan_upkeep(ports: Ports) -> None:
    """Write the rows of whatever is due by its timer. Cheap; called with every sweep.

    Where an account is seen for the first time its clock starts now: what happened before is not fetched unasked.
    """
    for account, firm_id in in_system(ports, accounts):
        in_system(ports, lambda step, a=account, f=firm_id: _plan(step, a, f))  # type: ignore[misc]


def _plan(step: Step, account: str, firm_id: str) -> None:
    backfilled, reconciled = f"backfill:{account}", f"reconcile:{account}"
    last_backfill, last_reconcile = step.tx.heartbeats.last(backfilled), step.tx.heartbeats.last(reconciled)
    rows = []
    if last_backfill is None or step.now - last_backfill >= BACKFILL_EVERY:
        step.tx.heartbeats.beat(backfilled, step.now)
        if last_backfill is not None:
            since = max(last_backfill - OVERLAP, step.now - KEPT)
            rows.append(backfill_row(step, firm_id, Window(account, since, step.now)))
    if last_reconcile is None or _is_next_night(last_reconcile, step.now):
        step.tx.heartbeats.beat(reconciled, step.now)
        if last_reconcile is not None:
            run = f"{step.now:%Y-%m-%d}"
            rows.append(reconcile_row(step, firm_id, account, RecordKind.PAYMENT_INTENT, run))
    if rows:
        step.tx.enter_firm(firm_id)
        step.ring_for(step.tx.outbox.add(rows))


def _is_next_night(last: datetime, now: datetime) -> bool:
    nights = timedelta(hours=NIGHT_HOUR)
    return (now - nights).date() > (last - nights).date()


@dataclass
class BookCheck:
    """Goes through all invoices again and again, a batch at a time, and remembers where it stands."""

    after_id: str = ""

    def check(self, ports: Ports) -> None:
        """Compare the next batch of invoices with the ledger and alert on what disagrees, each disagreement once."""
        batch = in_system(ports, lambda step: step.tx.books.sums(self.after_id, BOOKS_BATCH))
        now = ports.clock.now()
        for sums in batch:
            if now - sums.updated_at >= SETTLING_TIME:
                _judge(ports, sums)
        self.after_id = batch[-1].invoice_id if len(batch) == BOOKS_BATCH else ""


def _judge(ports: Ports, sums: BookedSums) -> None:
    figures = Figures(
        status=InvoiceStatus(sums.status),
        currency=sums.currency,
        amount_paid=sums.amount_paid,
        amount_refunded=sums.amount_refunded,
        amount_disputed=sums.amount_disputed,
    )
    found = disagreements(figures, sums.by_kind, sums.foreign_kinds)
    if not found:
        return
    ports.metrics.count("dunlin_books_disagree_total")
    words = f"The books of invoice {sums.number} do not agree: {'; '.join(found)}. Run `dunlin reconcile`."
    figure = "/".join(str(sums.by_kind[kind]) for kind in sorted(sums.by_kind))
    shown = f"{sums.amount_paid}/{sums.amount_refunded}/{sums.amount_disputed}"
    metadata: dict[str, MetadataValue] = {"invoice_id": sums.invoice_id, "booked": figure, "shown": shown}
    key = f"books:{sums.invoice_id}:{figure}:{shown}"
    note = Note("books_disagree", Severity.CRITICAL, words, "invoice", sums.invoice_id, metadata, key)

    def tell(step: Step) -> None:
        added = step.tx.outbox.add(alert_items(step, sums.firm_id, [note], sums.invoice_id))
        if added:
            step.tx.journal.append([audit_event(step, sums.firm_id, note, DUNLIN, sums.invoice_id)])
            step.ring_for(added)

    in_firm(ports, sums.firm_id, tell)
