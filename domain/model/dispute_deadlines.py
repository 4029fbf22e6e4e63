"""When to remind the firm's staff of a dispute that waits for its answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.model.disputes import Dispute
from domain.model.outbox import OutboxKind, Wish
from domain.model.policies import Policy


@dataclass(frozen=True)
class Reminder:
    """One reminder, due `hours` before the deadline `respond_by`."""

    hours: int
    respond_by: datetime

    @property
    def due_at(self) -> datetime:
        """When it is due."""
        return self.respond_by - timedelta(hours=self.hours)

    def key(self, dispute: Dispute) -> str:
        """Its outbox row's key. A deadline that moves makes new reminders, even of times that were reminded of."""
        return f"{OutboxKind.DISPUTE_DEADLINE}:{dispute.id}:{self.hours}:{int(self.respond_by.timestamp())}"


def reminders(dispute: Dispute, policy: Policy) -> tuple[Reminder, ...]:
    """The reminders of the round that the dispute is in, latest first; none once it was answered or has ended.

    A time before the dispute was opened is nobody's to be reminded at.
    """
    respond_by = dispute.respond_by
    if not dispute.awaits_answer or respond_by is None:
        return ()
    all_of_them = (Reminder(hours, respond_by) for hours in sorted(policy.dispute_reminder_hours))
    return tuple(reminder for reminder in all_of_them if reminder.due_at > dispute.opened_at)


def dispute_wishes(dispute: Dispute, policy: Policy) -> list[Wish]:
    """The rows that the dispute asks for: its reminders, and its acceptance where that was decided."""
    wishes = [
        Wish(OutboxKind.DISPUTE_DEADLINE, reminder.key(dispute), reminder.due_at, dispute_id=dispute.id)
        for reminder in reminders(dispute, policy)
    ]
    if dispute.accept_requested_at is not None and dispute.is_to_be_accepted:
        accept_key = f"{OutboxKind.ACCEPT_DISPUTE}:{dispute.id}:{int(dispute.accept_requested_at.timestamp())}"
        wishes.append(Wish(OutboxKind.ACCEPT_DISPUTE, accept_key, dispute.accept_requested_at, dispute_id=dispute.id))
    return wishes
