"""Stripe's events: verified, stored, applied in one transaction; what cannot be applied yet is kept and tried again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from domain.model.audit import STRIPE, MetadataValue, Note, Severity
from domain.model.fraud_warnings import FraudWarning, warned
from domain.model.inbox import FINAL_STATUSES, InboxEntry, InboxStatus, Interpretation, StripeEvent
from domain.model.outbox import OutboxItem, OutboxKind
from domain.services.bookkeeping import alert_items, audit_event
from domain.services.disputes import record_unmatched
from domain.services.new_cards import await_card
from domain.services.steps import Ports, Step, in_system
from domain.services.telling import tell_invoice
from ports.event_interpreter import EventInterpreter, UnreadableEvent
from ports.repositories import Match
from ports.unit_of_work import StorageUnavailable
from ports.webhook_verifier import WebhookVerifier


class Outcome(StrEnum):
    """What the answer to a delivery says."""

    PROCESSED = "processed"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"
    UNMATCHED = "unmatched"


@dataclass(frozen=True)
class Receipt:
    """A delivery that is safely kept; `is_new` when its event was not stored before.

    `is_lost_dispute` when it tells of a dispute and nothing says which firm's it is: only the operator can be told.
    """

    event_id: str
    outcome: Outcome
    is_new: bool = True
    is_lost_dispute: bool = False


class EventNotProcessed(Exception):
    """The event is stored as failed; the next delivery or a replay tries it again. Its text holds no payload."""

    def __init__(self, event_id: str, error: str) -> None:
        super().__init__(f"Event {event_id} is stored but could not be processed: {error}")
        self.event_id = event_id


@dataclass(frozen=True)
class Mailroom:
    """What receiving events needs beside the common ports. `livemode` is this installation's."""

    verifier: WebhookVerifier
    interpreter: EventInterpreter
    livemode: bool


def receive_event(ports: Ports, mailroom: Mailroom, body: bytes, signature_header: str) -> Receipt:
    """Take one delivery of raw bytes.

    Raises `BadSignature` and `MalformedEvent` (nothing stored), `EventNotProcessed` (stored as failed) and
    `StorageUnavailable` (not stored: Stripe has to send it again).
    """
    event = mailroom.verifier.verify(body, signature_header, ports.clock.now())
    return apply_event(ports, mailroom, event)


def apply_event(ports: Ports, mailroom: Mailroom, event: StripeEvent, *, again: bool = False) -> Receipt:
    """Apply a verified event once; a repeat of a processed or ignored one is a duplicate, unless `again` asks for it.

    Raises as `receive_event`.
    """
    try:
        receipt = in_system(ports, lambda step: _apply(step, mailroom, event, again=again))
    except StorageUnavailable:
        raise
    except UnreadableEvent as unreadable:
        _keep_failed(ports, event, str(unreadable), unreadable.stripe_ids)
        raise EventNotProcessed(event.id, str(unreadable)) from unreadable
    except Exception as fault:  # a fault of ours must not lose the event: it is kept and can be replayed
        error = f"{type(fault).__name__} while applying it"
        _keep_failed(ports, event, error, _named_in(mailroom, event))
        raise EventNotProcessed(event.id, error) from fault
    ports.metrics.count("dunlin_webhook_events_total", type=event.type, outcome=receipt.outcome.value)
    if receipt.is_lost_dispute and receipt.is_new:
        ports.metrics.count("dunlin_disputes_without_firm_total")
    return receipt


def replay_event(ports: Ports, mailroom: Mailroom, account: str, event_id: str) -> Receipt | None:
    """Apply a stored event again; None when it is not stored. Facts that are known already change nothing."""
    entry = in_system(ports, lambda step: step.tx.inbox.lock(account, event_id))
    return None if entry is None else apply_event(ports, mailroom, entry.event, again=True)


def _apply(step: Step, mailroom: Mailroom, event: StripeEvent, *, again: bool) -> Receipt:
    is_ours = event.livemode == mailroom.livemode
    told = mailroom.interpreter.interpret(event, step.now) if is_ours else _WRONG_MODE
    match = step.tx.inbox.match(event.account, told.named_invoice_id, told.stripe_ids)
    entry = _entry(step, event, told, match)
    is_new, is_noted = step.tx.inbox.record(entry), False
    if not is_new:
        known = step.tx.inbox.lock(event.account, event.id)
        if known is None or (known.status in FINAL_STATUSES and not again):
            return Receipt(event.id, Outcome.DUPLICATE, is_new=False)
        # What we first heard then is no news now: the age of a fact decides whether its retry surprises anybody.
        told = mailroom.interpreter.interpret(event, known.received_at) if is_ours else _WRONG_MODE
        is_noted = known.status is InboxStatus.PROCESSED
        step.tx.inbox.save(replace(entry, received_at=known.received_at, tries=known.tries + 1))
    if entry.status is InboxStatus.PROCESSED:
        _tell_invoice(step, event, replace(told, note=None) if is_noted else told, match)
    elif entry.status is InboxStatus.UNMATCHED and told.disputes and not match.is_ambiguous:
        _keep_disputes(step, told, match)
    is_lost = bool(told.disputes) and match.firm_id is None
    return Receipt(event.id, Outcome(entry.status.value), is_new=is_new, is_lost_dispute=is_lost)


_WRONG_MODE = Interpretation(is_handled=False, note="Its livemode is not this installation's.")


def _entry(step: Step, event: StripeEvent, told: Interpretation, match: Match) -> InboxEntry:
    status, error = _standing(told, match)
    return InboxEntry(
        event=event,
        status=status,
        received_at=step.now,
        firm_id=match.firm_id,
        invoice_id=match.invoice_id if told.is_handled else None,
        error=error,
        processed_at=None if status is InboxStatus.UNMATCHED else step.now,
        stripe_ids=told.stripe_ids,
    )


