"""Tables of committed rows with indexes, and the view that one open transaction has of them."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

from adapters.memory.scope import Scope

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

IndexKeys = Callable[[V], Iterable[Hashable]]


class Table(Generic[K, V]):
    """Rows by key. `firm_of` tells whose a row is (None: nobody's yet); `indexes` say by what it can be found."""

    def __init__(
        self, name: str, firm_of: Callable[[V], str | None], indexes: Mapping[str, IndexKeys[V]] | None = None
    ) -> None:
        self.name = name
        self.firm_of = firm_of
        self.rows: dict[K, V] = {}
        self._index_keys = dict(indexes or {})
        self._found: dict[str, dict[Hashable, dict[K, None]]] = {name: {} for name in self._index_keys}

    def empty(self) -> "Table[K, V]":
        """A table of the same kind without rows."""
        return Table(self.name, self.firm_of, self._index_keys)

    def keys_under(self, index: str, value: Hashable) -> list[K]:
        """The keys of the rows that `index` lists under `value`."""
        return list(self._found[index].get(value, ()))

    def apply(self, changes: Mapping[K, V | None]) -> None:
        """Put each row in place of its earlier self; None removes it."""
        for key, row in changes.items():
            known = self.rows.pop(key, None)
            if known is not None:
                self._unlist(key, known)
            if row is not None:
                self.rows[key] = row
                self._list(key, row)

    def _list(self, key: K, row: V) -> None:
        for index, keys_of in self._index_keys.items():
            for value in keys_of(row):
                self._found[index].setdefault(value, {})[key] = None

    def _unlist(self, key: K, row: V) -> None:
        for index, keys_of in self._index_keys.items():
            for value in keys_of(row):
                listed = self._found[index][value]
                listed.pop(key, None)
                if not listed:
                    del self._found[index][value]


class View(Generic[K, V]):
    """A table as one transaction sees it: what is committed, under what it wrote itself, as far as its firm goes."""

    def __init__(self, table: Table[K, V], scope: Scope) -> None:
        self._table = table
        self._scope = scope
        self._own: Table[K, V] | None = None
        self.changes: dict[K, V | None] = {}

    def get(self, key: K) -> V | None:
        """The row, if there is one in sight."""
        self._scope.check()
        row = self.changes[key] if key in self.changes else self._table.rows.get(key)
        return row if row is not None and self._scope.sees(self._table.firm_of(row)) else None

    def lock(self, key: K) -> V | None:
        """The row as it is once nobody else may change it."""
        self._scope.lock((self._table.name, key))
        return self.get(key)

    def lock_free(self, key: K) -> V | None:
        """The row, locked, unless somebody else has it."""
        return self.get(key) if self._scope.lock_free((self._table.name, key)) else None

    def put(self, key: K, row: V) -> None:
        """Write the row. Raises `WrongFirm` for another firm's, waits for whoever has it locked."""
        self._scope.check()
        self._scope.require(self._table.firm_of(row))
        self._change(key, row)

    def remove(self, key: K) -> None:
        """Remove the row, if there is one in sight."""
        if self.lock(key) is not None:
            self._change(key, None)

    def is_stored(self, key: K) -> bool:
        """Whether there is such a row, whoever's it is."""
        return (self.changes[key] if key in self.changes else self._table.rows.get(key)) is not None

    def reserve(self, index: str, value: Hashable) -> None:
        """Keep others from adding a row that `index` lists under `value`, until this transaction ends."""
        self._scope.lock((self._table.name, index, value))

    def find(self, index: str, value: Hashable) -> list[V]:
        """The rows in sight that `index` lists under `value`."""
        return [row for key in self._keys_under(index, value) if (row := self.get(key)) is not None]

    def is_taken(self, index: str, value: Hashable, mine: K) -> bool:
        """Whether a row other than `mine` stands under `value`, whoever's it is."""
        return any(key != mine for key in self._keys_under(index, value))

    def all(self) -> list[V]:
        """Every row in sight."""
        with self._scope.mutex:
            keys = list(self._table.rows)
        new = [key for key in self.changes if key not in self._table.rows]
        return [row for key in (*keys, *new) if (row := self.get(key)) is not None]

    def keep(self) -> None:
        """Make the changes what everybody sees. The caller holds the mutex."""
        self._table.apply(self.changes)
        self.changes, self._own = {}, None

    def _change(self, key: K, row: V | None) -> None:
        self._scope.lock((self._table.name, key))
        self._own = self._own or self._table.empty()
        self._own.apply({key: row})
        self.changes[key] = row

    def _keys_under(self, index: str, value: Hashable) -> list[K]:
        self._scope.check()
        with self._scope.mutex:
            committed = [key for key in self._table.keys_under(index, value) if key not in self.changes]
        return committed if self._own is None else [*committed, *self._own.keys_under(index, value)]
