"""A second opinion on invoices, written from the rules alone: it walks through a story from its beginning, where the
domain derives everything anew from a heap of facts. It shares no code with the domain.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Moment:
    """Something that truly happened: `pays`, `fails` (a step of the course), `skips` (a slot), or `tries` (a person's
    own attempt that failed and uses up nothing). Money comes by a charge.
    """

    at: datetime
    heard_at: datetime
    does: str
    amount: int = 0
    charge: str = ""
    currency: str = "usd"


@dataclass(frozen=True)
class Reversal:
    """A refund or a dispute of a charge came into a status of Stripe's. `moved` are the balance transactions that a
    dispute made by that: (amount, fee, currency).
    """

    at: datetime
    status: str
    thing: str
    charge: str
    amount: int
    currency: str
    moved: tuple[tuple[int, int, str], ...] = ()


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
    currency: str = "usd"


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


@dataclass(frozen=True)
class MoneyOpinion:
    """What an invoice should show once refunds and disputes are counted; `ledger` sums by (kind, currency)."""

    status: str
    amount_paid: int
    amount_refunded: int
    amount_disputed: int
    ledger: dict[tuple[str, str], int]


HOLDS_MONEY = ("needs_response", "under_review", "appeal_needs_response", "appeal_under_review")
LOST_MONEY = ("lost", "appeal_needs_response", "appeal_under_review")


def money_opinion(story: Sequence[Moment], reversals: Sequence[Reversal], rules: Rules) -> MoneyOpinion:
    """What the moments and then the reversals, in the order of time, make of the invoice's money."""
    payments = [moment for moment in story if moment.does == "pays"]
    ours = [payment for payment in payments if payment.currency == rules.currency]
    refunded, standing = _refunded(reversals), {turn.thing: turn for turn in reversals if turn.thing.startswith("dp_")}
    lost_total = disputed_total = 0
    for payment in ours:
        room = payment.amount - sum(minor for (charge, _), minor in refunded.items() if charge == payment.charge)
        lost = disputed = 0
        for turn in standing.values():
            if turn.charge == payment.charge:
                claim = turn.amount if turn.currency == payment.currency else room
                lost += claim if turn.status in LOST_MONEY else 0
                disputed += claim if turn.status in (*HOLDS_MONEY, *LOST_MONEY) else 0
        lost_total += min(lost, room)
        disputed_total += min(disputed, room)
    charges = {payment.charge for payment in ours}
    given_back = sum(minor for (charge, _), minor in refunded.items() if charge in charges)
    received = sum(payment.amount for payment in ours)
    without = opinion([moment for moment in story if moment.currency == rules.currency], rules).status
    statuses = {turn.status for turn in standing.values()}
    if without == "void":
        status = "void"
    elif statuses & set(HOLDS_MONEY):
        status = "disputed"
    elif statuses & set(LOST_MONEY):
        status = "charged_back"
    elif without == "paid" and given_back > 0:
        status = "refunded" if given_back >= received else "partially_refunded"
    else:
        status = without
    return MoneyOpinion(status, received - lost_total, given_back, disputed_total, _ledger(payments, reversals))


def _refunded(reversals: Sequence[Reversal]) -> dict[tuple[str, str], int]:
    """What stands refunded in the end, by (charge, refund)."""
    given: dict[tuple[str, str], int] = {}
    for turn in reversals:
        if turn.thing.startswith("re_"):
            given[turn.charge, turn.thing] = turn.amount if turn.status == "succeeded" else 0
    return given


def _ledger(payments: Sequence[Moment], reversals: Sequence[Reversal]) -> dict[tuple[str, str], int]:
    """Every movement of money as it happened, summed."""
    booked = Counter[tuple[str, str]]()
    for payment in payments:
        booked["payment", payment.currency] += payment.amount
    out = set()
    for turn in reversals:
        if turn.status == "succeeded":
            booked["refund", turn.currency] -= turn.amount
            out.add(turn.thing)
        elif turn.status in ("failed", "canceled") and turn.thing in out:
            booked["refund_reversal", turn.currency] += turn.amount
        for amount, fee, currency in turn.moved:
            booked["dispute_withdrawal" if amount < 0 else "dispute_reinstatement", currency] += amount
            if fee:
                booked["dispute_fee" if fee > 0 else "dispute_fee_return", currency] -= fee
    return dict(booked)
