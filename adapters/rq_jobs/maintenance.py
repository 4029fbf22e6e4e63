"""Tidies what killed workers left in Redis, without judging it: what became of a row stands in the database."""

import logging
import time
from typing import cast

from redis import Redis
from rq.queue import Queue
from rq.worker_registration import clean_worker_registry

from adapters.rq_jobs.job import FAILURE_TTL_SECONDS
from adapters.rq_jobs.moves import let_go

_BATCH_SIZE = 500

_log = logging.getLogger(__name__)


def tidy(queue: Queue) -> None:
    """Forget ids that were popped and never started or never ended, and registry entries that have run out.

    Their hashes expire in a day, unless their bell was rung again. Jobs are not read, so nothing that stands in a hash
    can make this fail, and none is marked, run again or moved.
    """
    connection: Redis = queue.connection
    popped = cast("list[bytes]", connection.lrange(queue.intermediate_queue_key, 0, _BATCH_SIZE - 1))
    for entry in popped:
        _let_go(connection, entry, queue.name)
        connection.lrem(queue.intermediate_queue_key, 1, entry)  # type: ignore[arg-type]  # bytes are fine
    if popped:
        _log.warning("%d bells of %r were popped and not run; the sweep rings again", len(popped), queue.name)
    started_key = queue.started_job_registry.key
    ended = connection.zrangebyscore(started_key, "-inf", time.time(), start=0, num=_BATCH_SIZE)
    for entry in cast("list[bytes]", ended):
        _let_go(connection, entry, queue.name)
        connection.zrem(started_key, entry)
    queue.failed_job_registry.cleanup()
    queue.finished_job_registry.cleanup()
    clean_worker_registry(queue)


def _let_go(connection: Redis, entry: bytes, queue_name: str) -> None:
    job_id = entry.decode("utf-8", "replace").partition(":")[0]  # started ones read "job:execution"
    let_go(connection, job_id, queue_name, FAILURE_TTL_SECONDS)
