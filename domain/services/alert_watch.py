"""The rules about alerts that no single change triggers, looked at from time to time beside the sweep."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from domain.model.alert_rules import (
    RATE_WINDOW,
    UNMATCHED_AFTER,
    Payments,
    Unmatched,
    Watch,
    watch_rate,
    watch_unmatched,
)
from domain.model.audit import DUNLIN, Note
from domain.services.bookkeeping import alert_items, audit_event
from domain.services.steps import Ports, Step, in_firm, in_system

WATCH_EVERY = timedelta(minutes=5)
_HEARTBEAT = "alert_rules"


@dataclass(frozen=True)
class _Signs:
    """One firm's figures."""

    firm_id: str
    payments: Payments
    unmatched: Unmatched

    def judge(self, watch: Watch, now: datetime) -> tuple[Watch, list[Note]]:
        """What is remembered from now on, and what is told."""
        rated, high = watch_rate(watch, self.firm_id, self.payments, now)
        after, waiting = watch_unmatched(rated, self.firm_id, self.unmatched)
        return after, [note for note in (high, waiting) if note is not None]


def watch_firms(ports: Ports) -> None:
    """Look at every firm's figures, at most every five minutes however often this is called."""
    for signs in in_system(ports, _news):
        in_firm(ports, signs.firm_id, partial(_tell, signs))


def _news(step: Step) -> list[_Signs]:
    """The firms of which there is something to be told, or to be forgotten."""
    last = step.tx.heartbeats.last(_HEARTBEAT)
    if last is not None and step.now - last < WATCH_EVERY:
        return []
    step.tx.heartbeats.beat(_HEARTBEAT, step.now)
    payments = step.tx.alert_signs.payments_since(step.now - RATE_WINDOW)
    unmatched = step.tx.alert_signs.unmatched_before(step.now - UNMATCHED_AFTER)
    watches, none = step.tx.alert_signs.watches(), Unmatched(0, step.now)
    every = [
        _Signs(firm_id, payments.get(firm_id, Payments()), unmatched.get(firm_id, none))
        for firm_id in sorted({*payments, *unmatched, *watches})
    ]
    return [signs for signs in every if _is_news(signs, watches.get(signs.firm_id, Watch()), step.now)]


def _is_news(signs: _Signs, watch: Watch, now: datetime) -> bool:
    return signs.judge(watch, now)[0] != watch


def _tell(signs: _Signs, step: Step) -> None:
    """Judge again under the firm's lock: another process may have told it by now."""
    step.tx.alerts.lock_pace(signs.firm_id)
    known = step.tx.alerts.watch(signs.firm_id)
    watch, notes = signs.judge(known, step.now)
    if watch == known:
        return
    step.tx.alerts.save_watch(signs.firm_id, watch)
    step.tx.journal.append([audit_event(step, signs.firm_id, note, DUNLIN) for note in notes])
    step.ring_for(step.tx.outbox.add(alert_items(step, signs.firm_id, notes, None)))
