"""What runs by itself on a timer: the hourly backfill, the nightly reconciliation, and the check of the books."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.model.audit import DUNLIN, MetadataValue, Note, Severity
from domain.model.books import Figures, disagreements
from domain.model.invoices import InvoiceStatus, derive
from domain.model.ledger import EntryKind, LedgerEntry, entries
from domain.model.outbox import OutboxKind, OutboxStatus
from domain.services.backfill import KEPT, OVERLAP, Window, backfill_row
from domain.services.bookkeeping import alert_items, audit_event, terms_of
from domain.services.reconciliation import accounts, reconcile_row
from domain.services.steps import Ports, Step, in_firm, in_system
from ports.dispute_repositories import BookedSums
from ports.repositories import OutboxFilter, PageRequest
from ports.stripe_records import RecordKind

BACKFILL_EVERY = timedelta(hours=1)
NIGHT_HOUR = 3
"""Reconciliation starts after this hour, UTC."""
WAITING_MAX = 24
"""So many runs of an account may wait for Stripe at once."""
BOOKS_BATCH = 1_000
SETTLING_TIME = timedelta(hours=1)
"""The parts of one movement are told by several events: figures that changed within this time are not judged yet."""


def plan_upkeep(ports: Ports) -> None:
    """Write the rows of whatever is due by its timer. Cheap; called with every sweep.

    Where an account is seen for the first time its clock starts now: what happened before is not fetched unasked.
    Where Stripe has not answered for long, nothing is added to what waits: the next backfill reaches back all the
    further.
    """
    for account, firm_id in in_system(ports, accounts):
        due = in_system(ports, lambda step, a=account: _due(step, a))  # type: ignore[misc]
        if due:
            kinds = in_firm(ports, firm_id, lambda step, d=due: [k for k in d if not _is_piled_up(step, k)])  # type: ignore[misc]
            in_system(ports, lambda step, a=account, f=firm_id, k=kinds: _plan(step, a, f, k))  # type: ignore[misc]


def _due(step: Step, account: str) -> list[OutboxKind]:
    last_backfill, last_reconcile = (step.tx.heartbeats.last(_timer(kind, account)) for kind in _TIMED)
    is_backfill_due = last_backfill is None or step.now - last_backfill >= BACKFILL_EVERY
    is_reconcile_due = last_reconcile is None or _is_next_night(last_reconcile, step.now)
    due = zip(_TIMED, (is_backfill_due, is_reconcile_due), strict=True)
    return [kind for kind, is_due in due if is_due]


_TIMED = (OutboxKind.BACKFILL, OutboxKind.RECONCILE)


def _timer(kind: OutboxKind, account: str) -> str:
    return f"{kind}:{account}"


def _is_piled_up(step: Step, kind: OutboxKind) -> bool:
    waiting = OutboxFilter(status=OutboxStatus.DUE, kind=kind)
    return len(step.tx.schedule.page(waiting, PageRequest(limit=WAITING_MAX)).items) == WAITING_MAX


def _plan(step: Step, account: str, firm_id: str, kinds: Sequence[OutboxKind]) -> None:
    """Write the rows of those kinds that are still due."""
    rows = []
    for kind in _due(step, account):
        last = step.tx.heartbeats.last(_timer(kind, account))
        if kind not in kinds:
            continue
        step.tx.heartbeats.beat(_timer(kind, account), step.now)
        if last is not None and kind is OutboxKind.BACKFILL:
            since = max(last - OVERLAP, step.now - KEPT)
            rows.append(backfill_row(step, firm_id, Window(account, since, step.now)))
        elif last is not None:
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
