"""The cash view of an invoice: signed, append-only entries, each unique by its Stripe id and kind.

What is booked once is never changed or taken back: a refund that fails is booked back by an entry of its own. Every
entry is a function of the facts, and facts are only ever added, so whatever the order the same entries come of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.model.attempts import Attempt, AttemptStatus
from domain.model.disputes import Dispute
from domain.model.refunds import Refund


class EntryKind(StrEnum):
    """What moved."""

    PAYMENT = "payment"
    PAYMENT_OUT_OF_BAND = "payment_out_of_band"
    REFUND = "refund"
    REFUND_REVERSAL = "refund_reversal"
    DISPUTE_WITHDRAWAL = "dispute_withdrawal"
    DISPUTE_REINSTATEMENT = "dispute_reinstatement"
    DISPUTE_FEE = "dispute_fee"
    DISPUTE_FEE_RETURN = "dispute_fee_return"


@dataclass(frozen=True)
class LedgerEntry:
    """`amount_minor` is positive when money came to the firm. `stripe_id` and `kind` together occur once.

    `stripe_id` is the charge's, the refund's, or the balance transaction's that moved money for a dispute.
    `occurred_at` is the best that is known by now; it is no part of what is booked. `subject_id` is what it belongs to:
    the charge, refund or dispute at Stripe.
    """

    kind: EntryKind
    stripe_id: str
    amount_minor: int
    currency: str
    occurred_at: datetime
    subject_id: str

    @property
    def key(self) -> tuple[str, str]:
        """What makes it unique in a firm."""
        return self.stripe_id, self.kind


def entries(
    attempts: Sequence[Attempt], refunds: Sequence[Refund] = (), disputes: Sequence[Dispute] = ()
) -> tuple[LedgerEntry, ...]:
    """The entries that the payments among the attempts, the refunds and the disputes stand for."""
    booked = [_payment(attempt) for attempt in attempts]
    booked += [entry for refund in refunds for entry in _refund(refund)]
    booked += [entry for dispute in disputes for entry in dispute_entries(dispute)]
    return tuple(entry for entry in booked if entry is not None and entry.amount_minor != 0)


def _payment(attempt: Attempt) -> LedgerEntry | None:
    """Money is booked by the charge that moved it. A success that no charge has been named for yet is not booked: its
    charge is told by another event, and a second entry for it could never be taken back.
    """
    if attempt.status is not AttemptStatus.SUCCEEDED or attempt.amount_minor <= 0:
        return None
    kind, stripe_id = EntryKind.PAYMENT, attempt.stripe_charge_id
    if stripe_id is None and attempt.is_out_of_band:
        kind, stripe_id = EntryKind.PAYMENT_OUT_OF_BAND, attempt.key
    if stripe_id is None:
        return None
    return LedgerEntry(kind, stripe_id, attempt.amount_minor, attempt.currency, attempt.at, stripe_id)


def _refund(refund: Refund) -> Iterable[LedgerEntry]:
    """Booked under the refund's own id: its balance transaction is often named by later tellings alone."""
    if refund.succeeded_at is None:
        return
    stripe_id, money = refund.stripe_refund_id, refund.money
    yield LedgerEntry(EntryKind.REFUND, stripe_id, -money.amount_minor, money.currency, refund.created_at, stripe_id)
    if refund.failed_at is not None:
        yield LedgerEntry(
            EntryKind.REFUND_REVERSAL, stripe_id, money.amount_minor, money.currency, refund.failed_at, stripe_id
        )


def dispute_entries(dispute: Dispute) -> Iterable[LedgerEntry]:
    """What each balance transaction of a dispute moved, its fee apart."""
    for movement in dispute.movements:
        is_withdrawal, is_fee = movement.amount_minor < 0, movement.fee_minor > 0
        kind = EntryKind.DISPUTE_WITHDRAWAL if is_withdrawal else EntryKind.DISPUTE_REINSTATEMENT
        fee_kind = EntryKind.DISPUTE_FEE if is_fee else EntryKind.DISPUTE_FEE_RETURN
        for entry_kind, amount_minor in ((kind, movement.amount_minor), (fee_kind, -movement.fee_minor)):
            if amount_minor != 0:
                yield LedgerEntry(
                    entry_kind,
                    movement.stripe_id,
                    amount_minor,
                    movement.currency,
                    movement.occurred_at,
                    dispute.stripe_dispute_id,
                )
