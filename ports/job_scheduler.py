"""The doorbell: tells the queue that an outbox row will be due. It remembers nothing that the database does not
know.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Bell:
    """One outbox row to be run: `queue` is `retries`, `notices` or `upkeep`; `due_at` is aware UTC, in the past for
    "now".
    """

    outbox_id: str
    queue: str
    due_at: datetime


class JobScheduler(Protocol):
    """Rings for outbox rows. Losing every bell costs a delay of one sweep and nothing else."""

    def ring(self, bells: Sequence[Bell]) -> None:
        """Have each row run at its `due_at`, at once when that has passed.

        Ringing again for the same row moves its time; it never makes a second waiting entry. Never raises for a queue
        that is
        down: the bell is lost, counted and logged, and the sweep finds the row.
        """

    def silence(self, outbox_ids: Sequence[str]) -> None:
        """Forget waiting bells, where they are still waiting. Unknown ids are fine; a queue that is down is fine."""

    def waiting(self, queue: str) -> frozenset[str]:
        """The outbox ids that stand in `queue` ready to run (not those scheduled for later).

        Raises `QueueUnavailable` when the queue cannot be asked.
        """


class QueueUnavailable(Exception):
    """The queue server did not answer."""
