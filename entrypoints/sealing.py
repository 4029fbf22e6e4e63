"""The loop that seals the audit log, beside the sweep: neither waits for the other."""

import logging
import threading

from domain.services.sealing import seal_audit
from domain.services.steps import Ports
from ports.checkpoints import Checkpoints, CheckpointsUnavailable
from ports.unit_of_work import StorageUnavailable

SEAL_SECONDS_MAX = 30.0
"""A row is sealed within 60 s: it waits for one pass at most, and a pass takes seconds."""

_log = logging.getLogger(__name__)


def seal_regularly(ports: Ports, checkpoints: Checkpoints, stopped: threading.Event, seconds: float) -> None:
    """Seal at once and then every `seconds`, until `stopped`. Whatever happens, the next pass comes."""
    while not stopped.is_set():
        try:
            made = seal_audit(ports, checkpoints)
        except StorageUnavailable as unavailable:
            _log.warning("Sealing the audit log waits for the database: %s", unavailable)
        except CheckpointsUnavailable as unavailable:
            ports.metrics.count("dunlin_audit_sealing_faults_total")
            _log.error("The audit log is not sealed: %s", unavailable)
        except Exception as fault:  # noqa: BLE001 - the loop goes on, loudly
            ports.metrics.count("dunlin_audit_sealing_faults_total")
            _log.error("Sealing the audit log met a fault of ours and goes on: %s", type(fault).__name__)
        else:
            ports.metrics.count("dunlin_audit_seals_total", made)
        stopped.wait(seconds)
