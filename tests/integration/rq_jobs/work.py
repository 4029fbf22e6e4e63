"""The job that the workers of these tests run, told by the id what to do, noting each step in a file."""

import os
import signal
import threading
import time
from datetime import timedelta
from pathlib import Path

from adapters.rq_jobs.doorbell import RqJobScheduler
from adapters.rq_jobs.queues import connect
from ports.job_scheduler import Bell
from tests.integration.rq_jobs.clocks import RealClock
from tests.waiting import eventually

RUN = "tests.integration.rq_jobs.work.run"
MARK = "tests.integration.rq_jobs.work.mark"
FOLDER_VARIABLE = "DUNLIN_TEST_FOLDER"
URL_VARIABLE = "DUNLIN_TEST_REDIS_URL"

AGAIN_IN_SECONDS = 0.4


def run(outbox_id: str) -> None:
    """Note that the run began; then fail, wait for the file `go`, or ring again once, as the id says."""
    folder = Path(os.environ[FOLDER_VARIABLE])
    runs_before = sum(1 for line in _lines(folder) if line.split()[:2] == ["began", outbox_id])
    _note(folder, "began", outbox_id)
    if outbox_id.startswith("fail"):
        raise RuntimeError("this job fails")
    if outbox_id.startswith("again") and runs_before == 0:
        _ring_again(outbox_id)
    if outbox_id.startswith("wait"):
        eventually((folder / "go").exists, within_seconds=30)
    _note(folder, "ended", outbox_id)


def mark(*_arguments: object) -> None:
    """What an attacker would like to be called."""
    (Path(os.environ[FOLDER_VARIABLE]) / "marked").touch()


def swallow_everything(until: threading.Event) -> str:
    """A job as one should not be written."""
    try:
        until.wait(10)
    except Exception:  # noqa: BLE001 - this is what the test is about
        return "swallowed"
    return "not interrupted"


def die() -> None:
    """End as a process does that runs out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def _ring_again(outbox_id: str) -> None:
    connection = connect(os.environ[URL_VARIABLE], timeout_seconds=2)
    clock = RealClock()
    doorbell = RqJobScheduler(connection, clock, job_function=RUN)
    doorbell.ring([Bell(outbox_id, "retries", clock.now() + timedelta(seconds=AGAIN_IN_SECONDS))])
    connection.close()


def _note(folder: Path, what: str, outbox_id: str) -> None:
    with (folder / "runs.txt").open("a") as runs:
        runs.write(f"{what} {outbox_id} {time.time()!r} {os.getpid()}\n")


def _lines(folder: Path) -> list[str]:
    runs = folder / "runs.txt"
    return runs.read_text().splitlines() if runs.exists() else []
