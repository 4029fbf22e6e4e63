"""How a card stands by its expiry date."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.model.cards import Card

_EXPIRING_WITHIN = timedelta(days=30)


@dataclass(frozen=True)
class CardShown:
    """A card with what is said about it. `backup_rank` is its place among the backup cards, None for none."""

    stripe_payment_method_id: str
    brand: str | None
    last4: str | None
    exp_month: int | None
    exp_year: int | None
    is_default: bool
    health: str
    backup_rank: int | None = None


def show_card(card: Card, now: datetime) -> CardShown:
    """The card as it stands at `now`."""
    return CardShown(
        stripe_payment_method_id=card.stripe_payment_method_id,
        brand=card.brand,
        last4=card.last4,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        is_default=card.is_default,
        health=health(card, now),
    )


def health(card: Card, now: datetime) -> str:
    """`expired`, `expiring` (within 30 days) or `ok`; a card is good to the end of its month, counted in UTC."""
    if card.exp_month is None or card.exp_year is None:
        return "ok"
    year, month = divmod(card.exp_year * 12 + card.exp_month, 12)
    ends_at = datetime(year, month + 1, 1, tzinfo=UTC)
    if now >= ends_at:
        return "expired"
    return "expiring" if ends_at - now <= _EXPIRING_WITHIN else "ok"
