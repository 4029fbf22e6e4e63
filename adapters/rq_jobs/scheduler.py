"""rq-scheduler without its known faults: see docs/decisions/0003-queue.md."""

import logging
import os
import signal
import time
from collections.abc import Callable
from datetime import datetime
from types import FrameType
from typing import Any, Final

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import LockError, RedisError
from rq.queue import Queue
from rq.utils import utcformat
from rq_scheduler import Scheduler

from adapters.rq_jobs.job import RUN_OUTBOX, json_job_class
from adapters.rq_jobs.moves import SCHEDULED_KEY, move_due, queue_key
from adapters.rq_jobs.quarantine import quarantine
from adapters.rq_jobs.triage import Triage, triage
from ports.clock import Clock

_INTERVAL_SECONDS = 0.5
_LOCK_SECONDS = 3.0
_PRESENCE_SECONDS = 10
_BATCH_SIZE = 200
_BATCHES_A_PASS = 25
SCHEDULER_TIMEOUT_SECONDS: Final = 2.0  # for `connect`: below the life of the lock
_FIRST_BACK_OFF_SECONDS = 0.1
_LONGEST_BACK_OFF_SECONDS = 2.0

_log = logging.getLogger(__name__)


def _ignore() -> None:
    """Nobody listens to the heartbeat."""


