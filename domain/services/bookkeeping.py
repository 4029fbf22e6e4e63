"""Saving a change of an invoice: figures, attempts, ledger, audit and outbox follow from its facts in one
transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.model.alert_rules import repeated_failures
from domain.model.attempts import OwnAttempt
from domain.model.audit import Actor, AuditEvent, Note
from domain.model.derivation import derive
from domain.model.disputes import merge_disputes
from domain.model.firms import Firm
from domain.model.host_events import invoice_events
from domain.model.inbox import Interpretation
from domain.model.invoices import Invoice, InvoiceFacts, InvoiceState
from domain.model.ledger import entries
from domain.model.narration import narrate
from domain.model.outbox import PENDING_STATUSES, OutboxItem, OutboxKind, Wish
from domain.model.payment_facts import merge
from domain.model.policies import Terms
from domain.model.refunds import merge_refunds, merge_totals
from domain.model.retries import SURPRISE_AGE
from domain.model.reversal_narration import narrate_reversals
from domain.model.schedule import Rescheduling, reschedule
from domain.services.host_events import tell_host
from domain.services.steps import Step
from ports.repositories import Change, LockedInvoice


@dataclass(frozen=True)
class Edit:
    """What one step wants written beside the facts: who did it, further notes, and rows that it changed itself."""

    by: Actor
    notes: tuple[Note, ...] = ()
    finished: tuple[OutboxItem, ...] = ()


def terms_of(step: Step, firm: Firm) -> Terms:
    """The firm's policy with the length of this installation's policy day."""
    return Terms(firm.policy, step.ports.day)


def save(step: Step, locked: LockedInvoice, after: InvoiceFacts, firm: Firm, edit: Edit) -> InvoiceState:
    """Write everything that follows from the invoice's facts being `after` now; the new state."""
    terms = terms_of(step, firm)
    before_state, after_state = derive(locked.facts, terms), derive(after, terms)
    moves = schedule_payment_retry(after, after_state, terms, _pending_after(locked, edit))
    notes = (
        *narrate(after.invoice, before_state, after_state),
        *narrate_reversals(locked.facts, after, before_state, after_state),
        *repeated_failures(after.invoice, before_state, after_state),
        *edit.notes,
    )
    told = tell_host(step, invoice_events(locked.facts, after, before_state, after_state))
    change = Change(
        before=locked.facts,
        after=after,
        state=after_state,
        now=step.now,
        ledger=entries(after_state.attempts, after.reversals.refunds, after.disputes),
        audit=tuple(audit_event(step, firm.id, note, edit.by, after.invoice.id) for note in notes),
        new_outbox=(*_new_rows(step, after.invoice, moves, notes), *told),
        changed_outbox=_last_of_each((*edit.finished, *moves.changed)),
        stripe_ids=_new_stripe_ids(locked.facts, after),
    )
    added = step.tx.invoices.save(change)
    step.ring_for([*added, *change.changed_outbox])
    return after_state


def schedule_payment_retry(
    facts: InvoiceFacts, state: InvoiceState, terms: Terms, pending: Sequence[OutboxItem]
) -> Rescheduling:
    """The rows by which the next retry (and whatever else the facts ask for) happens when it should, and no other.

    Runs whenever facts change: a retry is moved, held, canceled or added as the facts now ask.
    """
    return reschedule(facts, state, terms, pending)


def _pending_after(locked: LockedInvoice, edit: Edit) -> list[OutboxItem]:
    touched = {item.id for item in edit.finished}
    others = [item for item in locked.pending if item.id not in touched]
    return [*others, *(item for item in edit.finished if item.status in PENDING_STATUSES)]


def _last_of_each(items: Sequence[OutboxItem]) -> tuple[OutboxItem, ...]:
    return tuple({item.id: item for item in items}.values())


def audit_event(step: Step, firm_id: str, note: Note, by: Actor, invoice_id: str | None = None) -> AuditEvent:
    """The note as an audit event of this step."""
    return AuditEvent(
        id=step.ports.ids.new("aud"),
        firm_id=firm_id,
        action=note.action,
        severity=note.severity,
        subject_type=note.subject_type,
        subject_id=note.subject_id,
        actor=str(by),
        created_at=step.now,
        summary=note.summary,
        metadata=note.metadata,
        invoice_id=invoice_id,
    )


