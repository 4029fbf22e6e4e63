"""Fetching missed events, in steps that a later run goes on with."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from domain.services.backfill import BackfillPage, Window, backfill_page
from domain.services.reconciliation import accounts
from domain.services.steps import Ports, in_system
from domain.services.webhooks import Mailroom
from ports.stripe_records import StripeRecords

RESUMED_WITHIN = timedelta(days=1)


@dataclass(frozen=True)
class Progress:
    """Where a run that was broken off stood, kept in a file of `DUNLIN_HOME`. `label` is its `--since` as typed."""

    path: Path
    label: str

    def read(self, now: datetime) -> dict[str, Any]:
        """A run of the same label that was broken off within the last day, or nothing."""
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
            is_mine = kept["label"] == self.label
            is_fresh = now - datetime.fromisoformat(kept["until"]) < RESUMED_WITHIN
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return kept if is_mine and is_fresh else {}

    def write(self, state: dict[str, Any]) -> None:
        """Keep the state, whole or not at all."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(state), encoding="utf-8")
        fresh.replace(self.path)

    def forget(self) -> None:
        """The run is complete."""
        self.path.unlink(missing_ok=True)


def backfill(
    ports: Ports, mailroom: Mailroom, records: StripeRecords, since: datetime, progress: Progress
) -> Iterator[BackfillPage]:
    """Fetch everything since then, of every account, page by page. Raises `GatewayUnavailable`."""
    now = ports.clock.now()
    state = progress.read(now) or {
        "label": progress.label,
        "since": since.isoformat(),
        "until": now.isoformat(),
        "finished": [],
        "cursor": None,
    }
    for account, _ in in_system(ports, accounts):
        if account in state["finished"]:
            continue
        window = Window(account, datetime.fromisoformat(state["since"]), datetime.fromisoformat(state["until"]))
        while True:
            page = backfill_page(ports, mailroom, records, window, state["cursor"])
            yield page
            state["cursor"] = page.next_cursor
            if page.next_cursor is None:
                state["finished"].append(account)
            progress.write(state)
            if page.next_cursor is None:
                break
    progress.forget()
