"""What runs by itself on a timer: the hourly backfill, the nightly reconciliation, and the check of the books."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from domain.model.audit import DUNLIN, MetadataValue, Note, Severity
from domain.model.books import Figures, disagreements
from domain.model.derivation import derive
from domain.model.invoices import InvoiceStatus
from domain.model.ledger import EntryKind, LedgerEntry, entries
from domain.model.outbox import OutboxKind
from domain.services.backfill import KEPT, OVERLAP, Timer, Window, backfill_row, last_finished
from domain.services.bookkeeping import alert_items, audit_event, terms_of
from domain.services.reconciliation import accounts, reconcile_row
from domain.services.steps import Ports, Step, in_firm, in_system
from ports.dispute_repositories import BookedSums
from ports.stripe_records import RecordKind

BACKFILL_EVERY = timedelta(hours=1)
NIGHT_HOUR = 3
"""Reconciliation starts after this hour, UTC."""
GIVEN_UP_AFTER = timedelta(days=1)
"""A run that Stripe refuses, or that was lost, is followed by another one after this time."""
BOOKS_BATCH = 1_000
SETTLING_TIME = timedelta(hours=1)
"""The parts of one movement are told by several events: figures that changed within this time are not judged yet."""


def plan_upkeep(ports: Ports) -> None:
    """Write the rows of whatever is due by its timer. Cheap; called with every sweep.

    Where an account is seen for the first time its clock starts now: what happened before is not fetched unasked.
    While a run has not come to its end no other one begins, for a day at most; the next one reaches back further.
    """
    for account, firm_id in in_system(ports, accounts):
        in_system(ports, partial(_plan, account, firm_id))


def _plan(account: str, firm_id: str, step: Step) -> None:
    backfill, reconcile = (Timer(kind, account) for kind in (OutboxKind.BACKFILL, OutboxKind.RECONCILE))
    rows = []
    if _begins(step, backfill, lambda last: step.now - last >= BACKFILL_EVERY):
        since = max(last_finished(step, backfill) - OVERLAP, step.now - KEPT)
        rows.append(backfill_row(step, firm_id, Window(account, since, step.now)))
    if _begins(step, reconcile, lambda last: _is_next_night(last, step.now)):
        run = f"{step.now:%Y-%m-%d}"
        rows.append(reconcile_row(step, firm_id, account, RecordKind.PAYMENT_INTENT, run))
    if rows:
        step.tx.enter_firm(firm_id)
        step.ring_for(step.tx.outbox.add(rows))


def _begins(step: Step, timer: Timer, is_due: Callable[[datetime], bool]) -> bool:
    """Whether a run begins now; then that is remembered."""
    begun = step.tx.heartbeats.last(timer.begun)
    if begun is None:
        step.tx.heartbeats.beat(timer.begun, step.now)
        step.tx.heartbeats.beat(timer.finished, step.now)
        return False
    is_running = last_finished(step, timer) < begun and step.now - begun < GIVEN_UP_AFTER
    if is_running or not is_due(begun):
        return False
    step.tx.heartbeats.beat(timer.begun, step.now)
    return True


def _is_next_night(last: datetime, now: datetime) -> bool:
    nights = timedelta(hours=NIGHT_HOUR)
    return (now - nights).date() > (last - nights).date()


@dataclass
class BookCheck:
    """Goes through all invoices again and again, a batch at a time, and remembers where it stands.

    A process that is started anew begins anywhere, so that the last ones have their turn however often that happens.
    """

    after_id: str = ""

    @classmethod
    def anywhere(cls, ports: Ports) -> "BookCheck":
        """One that begins at a random invoice."""
        return cls(ports.ids.new("inv"))

    def check(self, ports: Ports) -> None:
        """Compare the next batch of invoices with the ledger and alert on what disagrees, each disagreement once."""
        batch = in_system(ports, lambda step: step.tx.books.sums(self.after_id, BOOKS_BATCH))
        now = ports.clock.now()
        for sums in batch:
            if now - sums.updated_at >= SETTLING_TIME:
                _judge(ports, sums)
        self.after_id = batch[-1].invoice_id if len(batch) == BOOKS_BATCH else ""


_DISPUTE_KINDS = frozenset(
    {
        EntryKind.DISPUTE_WITHDRAWAL,
        EntryKind.DISPUTE_REINSTATEMENT,
        EntryKind.DISPUTE_FEE,
        EntryKind.DISPUTE_FEE_RETURN,
    }
)


def _judge(ports: Ports, sums: BookedSums) -> None:
    figures = Figures(
        status=InvoiceStatus(sums.status),
        currency=sums.currency,
        amount_paid=sums.amount_paid,
        amount_refunded=sums.amount_refunded,
        amount_disputed=sums.amount_disputed,
    )
    found = disagreements(figures, sums.by_kind, sums.foreign_kinds)
    if not found and not _DISPUTE_KINDS.isdisjoint((*sums.by_kind, *sums.foreign_kinds)):
        found = in_firm(ports, sums.firm_id, lambda step: _tampered(step, sums))
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


def _tampered(step: Step, sums: BookedSums) -> tuple[str, ...]:
    """What disputes moved need not be what the figures show, fees never are: each entry is held against the facts."""
    locked, firm = step.tx.invoices.lock(sums.invoice_id), step.tx.firms.get(sums.firm_id)
    assert locked is not None
    assert firm is not None
    attempts = derive(locked.facts, terms_of(step, firm)).attempts
    due = {_booked(entry) for entry in entries(attempts, locked.facts.reversals.refunds, locked.facts.disputes)}
    held = {_booked(entry) for entry in step.tx.journal.ledger_of(sums.invoice_id)}
    wrong = sorted({entry[:2] for entry in due ^ held})
    return tuple(f"the {kind} {stripe_id} is not as it was booked" for stripe_id, kind in wrong)


def _booked(entry: LedgerEntry) -> tuple[str, str, int, str]:
    return entry.stripe_id, entry.kind.value, entry.amount_minor, entry.currency
