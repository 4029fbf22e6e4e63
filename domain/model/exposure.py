"""What stands against each payment: refunds, refunds on their way, and chargebacks never exceed it together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from domain.model.attempts import Attempt, AttemptStatus
from domain.model.disputes import Dispute
from domain.model.refunds import (
    ON_ITS_WAY,
    Refund,
    RefundRequest,
    RefundStatus,
    RefundTotal,
    open_requests,
    unnamed_minor,
)


@dataclass(frozen=True)
class Reversals:
    """Everything of one invoice that goes against its payments."""

    refunds: tuple[Refund, ...] = ()
    totals: tuple[RefundTotal, ...] = ()
    requests: tuple[RefundRequest, ...] = ()
    disputes: tuple[Dispute, ...] = ()


class OfCharge(Protocol):
    """What goes against a payment: it names the charge, the PaymentIntent, or both."""

    @property
    def stripe_charge_id(self) -> str | None:
        """The charge."""

    @property
    def stripe_payment_intent_id(self) -> str | None:
        """The PaymentIntent."""


@dataclass(frozen=True)
class Exposure:
    """One payment and what stands against it, all in minor units of the payment's currency.

    `claimed_minor` is what refunds and chargebacks claim before they are cut to what the charge holds.
    """

    payment: Attempt
    refunded_minor: int = 0
    on_its_way_minor: int = 0
    lost_minor: int = 0
    disputed_minor: int = 0
    claimed_minor: int = 0
    disputes: tuple[Dispute, ...] = field(default_factory=tuple)

    @property
    def ceiling_minor(self) -> int:
        """What may still be refunded."""
        taken = self.refunded_minor + self.on_its_way_minor + self.disputed_minor
        return max(0, self.payment.amount_minor - taken)

    @property
    def is_paid_out_twice(self) -> bool:
        """Whether a refund and a chargeback together give back more than came in."""
        has_both = 0 < self.refunded_minor < self.claimed_minor
        return has_both and self.claimed_minor > self.payment.amount_minor

    @property
    def refusal(self) -> str | None:
        """Why Stripe takes no refund of it now, in words; None when it does.

        A charge may have several disputes; one that says no is enough. Without Stripe's own word a chargeback says no
        and an inquiry does not.
        """
        for dispute in self.disputes:
            if not dispute.is_open and not dispute.is_loss:
                continue
            word = dispute.is_charge_refundable
            if word is False or (word is None and not dispute.is_inquiry):
                return (
                    f"Dispute {dispute.stripe_dispute_id} of the charge is {dispute.status}: a refund now would pay "
                    "the customer twice. Answer or accept the dispute instead."
                )
        return None


def exposures(attempts: Sequence[Attempt], reversals: Reversals) -> tuple[Exposure, ...]:
    """The succeeded payments among the attempts, in order, with what stands against each."""
    payments = [attempt for attempt in attempts if attempt.status is AttemptStatus.SUCCEEDED]
    return tuple(_exposure(payment, reversals) for payment in payments)


def _exposure(payment: Attempt, reversals: Reversals) -> Exposure:
    refunds = [refund for refund in reversals.refunds if _is_of(payment, refund.newest)]
    disputes = [dispute for dispute in reversals.disputes if _is_of(payment, dispute.newest)]
    totals = [total for total in reversals.totals if _is_of(payment, total)]
    succeeded_minor = _sum(refund for refund in refunds if refund.status is RefundStatus.SUCCEEDED)
    on_its_way_minor = _sum(refund for refund in refunds if refund.status in ON_ITS_WAY)
    # More than the charge never stands refunded: what is told beyond that has failed since.
    unnamed_max = max(0, payment.amount_minor - succeeded_minor - on_its_way_minor)
    unnamed = min(unnamed_max, sum(unnamed_minor(total, refunds) for total in totals))
    refunded_minor = min(payment.amount_minor, succeeded_minor + unnamed)
    requests = [request for request in reversals.requests if _is_of(payment, request)]
    asked_for = sum(request.amount_minor for request in open_requests(requests, refunds))
    room_minor = payment.amount_minor - refunded_minor
    lost = sum(_against(dispute, payment, room_minor) for dispute in disputes if dispute.is_loss)
    standing = [dispute for dispute in disputes if dispute.is_loss or dispute.is_open_chargeback]
    disputed = sum(_against(dispute, payment, room_minor) for dispute in standing)
    return Exposure(
        payment=payment,
        refunded_minor=refunded_minor,
        on_its_way_minor=on_its_way_minor + asked_for,
        lost_minor=min(room_minor, lost),
        disputed_minor=min(room_minor, disputed),
        claimed_minor=refunded_minor + sum(_claim(dispute, payment) for dispute in standing),
        disputes=tuple(disputes),
    )


def _is_of(payment: Attempt, reversal: OfCharge) -> bool:
    """Whether it goes against this payment: by the charge, else by the PaymentIntent, of which one charge succeeds."""
    if reversal.stripe_charge_id is not None and payment.stripe_charge_id is not None:
        return reversal.stripe_charge_id == payment.stripe_charge_id
    intent_id = reversal.stripe_payment_intent_id
    return intent_id is not None and intent_id == payment.stripe_payment_intent_id


def _sum(refunds: Iterable[Refund]) -> int:
    return sum(refund.money.amount_minor for refund in refunds)


def _against(dispute: Dispute, payment: Attempt, room_minor: int) -> int:
    """What the dispute takes of the payment. In another currency that cannot be known: all of it is at stake."""
    return dispute.money.amount_minor if dispute.money.currency == payment.currency else room_minor


def _claim(dispute: Dispute, payment: Attempt) -> int:
    """What the dispute claims, as far as it can be compared with the payment."""
    return dispute.money.amount_minor if dispute.money.currency == payment.currency else 0


def against_unknown_payments(attempts: Sequence[Attempt], reversals: Reversals, currency: str) -> tuple[int, int]:
    """(refunded, disputed) in minor units of `currency` against charges whose payment nothing tells of yet.

    A charge's total counts once its payment is known: a reservation that is given back has one too, and moved no money.
    """
    payments = [attempt for attempt in attempts if attempt.status is AttemptStatus.SUCCEEDED]

    def is_unknown(reversal: OfCharge) -> bool:
        return not any(_is_of(payment, reversal) for payment in payments)

    refunded = [refund for refund in reversals.refunds if is_unknown(refund.newest)]
    standing = [
        dispute.money
        for dispute in reversals.disputes
        if (dispute.is_loss or dispute.is_open_chargeback) and is_unknown(dispute.newest)
    ]
    refunded_minor = sum(
        refund.money.amount_minor
        for refund in refunded
        if refund.status is RefundStatus.SUCCEEDED and refund.money.currency == currency
    )
    return refunded_minor, sum(money.amount_minor for money in standing if money.currency == currency)
