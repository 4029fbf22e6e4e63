"""Holding the audit log against its seals, row by row, in memory that does not grow with it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.model.seals import (
    FIRST_PREVIOUS_HASH,
    LATE_AFTER,
    AuditRow,
    Checkpoint,
    Seal,
    SealEntry,
    entry_bytes,
    row_hash,
    seal_digest,
)


class Damage(StrEnum):
    """What is wrong with the first row or seal that does not hold."""

    ROW_CHANGED = "row_changed"
    ROW_MISSING = "row_missing"
    ROW_INSERTED = "row_inserted"
    ROW_BACKDATED = "row_backdated"
    SEAL_CHANGED = "seal_changed"
    SEAL_MISSING = "seal_missing"
    CUT_OFF = "cut_off"


@dataclass(frozen=True)
class Finding:
    """The first thing that does not hold, in words. `position` and `event_id` name the row where it is one."""

    damage: Damage
    text: str
    seal_number: int | None = None
    position: int | None = None
    event_id: str | None = None


@dataclass(frozen=True)
class Listed:
    """A sealed row: its entry, and what now stands at its position; None when nothing does."""

    seal_number: int
    entry: SealEntry
    row: AuditRow | None


class Broken(Exception):
    """Something does not hold."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.text)
        self.finding = finding


@dataclass(frozen=True)
class Held:
    """Seals that hold, and how many rows they list."""

    newest: Seal | None
    sealed_count: int


def check_sealed(seals: Iterable[Seal], listed: Iterable[Listed], checkpoint: Checkpoint | None) -> Held:
    """Hold the firm's `seals` (by number), each with its `listed` rows (by seal, then position), against each other.

    Raises `Broken` with the first that does not hold, and when the checkpoint knows of a seal that is not there.
    """
    rows = _Ahead(listed)
    before: Seal | None = None
    sealed_count = 0
    for seal in seals:
        _check_place(before, seal)
        _check_rows(before, seal, rows)
        _check_against(checkpoint, seal)
        before = seal
        sealed_count += seal.events_count
    if rows.next is not None:
        raise _missing_seal(rows.next.seal_number)
    known = before.number if before else 0
    if checkpoint is not None and checkpoint.number > known:
        text = (
            f"Seals {known + 1} to {checkpoint.number} are gone, and with them what they listed: the log was cut off."
        )
        raise Broken(Finding(Damage.CUT_OFF, text, seal_number=known + 1))
    return Held(before, sealed_count)


def check_unsealed(rows: Iterable[AuditRow], newest: Seal | None, *, next_transaction: int) -> int:
    """How many of the rows that no seal lists only wait to be sealed: all of them. Raises `Broken` with another one.

    `next_transaction` is the first that has not begun; seals that speak of later ones were made on another server.
    """
    count = 0
    for row in rows:
        _check_time(row, newest)
        if newest is not None and newest.settled_below <= next_transaction:
            _check_transaction(row, newest)
        count += 1
    return count


class _Ahead:
    """The stream with its next item in sight."""

    def __init__(self, listed: Iterable[Listed]) -> None:
        self._rest = iter(listed)
        self.next = next(self._rest, None)

    def of_seal(self, number: int) -> Iterator[Listed]:
        """Take what belongs to this seal. Raises `Broken` where a seal before it is gone."""
        while self.next is not None and self.next.seal_number <= number:
            current = self.next
            if current.seal_number < number:
                raise _missing_seal(current.seal_number)
            self.next = next(self._rest, None)
            yield current


def _check_place(before: Seal | None, seal: Seal) -> None:
    expected = before.number + 1 if before else 1
    if seal.number != expected:
        raise _missing_seal(expected)
    if seal.previous_hash != (before.hash if before else FIRST_PREVIOUS_HASH):
        raise _changed(seal, f"Seal {seal.number} does not follow from the one before it")


def _check_rows(before: Seal | None, seal: Seal, rows: _Ahead) -> None:
    digest = seal_digest(seal)
    found: list[int] = []
    count, newest = 0, before.newest_at if before else None
    for listed in rows.of_seal(seal.number):
        row = _check_row(before, seal, listed)
        digest.update(entry_bytes(listed.entry))
        newest = _later(newest, row.created_at, seal.sealed_at)
        found = [found[0] if found else listed.entry.position, listed.entry.position]
        count += 1
    if count != seal.events_count:
        raise _changed(seal, f"Seal {seal.number} was made over {seal.events_count} rows and lists {count}")
    if digest.hexdigest() != seal.hash or found != [seal.first_position, seal.last_position]:
        raise _changed(seal, f"Seal {seal.number} or its list of rows was changed")
    if newest != seal.newest_at:
        raise _changed(seal, f"Seal {seal.number} names a time that none of its rows has")


def _check_row(before: Seal | None, seal: Seal, listed: Listed) -> AuditRow:
    row, position = listed.row, listed.entry.position
    if row is None:
        text = f"The row at position {position}, sealed in {seal.number}, is missing."
        raise Broken(Finding(Damage.ROW_MISSING, text, seal.number, position))
    if row_hash(row) != listed.entry.row_hash:
        text = f"The row at position {position}, sealed in {seal.number}, is not what was sealed: changed or exchanged."
        raise Broken(Finding(Damage.ROW_CHANGED, text, seal.number, position, row.id))
    _check_time(row, before, seal.number)
    if before is not None and before.settled_below <= seal.settled_below:
        _check_transaction(row, before, seal.number)
    return row


def _check_time(row: AuditRow, before: Seal | None, seal_number: int | None = None) -> None:
    if row.created_at is None or (before is not None and row.created_at < before.newest_at - LATE_AFTER):
        text = f"The row at position {row.position} says that it is older than rows that were sealed before it."
        raise Broken(Finding(Damage.ROW_BACKDATED, text, seal_number, row.position, row.id))


def _check_transaction(row: AuditRow, before: Seal, seal_number: int | None = None) -> None:
    if row.transaction < before.settled_below:
        text = f"The row at position {row.position} came in after seal {before.number}, which closed its transaction."
        raise Broken(Finding(Damage.ROW_INSERTED, text, seal_number, row.position, row.id))


def _check_against(checkpoint: Checkpoint | None, seal: Seal) -> None:
    if checkpoint is not None and checkpoint.number == seal.number and checkpoint.hash != seal.hash:
        raise _changed(seal, f"Seal {seal.number} is not the one that the checkpoint knows: the chain was made anew")


def _later(newest: datetime | None, created_at: datetime | None, sealed_at: datetime) -> datetime | None:
    if created_at is None:
        return newest
    seen = min(created_at, sealed_at)
    return seen if newest is None else max(newest, seen)


def _missing_seal(number: int) -> Broken:
    return Broken(Finding(Damage.SEAL_MISSING, f"Seal {number} is missing.", number))


def _changed(seal: Seal, text: str) -> Broken:
    return Broken(Finding(Damage.SEAL_CHANGED, f"{text}.", seal.number))
