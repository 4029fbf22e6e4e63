"""The cash view of an invoice: signed, append-only entries, each unique by its Stripe id and kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.model.attempts import Attempt, AttemptStatus


class EntryKind(StrEnum):
    """What moved."""

    PAYMENT = "payment"
    PAYMENT_OUT_OF_BAND = "payment_out_of_band"


@dataclass(frozen=True)
class LedgerEntry:
    """`amount_minor` is positive when money came to the firm. `stripe_id` and `kind` together occur once."""

    kind: EntryKind
    stripe_id: str
    amount_minor: int
    currency: str
    occurred_at: datetime


def entries(attempts: Sequence[Attempt]) -> tuple[LedgerEntry, ...]:
    """The entries that the payments among the attempts stand for.

    Money is booked by the charge that moved it. A success that no charge has been named for yet is not booked: its
    charge is told
    by another event, and a second entry for it could never be taken back.
    """
    booked = []
    for attempt in attempts:
        if attempt.status is not AttemptStatus.SUCCEEDED or attempt.amount_minor <= 0:
            continue
        if attempt.stripe_charge_id is not None:
            booked.append(_entry(EntryKind.PAYMENT, attempt.stripe_charge_id, attempt))
        elif attempt.is_out_of_band:
            booked.append(_entry(EntryKind.PAYMENT_OUT_OF_BAND, attempt.key, attempt))
    return tuple(booked)


def _entry(kind: EntryKind, stripe_id: str, attempt: Attempt) -> LedgerEntry:
    return LedgerEntry(kind, stripe_id, attempt.amount_minor, attempt.currency, attempt.at)
