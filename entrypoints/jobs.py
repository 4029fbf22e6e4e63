"""What RQ calls: one function with one id, under a name that never changes."""

import os

from domain.services import outbox
from entrypoints.bootstrap import Application, bootstrap
from entrypoints.settings import Settings

_OF_PROCESS: dict[int, Application] = {}


def run_outbox(outbox_id: str) -> None:
    """Run one outbox row. Its database connections are this process's own: a work-horse is forked for each job."""
    application = _application()
    try:
        outbox.run_outbox(application.ports, application.workshop, outbox_id)
    finally:
        application.metrics.flush()


def _application() -> Application:
    """Built once in each process, never carried over a fork."""
    process_id = os.getpid()
    if process_id not in _OF_PROCESS:
        _OF_PROCESS.clear()
        _OF_PROCESS[process_id] = bootstrap(Settings.from_env(os.environ))
    return _OF_PROCESS[process_id]
