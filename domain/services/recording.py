"""Recording what a gateway answered: the five answers become facts or decisions, the row that asked is finished."""

from dataclasses import replace

from domain.model.answers import ChargeAnswer, Declined, NotReached, Pending, Refused, Succeeded, Unknown, UnknownCause
from domain.model.attempts import AttemptStatus, OwnAttempt, Trigger
from domain.model.audit import Note, Severity
from domain.model.declines import FAILURE_REASONS, FailureCode
from domain.model.invoices import Invoice, InvoiceFacts
from domain.model.outbox import OutboxItem, OutboxKind, OutboxStatus, backoff
from domain.model.payment_facts import PaymentFact
from domain.services.bookkeeping import with_attempt, without_attempt
from domain.services.cases import Case, again, done, open_case
from domain.services.payments import with_facts
from domain.services.steps import Step

# Stripe would repeat a stored 500, and a state that was not expected stays so: only a look-up tells more.
_NOT_REPLAYED = frozenset({UnknownCause.SERVER_ERROR, UnknownCause.UNEXPECTED_STATE})


def record_answer(step: Step, item: OutboxItem, attempt_id: str, answer: ChargeAnswer) -> None:
    """Write what the gateway answered to an attempt and finish the claimed row, or set when it is looked into again.

    The webhook of the same charge may have come first: then the same fact is told again and nothing happens twice. Who
    lost the claim in the meantime may still tell what happened, and nothing else.
    """
    case = open_case(step, item, attempt_id)
    if case is None or not (case.is_held or isinstance(answer, (Succeeded, Declined, Pending))):
        return
    match answer:
        case Succeeded(fact) | Declined(fact):
            _answered(case, case.attempt, fact)
        case Pending(fact):
            _answered(case, replace(case.attempt, status=AttemptStatus.PENDING), fact)
        case Refused():
            _refused(case, answer)
        case Unknown():
            _unknown(case, answer)
        case NotReached(reason):
            _not_reached(case, reason)


def _answered(case: Case, attempt: OwnAttempt, fact: PaymentFact) -> None:
    closed = with_attempt(case.facts, replace(attempt, finished_at=case.step.now))
    case.close(with_facts(closed, [replace(fact, attempt_id=attempt.id)]), done(case.item))


def _refused(case: Case, refused: Refused) -> None:
    """Our fault: canceled, not counted, collection held, staff alerted. A method that is gone counts as no card."""
    ended = replace(case.attempt, finished_at=case.step.now)
    if refused.is_method_gone:
        code = FailureCode.PAYMENT_METHOD_MISSING
        gone = replace(ended, status=AttemptStatus.DECLINED, failure_code=code, reason=FAILURE_REASONS[code])
        case.close_attempt(gone, done(case.item, refused.reason))
        return
    canceled = replace(ended, status=AttemptStatus.CANCELED, reason=refused.reason)
    why = f"Stripe refused the request: {refused.reason}"
    held = replace(case.facts.invoice, paused_at=case.step.now, paused_reason=why)
    after = replace(with_attempt(case.facts, canceled), invoice=held)
    case.close(after, done(case.item, refused.reason), _held_note(held, case.attempt, refused))


def _held_note(invoice: Invoice, attempt: OwnAttempt, refused: Refused) -> Note:
    return Note(
        action="collection_held",
        severity=Severity.CRITICAL,
        summary=f"Stripe refused to charge invoice {invoice.number}: {refused.reason} Mend the cause, then resume.",
        subject_type="invoice",
        subject_id=invoice.id,
        metadata={"invoice_id": invoice.id, "attempt_id": attempt.id, "code": refused.code},
        alert_key=f"collection_held:{attempt.id}",
    )


def _unknown(case: Case, unknown: Unknown) -> None:
    settlement = replace(
        case.attempt.settlement,
        is_replay_useless=case.attempt.settlement.is_replay_useless or unknown.cause in _NOT_REPLAYED,
        last_request_ended_at=case.step.now,
    )
    blocked = replace(
        case.attempt,
        status=AttemptStatus.UNKNOWN,
        settlement=settlement,
        failure_code=FailureCode.NETWORK_ERROR,
        reason=unknown.reason,
    )
    case.close_attempt(blocked, _asked_again(case, unknown.reason))


def _asked_again(case: Case, why: str) -> OutboxItem:
    """A settling row waits for its next look; any other row is done, and a settling row takes its place."""
    if case.item.kind is not OutboxKind.SETTLE:
        return done(case.item, why)
    return again(case.step, case.item, why)


def _not_reached(case: Case, why: str) -> None:
    """Nothing arrived at Stripe: a delay, and no attempt (one that a person asked for waits as it was asked for)."""
    wait = backoff(case.item.tries, case.step.ports.chance.fraction())
    due_at = case.step.now + wait
    waiting = replace(case.item, status=OutboxStatus.DUE, due_at=due_at, lease_until=None, last_error=why)
    note = Note(
        action="payment_delayed",
        severity=Severity.WARNING,
        summary=f"Stripe could not be reached, the attempt is put off: {why}",
        subject_type="invoice",
        subject_id=case.attempt.invoice_id,
        metadata={"invoice_id": case.attempt.invoice_id, "failure_code": FailureCode.NETWORK_ERROR.value},
    )
    case.close(_never_left(case.facts, case.attempt), waiting, note)


def _never_left(facts: InvoiceFacts, attempt: OwnAttempt) -> InvoiceFacts:
    if attempt.trigger in (Trigger.MANUAL, Trigger.CUSTOMER):
        return with_attempt(facts, replace(attempt, frozen=None, reason=FAILURE_REASONS[FailureCode.NETWORK_ERROR]))
    return without_attempt(facts, attempt.id)
