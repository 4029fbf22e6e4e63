"""Which notices an invoice asks for: a function of its facts, like everything else that is still to happen."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from domain.model.attempts import Attempt, AttemptStatus
from domain.model.declines import FailureCode
from domain.model.disputes import Dispute
from domain.model.invoices import InvoiceFacts, InvoiceState, InvoiceStatus
from domain.model.money import Money
from domain.model.notices import NoticeStage
from domain.model.outbox import OutboxKind, OutboxStatus, Wish
from domain.model.policies import Terms
from domain.model.retries import SURPRISE_AGE, covering_payments

COURSE_STAGES = (
    NoticeStage.PAYMENT_FAILED,
    NoticeStage.PAYMENT_URGENT,
    NoticeStage.SUSPENSION_WARNING,
    NoticeStage.FINAL_NOTICE,
)
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
        _wish(facts, terms, stage, key, at, is_held=is_held and stage is not NoticeStage.DISPUTE_RECEIVED)
        for stage, key, at in causes
        if terms.policy.notices.rule(stage).is_enabled
    ]


def notice_key(invoice_id: str, stage: NoticeStage, cause_key: str) -> str:
    """The key of a notice's outbox row: one mail for each invoice, stage and cause."""
    return f"{OutboxKind.NOTICE}:{invoice_id}:{stage}:{cause_key}"


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
