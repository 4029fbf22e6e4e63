"""Workers and schedulers as real processes: `python -m tests.integration.rq_jobs.crew KIND REDIS_URL QUEUE`."""

import logging
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil
from redis import Redis
from redis.exceptions import RedisError
from rq.job import Job
from rq.queue import Queue

from adapters.rq_jobs.presence import PRESENCE_PREFIX, absent, announce
from adapters.rq_jobs.queues import connect
from adapters.rq_jobs.scheduler import SCHEDULER_TIMEOUT_SECONDS, DunlinScheduler
from adapters.rq_jobs.worker import WORKER_TIMEOUT_SECONDS, DunlinWorker
from tests.integration.rq_jobs.clocks import RealClock
from tests.integration.rq_jobs.work import FOLDER_VARIABLE, RUN, URL_VARIABLE, die
from tests.waiting import eventually

_PROJECT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Step:
    """One line that a job wrote: `what` is `began` or `ended`, `at` a Unix time."""

    what: str
    outbox_id: str
    at: float
    pid: int


class Crew:
    """Starts processes over one Redis and sees to it that none is left."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._url = url
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, kind: str, queue: str = "retries", **environment: str) -> subprocess.Popen[bytes]:
        """Start a `scheduler`, a `worker`, a `doomed-worker`, which is killed right after it has popped a job, or a
        `fragile-worker`, whose heartbeat fails while the file `trouble` is there.
        """
        variables = {**os.environ, FOLDER_VARIABLE: str(self._folder), URL_VARIABLE: self._url, **environment}
        command = [sys.executable, "-m", "tests.integration.rq_jobs.crew", kind, self._url, queue]
        with self.log_path.open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=_PROJECT,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def start_and_wait(self, kind: str, queue: str = "retries", **environment: str) -> subprocess.Popen[bytes]:
        """The same, until it says that it is there. One of a kind at a time."""
        with connect(self._url, timeout_seconds=2) as connection:
            connection.delete(PRESENCE_PREFIX + presence_name(kind, queue))
        process = self.start(kind, queue, **environment)
        self.wait_for(kind, queue)
        return process

    def wait_for(self, kind: str, queue: str = "retries") -> None:
        """Until a process of that kind has said that it is there."""
        name = presence_name(kind, queue)
        with connect(self._url, timeout_seconds=2) as connection:
            eventually(lambda: _is_present(connection, name), within_seconds=20)

    @property
    def log_path(self) -> Path:
        return self._folder / "crew.log"

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def steps(self, what: str = "began") -> list[Step]:
        """What the jobs have noted so far, in order."""
        runs = self._folder / "runs.txt"
        lines = [line.split() for line in runs.read_text().splitlines()] if runs.exists() else []
        steps = [Step(line[0], line[1], float(line[2]), int(line[3])) for line in lines if len(line) == 4]
        return [step for step in steps if step.what == what]

    def ids(self, what: str = "began") -> list[str]:
        return [step.outbox_id for step in self.steps(what)]

    def let_go(self) -> None:
        """Let the waiting jobs end."""
        (self._folder / "go").touch()

    def end(self) -> None:
        """Stop whatever still runs."""
        self.let_go()
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait(timeout=10)
        eventually(lambda: not any(_is_running(step.pid) for step in self.steps()), within_seconds=10)


def presence_name(kind: str, queue: str) -> str:
    return "scheduler" if kind == "scheduler" else f"{kind}:{queue}"


def _is_running(pid: int) -> bool:
    """Whether a work-horse that may have lost its worker, and with it who waits for it, still does something."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _is_present(connection: Redis, name: str) -> bool:
    try:
        return not absent(connection, frozenset({name}))
    except RedisError:
        return False


class DoomedWorker(DunlinWorker):
    """Killed at the point between taking a job and starting it."""

    def execute_job(self, job: Job, queue: Queue) -> None:
        die()


def beat(connection: Redis, name: str) -> None:
    if (Path(os.environ[FOLDER_VARIABLE]) / "trouble").exists():
        raise RuntimeError("trouble")
    announce(connection, name)


def main(kind: str, url: str, queue: str) -> None:
    logging.basicConfig(level=logging.INFO, format="%(process)d %(name)s %(message)s")
    timeout_seconds = SCHEDULER_TIMEOUT_SECONDS if kind == "scheduler" else WORKER_TIMEOUT_SECONDS
    connection = connect(url, timeout_seconds=timeout_seconds)
    on_heartbeat = partial(beat, connection, presence_name(kind, queue))
    if kind == "scheduler":
        DunlinScheduler(connection, RealClock(), job_function=RUN).run(on_heartbeat)
        return
    worker_class = DoomedWorker if kind == "doomed-worker" else DunlinWorker
    worker = worker_class(queue, connection, job_function=RUN, on_heartbeat=on_heartbeat)
    if kind == "fragile-worker":
        worker.job_monitoring_interval = 1
    worker.run()


if __name__ == "__main__":
    main(*sys.argv[1:4])
