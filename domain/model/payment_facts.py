"""What sources said about payments of one invoice, and how their words become one outcome each.

One decline is told up to four times: by the answer to our call, by `charge.failed`, by
`payment_intent.payment_failed` and by
`invoice.payment_failed`. Each telling is kept as one `PaymentFact`; tellings of one thing are grouped by a natural
key, and each
field takes its value from the best source. Recording a fact again, or in another order, changes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from domain.model.declines import DeclineCodes

_T = TypeVar("_T")


class FactKind(StrEnum):
    """What is said to have happened."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    PENDING = "pending"
    CANCELED = "canceled"
    INVOICE_PAID = "invoice_paid"
    """Stripe's invoice is paid and the telling names neither PaymentIntent nor charge: out of band, or a shape since
    basil."""


class Source(StrEnum):
    """Who said it, best first. The answer to our own call and the charge know most; an invoice event knows least."""

    CHARGE = "charge"
    ANSWER = "answer"
    PAYMENT_INTENT = "payment_intent"
    INVOICE = "invoice"


_RANK = {source: rank for rank, source in enumerate(Source)}


@dataclass(frozen=True)
class PaymentFact:
    """One source's word on one thing that happened to a payment.

    `told_at` is the event's `created` or, for an answer, our clock; `charge_created_at` is Stripe's time of the
    charge where the
    source shows it; `heard_at` is when we first heard of it. Amounts are minor units. At least one of the ids is set.
    """

    kind: FactKind
    source: Source
    told_at: datetime
    heard_at: datetime
    charge_created_at: datetime | None = None
    event_id: str | None = None
    attempt_id: str | None = None
    stripe_payment_intent_id: str | None = None
    stripe_charge_id: str | None = None
    stripe_invoice_id: str | None = None
    stripe_payment_method_id: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    codes: DeclineCodes = DeclineCodes()
    message: str | None = None
    pending_status: str | None = None
    is_out_of_band: bool = False

    @property
    def key(self) -> str:
        """The natural key under which this telling is stored once: kind, source and what it is about."""
        return f"{self.kind}:{self.source}:{self._subject()}"

    def _subject(self) -> str:
        match self.kind:
            case FactKind.SUCCEEDED if self.source is Source.CHARGE:
                return self.stripe_charge_id or _missing(self)
            case FactKind.SUCCEEDED:
                return self.stripe_payment_intent_id or self.stripe_charge_id or _missing(self)
            case FactKind.FAILED:
                return self.stripe_charge_id or self.attempt_id or self.event_id or _missing(self)
            case FactKind.PENDING:
                return f"{self.stripe_payment_intent_id or _missing(self)}:{self.attempt_id or ''}"
            case FactKind.CANCELED:  # a Checkout that expired may never have had an intent
                return self.stripe_payment_intent_id or self.attempt_id or _missing(self)
            case FactKind.INVOICE_PAID:
                return self.stripe_invoice_id or _missing(self)


def _missing(fact: PaymentFact) -> str:
    raise ValueError(f"a {fact.kind} fact from {fact.source} names nothing that it could be about")


def merge(known: Sequence[PaymentFact], told: Iterable[PaymentFact]) -> tuple[PaymentFact, ...]:
    """`known` with `told` added: one fact for each key, whatever the order and however often each is told.

    Of two tellings under one key the earlier one stands (a pending state: the later one), ties broken by content.
    """
    by_key = {fact.key: fact for fact in known}
    for fact in told:
        standing = by_key.get(fact.key)
        by_key[fact.key] = fact if standing is None else _merged(standing, fact)
    return tuple(by_key[key] for key in sorted(by_key))


def _merged(one: PaymentFact, other: PaymentFact) -> PaymentFact:
    earlier, later = sorted((one, other), key=_total_order)
    winner = later if one.kind is FactKind.PENDING else earlier
    return replace(winner, heard_at=min(one.heard_at, other.heard_at))


def _total_order(fact: PaymentFact) -> tuple[datetime, str]:
    content = [repr(getattr(fact, field.name)) for field in fields(fact) if field.name not in ("told_at", "heard_at")]
    return fact.told_at, "|".join(content)


@dataclass(frozen=True)
class Outcome:
    """One payment that succeeded or failed, as the best sources tell it.

    `key` is the PaymentIntent's id for a success (else the charge's, else the Stripe invoice's) and the charge's for
    a failure
    (else our attempt's id, else the event's). `told_at` is when it was last told: a bank debit fails days after its
    charge was made.
    """

    key: str
    has_succeeded: bool
    occurred_at: datetime
    told_at: datetime
    heard_at: datetime
    attempt_id: str | None
    stripe_payment_intent_id: str | None
    stripe_charge_id: str | None
    stripe_invoice_id: str | None
    stripe_payment_method_id: str | None
    amount_minor: int | None
    currency: str | None
    codes: DeclineCodes
    message: str | None
    is_out_of_band: bool

    @property
    def order(self) -> tuple[datetime, bool, str]:
        """Time, then failures before a success of the same second (an intent fails and then succeeds), then key."""
        return self.occurred_at, self.has_succeeded, self.key


