"""Stripe's answers to a charge as our five answers, and "not reached" (design.md 1, point 3)."""

import re
from dataclasses import replace
from datetime import datetime

from adapters.stripe_api.calls import Answer, NoAnswer, Reply
from adapters.stripe_api.facts import (
    PENDING_STATUSES,
    Telling,
    failure_of_intent,
    success_of_intent,
    waiting_of_intent,
)
from adapters.stripe_api.freezing import FrozenRequest
from adapters.stripe_api.json_values import UnreadableShape, identifier, mapping, text
from adapters.stripe_api.shapes import Intent, read_intent, read_payment_error
from domain.model.answers import (
    ChargeAnswer,
    Declined,
    NotReached,
    Pending,
    Refused,
    Succeeded,
    Unknown,
    UnknownCause,
)
from domain.model.payment_facts import FactKind, PaymentFact, Source

UNEXPECTED_STATE = "payment_intent_unexpected_state"
_NOT_DECLINED = frozenset({"succeeded", "processing", "requires_capture"})
# Stripe has no code for a detached PaymentMethod, or one that is another customer's; these are its words since 2019.
_IS_ANOTHERS = re.compile(r"does not belong to the Customer", re.IGNORECASE)
_METHOD_IS_GONE = re.compile(r"may not be used again|does not belong to the Customer", re.IGNORECASE)


def answer_to_charge(reply: Reply, sent: FrozenRequest, heard_at: datetime) -> ChargeAnswer:
    """What the reply to a create or a confirm means. An answer that cannot be read leaves the outcome unknown."""
    if isinstance(reply, NoAnswer):
        return Unknown(UnknownCause.LOST, reply.reason) if reply.has_left else NotReached(reply.reason)
    if reply.status >= 500:
        return Unknown(UnknownCause.SERVER_ERROR, reply.described())
    try:
        return _read(reply, sent, Telling(Source.ANSWER, heard_at, heard_at))
    except UnreadableShape as problem:
        return Unknown(UnknownCause.LOST, f"Stripe's answer ({reply.status}) cannot be read: {problem}.")


def answer_to_update(reply: Reply, sent: FrozenRequest, heard_at: datetime) -> ChargeAnswer | None:
    """None when the update is done. No money moves by it, so whatever left it undone is a mere delay, unless Stripe
    says that it cannot be done at all.
    """
    if isinstance(reply, NoAnswer):
        return NotReached(reply.reason)
    if reply.is_success:
        return _wrong_currency(reply, sent)
    if reply.status >= 500 or reply.status == 409:
        return NotReached(reply.described())
    return answer_to_charge(reply, sent, heard_at)


def _wrong_currency(answer: Answer, sent: FrozenRequest) -> Refused | None:
    """An intent that could not be brought into the invoice's currency must not be confirmed: it would pay nothing."""
    currency = text(answer.body, "currency")
    if currency == sent.currency:
        return None
    reason = f"The invoice's PaymentIntent is in {currency}, the invoice in {sent.currency}: cancel that PaymentIntent."
    return Refused(reason, "currency_mismatch", stripe_payment_intent_id=identifier(answer.body, "id"))


def refused(answer: Answer, sent: FrozenRequest | None = None) -> Refused:
    """The request was not taken, and would not be another time."""
    intent_id = identifier(answer.error, "payment_intent")
    return Refused(answer.described(), answer.code, _is_method_gone(answer, sent), intent_id)


def _read(answer: Answer, sent: FrozenRequest, telling: Telling) -> ChargeAnswer:
    if answer.is_success:
        return _outcome(read_intent(answer.body), sent, telling)
    if answer.is_rate_limit:
        return NotReached(answer.described())
    if answer.code == UNEXPECTED_STATE:
        return Unknown(UnknownCause.UNEXPECTED_STATE, answer.described())
    if answer.status == 409:
        return Unknown(UnknownCause.CONFLICT, answer.described())
    if answer.status == 402:
        return _declined(answer, sent, telling)
    return refused(answer, sent)


def _outcome(intent: Intent, sent: FrozenRequest, telling: Telling) -> ChargeAnswer:
    if intent.status == "succeeded":
        return Succeeded(_ours(success_of_intent(intent, telling), sent))
    if intent.status in PENDING_STATUSES:
        return Pending(_ours(waiting_of_intent(intent, telling), sent))
    return Unknown(UnknownCause.UNEXPECTED_STATE, f"The PaymentIntent is {intent.status} after it was confirmed.")


def _declined(answer: Answer, sent: FrozenRequest, telling: Telling) -> ChargeAnswer:
    error = read_payment_error(answer.error)
    shown = mapping(answer.error, "payment_intent")
    intent = read_intent(shown) if shown else None
    if intent is not None and intent.status in _NOT_DECLINED:
        return Unknown(UnknownCause.UNEXPECTED_STATE, f"A decline, but the PaymentIntent is {intent.status}.")
    if intent is not None:
        return Declined(_ours(failure_of_intent(intent, error, telling), sent))
    bare = PaymentFact(
        kind=FactKind.FAILED,
        source=telling.source,
        told_at=telling.told_at,
        heard_at=telling.heard_at,
        stripe_payment_intent_id=identifier(answer.error, "payment_intent"),
        stripe_charge_id=error.stripe_charge_id,
        stripe_payment_method_id=error.stripe_payment_method_id,
        codes=error.codes,
        message=error.message,
    )
    return Declined(_ours(bare, sent))


def _ours(fact: PaymentFact, sent: FrozenRequest) -> PaymentFact:
    """What the request says of itself counts: it is the answer to our attempt, whatever the intent's metadata says."""
    method_id = fact.stripe_payment_method_id or sent.form.get("payment_method")
    return replace(fact, attempt_id=sent.attempt_id, stripe_payment_method_id=method_id)


def _is_method_gone(answer: Answer, sent: FrozenRequest | None) -> bool:
    told = text(answer.error, "message") or ""
    if sent is not None and sent.is_reuse and _IS_ANOTHERS.search(told):
        return False  # the card was read from our customer just before, so the intent is the one that is another's
    is_missing = answer.code == "resource_missing" and text(answer.error, "param") == "payment_method"
    return is_missing or bool(_METHOD_IS_GONE.search(told))
