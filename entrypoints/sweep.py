"""The loop that finds due work whose bell was lost. It needs neither rq-scheduler nor luck. The audit log is sealed
beside it.
"""

import logging
import signal
import threading

from domain.services.alert_watch import watch_firms
from domain.services.outbox import sweep
from domain.services.upkeep import BookCheck, plan_upkeep
from entrypoints.bootstrap import Application, bootstrap
from entrypoints.sealing import SEAL_SECONDS_MAX, seal_regularly
from entrypoints.settings import Settings
from ports.unit_of_work import StorageUnavailable

_STOP_SECONDS = 5.0
"""How long a pass of the sealer may go on after SIGTERM; one that is broken off changed nothing."""

_log = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Sweep at once and then every `DUNLIN_SWEEP_SECONDS`, until SIGTERM or SIGINT."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    application = bootstrap(settings)
    sealer, books = _start_sealer(application, stopped), BookCheck.anywhere(application.ports)
    while not stopped.is_set():
        try:
            rung = sweep(application.ports, application.mailroom)
            plan_upkeep(application.ports)
            books.check(application.ports)
            watch_firms(application.ports)
        except StorageUnavailable as unavailable:
            _log.warning("The sweep waits for the database: %s", unavailable)
        except Exception as fault:  # noqa: BLE001 - the one loop that everything else relies on goes on, loudly
            application.metrics.count("dunlin_sweep_faults_total")
            _log.error("The sweep met a fault of ours and goes on: %s", type(fault).__name__)
        else:
            if rung:
                _log.info("The sweep rang for %d rows whose bell was lost.", rung)
        application.metrics.flush()
        stopped.wait(settings.sweep_seconds)
    sealer.join(_STOP_SECONDS)


def _start_sealer(application: Application, stopped: threading.Event) -> threading.Thread:
    seconds = min(application.settings.sweep_seconds, SEAL_SECONDS_MAX)
    arguments = (application.ports, application.checkpoints, stopped, seconds)
    sealer = threading.Thread(target=seal_regularly, args=arguments, name="sealer", daemon=True)
    sealer.start()
    return sealer