def outcomes(facts: Sequence[PaymentFact]) -> tuple[Outcome, ...]:
    """All successes and failures that the facts tell of, in order. A failed charge that is also told as succeeded
    succeeded.
    """
    intent_of_charge = {
        fact.stripe_charge_id: fact.stripe_payment_intent_id
        for fact in facts
        if fact.stripe_charge_id and fact.stripe_payment_intent_id
    }
    succeeded = _successes(facts, intent_of_charge)
    paid_charges = {outcome.stripe_charge_id for outcome in succeeded if outcome.stripe_charge_id}
    failed = [outcome for outcome in _failures(facts) if outcome.stripe_charge_id not in paid_charges]
    return tuple(sorted((*succeeded, *failed), key=lambda outcome: outcome.order))


def _successes(facts: Sequence[PaymentFact], intent_of_charge: dict[str, str]) -> list[Outcome]:
    groups: dict[str, list[PaymentFact]] = {}
    for fact in facts:
        if fact.kind is FactKind.SUCCEEDED:
            charge_id = fact.stripe_charge_id or ""
            key = fact.stripe_payment_intent_id or intent_of_charge.get(charge_id) or charge_id
            groups.setdefault(key, []).append(fact)
    found = [_resolve(key, group) for key, group in groups.items()]
    return [*found, *_paid_outside(facts, found)]


def _paid_outside(facts: Sequence[PaymentFact], found: Sequence[Outcome]) -> list[Outcome]:
    """What a paid Stripe invoice holds beyond the payments that we can name: paid out of band, or not yet told by its
    charge.
    """
    named_minor = sum(outcome.amount_minor or 0 for outcome in found)
    groups: dict[str, list[PaymentFact]] = {}
    for fact in facts:
        if fact.kind is FactKind.INVOICE_PAID:
            groups.setdefault(fact.stripe_invoice_id or "", []).append(fact)
    paid = [_resolve(key, group) for key, group in groups.items()]
    rests = [(whole.amount_minor or 0) - (0 if whole.is_out_of_band else named_minor) for whole in paid]
    return [replace(whole, amount_minor=rest) for whole, rest in zip(paid, rests, strict=True) if rest > 0]


def _failures(facts: Sequence[PaymentFact]) -> list[Outcome]:
    failed = [fact for fact in facts if fact.kind is FactKind.FAILED]
    charge_of_attempt = _first_charge_by_attempt(failed)
    groups: dict[str, list[PaymentFact]] = {}
    for fact in failed:
        told_without_charge = charge_of_attempt.get(fact.attempt_id or "")
        key = fact.stripe_charge_id or told_without_charge or fact.attempt_id or fact.event_id or ""
        groups.setdefault(key, []).append(fact)
    return [_resolve(key, group) for key, group in groups.items()]


def _first_charge_by_attempt(failed: Sequence[PaymentFact]) -> dict[str, str]:
    """Our attempt's own charge: the earliest that names it, so that a telling without a charge id is not a second
    failure.
    """
    first: dict[str, str] = {}
    for fact in sorted(failed, key=lambda fact: (fact.charge_created_at or fact.told_at, fact.stripe_charge_id or "")):
        if fact.attempt_id and fact.stripe_charge_id:
            first.setdefault(fact.attempt_id, fact.stripe_charge_id)
    return first


def _resolve(key: str, group: Sequence[PaymentFact]) -> Outcome:
    ranked = sorted(group, key=lambda fact: (_RANK[fact.source], fact.key))
    return Outcome(
        key=key,
        has_succeeded=ranked[0].kind is not FactKind.FAILED,
        occurred_at=_occurred_at(ranked),
        told_at=max(fact.told_at for fact in ranked),
        heard_at=min(fact.heard_at for fact in ranked),
        attempt_id=_first(fact.attempt_id for fact in ranked),
        stripe_payment_intent_id=_first(fact.stripe_payment_intent_id for fact in ranked),
        stripe_charge_id=_first(fact.stripe_charge_id for fact in ranked),
        stripe_invoice_id=_first(fact.stripe_invoice_id for fact in ranked),
        stripe_payment_method_id=_first(fact.stripe_payment_method_id for fact in ranked),
        amount_minor=_first(fact.amount_minor for fact in ranked),
        currency=_first(fact.currency for fact in ranked),
        codes=_codes(ranked),
        message=_first(fact.message for fact in ranked),
        is_out_of_band=any(fact.is_out_of_band for fact in ranked),
    )


def _occurred_at(ranked: Sequence[PaymentFact]) -> datetime:
    """Stripe's time of the charge, else an event's time, else our own clock when the answer came."""
    charged_at = _first(fact.charge_created_at for fact in ranked)
    told_at = _first(fact.told_at for fact in ranked if fact.source is not Source.ANSWER)
    return charged_at or told_at or ranked[0].told_at


def _codes(ranked: Sequence[PaymentFact]) -> DeclineCodes:
    return DeclineCodes(
        **{field.name: _first(getattr(fact.codes, field.name) for fact in ranked) for field in fields(DeclineCodes)}
    )


def _first(values: Iterable[_T | None]) -> _T | None:
    return next((value for value in values if value is not None), None)
