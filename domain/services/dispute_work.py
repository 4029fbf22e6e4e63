"""What the outbox asks for about disputes: reminding of a deadline, and conceding as a person asked for."""

from dataclasses import replace
from datetime import timedelta

from domain.model.answers import DisputeShown, NotReached, Refused, Unknown
from domain.model.audit import DUNLIN, Actor, MetadataValue, Note, Severity
from domain.model.dispute_deadlines import Reminder, dispute_wishes, reminders
from domain.model.dispute_statuses import DisputeStatus
from domain.model.disputes import Dispute, merge_dispute
from domain.model.errors import Conflict
from domain.model.moments import shown
from domain.model.money import in_words
from domain.model.outbox import LEASE, OutboxItem
from domain.services.cases import done, ended, is_same_claim
from domain.services.charging import put_off
from domain.services.disputes import Hearing, hear
from domain.services.steps import Ports, Step, in_firm
from ports.dispute_gateway import DisputeGateway


def request_acceptance(ports: Ports, firm_id: str, any_id: str, by: Actor) -> str:
    """Concede a dispute for good: a worker tells Stripe at once. Repeating it is fine; our id of the dispute.

    Raises `NotFound`, and `Conflict` when the dispute waits for no answer.
    """

    def request(step: Step) -> str:
        hearing = hear(step, firm_id, any_id)
        dispute = hearing.dispute
        if dispute.status is not DisputeStatus.OPENED:
            raise Conflict(f"The dispute is {dispute.status}; only one that waits for an answer can be accepted.")
        if not dispute.is_to_be_accepted:
            words = f"Dispute {dispute.stripe_dispute_id} over {in_words(dispute.money)} is to be accepted."
            note = _note(hearing, "dispute_accept_requested", Severity.WARNING, words)
            hearing.change(replace(dispute, accept_requested_at=step.now), by, note)
        return dispute.id

    return in_firm(ports, firm_id, request)


def accept_dispute(ports: Ports, gateway: DisputeGateway, item: OutboxItem) -> None:
    """Tell Stripe that the dispute is conceded. A repeat changes nothing at Stripe, so a lost answer is asked again."""
    leaving = in_firm(ports, item.firm_id, lambda step: _prepare(step, item))
    if leaving is None:
        return
    account, stripe_dispute_id = leaving
    answer = gateway.accept(account, stripe_dispute_id)
    match answer:
        case DisputeShown() | Refused():
            in_firm(ports, item.firm_id, lambda step: _record(step, item, answer))
        case Unknown(_, reason) | NotReached(reason):
            in_firm(ports, item.firm_id, lambda step: put_off(step, item, reason))


def _prepare(step: Step, item: OutboxItem) -> tuple[str | None, str] | None:
    hearing = hear(step, item.firm_id, item.dispute_id or "")
    row = _own_row(step, item)
    if row is None:
        return None
    if not _is_wished(hearing, row):
        step.tx.outbox.save(ended(row))
        return None
    step.tx.outbox.save(replace(row, lease_until=step.now + LEASE))
    return hearing.firm.stripe_account, hearing.dispute.stripe_dispute_id


def _own_row(step: Step, item: OutboxItem) -> OutboxItem | None:
    """The claimed row as it stands; None when somebody else has it by now.

    To be asked once its dispute is held: a dispute that was attached in the meantime brought the row to its invoice.
    """
    current = step.tx.outbox.get(item.id)
    return current if current is not None and is_same_claim(current, item) else None


def _is_wished(hearing: Hearing, item: OutboxItem) -> bool:
    wishes = dispute_wishes(hearing.dispute, hearing.firm.policy)
    return any(wish.dedupe_key == item.dedupe_key for wish in wishes)


def _record(step: Step, item: OutboxItem, answer: DisputeShown | Refused) -> None:
    """Write what was answered. What Stripe shows is kept whoever tells it; only who still has the row gives it up."""
    hearing = hear(step, item.firm_id, item.dispute_id or "")
    row = _own_row(step, item)
    if isinstance(answer, DisputeShown):
        after = merge_dispute(hearing.dispute.id, hearing.dispute, [answer.telling])
        hearing.change(after, DUNLIN, rows=() if row is None else (done(row),))
        return
    if row is None:
        return
    words = f"Stripe did not accept the end of dispute {hearing.dispute.stripe_dispute_id}: {answer.reason}"
    # Asked again and refused again is news again.
    note = _note(hearing, "dispute_accept_refused", Severity.CRITICAL, words, alert=f"accept_refused:{row.id}")
    hearing.change(replace(hearing.dispute, accept_requested_at=None), DUNLIN, note, rows=(done(row),))


def remind(ports: Ports, item: OutboxItem) -> None:
    """Tell the firm's staff that the dispute's deadline comes near, unless it was answered or a nearer reminder is due
    as well.
    """
    in_firm(ports, item.firm_id, lambda step: _remind(step, item))


def _remind(step: Step, item: OutboxItem) -> None:
    hearing = hear(step, item.firm_id, item.dispute_id or "")
    row = _own_row(step, item)
    if row is None:
        return
    due = [reminder for reminder in reminders(hearing.dispute, hearing.firm.policy) if reminder.due_at <= step.now]
    mine = next((reminder for reminder in due if reminder.key(hearing.dispute) == row.dedupe_key), None)
    if mine is None:
        step.tx.outbox.save(ended(row))
    elif mine is not min(due, key=lambda reminder: reminder.hours):
        step.tx.outbox.save(done(row, "A nearer reminder was due as well."))
    else:
        hearing.change(hearing.dispute, DUNLIN, _reminder_note(step, hearing, mine), rows=[done(row)])


def _reminder_note(step: Step, hearing: Hearing, reminder: Reminder) -> Note:
    dispute = hearing.dispute
    what = f"Dispute {dispute.stripe_dispute_id} over {in_words(dispute.money)}"
    why = dispute.newest.reason or "no reason told"
    words = f"{what} ({why}) {_time_left(reminder.respond_by - step.now)} Its deadline: {shown(reminder.respond_by)}."
    alert = f"deadline:{reminder.hours}:{int(reminder.respond_by.timestamp())}"
    return _note(hearing, "dispute_deadline_near", Severity.CRITICAL, words, alert=alert)


def _time_left(left: timedelta) -> str:
    if left < timedelta(0):
        return "was not answered in time; nothing can be submitted any more."
    hours = round(left.total_seconds() / 3600)
    left_words = f"{hours // 24} days" if hours >= 48 else f"{hours} hours"
    return f"has {left_words} left: submit evidence or accept it."


def _note(hearing: Hearing, action: str, severity: Severity, words: str, *, alert: str | None = None) -> Note:
    dispute: Dispute = hearing.dispute
    respond_by = dispute.respond_by
    metadata: dict[str, MetadataValue] = {
        "dispute_id": dispute.id,
        "invoice_id": hearing.invoice_id,
        "stripe_dispute_id": dispute.stripe_dispute_id,
        "amount": dispute.money.amount_minor,
        "currency": dispute.money.currency,
        "respond_by": shown(respond_by) if respond_by else None,
    }
    alert_key = None if alert is None else f"dispute:{dispute.id}:{alert}"
    return Note(action, severity, words, "dispute", dispute.id, metadata, alert_key)
