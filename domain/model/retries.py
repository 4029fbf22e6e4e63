"""The failure course: which failures count, when the next retry is due, when the course is exhausted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.model.attempts import Attempt, AttemptStatus
from domain.model.money import Money
from domain.model.policies import CountFrom, OldSlots, Terms

# What is due because of facts older than this when we first heard of them is held. design.md 5: nobody is charged by
# surprise.
SURPRISE_AGE = timedelta(hours=24)


@dataclass(frozen=True)
class RetrySlot:
    """The next automatic retry: the `number`-th (1-based), caused by the failure `key`, due at `due_at`."""

    number: int
    key: str
    due_at: datetime
    is_held: bool


@dataclass(frozen=True)
class Course:
    """Where an invoice stands in its failure course.

    `failures` are the counting ones since the debt was last covered, oldest first. `slot` is the next retry while one
    is left; the course `is_exhausted` when the failure after the last retry has come.
    """

    failures: tuple[Attempt, ...]
    slot: RetrySlot | None
    is_exhausted: bool


def course(attempts: Sequence[Attempt], debt: Money, terms: Terms) -> Course:
    """The course that the attempts (in order) at collecting `debt` and the firm's terms give."""
    failures = counting_failures(attempts, debt)
    delays_days = terms.policy.retry_delays_days
    if not failures:
        return Course((), None, is_exhausted=False)
    if len(failures) > len(delays_days):
        return Course(failures, None, is_exhausted=True)
    return Course(failures, _slot(failures, terms), is_exhausted=False)


def covering_payments(attempts: Sequence[Attempt], debt: Money) -> tuple[Attempt, ...]:
    """The successes (of attempts in order) that end a course: the one that completes `debt`, and each after it."""
    paid_minor, covering = 0, []
    for attempt in attempts:
        if attempt.status is AttemptStatus.SUCCEEDED and attempt.currency == debt.currency:
            paid_minor += attempt.amount_minor
            if paid_minor >= debt.amount_minor:
                covering.append(attempt)
    return tuple(covering)


def counting_failures(attempts: Sequence[Attempt], debt: Money) -> tuple[Attempt, ...]:
    """The counting failures since the debt was last covered; a part payment leaves the course as it is.

    A failure on a PaymentIntent that covered the debt came before its success.
    """
    covering = covering_payments(attempts, debt)
    paid_intents = {attempt.stripe_payment_intent_id for attempt in covering} - {None}
    last_success_at = max((attempt.at for attempt in covering), default=None)
    return tuple(
        attempt
        for attempt in attempts
        if attempt.counts
        and attempt.is_failure
        and (last_success_at is None or attempt.at > last_success_at)
        and attempt.stripe_payment_intent_id not in paid_intents
    )


def _slot(failures: Sequence[Attempt], terms: Terms) -> RetrySlot:
    number = len(failures)
    counts_from_first = terms.policy.count_from is CountFrom.FIRST_FAILURE
    base = failures[0] if counts_from_first else failures[-1]
    due_at = base.at + terms.policy.retry_delays_days[number - 1] * terms.day
    cause = failures[-1]
    was_old_news = any(
        failure.heard_at - failure.at > SURPRISE_AGE and due_at <= failure.heard_at for failure in (base, cause)
    )
    return RetrySlot(number, cause.key, due_at, is_held=was_old_news and terms.policy.old_slots is OldSlots.HOLD)
