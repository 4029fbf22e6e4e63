"""Which card the next attempt uses, or why none: every decision keeps its reasons in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.model.attempts import Attempt, AttemptStatus
from domain.model.declines import RetryAdvice, Verdict, advise
from domain.model.network_rules import exhausted


@dataclass(frozen=True)
class Card:
    """A payment method as Stripe keeps it; never a card number. `brand` is lower case as Stripe spells it."""

    stripe_payment_method_id: str
    brand: str | None = None
    last4: str | None = None
    exp_month: int | None = None
    exp_year: int | None = None
    fingerprint: str | None = None
    is_default: bool = False


class NoCardReason(StrEnum):
    """Why an attempt does not charge."""

    MISSING = "missing"
    FORBIDDEN = "forbidden"
    NEEDS_CUSTOMER = "needs_customer"


@dataclass(frozen=True)
class CardPlan:
    """The card to charge, or why none is charged; `reasons` in words, in the order in which they were weighed."""

    card: Card | None
    reasons: tuple[str, ...]
    refusal: NoCardReason | None = None


def plan_card(
    default: Card | None, attempts: Sequence[Attempt], declined_at: Sequence[datetime], now: datetime
) -> CardPlan:
    """Whether the customer's card may be charged automatically at `now`.

    `attempts` are the invoice's, `declined_at` the times of the card's declines on all invoices. The issuer's advice
    outranks the
    network's code, the decline code and the schedule (`declines.advise`); the networks' limits are `network_rules`.
    """
    if default is None:
        return CardPlan(
            None,
            ("The customer has neither a default payment method nor a single attached card.",),
            NoCardReason.MISSING,
        )
    named = f"The customer's card {default.stripe_payment_method_id} is next."
    advice = last_advice(default.stripe_payment_method_id, attempts)
    if advice is not None and advice.verdict is Verdict.NEVER:
        return CardPlan(None, (named, advice.reason), NoCardReason.FORBIDDEN)
    if advice is not None and advice.verdict is Verdict.NEEDS_CUSTOMER:
        return CardPlan(None, (named, advice.reason), NoCardReason.NEEDS_CUSTOMER)
    limit = exhausted(default.brand or "", declined_at, now)
    if limit is not None:
        window = f"{limit.attempts_max} attempts in {limit.window.days} days ({limit.source})"
        return CardPlan(None, (named, f"One more would pass the network's limit of {window}."), NoCardReason.FORBIDDEN)
    return CardPlan(default, (named,) if advice is None else (named, advice.reason))


def last_advice(stripe_payment_method_id: str, attempts: Sequence[Attempt]) -> RetryAdvice | None:
    """What the newest decline of that payment method on this invoice says; None when it was never declined here, or
    has paid since.
    """
    answered = [
        attempt
        for attempt in attempts
        if attempt.status in (AttemptStatus.DECLINED, AttemptStatus.SUCCEEDED)
        and attempt.stripe_payment_method_id == stripe_payment_method_id
    ]
    if not answered or answered[-1].status is AttemptStatus.SUCCEEDED:
        return None
    return advise(answered[-1].codes)
