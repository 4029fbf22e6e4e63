"""Disputes, from whichever source we hear of them: snapshots are merged, everything else follows.

A dispute is held before its invoice is locked, so that one that comes without an invoice and one that brings it along
never miss each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.model.audit import DUNLIN, STRIPE, Actor, MetadataValue, Note, Severity
from domain.model.dispute_statuses import DisputeStatus
from domain.model.disputes import Dispute, DisputeTelling, dispute_id, merge_dispute
from domain.model.errors import Conflict, FieldError, InvalidInput, NotFound
from domain.model.firms import Firm
from domain.model.host_events import dispute_events
from domain.model.inbox import Interpretation
from domain.model.invoices import InvoiceFacts, InvoiceState
from domain.model.outbox import OutboxItem, OutboxKind
from domain.model.reversal_narration import narrate_dispute
from domain.model.schedule import reschedule_dispute
from domain.services.bookkeeping import Edit, alert_items, audit_event, save, wished_item, with_told
from domain.services.host_events import tell_host
from domain.services.steps import Ports, Step, in_firm, in_system
from ports.dispute_repositories import DisputeFilter, DisputeRow, StandingDispute
from ports.repositories import LockedInvoice, Page, PageRequest

_PAGE = 100

ATTACHED_AT_ONCE = 200


@dataclass(frozen=True)
class Hearing:
    """A dispute in an open step: held, with its invoice locked where there is one."""

    step: Step
    firm: Firm
    dispute: Dispute
    locked: LockedInvoice | None

    @property
    def invoice_id(self) -> str | None:
        """The invoice's id, where there is one."""
        return self.locked.facts.invoice.id if self.locked else None

    def change(self, after: Dispute, by: Actor, *notes: Note, rows: Sequence[OutboxItem] = ()) -> None:
        """Write the dispute as it is now, what follows from it, the notes, and rows that were changed beside."""
        if self.locked is None:
            _save_unmatched(self.step, self.firm, self.dispute, after, Edit(by, notes, tuple(rows)))
            return
        save(self.step, self.locked, with_dispute(self.locked.facts, after), self.firm, Edit(by, notes, tuple(rows)))


def hear(step: Step, firm_id: str, any_id: str) -> Hearing:
    """Hold the dispute with our id or Stripe's and lock its invoice. Raises `NotFound`."""
    row, firm = step.tx.disputes.get(any_id), step.tx.firms.get(firm_id)
    if row is None or firm is None:
        raise NotFound("dispute", any_id)
    standing = step.tx.disputes.hold(row.dispute.id)
    assert standing is not None
    if standing.invoice_id is None:
        return Hearing(step, firm, standing.dispute, None)
    locked = step.tx.invoices.lock(standing.invoice_id)
    assert locked is not None
    dispute = next(dispute for dispute in locked.facts.disputes if dispute.id == standing.dispute.id)
    return Hearing(step, firm, dispute, locked)


def with_dispute(facts: InvoiceFacts, changed: Dispute) -> InvoiceFacts:
    """The facts with this dispute in place of its earlier self, or added."""
    others = [dispute for dispute in facts.disputes if dispute.id != changed.id]
    disputes = tuple(sorted((*others, changed), key=lambda dispute: dispute.id))
    return replace(facts, reversals=replace(facts.reversals, disputes=disputes))


def handle_dispute_opened(
    step: Step, locked: LockedInvoice, told: Interpretation, firm: Firm, by: Actor, *, standing: StandingDispute | None
) -> InvoiceState:
    """Record a dispute that this invoice did not know, whichever of its events comes first.

    A chargeback makes the invoice disputed and holds its collection; an inquiry is shown and takes no money. Held by
    the caller; `standing` is what was stored of it before its invoice was known.
    """
    return _record(step, locked, told, firm, by, standing=standing)


def handle_dispute_closed(
    step: Step, locked: LockedInvoice, told: Interpretation, firm: Firm, by: Actor
) -> InvoiceState:
    """Record the end of a dispute: won or closed gives back the status that the facts give without it; lost charges
    the invoice back, once, however often and in whatever order it is told.
    """
    return _record(step, locked, told, firm, by, standing=None)


def record_disputes(
    step: Step, locked: LockedInvoice, told: Interpretation, firm: Firm, by: Actor, *, standing: StandingDispute | None
) -> InvoiceState:
    """Record what was told of an invoice's dispute."""
    telling = told.disputes[0]
    known = {dispute.id for dispute in locked.facts.disputes}
    if dispute_id(firm.id, telling.stripe_dispute_id) not in known:
        return handle_dispute_opened(step, locked, told, firm, by, standing=standing)
    if not telling.is_open:
        return handle_dispute_closed(step, locked, told, firm, by)
    return _record(step, locked, told, firm, by, standing=None)


def _record(
    step: Step, locked: LockedInvoice, told: Interpretation, firm: Firm, by: Actor, *, standing: StandingDispute | None
) -> InvoiceState:
    facts = locked.facts
    rows: tuple[OutboxItem, ...] = ()
    if standing is not None and standing.invoice_id is None:
        facts, rows = with_dispute(facts, standing.dispute), _adopted(step, standing.dispute, facts.invoice.id)
    return save(step, locked, with_told(facts, told), firm, Edit(by, finished=rows))


def _adopted(step: Step, dispute: Dispute, invoice_id: str) -> tuple[OutboxItem, ...]:
    """The rows of a dispute that had no invoice: from here on they are the invoice's."""
    return tuple(replace(item, invoice_id=invoice_id) for item in step.tx.outbox.pending_for_dispute(dispute.id))