class DunlinScheduler(Scheduler):  # type: ignore[misc]  # rq-scheduler ships no types
    """Moves bells that have become due from rq-scheduler's sorted set into their queues.

    Several may run at once: a short lock keeps them from doing the same work, and each move is one step inside Redis,
    so that they do no harm when the lock fails. Stops within half a second of SIGTERM or SIGINT, goes on by itself
    when Redis comes back.
    """

    def __init__(
        self,
        connection: Redis,
        clock: Clock,
        *,
        job_function: str = RUN_OUTBOX,
        interval_seconds: float = _INTERVAL_SECONDS,
        name: str | None = None,
    ) -> None:
        job_class = json_job_class(job_function)
        super().__init__(connection=connection, interval=interval_seconds, job_class=job_class, name=name)
        self._clock = clock
        self._lock = connection.lock(self.scheduler_lock_key, timeout=_LOCK_SECONDS, blocking=False)
        self._stopping = False

    # -- entering ---------------------------------------------------------------------------------------------------

    def enter(
        self,
        job_id: str,
        queue: str,
        due_at: datetime,
        *,
        every_seconds: int | None = None,
        pipeline: Pipeline | None = None,
    ) -> None:
        """Have `job_id` enter `queue` at `due_at` (aware, to the microsecond), and again `every_seconds` after that.

        Entering an id again replaces its time, so a periodic job has one fixed id and one entry, however often it is
        entered. What an earlier run left behind is dropped.
        """
        meta = None if every_seconds is None else {"interval": every_seconds}
        job = self.job_class.for_outbox_row(job_id, queue, self.connection, meta)
        pipe = pipeline if pipeline is not None else self.connection.pipeline(transaction=True)
        pipe.sadd(Queue.redis_queues_keys, queue_key(queue))
        pipe.zrem(job.failed_job_registry.key, job_id)
        pipe.delete(job.key)
        job.save(pipeline=pipe)
        pipe.zadd(SCHEDULED_KEY, {job_id: due_at.timestamp()})
        if pipeline is None:
            pipe.execute()

    def change_execution_time(self, job: Any, date_time: datetime) -> None:
        """Move a job that is still in the schedule, to the microsecond."""
        self.connection.zadd(SCHEDULED_KEY, {job.id: date_time.timestamp()}, xx=True)

    def _refuse_to_enter(self, *_arguments: object, **_options: object) -> None:
        raise TypeError("jobs enter the schedule by `enter`, with an id, a queue and an aware time of their own")

    # These cut fractions of a second, make a new entry at each call, and read cron lines in the zone of the process.
    enqueue_at = enqueue_in = schedule = cron = _refuse_to_enter

    # -- moving -----------------------------------------------------------------------------------------------------

    def enqueue_jobs(self) -> int:
        """Move what is due, in bounded batches, and answer how many were moved. The lock must be held."""
        moved = 0
        for _ in range(_BATCHES_A_PASS):
            now = self._clock.now()
            entries = self.connection.zrangebyscore(SCHEDULED_KEY, "-inf", now.timestamp(), start=0, num=_BATCH_SIZE)
            if not entries or self._stopping:
                break
            found = triage(self.connection, entries, self.job_class, now)
            self._set_aside(found)
            if found.ready:
                moved += move_due(self.connection, found.ready, now)
            if not self._renew_lock():
                break
        return moved

    def _set_aside(self, found: Triage) -> None:
        with self.connection.pipeline(transaction=True) as pipe:
            for entry in found.missing:
                pipe.zrem(SCHEDULED_KEY, entry)
                _log.warning("the job %r was due, but Redis has lost it; the sweep will ring again", entry)
            for entry, reason in found.unreadable:
                pipe.zrem(SCHEDULED_KEY, entry)
                quarantine(pipe, entry, SCHEDULED_KEY, reason)
            pipe.execute()

    def run_once(self) -> int:
        """One pass: move what is due unless another scheduler is at it. Answers how many were moved."""
        self.heartbeat()
        if not self.acquire_lock():
            return 0
        try:
            return self.enqueue_jobs()
        finally:
            self.remove_lock()

    # -- being one of several ---------------------------------------------------------------------------------------

    def acquire_lock(self) -> bool:
        """Take the lock for a few seconds, unless another scheduler has it."""
        return bool(self._lock.acquire(blocking=False))

    def _renew_lock(self) -> bool:
        try:
            self._lock.reacquire()
        except LockError:
            _log.warning("the scheduler's lock ran out while it worked; another one may have taken over")
            return False
        return True

    def remove_lock(self) -> None:
        """Give the lock back if it is still ours; never another scheduler's."""
        try:
            self._lock.release()
        except LockError:
            _log.debug("the lock was not ours any more")

    def register_birth(self) -> None:
        """Announce this scheduler, also under the name of one that was killed."""
        self.heartbeat()

    def heartbeat(self) -> None:
        """Say for ten seconds that this scheduler is there."""
        with self.connection.pipeline(transaction=True) as pipe:
            pipe.hdel(self.key, "death")
            pipe.hset(self.key, mapping={"pid": os.getpid(), "last_heartbeat": utcformat(self._clock.now())})
            pipe.expire(self.key, _PRESENCE_SECONDS)
            pipe.execute()

    # -- running ----------------------------------------------------------------------------------------------------

    def run(self, on_heartbeat: Callable[[], None] = _ignore) -> None:
        """Move bells until SIGTERM or SIGINT. `on_heartbeat` is called after each pass that went well."""
        self._install_signal_handlers()
        _log.info("the scheduler has started")
        failures = 0
        while not self._stopping:
            try:
                self.run_once()
                on_heartbeat()
                pause_seconds = self._seconds_until_next()
                failures = 0
            except RedisError as error:
                failures += 1
                pause_seconds = min(_FIRST_BACK_OFF_SECONDS * 2 ** min(failures, 10), _LONGEST_BACK_OFF_SECONDS)
                _log.warning("Redis did not answer (%s); trying again in %.1f s", error, pause_seconds)
            if not self._stopping:
                time.sleep(pause_seconds)
        self._leave()

    def _seconds_until_next(self) -> float:
        first = self.connection.zrange(SCHEDULED_KEY, 0, 0, withscores=True)
        if not first or self._lock.locked():
            return float(self._interval)
        seconds_left: float = first[0][1] - self._clock.now().timestamp()
        return min(float(self._interval), max(0.0, seconds_left))

    def _install_signal_handlers(self) -> None:
        def stop(_signal_number: int, _frame: FrameType | None) -> None:
            self._stopping = True

        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)

    def _leave(self) -> None:
        try:
            self.register_death()
        except RedisError as error:
            _log.info("Redis could not be told that the scheduler stops: %s", error)
        _log.info("the scheduler has stopped")
