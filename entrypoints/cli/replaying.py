"""Choosing stored events and processing them again."""

from collections.abc import Iterator, Sequence

from domain.model.inbox import InboxStatus
from domain.services.steps import Ports, Step, in_system
from domain.services.webhooks import EventNotProcessed, Mailroom, replay_event

BATCH_MAX = 100_000

Key = tuple[str, str]


def select(ports: Ports, event_ids: Sequence[str], *, failed: bool, unmatched: bool) -> tuple[list[Key], list[str]]:
    """The stored events that are meant, each once, and the ids that are not stored."""

    def find(step: Step) -> tuple[list[Key], list[str]]:
        found: dict[Key, None] = {}
        unknown = []
        for event_id in event_ids:
            keys = step.tx.backlog.find(event_id)
            found.update(dict.fromkeys(keys))
            if not keys:
                unknown.append(event_id)
        for status in _statuses(failed=failed, unmatched=unmatched):
            found.update(dict.fromkeys(step.tx.backlog.with_status(status, None, BATCH_MAX)))
        return list(found), unknown

    return in_system(ports, find)


def _statuses(*, failed: bool, unmatched: bool) -> list[InboxStatus]:
    return [InboxStatus.FAILED] * failed + [InboxStatus.UNMATCHED] * unmatched


def replay_all(ports: Ports, mailroom: Mailroom, events: Sequence[Key]) -> Iterator[tuple[str, bool]]:
    """A line for each event and whether it failed again."""
    for account, event_id in events:
        try:
            receipt = replay_event(ports, mailroom, account, event_id)
        except EventNotProcessed as failed:
            yield f"{event_id}  failed: {failed}", True
        else:
            yield f"{event_id}  {receipt.outcome if receipt else 'gone'}", False
