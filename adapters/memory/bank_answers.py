"""What the bank in memory says, in the words of the ports."""

from datetime import datetime

from adapters.memory.bank_reversals import is_refundable
from adapters.memory.bank_values import BankDispute, BankRefund, BankRefusal, BankTrouble
from domain.model.answers import NotReached, Refused, Unknown
from domain.model.disputes import Deadline, DisputeTelling
from domain.model.refunds import RefundStatus, RefundTelling


def without_answer(trouble: BankTrouble) -> Unknown | NotReached:
    """No answer, or one without content."""
    return NotReached(trouble.reason) if trouble.cause is None else Unknown(trouble.cause, trouble.reason)


def refused(refusal: BankRefusal, intent_id: str | None = None) -> Refused:
    """The request was not taken."""
    return Refused(refusal.reason, refusal.code, refusal.is_method_gone, intent_id)


def refund_told(refund: BankRefund, now: datetime) -> RefundTelling:
    """The refund as it is."""
    return RefundTelling(
        stripe_refund_id=refund.id,
        status=RefundStatus(refund.status),
        told_at=now.replace(microsecond=0),
        amount_minor=refund.amount_minor,
        currency=refund.charge.currency,
        created_at=refund.created_at,
        stripe_charge_id=refund.charge.id,
        stripe_payment_intent_id=refund.charge.stripe_payment_intent_id,
        reason=refund.reason,
        failure_reason=refund.failure_reason,
        request_id=refund.refund_id,
    )


def dispute_told(dispute: BankDispute, now: datetime) -> DisputeTelling:
    """The dispute as it is."""
    return DisputeTelling(
        stripe_dispute_id=dispute.id,
        stripe_status=dispute.status,
        told_at=now.replace(microsecond=0),
        amount_minor=dispute.amount_minor,
        currency=dispute.currency,
        opened_at=dispute.created_at,
        stripe_charge_id=dispute.charge.id,
        stripe_payment_intent_id=dispute.charge.stripe_payment_intent_id,
        reason=dispute.reason,
        deadline=Deadline(dispute.due_by),
        submissions=dispute.submissions,
        is_charge_refundable=is_refundable(dispute),
        movements=dispute.movements,
    )
