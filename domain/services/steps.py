"""One step of a use case: one transaction, run again when the database asks for it, its bells rung after the commit."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from domain.model.errors import StaleVersion
from domain.model.outbox import OutboxItem, OutboxStatus
from ports.clock import Clock
from ports.ids import Chance, Ids
from ports.job_scheduler import Bell, JobScheduler
from ports.metrics import Metrics
from ports.unit_of_work import SerializationConflict, StorageUnavailable, Transaction, UnitOfWork

T = TypeVar("T")

TRIES_MAX = 6
# Bells for later than this are left to the sweep, which rings ahead of time: the queue stays small and nothing waits
# on it alone.
RING_AHEAD = timedelta(hours=1)


@dataclass(frozen=True)
class Ports:
    """What every use case needs. `day` is the length of a policy day."""

    uow: UnitOfWork
    clock: Clock
    ids: Ids
    chance: Chance
    doorbell: JobScheduler
    metrics: Metrics
    day: timedelta = timedelta(days=1)


@dataclass(frozen=True)
class Step:
    """An open transaction with the time at which it happens and the outbox rows to ring for once it is kept."""

    tx: Transaction
    now: datetime
    ports: Ports
    rung: list[OutboxItem] = field(default_factory=list)

    def ring_for(self, items: Sequence[OutboxItem]) -> None:
        """Remember rows whose time was set in this step."""
        self.rung.extend(items)


def in_firm(ports: Ports, firm_id: str, do: Callable[[Step], T]) -> T:
    """Run `do` in a transaction over one firm's rows and commit it. Raises what `do` raises, and
    `StorageUnavailable`.
    """
    return _run(ports, lambda: ports.uow.firm(firm_id), do)


def in_system(ports: Ports, do: Callable[[Step], T]) -> T:
    """Run `do` in a transaction over all firms: for events before a match, sweeps and the command line."""
    return _run(ports, ports.uow.system, do)


def _run(ports: Ports, begin: Callable[[], AbstractContextManager[Transaction]], do: Callable[[Step], T]) -> T:
    for _ in range(TRIES_MAX):
        try:
            with begin() as tx:
                step = Step(tx, ports.clock.now(), ports)
                result = do(step)
                tx.commit()
        except (SerializationConflict, StaleVersion):
            ports.metrics.count("dunlin_transaction_retries_total")
            continue
        ring(ports, step.rung)
        return result
    raise StorageUnavailable(
        f"The database asked {TRIES_MAX} times for the same step again; it is too busy. Try later."
    )


def ring(ports: Ports, items: Sequence[OutboxItem]) -> None:
    """Ring for the rows that are due soon."""
    horizon = ports.clock.now() + RING_AHEAD
    bells = [
        Bell(item.id, item.queue, item.due_at)
        for item in items
        if item.status is OutboxStatus.DUE and item.due_at <= horizon
    ]
    if bells:
        ports.doorbell.ring(bells)
