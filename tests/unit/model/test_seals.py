"""What is hashed, and what a check of the chain finds; the same over raw SQL is in tests/integration/postgres."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from domain.model.seal_checks import Broken, Damage, Held, Listed, check_sealed, check_unsealed
from domain.model.seals import (
    LATE_AFTER,
    AuditRow,
    Checkpoint,
    Seal,
    SealEntry,
    checkpoint_of,
    next_seal,
    row_hash,
    seal_hash,
)
from tests.builders import NOW, an_audit_row, days

MINUTE = timedelta(minutes=1)


@dataclass
class Log:
    """A log whose rows 1 to 9 are sealed three by three, one a minute; row n is of transaction 10 n."""

    seals: list[Seal] = field(default_factory=list)
    listed: list[Listed] = field(default_factory=list)
    checkpoint: Checkpoint | None = None

    def __post_init__(self) -> None:
        for number in range(3):
            self.seal(*(a_row(3 * number + place) for place in (1, 2, 3)), settled_below=30 * (number + 1) + 1)
        self.checkpoint = checkpoint_of(self.seals[-1])

    def seal(self, *rows: AuditRow, settled_below: int) -> None:
        before = self.seals[-1] if self.seals else None
        seal, entries = next_seal(before, rows, NOW + days(1), settled_below=settled_below)
        self.seals.append(seal)
        by_position = {row.position: row for row in rows}
        self.listed += [Listed(seal.number, entry, by_position[entry.position]) for entry in entries]

    def check(self) -> Held:
        return check_sealed(iter(self.seals), iter(self.listed), self.checkpoint)

    def damage(self) -> tuple[Damage, int | None, int | None]:
        with pytest.raises(Broken) as broken:
            self.check()
        finding = broken.value.finding
        return finding.damage, finding.seal_number, finding.position


def a_row(position: int, **changed: Any) -> AuditRow:
    row = an_audit_row(position=position, transaction=10 * position, created_at=NOW + position * MINUTE)
    return replace(row, **changed)


OTHER_VALUES: dict[str, Any] = {
    "position": 2,
    "transaction": 11,
    "created_at": NOW + timedelta(microseconds=1),
    "metadata": '{"amount_minor":5001,"currency":"usd"}',
    "invoice_id": None,
}


@pytest.mark.parametrize("name", [column.name for column in fields(AuditRow)])
def test_every_column_is_in_the_hash_of_a_row(name: str) -> None:
    row = a_row(1)

    assert row_hash(replace(row, **{name: OTHER_VALUES.get(name, "other")})) != row_hash(row)


@pytest.mark.parametrize("name", [column.name for column in fields(Seal) if column.name != "hash"])
def test_every_column_is_in_the_hash_of_a_seal(name: str) -> None:
    seal, entries = next_seal(None, [a_row(1)], NOW, settled_below=1)
    value = getattr(seal, name)
    other = value + MINUTE if isinstance(value, datetime) else value * 2

    assert seal_hash(replace(seal, **{name: other}), entries) != seal.hash


def test_no_two_rows_or_lists_read_the_same() -> None:
    assert row_hash(a_row(1, actor="a", summary="bc")) != row_hash(a_row(1, actor="ab", summary="c"))
    seal, _ = next_seal(None, [a_row(1)], NOW, settled_below=1)
    hash_of = "0" * 64
    assert seal_hash(seal, [SealEntry(1, hash_of), SealEntry(2, hash_of)]) != seal_hash(seal, [SealEntry(12, hash_of)])


def test_the_same_moment_has_one_hash_in_every_zone() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5)))

    assert row_hash(a_row(1, created_at=NOW)) == row_hash(a_row(1, created_at=elsewhere))


def test_hashes_are_what_they_were_when_seals_were_made() -> None:
    """Stored seals have to hold after every change of this code: these must never change."""
    seal, _ = next_seal(None, [an_audit_row()], NOW, settled_below=7)

    assert row_hash(an_audit_row()) == "30dcb6dc941adf93c8d47c80c80430e421e2dc9943044a92600c1a7b0d003ef3"
    assert seal.hash == "11012efafd2a3c5612008affb6c343185c9750b58a60f846be1b2c494b42cae7"


def test_an_untouched_log_holds() -> None:
    log = Log()

    assert log.check() == Held(log.seals[-1], 9)


def test_a_log_that_was_never_sealed_holds() -> None:
    assert check_sealed([], [], None) == Held(None, 0)


def _change_row(log: Log) -> None:
    log.listed[4] = replace(log.listed[4], row=a_row(5, summary="All is well."))


def _delete_row(log: Log) -> None:
    log.listed[4] = replace(log.listed[4], row=None)


def _delete_row_and_entry(log: Log) -> None:
    del log.listed[4]


def _exchange_rows(log: Log) -> None:
    one, other = log.listed[3], log.listed[4]
    assert one.row is not None
    assert other.row is not None
    log.listed[3] = replace(one, row=replace(other.row, position=one.entry.position))
    log.listed[4] = replace(other, row=replace(one.row, position=other.entry.position))


def _insert_row_and_entry(log: Log) -> None:
    forged = a_row(50)
    log.listed.insert(6, Listed(2, SealEntry(50, row_hash(forged)), forged))


def _change_row_and_entry(log: Log) -> None:
    forged = a_row(5, summary="All is well.")
    log.listed[4] = Listed(2, SealEntry(5, row_hash(forged)), forged)


def _change_entry(log: Log) -> None:
    log.listed[4] = replace(log.listed[4], entry=SealEntry(5, "0" * 64))


def _change_seal(log: Log) -> None:
    log.seals[1] = replace(log.seals[1], sealed_at=NOW)


def _change_newest_at(log: Log) -> None:
    changed = replace(log.seals[0], newest_at=NOW - days(9))
    entries = [listed.entry for listed in log.listed[:3]]
    log.seals[0] = replace(changed, hash=seal_hash(changed, entries))


def _remove_seal(log: Log) -> None:
    del log.seals[1]


def _remove_seal_and_entries(log: Log) -> None:
    del log.seals[1], log.listed[3:6]


def _remove_first_seals(log: Log) -> None:
    del log.seals[:2], log.listed[:6]


def _cut_tail(log: Log) -> None:
    del log.seals[1:], log.listed[3:]


def _cut_all(log: Log) -> None:
    del log.seals[:], log.listed[:]


def _cut_seals_alone(log: Log) -> None:
    del log.seals[2]


def _make_chain_anew(log: Log) -> None:
    rows = [listed.row for listed in log.listed if listed.row is not None]
    del log.seals[:], log.listed[:]
    for number in range(3):
        batch = [replace(row, summary="All is well.") for row in rows[3 * number : 3 * number + 3]]
        log.seal(*batch, settled_below=30 * (number + 1) + 1)


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (_change_row, (Damage.ROW_CHANGED, 2, 5)),
        (_delete_row, (Damage.ROW_MISSING, 2, 5)),
        (_exchange_rows, (Damage.ROW_CHANGED, 2, 4)),
        (_change_entry, (Damage.ROW_CHANGED, 2, 5)),
        (_delete_row_and_entry, (Damage.SEAL_CHANGED, 2, None)),
        (_insert_row_and_entry, (Damage.SEAL_CHANGED, 2, None)),
        (_change_row_and_entry, (Damage.SEAL_CHANGED, 2, None)),
        (_change_seal, (Damage.SEAL_CHANGED, 2, None)),
        (_change_newest_at, (Damage.SEAL_CHANGED, 1, None)),
        (_remove_seal, (Damage.SEAL_MISSING, 2, None)),
        (_remove_seal_and_entries, (Damage.SEAL_MISSING, 2, None)),
        (_remove_first_seals, (Damage.SEAL_MISSING, 1, None)),
        (_cut_tail, (Damage.CUT_OFF, 2, None)),
        (_cut_all, (Damage.CUT_OFF, 1, None)),
        (_cut_seals_alone, (Damage.SEAL_MISSING, 3, None)),
        (_make_chain_anew, (Damage.SEAL_CHANGED, 3, None)),
    ],
)
def test_what_was_done_to_the_log_is_found_and_named(
    tamper: Callable[[Log], None], found: tuple[Damage, int | None, int | None]
) -> None:
    log = Log()
    tamper(log)

    assert log.damage() == found


def test_a_seal_newer_than_the_checkpoint_is_fine() -> None:
    log = Log()
    log.checkpoint = checkpoint_of(log.seals[1])

    assert log.check().newest == log.seals[2]


def test_a_row_that_was_sealed_later_and_says_that_it_is_older_is_found() -> None:
    log = Log()
    log.seal(a_row(10, created_at=NOW + 9 * MINUTE - LATE_AFTER), settled_below=200)
    log.seal(a_row(11, created_at=NOW + 9 * MINUTE - LATE_AFTER - MINUTE), settled_below=300)

    assert log.damage() == (Damage.ROW_BACKDATED, 5, 11)


def test_a_row_without_a_time_is_found() -> None:
    log = Log()
    log.seal(a_row(10, created_at=None), settled_below=200)

    assert log.damage() == (Damage.ROW_BACKDATED, 4, 10)


def test_a_row_of_a_transaction_that_an_earlier_seal_closed_is_found() -> None:
    log = Log()
    log.seal(a_row(10, transaction=45), settled_below=200)

    assert log.damage() == (Damage.ROW_INSERTED, 4, 10)


def test_transactions_that_began_anew_on_another_server_are_fine() -> None:
    """A dump was restored where numbers are lower."""
    log = Log()
    log.seal(a_row(10, transaction=5), settled_below=8)
    log.seal(a_row(11, transaction=9), settled_below=12)

    assert log.check().sealed_count == 11


def test_rows_that_wait_to_be_sealed_are_counted() -> None:
    newest = Log().seals[-1]
    rows = [a_row(10), a_row(11, created_at=NOW)]

    assert check_unsealed(rows, newest, next_transaction=1000) == 2
    assert check_unsealed(rows, None, next_transaction=1000) == 2


@pytest.mark.parametrize(
    ("row", "damage"),
    [
        (a_row(10, created_at=NOW - LATE_AFTER), Damage.ROW_BACKDATED),
        (a_row(10, created_at=None), Damage.ROW_BACKDATED),
        (a_row(10, transaction=45), Damage.ROW_INSERTED),
    ],
)
def test_an_unsealed_row_that_should_be_sealed_is_found(row: AuditRow, damage: Damage) -> None:
    with pytest.raises(Broken) as broken:
        check_unsealed([a_row(11), row], Log().seals[-1], next_transaction=1000)

    assert (broken.value.finding.damage, broken.value.finding.event_id) == (damage, row.id)


def test_low_transactions_are_fine_where_the_seals_were_made_on_another_server() -> None:
    assert check_unsealed([a_row(10, transaction=45)], Log().seals[-1], next_transaction=50) == 1


def test_a_clock_that_ran_ahead_does_not_make_what_follows_look_old() -> None:
    first, _ = next_seal(None, [a_row(1, created_at=NOW + days(30))], NOW, settled_below=20)

    assert first.newest_at == NOW
    assert check_unsealed([a_row(2, created_at=NOW)], first, next_transaction=1000) == 1
