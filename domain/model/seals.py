"""Audit seals: what was written to the audit log is listed in seals, each with a hash over its rows and the seal
before it.

A row is sealed once its transaction is settled (everything that could commit before it has ended), so nothing is
locked while audit events are written. design.md 5.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

FORMAT = 1
"""Counts up whenever what is hashed changes; it is part of every hash."""
FIRST_PREVIOUS_HASH = "0" * 64
WINDOW = timedelta(days=1)
"""How far behind the newest sealed time rows are looked for: many times what any transaction of ours may last."""
LATE_AFTER = timedelta(hours=1)
"""A row may say that it is this much older than what was sealed before it: a long transaction, or two hosts' clocks."""


@dataclass(frozen=True)
class AuditRow:
    """A row of the audit log as it is stored, every column of it.

    `metadata` is its JSON text to the letter; `created_at` is None where the column holds no time of years 1 to 9999.
    `transaction` and `position` say in which order rows were written.
    """

    firm_id: str
    position: int
    transaction: int
    id: str
    action: str
    severity: str
    subject_type: str
    subject_id: str
    invoice_id: str | None
    actor: str
    summary: str
    metadata: str
    created_at: datetime | None


@dataclass(frozen=True)
class SealEntry:
    """One sealed row. `row_hash` is 64 hexadecimal digits."""

    position: int
    row_hash: str


@dataclass(frozen=True)
class Seal:
    """A batch of sealed rows; numbers of a firm's seals are 1, 2, 3 and so on.

    `newest_at` is the newest time of any row up to this seal, and never after the sealing itself: a clock that ran
    ahead does not stop what comes later from being sealed. Rows of transactions below `settled_below` are in this seal
    or an earlier one.
    """

    firm_id: str
    number: int
    sealed_at: datetime
    events_count: int
    first_position: int
    last_position: int
    settled_below: int
    newest_at: datetime
    previous_hash: str
    hash: str = ""


@dataclass(frozen=True)
class Checkpoint:
    """A firm's newest seal, remembered outside the database: what was cut off at the end is found by it alone."""

    firm_id: str
    number: int
    hash: str
    sealed_at: datetime


def row_hash(row: AuditRow) -> str:
    """SHA-256 over every column, as JSON with sorted names."""
    return _digest({"format": FORMAT, **_columns(row)}).hexdigest()


def seal_hash(seal: Seal, entries: Sequence[SealEntry]) -> str:
    """SHA-256 over the seal's own columns (the hash before it among them), then position and hash of each row."""
    digest = seal_digest(seal)
    for entry in entries:
        digest.update(entry_bytes(entry))
    return digest.hexdigest()


def seal_digest(seal: Seal) -> "hashlib._Hash":
    """What `seal_hash` begins with, to be fed with `entry_bytes` in the order of positions."""
    return _digest({"format": FORMAT, **{name: value for name, value in _columns(seal).items() if name != "hash"}})


def entry_bytes(entry: SealEntry) -> bytes:
    """What one row adds to its seal's hash."""
    return f"\n{entry.position}:{entry.row_hash}".encode()


def next_seal(
    before: Seal | None, rows: Sequence[AuditRow], sealed_at: datetime, *, settled_below: int
) -> tuple[Seal, tuple[SealEntry, ...]]:
    """The seal over these rows (at least one) that follows `before`, with its entries by position."""
    entries = tuple(sorted((SealEntry(row.position, row_hash(row)) for row in rows), key=lambda entry: entry.position))
    unsigned = Seal(
        firm_id=rows[0].firm_id,
        number=before.number + 1 if before else 1,
        sealed_at=sealed_at,
        events_count=len(entries),
        first_position=entries[0].position,
        last_position=entries[-1].position,
        settled_below=settled_below,
        newest_at=newest_at(before, rows, sealed_at),
        previous_hash=before.hash if before else FIRST_PREVIOUS_HASH,
    )
    return replace(unsigned, hash=seal_hash(unsigned, entries)), entries


def newest_at(before: Seal | None, rows: Sequence[AuditRow], sealed_at: datetime) -> datetime:
    """The newest time of any row so far, the sealing's own where rows lie after it or have none."""
    times = [min(row.created_at, sealed_at) for row in rows if row.created_at is not None] or [sealed_at]
    return max(times) if before is None else max(before.newest_at, *times)


def checkpoint_of(seal: Seal) -> Checkpoint:
    """The seal as it is remembered outside."""
    return Checkpoint(seal.firm_id, seal.number, seal.hash, seal.sealed_at)


def _columns(of: AuditRow | Seal) -> dict[str, Any]:
    return {field.name: getattr(of, field.name) for field in fields(of)}


def _digest(values: Mapping[str, Any]) -> "hashlib._Hash":
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), default=_moment)
    return hashlib.sha256(text.encode())


def _moment(value: object) -> str:
    assert isinstance(value, datetime)
    return value.astimezone(UTC).isoformat(timespec="microseconds")
