"""Whether the ledger agrees with an invoice's amounts: two records of the same money, kept in two ways."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from domain.model.invoices import InvoiceStatus
from domain.model.ledger import EntryKind
from domain.model.money import Money, in_words


@dataclass(frozen=True)
class Figures:
    """An invoice's amounts as stored, in minor units of its currency."""

    status: InvoiceStatus
    currency: str
    amount_paid: int
    amount_refunded: int
    amount_disputed: int


_OPEN_TO_LOSS = frozenset({InvoiceStatus.DISPUTED, InvoiceStatus.CHARGED_BACK, InvoiceStatus.VOID})
_DISPUTE_KINDS = (EntryKind.DISPUTE_WITHDRAWAL, EntryKind.DISPUTE_REINSTATEMENT)


def disagreements(
    figures: Figures, booked_minor: Mapping[str, int], foreign_kinds: AbstractSet[str]
) -> tuple[str, ...]:
    """What does not agree, in words; empty when the books are right.

    `booked_minor` sums the invoice's entries in its currency by kind; `foreign_kinds` were booked in another currency
    (a balance in another one), and what cannot be compared is not.
    """
    return tuple(
        words
        for words in (
            _payments(figures, booked_minor),
            _refunds(figures, booked_minor),
            _disputes(figures, booked_minor, foreign_kinds),
        )
        if words is not None
    )


def _payments(figures: Figures, booked_minor: Mapping[str, int]) -> str | None:
    """All that came is booked; a loss lowers `amount_paid`: by all that is disputed when nothing of it is open."""
    came = booked_minor.get(EntryKind.PAYMENT, 0) + booked_minor.get(EntryKind.PAYMENT_OUT_OF_BAND, 0)
    lost = came - figures.amount_paid
    lost_max = figures.amount_disputed if figures.status in _OPEN_TO_LOSS else 0
    lost_min = lost_max if figures.status is InvoiceStatus.CHARGED_BACK else 0
    if lost_min <= lost <= lost_max:
        return None
    return f"payments of {_words(came, figures)} are booked, and {_words(figures.amount_paid, figures)} shown as paid"


def _refunds(figures: Figures, booked_minor: Mapping[str, int]) -> str | None:
    given = -booked_minor.get(EntryKind.REFUND, 0) - booked_minor.get(EntryKind.REFUND_REVERSAL, 0)
    if given == figures.amount_refunded:
        return None
    return f"refunds of {_words(given, figures)} are booked, and {_words(figures.amount_refunded, figures)} shown"


def _disputes(figures: Figures, booked_minor: Mapping[str, int], foreign_kinds: AbstractSet[str]) -> str | None:
    """What is disputed was withdrawn; what was won came back.

    A dispute larger than what its charge still holds withdraws more, and a lost one may come with a partial credit.
    """
    if not foreign_kinds.isdisjoint(_DISPUTE_KINDS):
        return None
    held = -sum(booked_minor.get(kind, 0) for kind in _DISPUTE_KINDS)
    was_credited = booked_minor.get(EntryKind.DISPUTE_REINSTATEMENT, 0) > 0
    if figures.status not in _OPEN_TO_LOSS:
        is_right = held == 0
    else:
        is_right = held >= figures.amount_disputed or (held > 0 and was_credited)
    if is_right:
        return None
    return f"disputes hold {_words(held, figures)} by the ledger, and {_words(figures.amount_disputed, figures)} shown"


def _words(amount_minor: int, figures: Figures) -> str:
    return in_words(Money(amount_minor, figures.currency))
