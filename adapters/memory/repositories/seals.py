"""Audit seals in memory. What is in sight was committed in the order of its numbers, so all of it is settled."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from adapters.memory.scope import Scope
from adapters.memory.store import Sealed, Store, Written
from adapters.memory.tables import View
from domain.model.seal_checks import Listed
from domain.model.seals import AuditRow, Seal, SealEntry
from ports.audit_seals import Settled

_EVER = datetime.min.replace(tzinfo=UTC)


class MemorySeals:
    """The port `Seals`."""

    def __init__(
        self,
        scope: Scope,
        *,
        audit: View[int, Written],
        seals: View[tuple[str, int], Seal],
        sealed: View[tuple[str, int], Sealed],
        store: Store,
    ) -> None:
        self._scope = scope
        self._audit = audit
        self._seals = seals
        self._sealed = sealed
        self._store = store

    def lock(self) -> bool:
        """Be the one who seals; see the port."""
        return self._scope.lock_free(("audit seals", self._scope.own_firm()))

    def newest(self) -> Seal | None:
        """The seal with the highest number."""
        return max(self._all(), key=lambda seal: seal.number, default=None)

    def get(self, number: int) -> Seal | None:
        """The seal of that number."""
        return self._seals.get((self._scope.own_firm(), number))

    def settled(self, since: datetime | None, limit: int) -> Settled:
        """Rows that can be sealed; see the port."""
        next_transaction = self.next_transaction()
        rows = [row for row in self._rows() if not self._is_sealed(row) and _time(row) >= (since or _EVER)]
        batch = tuple(sorted(rows, key=lambda row: (row.transaction, row.position))[:limit])
        return Settled(batch, next_transaction if len(batch) < limit else batch[-1].transaction)

    def waiting_since(self, since: datetime | None, before: datetime) -> datetime | None:  # noqa: ARG002 - the port's
        """Nothing is ever held up here."""
        self._scope.own_firm()
        return None

    def append(self, seal: Seal, entries: Sequence[SealEntry]) -> None:
        """Store a seal with its entries."""
        self._scope.require(seal.firm_id)
        self._seals.put((seal.firm_id, seal.number), seal)
        for entry in entries:
            self._sealed.put((seal.firm_id, entry.position), Sealed(seal.firm_id, seal.number, entry))

    def page(self, after: int, limit: int) -> Sequence[Seal]:
        """Seals in order; see the port."""
        return sorted((seal for seal in self._all() if seal.number > after), key=lambda seal: seal.number)[:limit]

    def listed(self, after: tuple[int, int], up_to: int, limit: int) -> Sequence[Listed]:
        """Entries with their rows; see the port."""
        self._scope.own_firm()
        wanted = [s for s in self._sealed.all() if after < (s.seal_number, s.entry.position) and s.seal_number <= up_to]
        wanted.sort(key=lambda sealed: (sealed.seal_number, sealed.entry.position))
        rows = {row.position: row for row in self._rows()}
        return [Listed(s.seal_number, s.entry, rows.get(s.entry.position)) for s in wanted[:limit]]

    def unsealed(self, after: int, limit: int) -> tuple[Sequence[AuditRow], int | None]:
        """Rows that no seal lists; see the port."""
        rows = sorted((row for row in self._rows() if row.position > after), key=lambda row: row.position)[:limit]
        following = rows[-1].position if len(rows) == limit else None
        return [row for row in rows if not self._is_sealed(row)], following

    def next_transaction(self) -> int:
        """The number of the first commit that has not been made."""
        self._scope.own_firm()
        with self._scope.mutex:
            return self._store.commits + 1

    def _all(self) -> list[Seal]:
        self._scope.own_firm()
        return self._seals.all()

    def _rows(self) -> list[AuditRow]:
        self._scope.own_firm()
        return [_stored(written) for written in self._audit.all()]

    def _is_sealed(self, row: AuditRow) -> bool:
        return self._sealed.get((row.firm_id, row.position)) is not None


def _time(row: AuditRow) -> datetime:
    return row.created_at or _EVER


def _stored(written: Written) -> AuditRow:
    event = written.event
    return AuditRow(
        firm_id=event.firm_id,
        position=written.number,
        transaction=written.transaction,
        id=event.id,
        action=event.action,
        severity=event.severity.value,
        subject_type=event.subject_type,
        subject_id=event.subject_id,
        invoice_id=event.invoice_id,
        actor=event.actor,
        summary=event.summary,
        metadata=json.dumps(dict(event.metadata), separators=(",", ":")),
        created_at=event.created_at,
    )
