"""The doorbell in memory: for unit tests and the simulator, which run the bells themselves."""

from collections.abc import Sequence

from ports.clock import Clock
from ports.job_scheduler import Bell, QueueUnavailable

_QUEUES = ("retries", "notices", "upkeep", "host_webhooks")


class MemoryJobScheduler:
    """The port `JobScheduler` without a server. Bells become ready as `clock` moves on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._bells: dict[str, Bell] = {}
        self.is_down = False
        self.lost_bells = 0

    def ring(self, bells: Sequence[Bell]) -> None:
        """Have each row run at its `due_at`; see the port. Raises `ValueError` for a bell that can never be rung."""
        for bell in bells:
            if bell.queue not in _QUEUES:
                raise ValueError(f"there is no queue {bell.queue!r}; there are {', '.join(_QUEUES)}")
            if bell.due_at.utcoffset() is None:
                raise ValueError(f"the bell of {bell.outbox_id} has a time without a zone")
        if self.is_down:
            self.lost_bells += len(bells)
            return
        self._bells.update({bell.outbox_id: bell for bell in bells})

    def silence(self, outbox_ids: Sequence[str]) -> None:
        """Forget waiting bells; see the port."""
        if not self.is_down:
            for outbox_id in outbox_ids:
                self._bells.pop(outbox_id, None)

    def waiting(self, queue: str) -> frozenset[str]:
        """The ids that are ready to run; see the port."""
        if self.is_down:
            raise QueueUnavailable("the queue is down")
        return frozenset(bell.outbox_id for bell in self._ready() if bell.queue == queue)

    def take(self, queue: str | None = None) -> list[str]:
        """What workers do: remove the ready bells, of one queue or of all, and answer their ids, earliest first."""
        ready = [bell.outbox_id for bell in self._ready() if queue in {None, bell.queue}]
        for outbox_id in ready:
            del self._bells[outbox_id]
        return ready

    def forget_everything(self) -> None:
        """Lose all bells, as a flushed server does."""
        self._bells.clear()

    def pending(self) -> tuple[Bell, ...]:
        """Every bell that has been rung and not taken, earliest first."""
        return tuple(sorted(self._bells.values(), key=lambda bell: (bell.due_at, bell.outbox_id)))

    def _ready(self) -> list[Bell]:
        now = self._clock.now()
        return [bell for bell in self.pending() if bell.due_at <= now]
