"""Which notices an invoice asks for: a function of its facts, like everything else that is still to happen."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from domain.model.attempts import Attempt, AttemptStatus
from domain.model.declines import FailureCode
from domain.model.disputes import Dispute
from domain.model.invoices import InvoiceFacts, InvoiceState, InvoiceStatus
from domain.model.money import Money
from domain.model.notices import Notice, NoticeStage, NoticeStatus
from domain.model.outbox import OutboxKind, OutboxStatus, Wish
from domain.model.policies import Terms
from domain.model.retries import SURPRISE_AGE, Course, covering_payments

COURSE_STAGES = (
    NoticeStage.PAYMENT_FAILED,
    NoticeStage.PAYMENT_URGENT,
    NoticeStage.SUSPENSION_WARNING,
    NoticeStage.FINAL_NOTICE,
)
_TOLD_ALIKE = frozenset({*COURSE_STAGES[:3], NoticeStage.AUTHENTICATION_NEEDED})
"""What a failure may be told as before the course ends: the one or the other, by what was known of it then."""
_ABOUT_FAILURES = frozenset({*COURSE_STAGES, *_TOLD_ALIKE})
_NEVER_HELD = frozenset({NoticeStage.DISPUTE_RECEIVED, NoticeStage.RECEIPT})
_FAILING = frozenset({InvoiceStatus.FAILED, InvoiceStatus.OVERDUE})


def stage_of_failure(number: int, retries: int, failure: Attempt) -> NoticeStage:
    """What the `number`-th failure (1-based) of a course with so many `retries` is told as.

    The failure after the last retry is the final one, the one before it warns of suspension, the first is friendly.
    """
    if number > retries:
        return NoticeStage.FINAL_NOTICE
    if failure.failure_code is FailureCode.AUTHENTICATION_REQUIRED:
        return NoticeStage.AUTHENTICATION_NEEDED
    if number == 1:
        return NoticeStage.PAYMENT_FAILED
    return NoticeStage.SUSPENSION_WARNING if number == retries else NoticeStage.PAYMENT_URGENT


def notice_wishes(facts: InvoiceFacts, state: InvoiceState, terms: Terms) -> list[Wish]:
    """The notices that the invoice should send, those already sent included (their rows are done).

    What was more than a day old when we first heard of it is not written about: it would surprise whoever reads it.
    """
    causes = [*_failures(state, terms), *_recovery(facts, state), *_disputes(facts)]
    is_held = facts.invoice.paused_at is not None or state.is_disputed
    return [
        _wish(facts, terms, stage, key, at, is_held=is_held and stage not in _NEVER_HELD)
        for stage, key, at in causes
        if terms.policy.notices.rule(stage).is_enabled
    ]


def notice_key(invoice_id: str, stage: NoticeStage, cause_key: str) -> str:
    """The key of a notice's outbox row: one mail for each invoice, stage and cause."""
    return f"{OutboxKind.NOTICE}:{invoice_id}:{stage}:{cause_key}"


def why_not_again(past: Sequence[Notice], stage: NoticeStage, cause_key: str, state: InvoiceState) -> str | None:
    """Why nothing is left to say after the invoice's `past` notices; None when there is."""
    sent = [notice for notice in past if notice.status is NoticeStatus.SENT]
    if any(_outranks(notice, stage, cause_key, state.course) for notice in sent):
        return "A later notice was sent already."
    if any(_tells_the_same(notice, stage, cause_key, state.attempts) for notice in sent):
        return "The customer was told already."
    return None


def is_overtaken(past: Sequence[Notice], stage: NoticeStage, cause_key: str, state: InvoiceState) -> bool:
    """Whether a later notice is on its way and nobody knows yet whether it arrived: then this one waits for that."""
    on_their_way = [replace(n, sent_at=n.created_at) for n in past if n.status is NoticeStatus.SENDING]
    return any(_outranks(notice, stage, cause_key, state.course) for notice in on_their_way)


