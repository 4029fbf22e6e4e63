"""A forking RQ worker for one queue that survives bad entries, killed work-horses and a Redis that comes and goes."""

import contextlib
import gc
import json
import logging
import os
import socket
import time
from collections.abc import Callable
from typing import Any, Final, cast

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from rq.exceptions import DequeueTimeout, StopRequested
from rq.executions import Execution
from rq.job import Job
from rq.queue import Queue
from rq.serializers import JSONSerializer
from rq.utils import now
from rq.worker import Worker
from setproctitle import setproctitle

from adapters.rq_jobs.job import RESULT_TTL_SECONDS, RUN_OUTBOX, JsonJob, check_outbox_id, json_job_class
from adapters.rq_jobs.maintenance import tidy
from adapters.rq_jobs.quarantine import quarantine
from adapters.rq_jobs.queues import QUEUE_NAMES

_WORKER_TTL_SECONDS = 17  # RQ waits for a job 15 s less than this at a time, and beats its heart in between
_MONITORING_SECONDS = 5
_HEARTBEAT_PAUSE_SECONDS = 1.0
_FIRST_BACK_OFF_SECONDS = 0.25
_LONGEST_BACK_OFF_SECONDS = 2.0

WORKER_TIMEOUT_SECONDS: Final = 5.0  # for `connect`: nobody waits for a worker's answer, so it need not hurry

_log = logging.getLogger(__name__)


def _do_nothing() -> None:
    """The default of both hooks."""


class DunlinQueue(Queue):
    """A queue in which an entry that is no job of ours is set aside instead of ending the worker."""

    job_class = JsonJob

    @classmethod
    def lmove(cls, connection: Redis, queue_key: str, timeout: int | None) -> tuple[str, bytes] | None:
        """Take the next id that can be one; see RQ. Raises `DequeueTimeout` when none came, or none that is one."""
        taken = super().lmove(connection, queue_key, timeout)
        if taken is None:
            return None
        entry: bytes = taken[1]
        try:
            check_outbox_id(entry.decode())
        except ValueError as error:
            _set_aside(connection, queue_key, entry, str(error))
            raise DequeueTimeout(timeout, queue_key) from None
        return queue_key, entry

    @classmethod
    def _fetch_dequeued_job(  # type: ignore[override]  # RQ passes the rest by name
        cls, connection: Redis, queue_key: str, job_id: str, **options: Any
    ) -> tuple[Job, Queue] | None:
        try:
            fetched = super()._fetch_dequeued_job(connection, queue_key, job_id, **options)
        except (RedisConnectionError, RedisTimeoutError):
            raise
        except Exception as error:  # noqa: BLE001 - anything may stand in the hash; the next job must run all the same
            _set_aside(connection, queue_key, job_id.encode(), f"{type(error).__name__}: {error}")
            return None
        if fetched is None:
            connection.lrem(f"{queue_key}:intermediate", 1, job_id)
        return fetched


def _set_aside(connection: Redis, queue_key: str, entry: bytes, reason: str) -> None:
    with connection.pipeline(transaction=True) as pipe:
        quarantine(pipe, entry, queue_key, reason)
        pipe.lrem(f"{queue_key}:intermediate", 0, entry)  # type: ignore[arg-type]  # bytes are fine
        pipe.execute()


