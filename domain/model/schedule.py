"""Which outbox rows an invoice should have, given its state: the missing are added, the obsolete canceled.

The pending rows are a function of the facts like everything else; nothing is sent or charged for a state that no
longer holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.model.attempts import AttemptStatus, OwnAttempt, Trigger
from domain.model.dispute_deadlines import dispute_wishes
from domain.model.disputes import Dispute
from domain.model.dunning import notice_wishes
from domain.model.invoices import Invoice, InvoiceFacts, InvoiceState, InvoiceStatus
from domain.model.outbox import POLL_DELAY, OutboxItem, OutboxKind, OutboxStatus, Wish, settle_delay
from domain.model.policies import Policy, Terms
from domain.model.refunds import open_requests

# Rows that follow from the invoice's state alone; alerts and the like stand on their own once written.
_DERIVED = frozenset(
    {
        OutboxKind.COLLECT,
        OutboxKind.RETRY,
        OutboxKind.RUN_ATTEMPT,
        OutboxKind.SETTLE,
        OutboxKind.POLL_PENDING,
        OutboxKind.RESUME,
        OutboxKind.NOTICE,
        OutboxKind.REFUND,
        OutboxKind.DISPUTE_DEADLINE,
        OutboxKind.ACCEPT_DISPUTE,
    }
)


@dataclass(frozen=True)
class Rescheduling:
    """What to do with an invoice's rows: `missing` to add, `changed` to save."""

    missing: tuple[Wish, ...]
    changed: tuple[OutboxItem, ...]


def reschedule(facts: InvoiceFacts, state: InvoiceState, terms: Terms, pending: Sequence[OutboxItem]) -> Rescheduling:
    """Compare what should be pending with the `pending` rows (due, claimed or held).

    A claimed row is its holder's to finish.
    """
    wishes = [
        *_wishes(facts, state),
        *_reversal_wishes(facts, terms.policy),
        *notice_wishes(facts, state, terms),
    ]
    return _compared(wishes, pending, is_attempt_open=state.open_attempt is not None)


def reschedule_dispute(dispute: Dispute, policy: Policy, pending: Sequence[OutboxItem]) -> Rescheduling:
    """The same for a dispute whose invoice is not known yet, and its `pending` rows."""
    return _compared(dispute_wishes(dispute, policy), pending, is_attempt_open=False)


def _compared(asked: Sequence[Wish], pending: Sequence[OutboxItem], *, is_attempt_open: bool) -> Rescheduling:
    wishes = {wish.dedupe_key: wish for wish in asked}
    changed = []
    for item in pending:
        wish = wishes.pop(item.dedupe_key, None)
        if item.kind not in _DERIVED or item.status is OutboxStatus.CLAIMED:
            continue
        adjusted = _canceled(item) if wish is None else _moved(item, wish, is_attempt_open=is_attempt_open)
        if adjusted != item:
            changed.append(adjusted)
    return Rescheduling(tuple(wishes.values()), tuple(changed))


def _wishes(facts: InvoiceFacts, state: InvoiceState) -> list[Wish]:
    wishes = [_retry(facts, state), _collect(facts, state), _resume(facts.invoice)]
    for attempt in facts.attempts:
        shown = next(shown for shown in state.attempts if shown.id == attempt.id)
        asked_ago = attempt.settlement.last_request_ended_at or attempt.started_at
        if shown.status is AttemptStatus.UNKNOWN:
            wishes.append(_about(OutboxKind.SETTLE, attempt.id, asked_ago + settle_delay(0)))
        elif shown.status is AttemptStatus.PENDING:
            wishes.append(_about(OutboxKind.POLL_PENDING, attempt.id, shown.at + POLL_DELAY))
        elif shown.status is AttemptStatus.IN_FLIGHT:
            wishes.append(_row_of(facts, attempt))
    own_ids = {attempt.id for attempt in facts.attempts}
    wishes += [
        _about(OutboxKind.POLL_PENDING, shown.id, shown.at + POLL_DELAY)
        for shown in state.attempts
        if shown.status is AttemptStatus.PENDING and shown.id not in own_ids
    ]
    return [wish for wish in wishes if wish is not None]


def _reversal_wishes(facts: InvoiceFacts, policy: Policy) -> list[Wish]:
    """Refunds that we asked for, and what the disputes ask for."""
    asked_for = open_requests(facts.reversals.requests, facts.reversals.refunds)
    wishes = [
        Wish(OutboxKind.REFUND, f"{OutboxKind.REFUND}:{request.id}", request.requested_at, refund_id=request.id)
        for request in asked_for
    ]
    return [*wishes, *(wish for dispute in facts.disputes for wish in dispute_wishes(dispute, policy))]


