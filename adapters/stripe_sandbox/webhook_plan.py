"""Which deliveries an event gets. They are rows of the same transaction as the event, so none is lost by a crash."""

import sqlite3
import zlib
from datetime import datetime

from adapters.stripe_sandbox.faults import FaultMaker
from adapters.stripe_sandbox.values import Json

LANES = 4


class WebhookPlan:
    """Plans deliveries to the one endpoint; without an endpoint it plans none."""

    def __init__(self, url: str | None, faults: FaultMaker) -> None:
        self.url = url
        self._faults = faults

    def plan(
        self, connection: sqlite3.Connection, event: Json, *, account: str, lane_key: str, now_at: datetime
    ) -> None:
        """Add the event's deliveries. Those with one `lane_key` are sent in order, unless a fault reorders them."""
        if self.url is None:
            return
        now = now_at.timestamp()
        state = "dropped" if self._faults.draws_drop() else "pending"
        for delay in self._faults.delivery_delays() if state == "pending" else [0.0]:
            connection.execute(
                "INSERT INTO deliveries (account, event, lane, state, due, created) VALUES (?, ?, ?, ?, ?, ?)",
                (account, event["id"], zlib.crc32(lane_key.encode()) % LANES, state, now + delay, now),
            )
