"""`ports.audit_seals.Seals`."""

from collections.abc import Callable

import pytest

from domain.model.audit import AuditEvent
from domain.model.seal_checks import Listed
from domain.model.seals import AuditRow, Seal, SealEntry, next_seal, row_hash
from ports.unit_of_work import Transaction, UnitOfWork, WrongFirm
from tests.builders import FIRM_ID, NOW, OTHER_FIRM_ID, an_audit_event, an_audit_row, days
from tests.storage import in_firm
from tests.waiting import eventually


def test_what_is_committed_can_be_sealed_with_every_column(uow: UnitOfWork) -> None:
    event = an_audit_event(id="aud_1", summary="Ünïcode “quotes”\n", metadata={"amount_minor": 5000, "reason": None})
    _append(uow, event)

    (row,) = _settled(uow, 1)

    assert (row.firm_id, row.id, row.summary, row.created_at) == (FIRM_ID, "aud_1", event.summary, NOW)
    assert (row.severity, row.actor, row.invoice_id) == ("WARNING", event.actor, event.invoice_id)
    assert row.metadata.replace(" ", "") == '{"amount_minor":5000,"reason":null}'


def test_rows_come_in_the_order_of_their_transactions_and_no_more_than_asked_for(uow: UnitOfWork) -> None:
    _append(uow, an_audit_event(id="aud_1"), an_audit_event(id="aud_2"))
    _append(uow, an_audit_event(id="aud_3"))

    rows = _settled(uow, 3)
    batch = in_firm(uow, lambda tx: tx.seals.settled(None, 2))

    assert [row.id for row in rows] == ["aud_1", "aud_2", "aud_3"]
    assert [row.id for row in batch.rows] == ["aud_1", "aud_2"]
    assert batch.settled_below <= rows[2].transaction
    assert rows[0].transaction == rows[1].transaction < rows[2].transaction


def test_a_batch_that_ends_within_a_transaction_settles_what_lies_below_it_only(uow: UnitOfWork) -> None:
    _append(uow, an_audit_event(id="aud_1"), an_audit_event(id="aud_2"))
    rows = _settled(uow, 2)

    batch = in_firm(uow, lambda tx: tx.seals.settled(None, 1))

    assert batch.settled_below == rows[0].transaction


def test_all_rows_of_transactions_below_the_mark_are_there(uow: UnitOfWork) -> None:
    _append(uow, an_audit_event())

    (row,) = _settled(uow, 1)

    assert in_firm(uow, lambda tx: tx.seals.settled(None, 10)).settled_below > row.transaction
    assert in_firm(uow, lambda tx: tx.seals.next_transaction()) > row.transaction


def test_what_is_sealed_or_too_old_or_another_firms_is_not_to_be_sealed(uow: UnitOfWork) -> None:
    _append(uow, an_audit_event(id="aud_1"))
    _append(uow, an_audit_event(id="aud_old", created_at=NOW - days(2)))
    _append(uow, an_audit_event(id="aud_south", firm_id=OTHER_FIRM_ID), firm_id=OTHER_FIRM_ID)
    first, old = _settled(uow, 2)
    _seal(uow, first)

    assert [row.id for row in _settled(uow, 1)] == [old.id]
    assert in_firm(uow, lambda tx: tx.seals.settled(NOW - days(1), 10)).rows == ()


def test_nothing_to_seal_is_nothing(uow: UnitOfWork) -> None:
    assert in_firm(uow, lambda tx: tx.seals.settled(None, 10)).rows == ()
    assert in_firm(uow, lambda tx: tx.seals.waiting_since(None, NOW)) is None


def test_a_seal_comes_back_as_it_was_stored(uow: UnitOfWork) -> None:
    first, entries = next_seal(None, [an_audit_row(position=7)], NOW, settled_below=12)
    second, more = next_seal(first, [an_audit_row(position=9)], NOW + days(1), settled_below=15)

    in_firm(uow, lambda tx: (tx.seals.append(first, entries), tx.seals.append(second, more)))

    assert in_firm(uow, lambda tx: tx.seals.newest()) == second
    assert in_firm(uow, lambda tx: tx.seals.get(1)) == first
    assert in_firm(uow, lambda tx: tx.seals.get(3)) is None
    assert in_firm(uow, lambda tx: [*tx.seals.page(-(2**63), 10)]) == [first, second]
    assert in_firm(uow, lambda tx: [*tx.seals.page(1, 10)]) == [second]
    assert in_firm(uow, lambda tx: [*tx.seals.page(0, 1)]) == [first]
    assert in_firm(uow, lambda tx: tx.seals.newest(), firm_id=OTHER_FIRM_ID) is None


