"""Idempotency keys and heartbeats in memory."""

from datetime import datetime, timedelta
from typing import Any

from adapters.memory.scope import Scope
from adapters.memory.store import NO_FIRM, Answered
from adapters.memory.tables import View
from ports.repositories import StoredAnswer

_KEPT_FOR = timedelta(days=1)


class MemoryIdempotencyKeys:
    """The port `IdempotencyKeys`."""

    def __init__(self, scope: Scope, answers: View[tuple[str, str], Answered]) -> None:
        self._scope = scope
        self._answers = answers

    def begin(self, key: str, fingerprint: str, now: datetime) -> StoredAnswer | None:
        """Reserve `key`; see the port."""
        place = (self._scope.own_firm(), key)
        known = self._answers.lock(place)
        if known is not None and known.answer.created_at > now - _KEPT_FOR:
            return known.answer
        self._answers.put(place, Answered(*place, StoredAnswer(fingerprint, 0, None, now)))
        return None

    def finish(self, key: str, status: int, body: Any) -> None:
        """Keep the answer."""
        place = (self._scope.own_firm(), key)
        known = self._answers.lock(place)
        if known is not None:
            answer = StoredAnswer(known.answer.fingerprint, status, body, known.answer.created_at)
            self._answers.put(place, Answered(*place, answer))

    def release(self, key: str) -> None:
        """Forget a key whose request changed nothing."""
        self._answers.remove((self._scope.own_firm(), key))


class MemoryHeartbeats:
    """The port `Heartbeats`."""

    def __init__(self, scope: Scope, beats: View[str, datetime]) -> None:
        self._scope = scope
        self._beats = beats

    def beat(self, name: str, now: datetime) -> None:
        """`name` is alive."""
        self._scope.require(NO_FIRM)
        last = self._beats.lock(name)
        self._beats.put(name, now if last is None else max(last, now))

    def last(self, name: str) -> datetime | None:
        """When `name` last was."""
        return self._beats.get(name)
