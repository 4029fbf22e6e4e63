"""A second opinion on invoices, written from the rules alone: it walks through a story from its beginning, where the
domain derives everything anew from a heap of facts. It shares no code with the domain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Moment:
    """Something that truly happened: `pays`, `fails` (a step of the course), `skips` (a slot), or `tries` (a person's
    own attempt that failed and uses up nothing).
    """

    at: datetime
    heard_at: datetime
    does: str
    amount: int = 0


@dataclass(frozen=True)
class Rules:
    """What the firm and its people decided; `delays` are the retries' in order."""

    amount_due: int
    delays: tuple[timedelta, ...]
    counts_from_first: bool
    collects: bool
    holds_old: bool
    is_sent: bool = True
    is_void: bool = False
    is_paused: bool = False


@dataclass(frozen=True)
class Opinion:
    """What an invoice should show."""

    status: str
    amount_paid: int
    retry_count: int
    next_retry_at: datetime | None
    failed_at: datetime | None
    paid_at: datetime | None


def opinion(story: Sequence[Moment], rules: Rules) -> Opinion:
    """What the moments, in the order of time, make of the invoice."""
    amount_paid, failures, failed_at, paid_at = 0, list[Moment](), None, None
    for moment in story:
        if moment.does == "pays":
            amount_paid += moment.amount
            if amount_paid >= rules.amount_due:
                failures, paid_at = [], paid_at or moment.at
        elif moment.does in ("fails", "skips"):
            failures.append(moment)
        if moment.does in ("fails", "tries"):
            failed_at = moment.at
    status = _status(amount_paid, len(failures), rules)
    next_at = _next_retry_at(failures, rules) if status == "failed" else None
    return Opinion(status, amount_paid, len(failures), next_at, failed_at, paid_at if status == "paid" else None)


def _status(amount_paid: int, failures: int, rules: Rules) -> str:
    if rules.is_void:
        return "void"
    if amount_paid >= rules.amount_due:
        return "paid"
    if failures > 0:
        return "failed" if failures <= len(rules.delays) else "overdue"
    return "sent" if rules.is_sent else "draft"


def _next_retry_at(failures: Sequence[Moment], rules: Rules) -> datetime | None:
    counted_from = failures[0] if rules.counts_from_first else failures[-1]
    due_at = counted_from.at + rules.delays[len(failures) - 1]
    is_surprise = any(
        cause.heard_at - cause.at > timedelta(hours=24) and due_at <= cause.heard_at
        for cause in (counted_from, failures[-1])
    )
    is_held = rules.is_paused or (is_surprise and rules.holds_old)
    return None if is_held or not rules.collects else due_at