def _row_of(facts: InvoiceFacts, attempt: OwnAttempt) -> Wish:
    """The row that an attempt in flight came from: it stands until the outcome is known, whoever dies meanwhile."""
    if attempt.trigger in (Trigger.MANUAL, Trigger.CUSTOMER):
        return _about(OutboxKind.RUN_ATTEMPT, attempt.id, attempt.started_at)
    is_first = attempt.trigger is Trigger.AUTOPAY
    siblings = [a for a in facts.attempts if a.trigger is attempt.trigger and a.slot_key == attempt.slot_key]
    number = sorted(siblings, key=lambda sibling: (sibling.started_at, sibling.id)).index(attempt)
    if is_first:
        return Wish(OutboxKind.COLLECT, _collect_key(facts, number), attempt.started_at)
    return Wish(OutboxKind.RETRY, _retry_key(facts, attempt.slot_key or "", number), attempt.started_at)


def _retry_key(facts: InvoiceFacts, slot_key: str, number: int) -> str:
    return f"{OutboxKind.RETRY}:{facts.invoice.id}:{slot_key}:{number}"


def _collect_key(facts: InvoiceFacts, number: int) -> str:
    return f"{OutboxKind.COLLECT}:{facts.invoice.id}:{number}"


def _about(kind: OutboxKind, attempt_id: str, due_at: datetime) -> Wish:
    return Wish(kind, f"{kind}:{attempt_id}", due_at, attempt_id=attempt_id)


def _retry(facts: InvoiceFacts, state: InvoiceState) -> Wish | None:
    slot = state.slot
    if slot is None:
        return None
    made = [attempt for attempt in facts.attempts if attempt.slot_key == slot.key]
    if any(shown.is_open for shown in state.attempts for attempt in made if shown.id == attempt.id):
        return None
    # An attempt that came to nothing (refused, or absent at Stripe) leaves its slot open: the next one is a new row.
    dedupe_key = _retry_key(facts, slot.key, len(made))
    due_at = slot.due_at if not made else max(slot.due_at, *(attempt.finished_at or slot.due_at for attempt in made))
    return Wish(OutboxKind.RETRY, dedupe_key, due_at, _status(facts, state))


def _status(facts: InvoiceFacts, state: InvoiceState) -> OutboxStatus:
    is_held = facts.invoice.paused_at is not None or state.hold is not None or state.is_disputed
    return OutboxStatus.HELD if is_held else OutboxStatus.DUE


def _collect(facts: InvoiceFacts, state: InvoiceState) -> Wish | None:
    invoice = facts.invoice
    is_ours = invoice.autopay and not state.is_collected_by_stripe
    if state.undisputed is not InvoiceStatus.SENT or not is_ours or invoice.sent_at is None:
        return None
    firsts = [attempt for attempt in facts.attempts if attempt.trigger is Trigger.AUTOPAY]
    if state.open_attempt is not None and firsts:
        return None
    due_at = max(invoice.sent_at, *(attempt.finished_at or invoice.sent_at for attempt in firsts), invoice.sent_at)
    return Wish(OutboxKind.COLLECT, _collect_key(facts, len(firsts)), due_at, _status(facts, state))


def _resume(invoice: Invoice) -> Wish | None:
    """Held until a date: then it goes on by itself."""
    until = invoice.paused_until
    if invoice.paused_at is None or until is None:
        return None
    return Wish(OutboxKind.RESUME, f"{OutboxKind.RESUME}:{invoice.id}:{int(until.timestamp())}", until)


def _moved(item: OutboxItem, wish: Wish, *, is_attempt_open: bool) -> OutboxItem:
    """The row as wished; a row that its runner put off (tries) keeps its own later time while the cause lasts."""
    is_free_again = item.waits_for_attempt and not is_attempt_open
    due_at = max(item.due_at, wish.due_at) if item.tries and not is_free_again else wish.due_at
    return replace(item, due_at=due_at, status=wish.status)


def _canceled(item: OutboxItem) -> OutboxItem:
    return replace(item, status=OutboxStatus.CANCELED, last_error="No longer due: the invoice's state has moved on.")


def instead_of_running(item: OutboxItem, facts: InvoiceFacts, state: InvoiceState, now: datetime) -> OutboxItem | None:
    """None when the claimed row is to be run now; else the row as it should be: canceled, held or moved."""
    wish = next((wish for wish in _wishes(facts, state) if wish.dedupe_key == item.dedupe_key), None)
    if wish is None:
        return replace(_canceled(item), lease_until=None)
    if wish.status is OutboxStatus.HELD:
        return replace(item, status=OutboxStatus.HELD, lease_until=None)
    if wish.due_at > now:
        return replace(item, status=OutboxStatus.DUE, due_at=wish.due_at, lease_until=None)
    return None
