"""What a pass of the sealer does, and what it remembers; raw SQL against it is in tests/integration/postgres."""

from collections.abc import Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from adapters.memory.store import Written
from adapters.memory.unit_of_work import MemoryUnitOfWork
from domain.model.audit import AuditEvent
from domain.model.errors import Conflict, NotFound
from domain.model.seal_checks import Damage
from domain.model.seals import Checkpoint
from domain.services import sealing, verification
from ports.checkpoints import CheckpointsUnavailable
from ports.repositories import AuditFilter, OutboxFilter, PageRequest
from tests.builders import FIRM_ID, NOW, OTHER_FIRM_ID, a_firm
from tests.sealing import SealedLog
from tests.storage import in_firm, with_two_firms

HOUR = timedelta(hours=1)


@pytest.fixture
def store() -> MemoryUnitOfWork:
    uow = MemoryUnitOfWork()
    with_two_firms(uow)
    return uow


@pytest.fixture
def log(store: MemoryUnitOfWork) -> SealedLog:
    return SealedLog(store)


def told(log: SealedLog) -> dict[str, int]:
    """How many audit events and alerts there are of each kind."""
    events = in_firm(log.uow, lambda tx: tx.journal.page(AuditFilter(), PageRequest(limit=100))).items
    alerts = in_firm(log.uow, lambda tx: tx.schedule.page(OutboxFilter(kind="alert"), PageRequest(limit=100))).items
    actions = [event.action for event in events] + [f"alert:{alert.payload['action']}" for alert in alerts]
    return {action: actions.count(action) for action in actions if action != "payment_failed"}


def test_a_pass_seals_every_firms_rows_and_remembers_the_newest_seals(log: SealedLog) -> None:
    log.write(3)
    log.write(2, firm_id=OTHER_FIRM_ID)

    assert log.seal() == 2

    north, south = log.verdict(), log.verdict(OTHER_FIRM_ID)
    assert (north.seals_count, north.sealed_count, north.unsealed_count, north.finding) == (1, 3, 0, None)
    assert (south.seals_count, south.sealed_count) == (1, 2)
    assert north.checkpoint == log.checkpoints.all()[FIRM_ID]


def test_a_pass_with_nothing_new_makes_no_seal(log: SealedLog) -> None:
    log.write()
    log.seal()

    assert log.seal() == 0
    assert log.verdict().seals_count == 1


def test_more_than_a_batch_is_sealed_in_one_pass(log: SealedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 2)
    monkeypatch.setattr(verification, "PAGE", 2)
    log.write(5)

    assert log.seal() == 3
    assert (log.verdict().sealed_count, log.verdict().seals_count) == (5, 3)


def test_each_seal_follows_from_the_one_before(log: SealedLog) -> None:
    for _ in range(3):
        log.write()
        log.seal()

    seals = in_firm(log.uow, lambda tx: tx.seals.page(0, 10))

    assert [seal.number for seal in seals] == [1, 2, 3]
    assert [seal.previous_hash for seal in seals[1:]] == [seal.hash for seal in seals[:-1]]


def test_rows_that_are_not_sealed_yet_break_nothing(log: SealedLog) -> None:
    log.write(2)
    log.seal()
    log.write(3)

    assert (log.verdict().sealed_count, log.verdict().unsealed_count, log.verdict().finding) == (2, 3, None)


def test_a_checkpoint_that_was_not_written_is_written_by_the_next_pass(log: SealedLog) -> None:
    """The process died after the seal's commit."""
    log.write()
    remembering, log.checkpoints.write = log.checkpoints.write, _lose  # type: ignore[method-assign]
    log.seal()
    log.checkpoints.write = remembering  # type: ignore[method-assign]
    assert log.verdict().finding is None
    assert log.checkpoints.all() == {}

    log.seal()

    assert log.checkpoints.all()[FIRM_ID].number == 1


def _lose(checkpoints: object) -> None:
    """Nothing is kept."""