def hold_disputes(step: Step, firm_id: str, told: Sequence[DisputeTelling]) -> StandingDispute | None:
    """Hold what an event tells of, before any invoice is locked; an event tells of one dispute at most."""
    held = [step.tx.disputes.hold(dispute_id(firm_id, telling.stripe_dispute_id)) for telling in told]
    return held[0] if held else None


def record_unmatched(step: Step, firm: Firm, told: DisputeTelling) -> None:
    """Store a dispute whose charge we do not know, alert, and remind of its deadline all the same.

    Where it was attached in the meantime nothing is done: its event is tried again, and finds the invoice then.
    """
    key = dispute_id(firm.id, told.stripe_dispute_id)
    standing = step.tx.disputes.hold(key)
    if standing is not None and standing.invoice_id is not None:
        return
    before = standing.dispute if standing else None
    _save_unmatched(step, firm, before, merge_dispute(key, before, [told]), Edit(STRIPE))


def _save_unmatched(step: Step, firm: Firm, before: Dispute | None, after: Dispute, edit: Edit) -> None:
    touched = {item.id for item in edit.finished}
    pending = [item for item in step.tx.outbox.pending_for_dispute(after.id) if item.id not in touched]
    moves = reschedule_dispute(after, firm.policy, pending)
    notes = (*narrate_dispute(before, after, None), *edit.notes)
    step.tx.disputes.save_unmatched(after, step.now)
    step.tx.journal.append([audit_event(step, firm.id, note, edit.by) for note in notes])
    wished = [wished_item(step, firm.id, wish, None) for wish in moves.missing]
    told = tell_host(step, dispute_events(firm.id, before, after))
    added = step.tx.outbox.add([*wished, *alert_items(step, firm.id, notes, None), *told])
    changed = (*edit.finished, *moves.changed)
    for item in changed:
        step.tx.outbox.save(item)
    step.ring_for([*added, *changed])


def unmatched_ids(ports: Ports, firm_id: str) -> list[str]:
    """Our ids of the disputes without an invoice that wait for an answer."""
    wanted, cursor = DisputeFilter(status=DisputeStatus.OPENED, is_matched=False), None
    ids: list[str] = []
    while True:
        page = _page(ports, firm_id, wanted, cursor)
        ids += [row.dispute.id for row in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return ids


def _page(ports: Ports, firm_id: str, wanted: DisputeFilter, cursor: str | None) -> Page[DisputeRow]:
    return in_firm(ports, firm_id, lambda step: step.tx.disputes.page(wanted, PageRequest(_PAGE, cursor)))


def reschedule_unmatched(ports: Ports, firm_id: str, dispute_id: str) -> None:
    """Let the reminders of a dispute follow the firm's policy, which has changed."""

    def change(step: Step) -> None:
        hearing = hear(step, firm_id, dispute_id)
        hearing.change(hearing.dispute, DUNLIN)

    in_firm(ports, firm_id, change)


def link_dispute(ports: Ports, firm_id: str, any_id: str, invoice_id: str, by: Actor) -> None:
    """Attach a dispute that belongs to no invoice to the one that an administrator names; repeating it is fine.

    Its charge and PaymentIntent belong to that invoice from now on, where no other invoice claims them. Raises
    `NotFound`, `InvalidInput` for an unknown invoice and `Conflict` for a dispute of another one.
    """

    def link(step: Step) -> None:
        hearing = hear(step, firm_id, any_id)
        if hearing.invoice_id == invoice_id:
            return
        if hearing.invoice_id is not None:
            raise Conflict(f"The dispute belongs to invoice {hearing.invoice_id} already.")
        locked = step.tx.invoices.lock(invoice_id)
        if locked is None:
            raise InvalidInput(FieldError("invoice_id", "No such invoice here."))
        rows = _adopted(step, hearing.dispute, invoice_id)
        note = _linked(hearing.dispute, locked)
        save(step, locked, with_dispute(locked.facts, hearing.dispute), hearing.firm, Edit(by, (note,), rows))
        step.ring_for(step.tx.outbox.add([_match_waiting(step, hearing, invoice_id)]))

    in_firm(ports, firm_id, link)


def attach_disputes(ports: Ports) -> None:
    """Attach disputes whose invoice became known: those that came by reconciliation have no event to be tried again."""
    attachable = in_system(ports, lambda step: step.tx.disputes.attachable(ATTACHED_AT_ONCE))
    for firm_id, known_id, invoice_id in attachable:
        try:
            link_dispute(ports, firm_id, known_id, invoice_id, DUNLIN)
        except Conflict:
            ports.metrics.count("dunlin_disputes_attached_elsewhere_total")


def _linked(dispute: Dispute, locked: LockedInvoice) -> Note:
    invoice = locked.facts.invoice
    summary = f"Dispute {dispute.stripe_dispute_id} was linked to invoice {invoice.number}."
    metadata: dict[str, MetadataValue] = {
        "dispute_id": dispute.id,
        "invoice_id": invoice.id,
        "amount": dispute.money.amount_minor,
        "currency": dispute.money.currency,
    }
    return Note("dispute_linked", Severity.INFO, summary, "dispute", dispute.id, metadata)


def _match_waiting(step: Step, hearing: Hearing, invoice_id: str) -> OutboxItem:
    """Events about the same objects could not be matched so far."""
    told = hearing.dispute.newest
    ids = (told.stripe_dispute_id, told.stripe_charge_id, told.stripe_payment_intent_id)
    return OutboxItem(
        id=step.ports.ids.new("out"),
        firm_id=hearing.firm.id,
        kind=OutboxKind.MATCH_EVENTS,
        dedupe_key=f"{OutboxKind.MATCH_EVENTS}:{hearing.dispute.id}:{invoice_id}",
        due_at=step.now,
        invoice_id=invoice_id,
        payload={"stripe_ids": " ".join(stripe_id for stripe_id in ids if stripe_id)},
    )
