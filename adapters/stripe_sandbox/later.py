"""What a bank will do by itself in a moment: a pending refund succeeds, submitted evidence is decided.

At Stripe this takes some seconds. It is planned as a row of the state, so it survives a restart, and carried out by
the first request, or by the delivery threads, once it is due. Whoever moves the object by hand before that cancels it.
"""

import sqlite3
from typing import NamedTuple

from adapters.stripe_sandbox.values import Json
from adapters.stripe_sandbox.world import World

DECIDED_AFTER_SECONDS = 1.0


class Due(NamedTuple):
    """An object that is to get a new status."""

    account: str
    kind: str
    id: str
    status: str


def plan(world: World, subject: Json, status: str, *, after_seconds: float = DECIDED_AFTER_SECONDS) -> None:
    """Let the subject (a refund, a dispute, a Checkout Session) get this status later, instead of what was planned."""
    forget(world, subject)
    world.connection.execute(
        "INSERT INTO later (account, kind, id, status, due) VALUES (?, ?, ?, ?, ?)",
        (
            world.account,
            subject["object"],
            subject["id"],
            status,
            world.now_at.timestamp() + after_seconds,
        ),
    )


def forget(world: World, subject: Json) -> None:
    """Nothing happens to the subject by itself any more."""
    world.connection.execute(
        "DELETE FROM later WHERE account = ? AND kind = ? AND id = ?",
        (world.account, subject["object"], subject["id"]),
    )


def is_any_due(connection: sqlite3.Connection, now: float) -> bool:
    """Whether `due_by` would find something."""
    return connection.execute("SELECT 1 FROM later WHERE due <= ?", (now,)).fetchone() is not None


def due_by(connection: sqlite3.Connection, now: float) -> list[Due]:
    """What is due, oldest first."""
    rows = connection.execute("SELECT account, kind, id, status FROM later WHERE due <= ? ORDER BY due, rowid", (now,))
    return [Due(*row) for row in rows.fetchall()]