def test_entries_are_listed_by_seal_and_position_each_with_its_row(uow: UnitOfWork) -> None:
    _append(uow, an_audit_event(id="aud_1"), an_audit_event(id="aud_2"))
    _append(uow, an_audit_event(id="aud_3"))
    one, two, three = _settled(uow, 3)
    _seal(uow, three)
    _seal(uow, two, one)

    listed = in_firm(uow, lambda tx: [*tx.seals.listed((0, 0), 2, 10)])

    assert listed == [_listed(1, three), _listed(2, one), _listed(2, two)]
    assert in_firm(uow, lambda tx: [*tx.seals.listed((1, three.position), 2, 1)]) == [_listed(2, one)]
    assert in_firm(uow, lambda tx: [*tx.seals.listed((0, 0), 1, 10)]) == [_listed(1, three)]


def test_an_entry_without_a_row_is_listed_without_one(uow: UnitOfWork) -> None:
    gone = an_audit_row(position=999)
    _seal(uow, gone)

    assert in_firm(uow, lambda tx: [*tx.seals.listed((0, 0), 1, 10)]) == [
        Listed(1, SealEntry(999, row_hash(gone)), None)
    ]


def test_rows_that_no_seal_lists_are_found_in_pages(uow: UnitOfWork) -> None:
    _append(uow, *(an_audit_event(id=f"aud_{number}") for number in range(3)))
    first, second, third = _settled(uow, 3)
    _seal(uow, second)

    rows, after = in_firm(uow, lambda tx: tx.seals.unsealed(0, 2))
    assert ([row.id for row in rows], after) == (["aud_0"], second.position)
    rows, after = in_firm(uow, lambda tx: tx.seals.unsealed(second.position, 2))
    assert ([row.id for row in rows], after) == (["aud_2"], None)
    assert (first.position, third.position) == (rows[0].position - 2, rows[0].position)


def test_one_seals_at_a_time_and_nobody_waits(uow: UnitOfWork) -> None:
    with uow.firm(FIRM_ID) as one, uow.firm(FIRM_ID) as other, uow.firm(OTHER_FIRM_ID) as south:
        assert one.seals.lock()
        assert not other.seals.lock()
        assert south.seals.lock()
        one.commit()

        assert other.seals.lock()


ASKS: dict[str, Callable[[Transaction], object]] = {
    "lock": lambda tx: tx.seals.lock(),
    "newest": lambda tx: tx.seals.newest(),
    "get": lambda tx: tx.seals.get(1),
    "settled": lambda tx: tx.seals.settled(None, 1),
    "waiting_since": lambda tx: tx.seals.waiting_since(None, NOW),
    "page": lambda tx: tx.seals.page(0, 1),
    "listed": lambda tx: tx.seals.listed((0, 0), 1, 1),
    "unsealed": lambda tx: tx.seals.unsealed(0, 1),
    "next_transaction": lambda tx: tx.seals.next_transaction(),
}


@pytest.mark.parametrize("method", ASKS)
def test_seals_belong_to_a_firms_transaction(uow: UnitOfWork, method: str) -> None:
    with uow.system() as tx, pytest.raises(WrongFirm):
        ASKS[method](tx)


def test_a_seal_of_another_firm_cannot_be_stored(uow: UnitOfWork) -> None:
    seal, entries = next_seal(None, [an_audit_row(firm_id=OTHER_FIRM_ID)], NOW, settled_below=1)

    with uow.firm(FIRM_ID) as tx, pytest.raises(WrongFirm):
        tx.seals.append(seal, entries)


def _append(uow: UnitOfWork, *events: AuditEvent, firm_id: str = FIRM_ID) -> None:
    in_firm(uow, lambda tx: tx.journal.append(events), firm_id=firm_id)


def _settled(uow: UnitOfWork, count: int) -> tuple[AuditRow, ...]:
    """All rows that can be sealed, once there are so many: others on the same server may hold them up for a moment."""

    def rows() -> tuple[AuditRow, ...]:
        found = in_firm(uow, lambda tx: tx.seals.settled(None, 100)).rows
        assert len(found) == count
        return found

    return eventually(rows)


def _seal(uow: UnitOfWork, *rows: AuditRow) -> Seal:
    def append(tx: Transaction) -> Seal:
        seal, entries = next_seal(tx.seals.newest(), rows, NOW, settled_below=1)
        tx.seals.append(seal, entries)
        return seal

    return in_firm(uow, append)


def _listed(number: int, row: AuditRow) -> Listed:
    return Listed(number, SealEntry(row.position, row_hash(row)), row)
