"""Locks on rows and unique keys, held by a transaction until it ends, as a database holds them."""

import threading
from collections import deque
from collections.abc import Hashable

from ports.unit_of_work import SerializationConflict, StorageUnavailable

WAIT_SECONDS = 10.0
"""As long as a statement may take on PostgreSQL (`statement_timeout`)."""


class Holder:
    """Whoever holds locks: one transaction, worked on by one thread."""

    def __init__(self) -> None:
        self.thread_id = threading.get_ident()
        self.held: set[Hashable] = set()
        self.waits_for: Hashable = None


class Locks:
    """Every lock of one store, given in the order in which they were asked for.

    Waiting in a circle ends with `SerializationConflict` for the one that closes it.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._holders: dict[Hashable, Holder] = {}
        self._waiting: dict[Hashable, deque[Holder]] = {}

    def take(self, holder: Holder, key: Hashable) -> None:
        """Have `key` for `holder` alone, waiting for whoever has it now.

        Raises `SerializationConflict` when the wait could never end, `StorageUnavailable` after `WAIT_SECONDS`.
        """
        if key in holder.held:
            return
        with self._changed:
            if key not in self._holders:
                self._give(holder, key)
                return
            self._refuse_circle(holder, self._holders[key])
            self._wait(holder, key)

    def take_free(self, holder: Holder, key: Hashable) -> bool:
        """Have `key` if nobody else has it; never waits."""
        with self._changed:
            if self._holders.get(key, holder) is not holder:
                return False
            self._give(holder, key)
            return True

    def release_all(self, holder: Holder) -> None:
        """Give back everything that `holder` has; who waited longest has it next."""
        if not holder.held:
            return
        with self._changed:
            for key in holder.held:
                del self._holders[key]
                queue = self._waiting.get(key)
                if queue:
                    self._give(queue.popleft(), key)
            holder.held.clear()
            self._changed.notify_all()

    def _wait(self, holder: Holder, key: Hashable) -> None:
        queue = self._waiting.setdefault(key, deque())
        queue.append(holder)
        holder.waits_for = key
        is_given = self._changed.wait_for(lambda: key in holder.held, WAIT_SECONDS)
        holder.waits_for = None
        if not is_given:
            queue.remove(holder)
        if not queue:
            self._waiting.pop(key, None)
        if not is_given:
            raise StorageUnavailable(f"A lock was not to be had within {WAIT_SECONDS:g} s. Try again later.")

    def _give(self, holder: Holder, key: Hashable) -> None:
        self._holders[key] = holder
        holder.held.add(key)

    def _refuse_circle(self, holder: Holder, other: Holder | None) -> None:
        """A transaction nested in another one of the same thread would wait for itself for ever, too."""
        while other is not None:
            if other is holder or other.thread_id == holder.thread_id:
                raise SerializationConflict("Two transactions wait for each other; this one has to run again.")
            other = None if other.waits_for in other.held else self._holders.get(other.waits_for)
