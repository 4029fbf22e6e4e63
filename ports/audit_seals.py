"""Audit rows as they are stored, and the seals over them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.model.seal_checks import Listed
from domain.model.seals import AuditRow, Seal, SealEntry


@dataclass(frozen=True)
class Settled:
    """Rows that no seal lists and that can be sealed, by (transaction, position).

    Every row of a transaction below `settled_below` is among them, or in a seal.
    """

    rows: tuple[AuditRow, ...]
    settled_below: int


class Seals(Protocol):
    """A firm's seals: appended, never changed. Every method raises `WrongFirm` in a system transaction."""

    def lock(self) -> bool:
        """Be the one who seals this firm's rows until the transaction ends; False, at once, when another does."""

    def newest(self) -> Seal | None:
        """The seal with the highest number."""

    def get(self, number: int) -> Seal | None:
        """The seal of that number."""

    def settled(self, since: datetime | None, limit: int) -> Settled:
        """At most `limit` rows from `since` on that no seal lists and before which nothing else can be committed."""

    def waiting_since(self, since: datetime | None, before: datetime) -> datetime | None:
        """The oldest time, up to `before`, of a row from `since` on that cannot be sealed because a transaction that
        began earlier is still open; None when there is none.
        """

    def append(self, seal: Seal, entries: Sequence[SealEntry]) -> None:
        """Store a seal with its entries."""

    def page(self, after: int, limit: int) -> Sequence[Seal]:
        """Seals with numbers above `after`, in order."""

    def listed(self, after: tuple[int, int], up_to: int, limit: int) -> Sequence[Listed]:
        """Entries after (seal number, position), of seals up to number `up_to`, in that order, each with its row."""

    def unsealed(self, after: int, limit: int) -> tuple[Sequence[AuditRow], int | None]:
        """Of the next `limit` rows after position `after` those that no seal lists, by position; and the position
        to go on after, None at the end.
        """

    def next_transaction(self) -> int:
        """The number of the first transaction that has not begun."""
