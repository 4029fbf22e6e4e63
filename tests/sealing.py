"""Sealing in tests: ports over a unit of work, and an audit log that grows and is sealed."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from adapters.memory.chance import SeededChance
from adapters.memory.checkpoints import MemoryCheckpoints
from adapters.memory.clock import SettableClock
from adapters.memory.ids import CountingIds
from adapters.memory.job_scheduler import MemoryJobScheduler
from domain.model.audit import AuditEvent
from domain.services.sealing import seal_audit
from domain.services.steps import Ports
from domain.services.verification import Verdict, verify_audit
from ports.unit_of_work import Transaction, UnitOfWork
from tests.builders import FIRM_ID, NOW, an_audit_event
from tests.service_world import QuietMetrics
from tests.storage import in_firm
from tests.waiting import eventually


class SealedLog:
    """The audit logs of one installation, its sealer, and what is remembered outside."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.clock = SettableClock(NOW)
        self.metrics = QuietMetrics()
        self.checkpoints = MemoryCheckpoints()
        doorbell = MemoryJobScheduler(self.clock)
        self.ports = Ports(uow, self.clock, CountingIds(), SeededChance(1), doorbell, self.metrics)

    def write(self, count: int = 1, *, firm_id: str = FIRM_ID) -> None:
        """So many events, each in a transaction of its own, a second apart."""
        for _ in range(count):
            event = self.event(firm_id)
            in_firm(self.uow, partial(_append, event), firm_id=firm_id)

    def event(self, firm_id: str = FIRM_ID) -> AuditEvent:
        """The next event to be written."""
        self.clock.advance(timedelta(seconds=1))
        now = self.clock.now()
        return an_audit_event(firm_id=firm_id, created_at=now, summary=f"It happened at {now:%H:%M:%S}.")

    def seal(self) -> int:
        """One pass."""
        return seal_audit(self.ports, self.checkpoints)

    def seal_all(self, *, firm_id: str = FIRM_ID) -> None:
        """One seal over all that waits, once it is settled: others on the same server may hold it up for a moment."""
        waiting = self.verdict(firm_id).unsealed_count
        eventually(lambda: in_firm(self.uow, _count_settled, firm_id=firm_id) == waiting, within_seconds=30)
        self.seal()
        assert self.verdict(firm_id).unsealed_count == 0

    def verdicts(self) -> Sequence[Verdict]:
        return list(verify_audit(self.ports, self.checkpoints))

    def verdict(self, firm_id: str = FIRM_ID) -> Verdict:
        (verdict,) = verify_audit(self.ports, self.checkpoints, firm_id)
        return verdict


def _append(event: AuditEvent, tx: Transaction) -> None:
    tx.journal.append([event])


def _count_settled(tx: Transaction) -> int:
    return len(tx.seals.settled(None, 10_000).rows)