def alert_item(step: Step, firm_id: str, note: Note, alert_key: str, invoice_id: str | None = None) -> OutboxItem:
    """The row that tells the firm's staff what the note says."""
    return OutboxItem(
        id=step.ports.ids.new("out"),
        firm_id=firm_id,
        kind=OutboxKind.ALERT,
        dedupe_key=f"{OutboxKind.ALERT}:{alert_key}",
        due_at=step.now,
        invoice_id=invoice_id,
        payload={
            "action": note.action,
            "severity": note.severity.value,
            "subject_type": note.subject_type,
            "subject_id": note.subject_id,
            "text": note.summary,
        },
    )


def wished_item(step: Step, firm_id: str, wish: Wish, invoice_id: str | None) -> OutboxItem:
    """The wish as a new row."""
    return OutboxItem(
        id=step.ports.ids.new("out"),
        firm_id=firm_id,
        kind=wish.kind,
        dedupe_key=wish.dedupe_key,
        due_at=wish.due_at,
        status=wish.status,
        invoice_id=invoice_id,
        attempt_id=wish.attempt_id,
        dispute_id=wish.dispute_id,
        refund_id=wish.refund_id,
    )


def _new_rows(step: Step, invoice: Invoice, moves: Rescheduling, notes: Sequence[Note]) -> tuple[OutboxItem, ...]:
    wished = [wished_item(step, invoice.firm_id, wish, invoice.id) for wish in moves.missing if _is_timely(step, wish)]
    return (*wished, *alert_items(step, invoice.firm_id, notes, invoice.id))


def _is_timely(step: Step, wish: Wish) -> bool:
    """A notice that is wished for only now, long after its time, would surprise its reader: the stage was switched on
    since, or this version is new here.
    """
    return wish.kind is not OutboxKind.NOTICE or step.now - wish.due_at <= SURPRISE_AGE


def alert_items(step: Step, firm_id: str, notes: Sequence[Note], invoice_id: str | None) -> list[OutboxItem]:
    """A row for each note that the firm's staff is told of."""
    return [alert_item(step, firm_id, note, note.alert_key, invoice_id) for note in notes if note.alert_key is not None]


def _new_stripe_ids(before: InvoiceFacts, after: InvoiceFacts) -> frozenset[str]:
    return frozenset(_stripe_ids(after) - _stripe_ids(before))


def _stripe_ids(facts: InvoiceFacts) -> set[str]:
    ids = {facts.invoice.given_payment_intent_id, facts.invoice.stripe_invoice_id}
    for fact in facts.payments:
        ids |= {fact.stripe_payment_intent_id, fact.stripe_charge_id, fact.stripe_invoice_id}
    for refund in facts.reversals.refunds:
        ids |= {refund.stripe_refund_id, refund.newest.stripe_charge_id, refund.newest.stripe_payment_intent_id}
    for dispute in facts.disputes:
        ids |= {dispute.stripe_dispute_id, dispute.newest.stripe_charge_id, dispute.newest.stripe_payment_intent_id}
    ids |= {attempt.frozen.stripe_payment_intent_id for attempt in facts.attempts if attempt.frozen}
    return {stripe_id for stripe_id in ids if stripe_id}


def with_told(facts: InvoiceFacts, told: Interpretation) -> InvoiceFacts:
    """The invoice's facts with everything added that was told of payments, refunds and disputes."""
    before = facts.reversals
    after = replace(
        before,
        refunds=merge_refunds(before.refunds, told.refunds),
        totals=merge_totals(before.totals, told.totals),
        disputes=merge_disputes(facts.invoice.firm_id, before.disputes, told.disputes),
    )
    return replace(facts, payments=merge(facts.payments, told.facts), reversals=after)


def with_attempt(facts: InvoiceFacts, changed: OwnAttempt) -> InvoiceFacts:
    """The facts with this attempt of ours in place of its earlier self, or added."""
    others = tuple(attempt for attempt in facts.attempts if attempt.id != changed.id)
    return replace(facts, attempts=(*others, changed))


def without_attempt(facts: InvoiceFacts, attempt_id: str) -> InvoiceFacts:
    """The facts without an attempt whose requests surely never arrived."""
    return replace(facts, attempts=tuple(attempt for attempt in facts.attempts if attempt.id != attempt_id))
