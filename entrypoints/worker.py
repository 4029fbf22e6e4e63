"""The process that works on one queue: `dunlin worker --queue NAME`."""

import importlib
import logging
from functools import partial

from adapters.rq_jobs.job import RUN_OUTBOX
from adapters.rq_jobs.presence import announce
from adapters.rq_jobs.queues import connect
from adapters.rq_jobs.worker import WORKER_TIMEOUT_SECONDS, DunlinWorker
from entrypoints.settings import Settings


def run(settings: Settings, queue: str) -> None:
    """Run the jobs of `queue` until SIGTERM or SIGINT; the job that runs then may end. Redis may come and go."""
    logging.getLogger("rq.worker").setLevel(logging.WARNING)  # it has a line for every step of every job
    connection = connect(settings.redis_url, timeout_seconds=WORKER_TIMEOUT_SECONDS)
    on_heartbeat = partial(announce, connection, f"worker:{queue}")
    DunlinWorker(queue, connection, on_heartbeat=on_heartbeat, before_work=_import_the_application).run()


def _import_the_application() -> None:
    """Once, before the first fork, so that a job starts at once; database engines are made in the forks."""
    importlib.import_module(RUN_OUTBOX.rpartition(".")[0])
