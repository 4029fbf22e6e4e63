"""The loop beside the sweep: a fault is loud and stops nothing."""

import threading
from collections.abc import Mapping, Sequence

import pytest

from adapters.memory.checkpoints import MemoryCheckpoints
from adapters.memory.unit_of_work import MemoryUnitOfWork
from domain.model.seals import Checkpoint
from entrypoints.sealing import seal_regularly
from ports.checkpoints import CheckpointsUnavailable
from ports.unit_of_work import StorageUnavailable
from tests.builders import FIRM_ID
from tests.sealing import SealedLog
from tests.storage import with_two_firms


class Passes(MemoryCheckpoints):
    """Fails in the first passes as it is told, and stops the loop after so many."""

    def __init__(self, faults: Sequence[Exception], stop_after: int) -> None:
        super().__init__()
        self.stopped = threading.Event()
        self._faults, self._left = list(faults), stop_after

    def all(self) -> Mapping[str, Checkpoint]:
        self._left -= 1
        if self._left == 0:
            self.stopped.set()
        if self._faults:
            raise self._faults.pop(0)
        return super().all()


@pytest.fixture
def log() -> SealedLog:
    uow = MemoryUnitOfWork()
    with_two_firms(uow)
    log = SealedLog(uow)
    log.write()
    return log


def run(log: SealedLog, *faults: Exception) -> Passes:
    passes = Passes(faults, len(faults) + 1)
    seal_regularly(log.ports, passes, passes.stopped, 0)
    return passes


def test_it_seals_until_it_is_stopped(log: SealedLog) -> None:
    passes = run(log)

    assert FIRM_ID in passes.all()
    assert log.metrics.counted["dunlin_audit_seals_total"] == 1


def test_nothing_is_sealed_once_it_is_stopped(log: SealedLog) -> None:
    passes = Passes([], 1)
    passes.stopped.set()

    seal_regularly(log.ports, passes, passes.stopped, 0)

    assert MemoryCheckpoints.all(passes) == {}


@pytest.mark.parametrize(
    ("fault", "counted"), [(StorageUnavailable, 0), (CheckpointsUnavailable, 1), (RuntimeError, 1)]
)
def test_after_a_fault_the_next_pass_comes(
    log: SealedLog, fault: type[Exception], counted: int, caplog: pytest.LogCaptureFixture
) -> None:
    passes = run(log, fault("away"))

    assert FIRM_ID in passes.all()
    assert log.metrics.counted.get("dunlin_audit_sealing_faults_total", 0) == counted
    assert len(caplog.records) == 1
