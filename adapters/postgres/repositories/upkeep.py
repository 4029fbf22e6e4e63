"""Idempotency keys and heartbeats."""

from datetime import datetime, timedelta
from typing import Any

from adapters.postgres.line import Line
from adapters.postgres.rows.values import as_json, known_moment
from ports.repositories import StoredAnswer

_KEPT_FOR = timedelta(days=1)
# Old keys go a few at a time with new ones, so that nobody has to clear them away.
_CLEAR = """
DELETE FROM idempotency_keys WHERE (firm_id, key) IN (
    SELECT firm_id, key FROM idempotency_keys
    WHERE firm_id = %(firm)s AND created_at <= %(expired)s AND key <> %(key)s
    ORDER BY created_at LIMIT 10 FOR UPDATE SKIP LOCKED)
"""
_BEGIN = """
INSERT INTO idempotency_keys (firm_id, key, fingerprint, status, created_at)
VALUES (%(firm)s, %(key)s, %(fingerprint)s, 0, %(now)s)
ON CONFLICT (firm_id, key) DO UPDATE
SET fingerprint = excluded.fingerprint, status = 0, body = NULL, created_at = excluded.created_at
WHERE idempotency_keys.created_at <= %(expired)s RETURNING key
"""
_STORED = """
SELECT fingerprint, status, body, created_at FROM idempotency_keys WHERE firm_id = %(firm)s AND key = %(key)s
"""
_FINISH = """
UPDATE idempotency_keys SET status = %(status)s, body = %(body)s::json
WHERE firm_id = %(firm)s AND key = %(key)s
"""
_RELEASE = "DELETE FROM idempotency_keys WHERE firm_id = %(firm)s AND key = %(key)s"
_BEAT = """
INSERT INTO heartbeats (name, beat_at) VALUES (%(name)s, %(now)s)
ON CONFLICT (name) DO UPDATE SET beat_at = greatest(heartbeats.beat_at, excluded.beat_at)
"""
_LAST = "SELECT beat_at FROM heartbeats WHERE name = %(name)s"


class PostgresIdempotencyKeys:
    """The port `IdempotencyKeys`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def begin(self, key: str, fingerprint: str, now: datetime) -> StoredAnswer | None:
        """Reserve `key`; see the port."""
        firm_id = self._line.own_firm()
        parameters = {"firm": firm_id, "key": key, "fingerprint": fingerprint, "now": now, "expired": now - _KEPT_FOR}
        # What another request reserved a moment ago is seen by the third statement, not by the second.
        _, ours, stored = self._line.ask_together((_CLEAR, parameters), (_BEGIN, parameters), (_STORED, parameters))
        if ours:
            return None
        (row,) = stored
        return StoredAnswer(row["fingerprint"], row["status"], row["body"], known_moment(row["created_at"]))

    def finish(self, key: str, status: int, body: Any) -> None:
        """Keep the answer."""
        parameters = {"firm": self._line.own_firm(), "key": key, "status": status, "body": as_json(body)}
        self._line.ask(_FINISH, parameters)

    def release(self, key: str) -> None:
        """Forget a key whose request changed nothing."""
        self._line.ask(_RELEASE, {"firm": self._line.own_firm(), "key": key})


class PostgresHeartbeats:
    """The port `Heartbeats`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def beat(self, name: str, now: datetime) -> None:
        """`name` is alive."""
        self._line.require("")  # whose rows these are: no firm's
        self._line.ask(_BEAT, {"name": name, "now": now})

    def last(self, name: str) -> datetime | None:
        """When `name` last was."""
        rows = self._line.ask(_LAST, {"name": name})
        return known_moment(rows[0]["beat_at"]) if rows else None
