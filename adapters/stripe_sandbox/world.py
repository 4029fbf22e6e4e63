"""One Stripe account's objects, seen from inside one transaction.

Each account (Connect) is a world of its own. An object is a JSON body, as Stripe answers it, and a hidden part that
never leaves the sandbox (which test card a PaymentMethod came from, how a PaymentIntent was confirmed).
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.stripe_sandbox.changes import previous_values
from adapters.stripe_sandbox.errors import resource_missing
from adapters.stripe_sandbox.ids import make_id
from adapters.stripe_sandbox.store import next_number
from adapters.stripe_sandbox.values import API_VERSION, PLATFORM_ACCOUNT, Json
from adapters.stripe_sandbox.webhook_plan import WebhookPlan


@dataclass(frozen=True)
class Origin:
    """The request that causes what happens: its id and idempotency key go into events, its address into links."""

    request_id: str | None
    idempotency_key: str | None
    base_url: str = ""


class World:
    """Reads and writes the objects of `account` through an open transaction."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        account: str,
        now_at: datetime,
        seed: str,
        webhooks: WebhookPlan,
        origin: Origin,
    ) -> None:
        self.connection = connection
        self.account = account
        self.now_at = now_at
        self.now = int(now_at.timestamp())
        self._seed = seed
        self._webhooks = webhooks
        self._origin = origin
        self.base_url = origin.base_url
        self.webhook_url = webhooks.url

    def new_id(self, prefix: str) -> str:
        """An id nobody has."""
        return make_id(prefix, self._seed, next_number(self.connection, "objects"))

    def find(self, kind: str, wanted: str) -> Json | None:
        """The object, or None."""
        row = self.connection.execute(
            "SELECT body FROM objects WHERE account = ? AND kind = ? AND id = ?", (self.account, kind, wanted)
        ).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def get(self, kind: str, wanted: str, *, param: str | None = None) -> Json:
        """The object; resource_missing otherwise: 404 for an id from the path, 400 for one from parameter `param`."""
        found = self.find(kind, wanted)
        if found is None:
            raise resource_missing(kind, wanted, param=param or "id", is_path=param is None)
        return found

    def hidden(self, kind: str, wanted: str) -> Json:
        """The part of an object that no answer shows."""
        row = self.connection.execute(
            "SELECT hidden FROM objects WHERE account = ? AND kind = ? AND id = ?", (self.account, kind, wanted)
        ).fetchone()
        return {} if row is None else dict(json.loads(row[0]))

    def hide(self, kind: str, wanted: str, **values: object) -> None:
        """Add to the hidden part of an object."""
        hidden = {**self.hidden(kind, wanted), **values}
        self.connection.execute(
            "UPDATE objects SET hidden = ? WHERE account = ? AND kind = ? AND id = ?",
            (json.dumps(hidden), self.account, kind, wanted),
        )

    def save(self, body: Json, *, label: str | None = None) -> Json:
        """Store a new object, or the new state of one; `label` is what else its list filters by."""
        kind = str(body["object"])
        self.connection.execute(
            "INSERT INTO objects (account, kind, id, created, customer, payment_intent, label, body, hidden) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, '{}') ON CONFLICT (account, kind, id) DO UPDATE SET "
            "customer = excluded.customer, payment_intent = excluded.payment_intent, label = excluded.label, "
            "body = excluded.body",
            (
                self.account,
                kind,
                body["id"],
                body.get("created", self.now),
                body.get("customer"),
                body.get("payment_intent"),
                label,
                json.dumps(body),
            ),
        )
        return body

    def select(self, where: str, values: Sequence[object], *, order: str = "sequence") -> list[Json]:
        """Objects of this account that satisfy an SQL condition on the columns of `objects`."""
        statement = f"SELECT body FROM objects WHERE account = ? AND {where} ORDER BY {order}"  # noqa: S608 - own text
        rows = self.connection.execute(statement, (self.account, *values)).fetchall()
        return [dict(json.loads(row[0])) for row in rows]

    def emit(self, kind: str, subject: Json, *, before: Json | None = None) -> None:
        """Record an event about `subject` as it is now and plan its deliveries.

        `before` is the object as it was: what changed goes into previous_attributes.
        """
        data: Json = {"object": subject}
        if before is not None:
            data["previous_attributes"] = previous_values(before, subject)
        event: Json = {
            "id": self.new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now,
            "data": data,
            "livemode": False,
            "pending_webhooks": 0,
            "request": {"id": self._origin.request_id, "idempotency_key": self._origin.idempotency_key},
            "type": kind,
        }
        if self.account != PLATFORM_ACCOUNT:
            event["account"] = self.account
        self.save(event, label=kind)
        lane_key = str(subject.get("payment_intent") or subject["id"])
        self._webhooks.plan(self.connection, event, account=self.account, lane_key=lane_key, now_at=self.now_at)
