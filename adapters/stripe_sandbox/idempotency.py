"""Stripe's idempotency keys (docs.stripe.com/api/idempotent_requests).

An answer is stored once its endpoint began to work, 500s included, and repeated for the same key and parameters.
Refused validation, 409 and 429 are not stored. Keys are forgotten after 24 hours; a key still in flight answers 409.
"""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from adapters.stripe_sandbox.errors import idempotency_in_flight, idempotency_mismatch, invalid_parameter
from adapters.stripe_sandbox.values import Json

KEPT_SECONDS = 24 * 3600
LONGEST_KEY = 255


@dataclass(frozen=True)
class KeyUse:
    """One use of a key: by which account, for which endpoint ("POST /v1/customers") and parameters."""

    account: str
    key: str
    endpoint: str
    params: Json

    @property
    def fingerprint(self) -> str:
        """Equal exactly for equal parameters, whatever their order."""
        return hashlib.sha256(json.dumps(self.params, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class StoredAnswer:
    """What was answered the first time, and to which request."""

    status: int
    body: str
    request_id: str


class KeysInFlight:
    """The keys whose first request is running now. In memory: a request that died with the process did nothing."""

    def __init__(self) -> None:
        self._keys: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    @contextmanager
    def holding(self, use: KeyUse | None) -> Iterator[None]:
        """Hold the key for the block. Raises ApiError 409 when another request holds it."""
        if use is None:
            yield
            return
        name = (use.account, use.key)
        with self._lock:
            if name in self._keys:
                raise idempotency_in_flight(use.key)
            self._keys.add(name)
        try:
            yield
        finally:
            with self._lock:
                self._keys.discard(name)


def check_key(key: str) -> str:
    """The key as given; ApiError 400 for one that Stripe refuses."""
    if not 1 <= len(key) <= LONGEST_KEY:
        message = f"Invalid idempotency key: it must have 1 to {LONGEST_KEY} characters; this one has {len(key)}."
        raise invalid_parameter(message, param="Idempotency-Key")
    return key


def find_answer(connection: sqlite3.Connection, use: KeyUse, now_at: datetime) -> StoredAnswer | None:
    """The stored answer, None for a new or forgotten key. Raises ApiError 400 when the key was used for another."""
    connection.execute("DELETE FROM idempotency_keys WHERE created < ?", (now_at.timestamp() - KEPT_SECONDS,))
    row = connection.execute(
        "SELECT endpoint, fingerprint, status, body, request_id FROM idempotency_keys WHERE account = ? AND key = ?",
        (use.account, use.key),
    ).fetchone()
    if row is None:
        return None
    if row[0] != use.endpoint:
        raise idempotency_mismatch(use.key, is_other_endpoint=True, first=row[0])
    if row[1] != use.fingerprint:
        raise idempotency_mismatch(use.key, is_other_endpoint=False, first=row[0])
    return StoredAnswer(row[2], row[3], row[4])


def store_answer(connection: sqlite3.Connection, use: KeyUse, answer: StoredAnswer, now_at: datetime) -> None:
    """Remember the answer; part of the transaction of the work itself."""
    connection.execute(
        "INSERT INTO idempotency_keys VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            use.account,
            use.key,
            use.endpoint,
            use.fingerprint,
            answer.status,
            answer.body,
            answer.request_id,
            now_at.timestamp(),
        ),
    )
