"""Whose rows a transaction may see and write, and the locks that it holds."""

import threading
from collections.abc import Hashable

from adapters.memory.locks import Holder, Locks
from ports.unit_of_work import SerializationConflict, StorageUnavailable, WrongFirm


class Scope:
    """One transaction's reach: a firm's rows, or all of them while `firm_id` is None."""

    def __init__(self, firm_id: str | None, locks: Locks, mutex: threading.RLock) -> None:
        self.firm_id = firm_id
        self.mutex = mutex
        self._locks = locks
        self._holder = Holder()
        self._failure: Exception | None = None

    def failed(self, error: Exception) -> Exception:
        """Remember that the transaction failed, as a database does; the error, to be raised."""
        self._failure = error
        return error

    def check(self) -> None:
        """Raise what made the transaction fail, if anything did."""
        if self._failure is not None:
            raise self._failure

    def sees(self, firm_id: str | None) -> bool:
        """Whether rows of that firm (None: of nobody yet) are in sight."""
        return self.firm_id is None or self.firm_id == firm_id

    def require(self, firm_id: str | None) -> None:
        """Raise `WrongFirm` unless rows of that firm may be written."""
        if not self.sees(firm_id):
            raise self.failed(WrongFirm())

    def own_firm(self) -> str:
        """The firm of a transaction that must have one. Raises `WrongFirm` in a system transaction."""
        if self.firm_id is None:
            raise self.failed(WrongFirm())
        return self.firm_id

    def lock(self, key: Hashable) -> None:
        """Hold a lock until the end, waiting for it."""
        try:
            self._locks.take(self._holder, key)
        except (SerializationConflict, StorageUnavailable) as error:
            raise self.failed(error) from error

    def lock_free(self, key: Hashable) -> bool:
        """Hold a lock until the end unless somebody else has it."""
        return self._locks.take_free(self._holder, key)

    def release(self) -> None:
        """Give back every lock."""
        self._locks.release_all(self._holder)
