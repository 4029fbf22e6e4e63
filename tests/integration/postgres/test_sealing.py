"""Sealing while others write: transactions that end in another order than they began, and one that stays open."""

import random
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from adapters.postgres.unit_of_work import SqlUnitOfWork
from domain.services import sealing, verification
from domain.services.sealing import HELD_AFTER
from ports.repositories import AuditFilter, OutboxFilter, PageRequest
from tests.builders import FIRM_ID, an_audit_event
from tests.sealing import SealedLog
from tests.storage import all_at_once, in_firm
from tests.waiting import eventually


@pytest.fixture
def log(uow: SqlUnitOfWork) -> SealedLog:
    return SealedLog(uow)


@pytest.fixture
def owner(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SELECT set_config('dunlin.scope', 'system', false)")
        yield connection


def test_a_transaction_that_ends_after_a_later_one_holds_both_back(log: SealedLog, uow: SqlUnitOfWork) -> None:
    with uow.firm(FIRM_ID) as first:
        first.journal.append([log.event()])
        log.write()

        log.seal()
        assert (log.verdict().sealed_count, log.verdict().unsealed_count) == (0, 1)
        first.commit()

    log.seal_all()
    assert (log.verdict().sealed_count, log.verdict().finding) == (2, None)


def test_a_transaction_that_begins_later_holds_nothing_back(log: SealedLog, uow: SqlUnitOfWork) -> None:
    with uow.firm(FIRM_ID) as first, uow.firm(FIRM_ID) as second:
        first.journal.append([log.event()])
        second.journal.append([log.event()])
        first.commit()

        eventually(log.seal)
        assert log.verdict().sealed_count == 1
        second.commit()

    log.seal_all()
    assert (log.verdict().sealed_count, log.verdict().seals_count, log.verdict().finding) == (2, 2, None)


@pytest.mark.parametrize("seed", range(4))
def test_writers_and_sealers_at_once_lose_and_double_nothing(log: SealedLog, uow: SqlUnitOfWork, seed: int) -> None:
    """Writers take turns of chance between writing and committing, some give up; two sealers pass all the while."""
    writers, each = 6, 20
    counted = threading.Semaphore(0)
    kept: list[str] = []

    def write(chance: random.Random) -> None:
        for number in range(each):
            events = [an_audit_event(created_at=log.clock.now()) for _ in range(chance.randint(1, 3))]
            with uow.firm(FIRM_ID) as tx:
                tx.journal.append(events[:1])
                for _ in range(chance.randint(0, 8)):
                    tx.journal.of_invoice("inv_none", 1)
                tx.journal.append(events[1:])
                if number % 7:
                    tx.commit()
                    kept.extend(event.id for event in events)
        counted.release()

    def seal() -> None:
        done = 0
        while done < writers:
            done += counted.acquire(blocking=False)
            log.seal()
            assert log.verdict().finding is None
        for _ in range(writers):
            counted.release()

    chances = [random.Random(f"{seed} {number}") for number in range(writers)]
    all_at_once([*(lambda chance=chance: write(chance) for chance in chances), seal])
    log.seal_all()

    listed = in_firm(uow, lambda tx: tx.seals.listed((0, 0), 10**9, 10_000))
    assert sorted(one.row.id for one in listed if one.row) == sorted(kept)
    assert log.verdict().finding is None


def test_two_sealers_at_once_make_one_chain(log: SealedLog) -> None:
    for _ in range(5):
        log.write(3)
        all_at_once([log.seal, log.seal, log.seal])
    log.seal_all()

    assert (log.verdict().sealed_count, log.verdict().finding) == (15, None)


def test_a_transaction_that_stays_open_holds_sealing_up_and_is_alerted_once_then_all_is_caught_up(
    log: SealedLog, uow: SqlUnitOfWork, database_url: str
) -> None:
    with psycopg.connect(database_url) as stuck:
        stuck.execute("SELECT pg_current_xact_id()")
        log.write(2)
        log.seal()
        assert actions(uow) == []

        log.clock.advance(HELD_AFTER + timedelta(seconds=2))
        log.seal()
        log.seal()

        assert log.verdict().sealed_count == 0
        assert actions(uow) == ["audit_sealing_held"]
        assert alerts(uow) == ["audit_sealing_held"]
        assert log.metrics.counted["dunlin_audit_sealing_held_total"] == 2
        log.clock.advance(timedelta(hours=1))
        log.seal()
        assert len(alerts(uow)) == 2

    log.seal_all()
    assert (log.verdict().sealed_count, log.verdict().unsealed_count, log.verdict().finding) == (4, 0, None)


def test_rows_of_a_dump_from_another_server_are_sealed_and_what_follows_too(
    log: SealedLog, owner: psycopg.Connection[Any]
) -> None:
    """Their transactions have numbers that this server has not reached."""
    log.write(3)
    owner.execute("UPDATE audit_events SET transaction = '900000000000'::xid8")

    log.seal_all()
    log.write(2)
    log.seal_all()

    assert (log.verdict().sealed_count, log.verdict().finding) == (5, None)


def test_batches_and_pages_of_any_size_see_everything(log: SealedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 3)
    monkeypatch.setattr(verification, "PAGE", 2)
    in_firm(log.uow, lambda tx: tx.journal.append([log.event() for _ in range(7)]))
    log.write(4)

    log.seal_all()

    verdict = log.verdict()
    assert (verdict.seals_count, verdict.sealed_count, verdict.finding) == (4, 11, None)


def test_a_row_that_is_older_than_the_newest_sealed_one_is_sealed_all_the_same(log: SealedLog) -> None:
    log.write()
    event = log.event()
    log.write()
    log.seal_all()

    in_firm(log.uow, lambda tx: tx.journal.append([event]))
    log.seal_all()

    assert (log.verdict().sealed_count, log.verdict().finding) == (3, None)


def actions(uow: SqlUnitOfWork) -> list[str]:
    """What the sealer wrote down."""
    page = in_firm(uow, lambda tx: tx.journal.page(AuditFilter(subject=FIRM_ID), PageRequest()))
    return [event.action for event in page.items]


def alerts(uow: SqlUnitOfWork) -> list[str]:
    page = in_firm(uow, lambda tx: tx.schedule.page(OutboxFilter(kind="alert"), PageRequest()))
    return [item.payload["action"] for item in page.items]
