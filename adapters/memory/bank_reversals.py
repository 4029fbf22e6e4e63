"""Refunds and disputes at the bank in memory, by Stripe's rules: what a charge holds is given back once, a chargeback
takes amount and fee when it begins, an inquiry takes nothing, a full refund ends it.
"""

import threading
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from adapters.memory.bank import MemoryBank
from adapters.memory.bank_values import BankCharge, BankDispute, BankRefund, BankRefusal
from domain.model.dispute_statuses import OPEN_STATUSES, STRIPE_STATUSES
from domain.model.disputes import Movement
from ports.clock import Clock

_TIME_TO_RESPOND = timedelta(days=8)
_WITHOUT_EFFECT = ("failed", "canceled")
_ON_ITS_WAY = ("pending", "requires_action")
_TAKES_MONEY = ("needs_response", "lost")
_GIVES_MONEY_BACK = ("won", "prevented")
_NOT_REFUNDABLE = ("needs_response", "under_review", "lost", "appeal_needs_response", "appeal_under_review")


@dataclass
class _Books:
    refunds: dict[str, BankRefund] = field(default_factory=dict)
    disputes: dict[str, BankDispute] = field(default_factory=dict)


class BankReversals:
    """All accounts' refunds and disputes of the charges of one `MemoryBank`. Safe to use from any thread."""

    def __init__(self, bank: MemoryBank, clock: Clock) -> None:
        self.bank = bank
        self._clock = clock
        self._books: dict[str, _Books] = {}
        self._first_status = "succeeded"
        self._lock = threading.RLock()

    # What people and other programs do.

    def begin_refunds_as(self, status: str) -> None:
        """New refunds are `succeeded` or `pending` from now on."""
        self._first_status = status

    def move_refund(
        self, stripe_refund_id: str, status: str, *, failure_reason: str | None = None, account: str | None = None
    ) -> BankRefund:
        """The refund goes on to this status."""
        with self._lock:
            refund = self._of(account).refunds[stripe_refund_id]
            return self._keep_refund(account, replace(refund, status=status, failure_reason=failure_reason))

    def open_dispute(
        self,
        stripe_charge_id: str,
        status: str = "needs_response",
        *,
        amount_minor: int | None = None,
        currency: str | None = None,
        is_answerable: bool = True,
        account: str | None = None,
    ) -> BankDispute:
        """The customer's bank disputes the charge. Amount and currency may differ from the charge's."""
        with self._lock:
            charge, now = self._charge(account, stripe_charge_id), self._now()
            dispute = BankDispute(
                id=self.bank.new_id("du"),
                charge=charge,
                amount_minor=charge.amount_minor if amount_minor is None else amount_minor,
                currency=currency or charge.currency,
                status=status,
                created_at=now,
                due_by=now + _TIME_TO_RESPOND if is_answerable else None,
            )
            return self._keep_dispute(account, self._with_money(dispute))

    def move_dispute(self, stripe_dispute_id: str, status: str, *, account: str | None = None) -> BankDispute:
        """The dispute goes on to this status, with the money that this moves."""
        with self._lock:
            dispute = self._of(account).disputes[stripe_dispute_id]
            submissions = dispute.submissions + status.endswith("under_review")
            moved = replace(dispute, status=status, submissions=submissions)
            return self._keep_dispute(account, self._with_money(moved))

    # What requests do.

    def refund(
        self,
        account: str | None,
        stripe_charge_id: str | None,
        stripe_payment_intent_id: str | None,
        amount_minor: int,
        **metadata: str | None,
    ) -> BankRefund:
        """Give back some of a charge. Raises `BankRefusal`."""
        with self._lock:
            charge = self._wanted_charge(account, stripe_charge_id, stripe_payment_intent_id)
            self._check_refundable(account, charge, amount_minor)
            refund = BankRefund(
                self.bank.new_id("re"), charge, amount_minor, self._first_status, self._now(), **metadata
            )
            self._keep_refund(account, refund)
            if self._left_minor(account, charge) == 0:
                self._end_inquiries(account, charge)
            return refund

    def close(self, account: str | None, stripe_dispute_id: str) -> BankDispute:
        """Give in: a chargeback is lost, an inquiry is over. Raises `BankRefusal`."""
        with self._lock:
            dispute = self.dispute(account, stripe_dispute_id)
            if not _is_open(dispute):
                raise BankRefusal("This dispute is already closed.", "dispute_closed")
            return self.move_dispute(dispute.id, "warning_closed" if _is_inquiry(dispute) else "lost", account=account)

    def dispute(self, account: str | None, stripe_dispute_id: str) -> BankDispute:
        """The dispute as it is. Raises `BankRefusal` for an unknown one."""
        dispute = self._of(account).disputes.get(stripe_dispute_id)
        if dispute is None:
            raise BankRefusal(f"No such dispute: {stripe_dispute_id}", "resource_missing")
        return dispute

    def refunds(self, account: str | None) -> tuple[BankRefund, ...]:
        """All refunds, oldest first."""
        return tuple(self._of(account).refunds.values())

    def disputes(self, account: str | None) -> tuple[BankDispute, ...]:
        """All disputes, oldest first."""
        return tuple(self._of(account).disputes.values())

    def _wanted_charge(self, account: str | None, charge_id: str | None, intent_id: str | None) -> BankCharge:
        charges = self.bank.intent(account, intent_id or "").charges if charge_id is None else ()
        named = (self._charge(account, charge_id),) if charge_id is not None else charges[-1:]
        if not named or named[0].status != "succeeded":
            raise BankRefusal("There is no successful charge to refund.", "charge_not_refundable")
        return named[0]

    def _charge(self, account: str | None, charge_id: str) -> BankCharge:
        for charge in self.bank.charges(account):
            if charge.id == charge_id:
                return charge
        raise BankRefusal(f"No such charge: {charge_id}", "resource_missing")

    def _check_refundable(self, account: str | None, charge: BankCharge, amount_minor: int) -> None:
        disputes = [dispute for dispute in self.disputes(account) if dispute.charge.id == charge.id]
        if not all(is_refundable(dispute) for dispute in disputes):
            raise BankRefusal("The charge has been charged back.", "charge_disputed")
        left_minor = self._left_minor(account, charge)
        if left_minor == 0:
            raise BankRefusal("The charge has already been refunded.", "charge_already_refunded")
        if not 0 < amount_minor <= left_minor:
            raise BankRefusal(f"{amount_minor} is not between 1 and {left_minor}.", "amount_too_large")

    def _left_minor(self, account: str | None, charge: BankCharge) -> int:
        refunds = [refund for refund in self.refunds(account) if refund.charge.id == charge.id]
        counted = sum(refund.amount_minor for refund in refunds if refund.status not in _WITHOUT_EFFECT)
        return charge.amount_minor - counted

    def _end_inquiries(self, account: str | None, charge: BankCharge) -> None:
        for dispute in self.disputes(account):
            if dispute.charge.id == charge.id and _is_inquiry(dispute) and _is_open(dispute):
                self.move_dispute(dispute.id, "warning_closed", account=account)

    def _with_money(self, dispute: BankDispute) -> BankDispute:
        """With what its status moves: once out, and as much back."""
        held_minor = -sum(movement.amount_minor for movement in dispute.movements)
        if dispute.status in _TAKES_MONEY and held_minor == 0:
            return self._with_movement(dispute, -dispute.amount_minor, dispute.fee_minor)
        if dispute.status in _GIVES_MONEY_BACK and held_minor > 0:
            return self._with_movement(dispute, held_minor, 0)
        return dispute

    def _with_movement(self, dispute: BankDispute, amount_minor: int, fee_minor: int) -> BankDispute:
        movement = Movement(self.bank.new_id("txn"), amount_minor, fee_minor, dispute.currency, self._now())
        return replace(dispute, movements=(*dispute.movements, movement))

    def _keep_dispute(self, account: str | None, dispute: BankDispute) -> BankDispute:
        self._of(account).disputes[dispute.id] = dispute
        if dispute.status in _TAKES_MONEY:
            for refund in self.refunds(account):
                if refund.charge.id == dispute.charge.id and refund.status in _ON_ITS_WAY:
                    reason = "charge_for_pending_refund_disputed"
                    self.move_refund(refund.id, "failed", failure_reason=reason, account=account)
        return dispute

    def _keep_refund(self, account: str | None, refund: BankRefund) -> BankRefund:
        self._of(account).refunds[refund.id] = refund
        return refund

    def _now(self) -> datetime:
        return self._clock.now().replace(microsecond=0)

    def _of(self, account: str | None) -> _Books:
        return self._books.setdefault(account or "", _Books())


def is_refundable(dispute: BankDispute) -> bool:
    """Whether its charge may be refunded, as far as this dispute goes."""
    return dispute.status not in _NOT_REFUNDABLE


def _is_open(dispute: BankDispute) -> bool:
    return STRIPE_STATUSES[dispute.status].status in OPEN_STATUSES


def _is_inquiry(dispute: BankDispute) -> bool:
    return dispute.status.startswith("warning_")