def _standing(told: Interpretation, match: Match) -> tuple[InboxStatus, str | None]:
    if not told.is_handled:
        return InboxStatus.IGNORED, told.note
    if match.is_ambiguous:
        return InboxStatus.UNMATCHED, "Two firms claim its objects. Remove one claim, then replay."
    if match.invoice_id is None:
        return InboxStatus.UNMATCHED, "No invoice is known for it yet; it is tried again when one is."
    return InboxStatus.PROCESSED, None


def _tell_invoice(step: Step, event: StripeEvent, told: Interpretation, match: Match) -> None:
    assert match.firm_id is not None
    assert match.invoice_id is not None
    step.tx.enter_firm(match.firm_id)
    if told.fraud_warning is not None:
        _warn_of_fraud(step, told.fraud_warning, match)
    elif told.note is not None:
        _write_note(step, event, told.note, match)
    if match.wakes_others:
        _wake_others(step, event, told.stripe_ids, match)
    for session_id in told.card_sessions:
        await_card(step, match.firm_id, match.invoice_id, session_id)
    tell_invoice(step, match.firm_id, match.invoice_id, told, STRIPE)


def _keep_disputes(step: Step, told: Interpretation, match: Match) -> None:
    """A dispute must be answered in time even where nobody knows yet what it is about."""
    if match.firm_id is None:
        return
    step.tx.enter_firm(match.firm_id)
    firm = step.tx.firms.get(match.firm_id)
    assert firm is not None
    for telling in told.disputes:
        record_unmatched(step, firm, telling)


def _write_note(step: Step, event: StripeEvent, text: str, match: Match) -> None:
    assert match.firm_id is not None
    assert match.invoice_id is not None
    metadata = {"invoice_id": match.invoice_id, "event": event.id, "type": event.type}
    note = Note("stripe_reported", Severity.INFO, text, "event", event.id, metadata)
    step.tx.journal.append([audit_event(step, match.firm_id, note, STRIPE, match.invoice_id)])


def _warn_of_fraud(step: Step, warning: FraudWarning, match: Match) -> None:
    assert match.firm_id is not None
    assert match.invoice_id is not None
    facts = step.tx.history.facts(match.invoice_id)
    assert facts is not None
    note = warned(warning, facts.invoice, facts.payments)
    added = step.tx.outbox.add(alert_items(step, match.firm_id, [note], match.invoice_id))
    if added:
        step.tx.journal.append([audit_event(step, match.firm_id, note, STRIPE, match.invoice_id)])
        step.ring_for(added)


def _wake_others(step: Step, event: StripeEvent, stripe_ids: Sequence[str], match: Match) -> None:
    """Other stored events speak of the same objects and could not be matched so far: they are tried again, by
    themselves.
    """
    assert match.firm_id is not None
    item = OutboxItem(
        id=step.ports.ids.new("out"),
        firm_id=match.firm_id,
        kind=OutboxKind.MATCH_EVENTS,
        dedupe_key=f"{OutboxKind.MATCH_EVENTS}:{event.account}:{event.id}",
        due_at=step.now,
        invoice_id=match.invoice_id,
        payload={"stripe_ids": " ".join(stripe_ids)},
    )
    step.ring_for(step.tx.outbox.add([item]))


def _named_in(mailroom: Mailroom, event: StripeEvent) -> Sequence[str]:
    try:
        return mailroom.interpreter.interpret(event, event.created_at).stripe_ids
    except Exception:  # noqa: BLE001 - the fault may be the interpreter's own, and the event is kept all the same
        return ()


def _keep_failed(ports: Ports, event: StripeEvent, error: str, stripe_ids: Sequence[str]) -> None:
    def keep(step: Step) -> None:
        match = step.tx.inbox.match(event.account, None, stripe_ids)
        firm_id, invoice_id, ids = match.firm_id, match.invoice_id, tuple(stripe_ids)
        failed = InboxEntry(event, InboxStatus.FAILED, step.now, firm_id, invoice_id, error=error, stripe_ids=ids)
        if step.tx.inbox.record(failed):
            _tell_staff(step, event, error, firm_id)
            return
        known = step.tx.inbox.lock(event.account, event.id)
        if known is None or known.status in FINAL_STATUSES:
            return
        step.tx.inbox.save(replace(failed, received_at=known.received_at, tries=known.tries + 1))
        if known.status is not InboxStatus.FAILED:
            # It could be read when its invoice was not known, and cannot be applied now that it is.
            _tell_staff(step, event, error, firm_id)

    in_system(ports, keep)
    ports.metrics.count("dunlin_webhook_events_total", type=event.type, outcome="failed")


def _tell_staff(step: Step, event: StripeEvent, error: str, firm_id: str | None) -> None:
    """An event that cannot be used is parked loudly, once, where its objects or its account lead to one firm."""
    if firm_id is None:
        return
    step.tx.enter_firm(firm_id)
    severity = Severity.CRITICAL if event.type.startswith("charge.dispute.") else Severity.WARNING
    words = f"Stripe's event {event.id} ({event.type}) is stored but could not be used: {error}. Replay it once mended."
    metadata: dict[str, MetadataValue] = {"event": event.id, "type": event.type, "error": error}
    note = Note("event_failed", severity, words, "event", event.id, metadata, f"event_failed:{event.id}")
    added = step.tx.outbox.add(alert_items(step, firm_id, [note], None))
    if added:
        step.tx.journal.append([audit_event(step, firm_id, note, STRIPE)])
        step.ring_for(added)