def _outranks(notice: Notice, stage: NoticeStage, cause_key: str, course: Course) -> bool:
    """Whether it is of a later stage or about a later failure, and was sent since the course began."""
    if not {notice.stage, stage} <= _ABOUT_FAILURES or not course.failures or notice.sent_at is None:
        return False
    is_later = _follows(notice.stage, stage, COURSE_STAGES) or _follows(
        notice.cause_key, cause_key, [failure.key for failure in course.failures]
    )
    return is_later and notice.sent_at >= course.failures[0].at


def _follows(one: str, other: str, order: Sequence[str]) -> bool:
    return one in order and other in order and order.index(one) > order.index(other)


def _tells_the_same(notice: Notice, stage: NoticeStage, cause_key: str, attempts: Sequence[Attempt]) -> bool:
    """A failure may change its key, and what it is told as, when better sources tell of it: what was written since it
    happened was about it.
    """
    told_as = {notice.stage, stage}
    if len(told_as) > 1 and not (NoticeStage.AUTHENTICATION_NEEDED in told_as and told_as <= _TOLD_ALIKE):
        return False
    if notice.cause_key == cause_key:
        return True
    attempt = next((attempt for attempt in attempts if attempt.key == cause_key), None)
    if attempt is None or notice.sent_at is None or notice.sent_at < attempt.at:
        return False
    is_about_another = any(attempt.key == notice.cause_key for attempt in attempts)
    return notice.stage is stage or not is_about_another


def _wish(
    facts: InvoiceFacts, terms: Terms, stage: NoticeStage, cause_key: str, at: datetime, *, is_held: bool
) -> Wish:
    delay = terms.policy.notices.rule(stage).delay_hours * terms.day / 24
    status = OutboxStatus.HELD if is_held else OutboxStatus.DUE
    return Wish(OutboxKind.NOTICE, notice_key(facts.invoice.id, stage, cause_key), at + delay, status)


def _failures(state: InvoiceState, terms: Terms) -> list[tuple[NoticeStage, str, datetime]]:
    if state.undisputed not in _FAILING:
        return []
    retries = len(terms.policy.retry_delays_days)
    return [
        (stage_of_failure(number, retries, failure), failure.key, failure.at)
        for number, failure in enumerate(state.course.failures[: retries + 1], start=1)
        if _is_fresh(failure)
    ]


def _recovery(facts: InvoiceFacts, state: InvoiceState) -> list[tuple[NoticeStage, str, datetime]]:
    """A receipt for the payment that ended a course."""
    if state.undisputed is not InvoiceStatus.PAID:
        return []
    debt = Money(facts.invoice.amount_due, facts.invoice.currency)
    payment = next(iter(covering_payments(state.attempts, debt)), None)
    if payment is None or not _is_fresh(payment) or not _failed_before(state.attempts, payment):
        return []
    return [(NoticeStage.RECEIPT, payment.key, payment.at)]


def _failed_before(attempts: Sequence[Attempt], payment: Attempt) -> bool:
    return any(attempt.counts and attempt.is_failure and attempt.at <= payment.at for attempt in attempts)


def _disputes(facts: InvoiceFacts) -> list[tuple[NoticeStage, str, datetime]]:
    return [
        (NoticeStage.DISPUTE_RECEIVED, dispute.id, dispute.opened_at)
        for dispute in facts.disputes
        if _is_worth_a_word(dispute)
    ]


def _is_worth_a_word(dispute: Dispute) -> bool:
    """Told of within a day of its opening, and not over."""
    first_told_at = min(telling.told_at for telling in dispute.tellings)
    return dispute.is_open and first_told_at - dispute.opened_at <= timedelta(days=1)


def _is_fresh(attempt: Attempt) -> bool:
    return attempt.status is not AttemptStatus.UNKNOWN and attempt.heard_at - attempt.at <= SURPRISE_AGE
