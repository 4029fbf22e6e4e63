"""Rings for outbox rows through RQ and rq-scheduler: at once into the queue, or into the schedule."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from typing import TypeVar, cast

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import RedisError
from rq.job import Job

from adapters.rq_jobs.breaker import CircuitBreaker
from adapters.rq_jobs.job import RUN_OUTBOX, check_outbox_id
from adapters.rq_jobs.moves import SCHEDULED_KEY, Move, move_due, queue_key
from adapters.rq_jobs.queues import QUEUE_NAMES
from adapters.rq_jobs.scheduler import DunlinScheduler
from ports.clock import Clock
from ports.job_scheduler import Bell, QueueUnavailable

_BATCH_SIZE = 200
_PAUSE_AFTER_FAILURE_SECONDS = 1.0
_LOG_EVERY_SECONDS = 30.0

_log = logging.getLogger(__name__)
Item = TypeVar("Item")


def _ignore(_lost_bells: int) -> None:
    """Nobody counts."""


class RqJobScheduler:
    """The port `JobScheduler` over Redis.

    `connection` should come from `connect` with its short time-outs, since rings happen after a commit while somebody
    waits for an answer. `on_lost` is told how many bells a failure cost. `job_function` is the dotted path that
    workers call with the outbox id.
    """

    def __init__(
        self,
        connection: Redis,
        clock: Clock,
        *,
        job_function: str = RUN_OUTBOX,
        on_lost: Callable[[int], None] = _ignore,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._schedule = DunlinScheduler(connection, clock, job_function=job_function)
        self._on_lost = on_lost
        self._breaker = CircuitBreaker(_PAUSE_AFTER_FAILURE_SECONDS, monotonic)
        self._losses = _Losses(monotonic)

    def ring(self, bells: Sequence[Bell]) -> None:
        """Have each row run at its `due_at`; see the port. Raises `ValueError` for a bell that can never be rung."""
        for bell in bells:
            _check(bell)
        for batch in _batches(bells):
            self._try(partial(self._ring_batch, batch), lost_bells=len(batch))

    def silence(self, outbox_ids: Sequence[str]) -> None:
        """Forget waiting bells; see the port."""
        for batch in _batches(outbox_ids):
            self._try(partial(self._silence_batch, batch), lost_bells=0)

    def waiting(self, queue: str) -> frozenset[str]:
        """The ids that are ready to run; see the port. A queue of 100,000 takes about a tenth of a second."""
        try:
            entries = self._connection.lrange(queue_key(queue), 0, -1)
        except RedisError as error:
            raise QueueUnavailable(f"Redis did not tell what waits in {queue!r}: {type(error).__name__}") from error
        return frozenset(str(entry, "utf-8", "replace") for entry in cast("list[bytes]", entries))

    def _try(self, command: Callable[[], None], lost_bells: int) -> None:
        if self._breaker.may_try():
            try:
                command()
            except RedisError as error:
                self._breaker.failed()
                self._losses.cause = f"{type(error).__name__}: {error}"
            else:
                self._breaker.succeeded()
                return
        if lost_bells:
            self._on_lost(lost_bells)
            self._losses.add(lost_bells)

    def _ring_batch(self, bells: Sequence[Bell]) -> None:
        now = self._clock.now()
        due = [Move(bell.outbox_id, bell.queue) for bell in bells if bell.due_at <= now]
        with self._connection.pipeline(transaction=True) as pipe:
            for bell in bells:
                self._schedule.enter(bell.outbox_id, bell.queue, bell.due_at, pipeline=pipe)
                if bell.due_at > now:
                    pipe.lrem(queue_key(bell.queue), 0, bell.outbox_id)
            if due:
                move_due(pipe, due, now)
            pipe.execute()

    def _silence_batch(self, outbox_ids: Sequence[str]) -> None:
        with self._connection.pipeline(transaction=True) as pipe:
            for outbox_id in outbox_ids:
                _silence(pipe, outbox_id)
            pipe.execute()


class _Losses:
    """Says every half minute at most how many bells were lost, and why."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._unsaid = 0
        self._say_at = 0.0
        self.cause = "Redis did not answer"

    def add(self, lost_bells: int) -> None:
        with self._lock:
            self._unsaid += lost_bells
            if self._monotonic() < self._say_at:
                return
            self._say_at = self._monotonic() + _LOG_EVERY_SECONDS
            unsaid, self._unsaid = self._unsaid, 0
        _log.warning("%d bells were lost (%s); the sweep will find their rows", unsaid, self.cause)


def _check(bell: Bell) -> None:
    check_outbox_id(bell.outbox_id)
    if bell.queue not in QUEUE_NAMES:
        raise ValueError(f"there is no queue {bell.queue!r}; there are {', '.join(QUEUE_NAMES)}")
    if bell.due_at.utcoffset() is None:
        raise ValueError(f"the bell of {bell.outbox_id} has a time without a zone")


def _silence(pipe: Pipeline, outbox_id: str) -> None:
    pipe.zrem(SCHEDULED_KEY, outbox_id)
    for queue in QUEUE_NAMES:
        pipe.lrem(queue_key(queue), 0, outbox_id)
    pipe.delete(Job.key_for(outbox_id))


def _batches(items: Sequence[Item]) -> list[list[Item]]:
    remaining = iter(items)
    batches = []
    while batch := list(islice(remaining, _BATCH_SIZE)):
        batches.append(batch)
    return batches