def test_a_firm_that_another_process_seals_is_left_to_it(log: SealedLog) -> None:
    log.write()
    with log.uow.firm(FIRM_ID) as other:
        assert other.seals.lock()

        assert log.seal() == 0

    assert log.seal() == 1


def test_nothing_is_sealed_on_top_of_a_chain_that_was_cut(log: SealedLog) -> None:
    log.write()
    log.seal()
    cut = Checkpoint(FIRM_ID, 7, "ab" * 32, NOW)
    log.checkpoints.write([cut])
    log.write()

    assert log.seal() == 0

    assert log.checkpoints.all()[FIRM_ID] == cut
    finding = log.verdict().finding
    assert finding is not None
    assert (finding.damage, finding.seal_number) == (Damage.CUT_OFF, 2)


def test_a_cut_chain_is_alerted_once_an_hour(log: SealedLog) -> None:
    log.write()
    log.seal()
    log.checkpoints.write([Checkpoint(FIRM_ID, 7, "ab" * 32, NOW)])

    log.seal()
    log.seal()
    assert told(log) == {"audit_chain_broken": 1, "alert:audit_chain_broken": 1}

    log.clock.advance(HOUR)
    log.seal()
    assert told(log) == {"audit_chain_broken": 2, "alert:audit_chain_broken": 2}


def test_a_firm_that_is_gone_is_told_by_its_checkpoint(log: SealedLog) -> None:
    log.checkpoints.write([Checkpoint("frm_gone", 4, "ab" * 32, NOW)])

    gone = {verdict.firm_id: verdict.finding for verdict in log.verdicts()}["frm_gone"]

    assert gone is not None
    assert gone.damage is Damage.CUT_OFF
    assert log.verdict("frm_gone").finding == gone


def test_an_unknown_firm_is_told(log: SealedLog) -> None:
    with pytest.raises(NotFound):
        log.verdict("frm_none")


def test_without_the_checkpoints_nothing_is_sealed_or_verified(log: SealedLog) -> None:
    log.write()
    log.checkpoints.is_down = True

    with pytest.raises(CheckpointsUnavailable):
        log.seal()
    with pytest.raises(CheckpointsUnavailable):
        log.verdict()


def test_a_fault_in_one_firms_log_does_not_stop_the_others(log: SealedLog, store: MemoryUnitOfWork) -> None:
    log.write()
    log.write(firm_id=OTHER_FIRM_ID)
    first = min(store.store.audit.rows)
    unreadable = cast("AuditEvent", SimpleNamespace(firm_id=FIRM_ID))
    store.store.audit.rows[first] = Written(first, unreadable, transaction=1)

    log.seal()

    assert log.metrics.counted["dunlin_audit_sealing_faults_total"] == 1
    assert OTHER_FIRM_ID in log.checkpoints.all()


def test_a_log_that_is_too_long_for_a_caller_who_waits_is_refused(log: SealedLog) -> None:
    log.write(3)
    log.seal()

    assert verification.verify_firm(log.ports, log.checkpoints, FIRM_ID, rows_max=3).sealed_count == 3
    with pytest.raises(Conflict, match="dunlin audit verify"):
        verification.verify_firm(log.ports, log.checkpoints, FIRM_ID, rows_max=2)


def test_a_firm_without_any_event_holds(log: SealedLog) -> None:
    with log.uow.system() as tx:
        tx.firms.add(a_firm(id="frm_new"))
        tx.commit()

    log.seal()

    assert log.verdict("frm_new").finding is None


def test_what_is_remembered_names_each_firm(log: SealedLog) -> None:
    log.write()
    log.write(firm_id=OTHER_FIRM_ID)
    log.seal()

    known: Mapping[str, Checkpoint] = log.checkpoints.all()

    assert {firm_id: one.firm_id for firm_id, one in known.items()} == {FIRM_ID: FIRM_ID, OTHER_FIRM_ID: OTHER_FIRM_ID}
