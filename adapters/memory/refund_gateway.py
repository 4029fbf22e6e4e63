"""The port `RefundGateway` over the bank in memory."""

from dataclasses import asdict
from datetime import timedelta

from adapters.memory.bank_answers import refund_told, refused, without_answer
from adapters.memory.bank_reversals import BankReversals
from adapters.memory.bank_values import BankRefund, BankRefusal, BankTrouble
from domain.model.answers import Absent, NotReached, RefundAnswer, Refunded, RefundLookUpAnswer
from ports.clock import Clock
from ports.refund_gateway import RefundOrder

_CLOCK_SLACK = timedelta(hours=6)


class MemoryRefundGateway:
    """Gives money back at a bank in memory; see the port."""

    def __init__(self, reversals: BankReversals, clock: Clock) -> None:
        self._reversals = reversals
        self._clock = clock

    def refund(self, account: str | None, order: RefundOrder) -> RefundAnswer:
        """Ask for the refund; see the port."""
        request = {name: value for name, value in asdict(order).items() if name != "since"}
        write_once = self._reversals.bank.write_once
        try:
            made = write_once(account, order.idempotency_key, request, lambda: self._refund(account, order))
        except BankTrouble as trouble:
            return without_answer(trouble)
        except BankRefusal as refusal:
            return refused(refusal)
        return Refunded(refund_told(made, self._clock.now()))

    def find(self, account: str | None, order: RefundOrder) -> RefundLookUpAnswer:
        """The refund with that `refund_id`; see the port."""
        try:
            self._reversals.bank.check_readable()
        except BankTrouble as trouble:
            return NotReached(trouble.reason)
        for refund in self._reversals.refunds(account):
            is_recent = refund.created_at >= order.since - _CLOCK_SLACK
            if refund.refund_id == order.refund_id and is_recent and _is_of(refund, order):
                return Refunded(refund_told(refund, self._clock.now()))
        return Absent()

    def _refund(self, account: str | None, order: RefundOrder) -> BankRefund:
        return self._reversals.refund(
            account,
            order.stripe_charge_id,
            order.stripe_payment_intent_id,
            order.amount_minor,
            reason=order.reason,
            refund_id=order.refund_id,
            invoice_id=order.invoice_id,
        )


def _is_of(refund: BankRefund, order: RefundOrder) -> bool:
    if order.stripe_charge_id is not None:
        return refund.charge.id == order.stripe_charge_id
    return refund.charge.stripe_payment_intent_id == order.stripe_payment_intent_id