class DunlinWorker(Worker):
    """Runs the bells of one queue, each in a fork of its own.

    A fork costs some milliseconds and buys three things: a killed, crashed or hanging job takes nothing else along,
    each job has database connections of its own, and nothing leaks from one job to the next. `before_work` runs once
    in the parent: import the application there, and open no connection that a fork would share.
    """

    queue_class = DunlinQueue
    job_class = JsonJob
    log_result_lifespan = False
    max_connection_wait_time = _LONGEST_BACK_OFF_SECONDS

    def __init__(
        self,
        queue_name: str,
        connection: Redis,
        *,
        job_function: str = RUN_OUTBOX,
        on_heartbeat: Callable[[], None] = _do_nothing,
        before_work: Callable[[], None] = _do_nothing,
    ) -> None:
        """Raises `ValueError` for an unknown queue. Redis is not asked before `run`."""
        if queue_name not in QUEUE_NAMES:
            raise ValueError(f"there is no queue {queue_name!r}; there are {', '.join(QUEUE_NAMES)}")
        super().__init__(
            [queue_name],
            connection=connection,
            default_result_ttl=RESULT_TTL_SECONDS,
            worker_ttl=_WORKER_TTL_SECONDS,
            job_class=json_job_class(job_function),
            queue_class=DunlinQueue,
            serializer=JSONSerializer,
            log_job_description=False,
            job_monitoring_interval=_MONITORING_SECONDS,
            prepare_for_work=False,  # it would ask Redis for our address, and Redis may be down yet
        )
        self.hostname = socket.gethostname()
        self.pid = os.getpid()
        self._queue_name = queue_name
        self._on_heartbeat = on_heartbeat
        self._before_work = before_work
        self._next_heartbeat_at = 0.0

    # -- running ----------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Work until SIGTERM or SIGINT, which let the running job end. Goes on by itself when Redis comes back."""
        self.procline("")
        self._install_signal_handlers()  # type: ignore[no-untyped-call]
        self._before_work()
        gc.collect()
        gc.freeze()  # or the collector of each fork would copy every page it looks at
        _log.info("the worker on %r has started", self._queue_name)
        self._work_on()
        _log.info("the worker on %r has stopped", self._queue_name)

    def _work_on(self) -> None:
        back_off_seconds = _FIRST_BACK_OFF_SECONDS
        with contextlib.suppress(StopRequested):
            while self._shutdown_requested_date is None:
                worked_since = time.monotonic()
                self._work_until_trouble()
                if time.monotonic() - worked_since > _LONGEST_BACK_OFF_SECONDS:
                    back_off_seconds = _FIRST_BACK_OFF_SECONDS
                if self._shutdown_requested_date is None:
                    self.log.warning("Work on %r stopped; going on in %.2f s", self._queue_name, back_off_seconds)
                    time.sleep(back_off_seconds)
                    back_off_seconds = min(back_off_seconds * 2, _LONGEST_BACK_OFF_SECONDS)

    def _work_until_trouble(self) -> None:
        self._state = "starting"
        try:
            self.work()
        except RedisError as error:
            self.log.warning("Redis did not answer: %s", error)
        if self.horse_pid:
            self.wait_for_horse()
            self._horse_pid = 0

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run the job in a fork, or refuse it."""
        refusal = cast("JsonJob", job).refusal()
        if refusal is None:
            super().execute_job(job, queue)
        else:
            self._refuse(job, queue, refusal)

    def _refuse(self, job: Job, queue: Queue, refusal: str) -> None:
        self.log.error("Job %s was refused: %s", job.id, refusal)
        # Other tools, which load pickles, may look at failed jobs: the payload is not kept.
        job.data = json.dumps(["refused", None, [], {}]).encode()
        self.handle_job_failure(job, queue, exc_string=f"Refused: {refusal}")
        queue.intermediate_queue.remove(job.id)

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """Run the job; called in the fork."""
        setproctitle(f"dunlin work-horse --queue {self._queue_name}")
        super().main_work_horse(job, queue)

    def procline(self, message: str) -> None:  # noqa: ARG002 - the title is what the supervisor and people look for
        """Keep the title by which people find this process."""
        if not self.is_horse:
            setproctitle(f"dunlin worker --queue {self._queue_name}")

    # -- what RQ does around the work -------------------------------------------------------------------------------

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Tell Redis, and once a second whoever else listens, that this worker is there."""
        super().heartbeat(timeout, pipeline)
        if not self.is_horse and time.monotonic() >= self._next_heartbeat_at:
            self._next_heartbeat_at = time.monotonic() + _HEARTBEAT_PAUSE_SECONDS
            self._on_heartbeat()

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        """Beat while a job runs; that Redis is away is no reason to stop watching over the work-horse."""
        try:
            super().maintain_heartbeats(job, execution)
        except RedisError as error:
            self.log.warning("Redis did not take a heartbeat: %s", error)

    def set_shutdown_requested_date(self) -> None:
        """Note the request to stop where Redis can; called by the signal handler."""
        with contextlib.suppress(RedisError):
            super().set_shutdown_requested_date()  # type: ignore[no-untyped-call]

    def register_birth(self) -> None:
        """Announce this worker, again after a trouble in which it could not announce its end."""
        self.connection.delete(self.key)
        super().register_birth()  # type: ignore[no-untyped-call]

    def run_maintenance_tasks(self) -> None:
        """Tidy the queue every ten minutes, one worker at a time."""
        for queue in self.queues:
            if queue.acquire_maintenance_lock():
                tidy(queue)
                queue.release_maintenance_lock()  # type: ignore[no-untyped-call]
        self.last_cleaned_at = now()  # type: ignore[assignment]

    def subscribe(self) -> None:
        """Listen to nobody: workers are stopped by signals, and a thread would make each fork less safe."""

    def unsubscribe(self) -> None:
        """There is nothing to unsubscribe from."""
