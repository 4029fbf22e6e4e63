"""`ports.repositories`: IdempotencyKeys and Heartbeats."""

from datetime import timedelta

import pytest

from ports.repositories import StoredAnswer
from ports.unit_of_work import UnitOfWork, WrongFirm
from tests.builders import FIRM_ID, NOW, OTHER_FIRM_ID, days
from tests.storage import in_firm, in_system

SECOND = timedelta(seconds=1)
BODY = {"id": "inv_1", "amounts": [1, 2], "note": None}


def test_a_new_key_is_ours(uow: UnitOfWork) -> None:
    assert in_firm(uow, lambda tx: tx.idempotency.begin("k", "print", NOW)) is None


def test_a_key_in_use_shows_that_its_request_is_still_running(uow: UnitOfWork) -> None:
    in_firm(uow, lambda tx: tx.idempotency.begin("k", "print", NOW))

    again = in_firm(uow, lambda tx: tx.idempotency.begin("k", "other print", NOW + SECOND))

    assert again == StoredAnswer("print", 0, None, NOW)


def test_a_finished_key_shows_its_answer(uow: UnitOfWork) -> None:
    in_firm(uow, lambda tx: tx.idempotency.begin("k", "print", NOW))

    in_firm(uow, lambda tx: tx.idempotency.finish("k", 201, BODY))

    assert in_firm(uow, lambda tx: tx.idempotency.begin("k", "p", NOW)) == StoredAnswer("print", 201, BODY, NOW)


def test_a_released_key_is_to_be_had_again(uow: UnitOfWork) -> None:
    in_firm(uow, lambda tx: tx.idempotency.begin("k", "print", NOW))

    in_firm(uow, lambda tx: tx.idempotency.release("k"))

    assert in_firm(uow, lambda tx: tx.idempotency.begin("k", "other print", NOW)) is None


def test_an_answer_is_kept_for_a_day(uow: UnitOfWork) -> None:
    in_firm(uow, lambda tx: tx.idempotency.begin("k", "print", NOW))
    in_firm(uow, lambda tx: tx.idempotency.finish("k", 201, BODY))

    almost = in_firm(uow, lambda tx: tx.idempotency.begin("k", "print", NOW + days(1) - SECOND))
    after = in_firm(uow, lambda tx: tx.idempotency.begin("k", "print", NOW + days(1)))

    assert almost is not None
    assert after is None
    renewed = in_firm(uow, lambda tx: tx.idempotency.begin("k", "print", NOW + days(1)))
    assert renewed == StoredAnswer("print", 0, None, NOW + days(1))


def test_a_key_counts_within_its_firm(uow: UnitOfWork) -> None:
    in_firm(uow, lambda tx: tx.idempotency.begin("k", "print", NOW))

    assert in_firm(uow, lambda tx: tx.idempotency.begin("k", "print", NOW), firm_id=OTHER_FIRM_ID) is None


def test_a_key_needs_a_firm(uow: UnitOfWork) -> None:
    with uow.system() as tx, pytest.raises(WrongFirm):
        tx.idempotency.begin("k", "print", NOW)


def test_a_heartbeat_is_remembered(uow: UnitOfWork) -> None:
    in_system(uow, lambda tx: tx.heartbeats.beat("sweep", NOW))
    in_system(uow, lambda tx: tx.heartbeats.beat("sweep", NOW + SECOND))

    assert in_system(uow, lambda tx: tx.heartbeats.last("sweep")) == NOW + SECOND


def test_an_older_heartbeat_that_comes_late_changes_nothing(uow: UnitOfWork) -> None:
    in_system(uow, lambda tx: tx.heartbeats.beat("sweep", NOW))

    in_system(uow, lambda tx: tx.heartbeats.beat("sweep", NOW - SECOND))

    assert in_system(uow, lambda tx: tx.heartbeats.last("sweep")) == NOW


def test_who_never_beat_has_no_last_time(uow: UnitOfWork) -> None:
    assert in_system(uow, lambda tx: tx.heartbeats.last("scheduler")) is None


def test_heartbeats_are_for_system_transactions(uow: UnitOfWork) -> None:
    in_system(uow, lambda tx: tx.heartbeats.beat("sweep", NOW))

    with uow.firm(FIRM_ID) as tx:
        assert tx.heartbeats.last("sweep") is None
