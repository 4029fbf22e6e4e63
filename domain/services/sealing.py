"""Sealing the audit log."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.model.audit import DUNLIN, Note, Severity
from domain.model.seals import WINDOW, Checkpoint, Seal, checkpoint_of, next_seal
from domain.services.bookkeeping import alert_item, audit_event
from domain.services.steps import Ports, Step, in_firm, in_system
from ports.audit_seals import Seals
from ports.checkpoints import Checkpoints
from ports.unit_of_work import StorageUnavailable

BATCH = 5_000
"""Rows in one seal, at most: a transaction of well under a second."""
HELD_AFTER = timedelta(seconds=60)


@dataclass(frozen=True)
class _Pass:
    """What one transaction of the sealer left: the firm's newest seal, where it may be remembered, and whether it was
    made now, and whether there is more to be sealed at once.
    """

    newest: Seal | None = None
    was_made: bool = False
    has_more: bool = False


def seal_audit(ports: Ports, checkpoints: Checkpoints) -> int:
    """Seal what is settled of every firm's audit log, then remember the newest seals outside; how many were made.

    A firm whose seals another process is making is left to it. Safe to repeat, and to be stopped anywhere: a
    checkpoint that is missing is written by the next pass. Raises `CheckpointsUnavailable` and `StorageUnavailable`.
    """
    known = checkpoints.all()
    newer: list[Checkpoint] = []
    made_count = 0
    for firm in in_system(ports, lambda step: step.tx.firms.all()):
        checkpoint = known.get(firm.id)
        newest, made = _seal_firm(ports, firm.id, checkpoint)
        made_count += made
        if newest is not None and (checkpoint is None or newest.number > checkpoint.number):
            newer.append(checkpoint_of(newest))
    checkpoints.write(newer)
    return made_count


def _seal_firm(ports: Ports, firm_id: str, checkpoint: Checkpoint | None) -> tuple[Seal | None, int]:
    """The firm's newest seal that may be remembered, and how many were made. A fault here must not stop the others."""
    newest: Seal | None = None
    made = 0
    try:
        while True:
            done = in_firm(ports, firm_id, lambda step: _seal_batch(step, firm_id, checkpoint))
            newest, made = done.newest, made + done.was_made
            if not done.has_more:
                return newest, made
    except StorageUnavailable:
        raise
    except Exception:  # noqa: BLE001 - see above; the metric tells, and verification finds what is wrong
        ports.metrics.count("dunlin_audit_sealing_faults_total")
        return None, made


def _seal_batch(step: Step, firm_id: str, checkpoint: Checkpoint | None) -> _Pass:
    seals = step.tx.seals
    if not seals.lock():
        return _Pass()
    newest = seals.newest()
    if not _is_continued(seals, checkpoint):
        _tell(step, _broken(firm_id, step.now))
        return _Pass()
    since = newest.newest_at - WINDOW if newest else None
    settled = seals.settled(since, BATCH)
    if settled.rows:
        newest, entries = next_seal(newest, settled.rows, step.now, settled_below=settled.settled_below)
        seals.append(newest, entries)
    oldest = seals.waiting_since(since, step.now - HELD_AFTER)
    if oldest is not None:
        step.ports.metrics.count("dunlin_audit_sealing_held_total")
        _tell(step, _held(firm_id, oldest, step.now))
    return _Pass(newest, was_made=bool(settled.rows), has_more=len(settled.rows) == BATCH)


def _is_continued(seals: Seals, checkpoint: Checkpoint | None) -> bool:
    """Whether the chain still has the seal that is remembered outside. New seals would hide that it was cut."""
    if checkpoint is None:
        return True
    remembered = seals.get(checkpoint.number)
    return remembered is not None and remembered.hash == checkpoint.hash


def _held(firm_id: str, oldest: datetime, now: datetime) -> Note:
    summary = (
        f"Audit events since {oldest:%Y-%m-%d %H:%M:%S} UTC cannot be sealed: a transaction that began before has "
        "stayed open. Find it in pg_stat_activity and end it."
    )
    key = f"audit_sealing_held:{now:%Y-%m-%dT%H}"
    return Note("audit_sealing_held", Severity.WARNING, summary, "firm", firm_id, alert_key=key)


def _broken(firm_id: str, now: datetime) -> Note:
    summary = (
        "The audit log lacks a seal that is remembered outside the database, so nothing more is sealed. Run "
        "`dunlin audit verify`, and see the runbook."
    )
    key = f"audit_chain_broken:{now:%Y-%m-%dT%H}"
    return Note("audit_chain_broken", Severity.CRITICAL, summary, "firm", firm_id, alert_key=key)


def _tell(step: Step, note: Note) -> None:
    """Write it down and alert, once for its key: once an hour."""
    assert note.alert_key is not None
    added = step.tx.outbox.add([alert_item(step, note.subject_id, note, note.alert_key)])
    if added:
        step.tx.journal.append([audit_event(step, note.subject_id, note, DUNLIN)])
        step.ring_for(added)
