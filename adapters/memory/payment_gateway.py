"""The ports `PaymentGateway` and `CardFile` over the bank in memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from adapters.memory.bank import MemoryBank
from adapters.memory.bank_answers import refused, without_answer
from adapters.memory.bank_values import OPEN_STATUSES, BankCharge, BankIntent, BankRefusal, BankTrouble
from domain.model.answers import (
    Absent,
    ChargeAnswer,
    Declined,
    Found,
    LookUpAnswer,
    NotReached,
    Pending,
    Succeeded,
    Unknown,
    UnknownCause,
)
from domain.model.attempts import FrozenCharge
from domain.model.cards import Card
from domain.model.payment_facts import FactKind, PaymentFact, Source
from ports.clock import Clock
from ports.payment_gateway import ChargeOrder, GatewayUnavailable, LookUpOrder

_CLOCK_SLACK = timedelta(hours=6)
_KINDS = {"succeeded": FactKind.SUCCEEDED, "failed": FactKind.FAILED, "pending": FactKind.PENDING}


class MemoryPaymentGateway:
    """Charges cards at a `MemoryBank`; see the port."""

    def __init__(self, bank: MemoryBank, clock: Clock) -> None:
        self._bank = bank
        self._clock = clock

    def freeze(self, order: ChargeOrder) -> FrozenCharge:
        """The requests for `order`; see the port."""
        common = {
            "attempt_id": order.attempt_id,
            "invoice_id": order.invoice_id,
            "payment_method": order.stripe_payment_method_id,
        }
        if order.reuse_intent_id is None:
            terms = {"amount": order.amount_minor, "currency": order.currency, "customer": order.stripe_customer_id}
            requests: tuple[dict[str, Any], ...] = ({"step": "create", **common, **terms},)
        else:
            amount = None if order.is_amount_fixed else order.amount_minor
            of_intent = {**common, "intent": order.reuse_intent_id}
            terms = {"amount": amount, "currency": order.currency, "freeze_number": order.freeze_number}
            update = {"step": "update", **of_intent, **terms}
            requests = (update, {"step": "confirm", **of_intent})
        key = f"{order.attempt_id}:{requests[-1]['step']}"
        return FrozenCharge(key, requests, order.reuse_intent_id)

    def execute(self, account: str | None, charge: FrozenCharge) -> ChargeAnswer:
        """Send the frozen requests; see the port."""
        *updates, last = charge.requests
        for request in updates:
            try:
                self._write(account, request)
            except BankTrouble as trouble:
                return NotReached(trouble.reason)
            except _StateConflict as conflict:
                return Unknown(UnknownCause.UNEXPECTED_STATE, str(conflict))
            except BankRefusal as refusal:
                return refused(refusal, charge.stripe_payment_intent_id)
        return self._answered(lambda: self._write(account, last), last)

    def look_up(self, account: str | None, order: LookUpOrder) -> LookUpAnswer:
        """What became of an attempt; see the port."""
        try:
            self._bank.check_readable()
        except BankTrouble as trouble:
            return NotReached(trouble.reason)
        intent = self._wanted(account, order)
        if intent is None:
            return Absent()
        facts = tuple(self._fact(charge, charge.attempt_id) for charge in intent.charges)
        if intent.status == "canceled":
            return Found((*facts, self._end(intent)))
        return Found(facts) if any(fact.attempt_id == order.attempt_id for fact in facts) else Absent(facts)

    def cancel_intent(self, account: str | None, stripe_payment_intent_id: str) -> ChargeAnswer | None:
        """Cancel a PaymentIntent; see the port. Its key lives for this call alone: a repeat is carried out again."""
        request = {"step": "cancel", "intent": stripe_payment_intent_id, "at": self._clock.now()}
        key = f"{stripe_payment_intent_id}:cancel:{self._clock.now().isoformat()}"
        try:
            intent = self._bank.write_once(account, key, request, lambda: self._cancel(account, request))
        except BankTrouble as trouble:
            return without_answer(trouble)
        except BankRefusal as refusal:
            return refused(refusal, stripe_payment_intent_id)
        return None if intent.status == "canceled" else self._outcome(intent, None)

    def _wanted(self, account: str | None, order: LookUpOrder) -> BankIntent | None:
        if order.stripe_payment_intent_id is not None:
            try:
                return self._bank.intent(account, order.stripe_payment_intent_id)
            except BankRefusal:
                return None
        since = order.since - _CLOCK_SLACK
        intents = self._bank.intents_of(account, order.stripe_customer_id)
        mine = (one for one in intents if one.attempt_id == order.attempt_id and one.created_at >= since)
        return next(mine, None)

    def _write(self, account: str | None, request: Mapping[str, Any]) -> BankIntent:
        steps = {"create": self._create, "update": self._update, "confirm": self._confirm}
        step = steps[request["step"]]
        key = ":".join(str(request[part]) for part in ("attempt_id", "step", "freeze_number") if part in request)
        return self._bank.write_once(account, key, request, lambda: step(account, request))

    def _answered(self, write: Callable[[], BankIntent], request: Mapping[str, Any]) -> ChargeAnswer:
        try:
            return self._outcome(write(), request["attempt_id"])
        except BankTrouble as trouble:
            return without_answer(trouble)
        except _StateConflict as conflict:
            return Unknown(UnknownCause.UNEXPECTED_STATE, str(conflict))
        except BankRefusal as refusal:
            return refused(refusal, request.get("intent"))

    def _create(self, account: str | None, request: Mapping[str, Any]) -> BankIntent:
        new = self._bank.create_intent(account, request["customer"], request["amount"], request["currency"])
        marked = replace(new, attempt_id=request["attempt_id"], invoice_id=request["invoice_id"])
        return self._bank.charge(account, marked, request["payment_method"])

    def _update(self, account: str | None, request: Mapping[str, Any]) -> BankIntent:
        intent = self._open_intent(account, request["intent"])
        self._bank.card(account, intent.stripe_customer_id, request["payment_method"])
        if intent.is_billed and request["amount"] is not None:
            raise BankRefusal("An invoice owns this intent: its amount cannot be changed.", "amount_not_changeable")
        if intent.is_billed and request["currency"] != intent.currency:
            raise BankRefusal(f"The PaymentIntent is in {intent.currency}.", "currency_mismatch")
        changed = replace(
            intent,
            status="requires_confirmation",
            currency=request["currency"],
            amount_minor=intent.amount_minor if request["amount"] is None else request["amount"],
            stripe_payment_method_id=request["payment_method"],
            attempt_id=request["attempt_id"],
            invoice_id=request["invoice_id"],
        )
        return self._bank.change(account, changed)

    def _confirm(self, account: str | None, request: Mapping[str, Any]) -> BankIntent:
        intent = self._open_intent(account, request["intent"])
        return self._bank.charge(account, intent, request["payment_method"])

    def _cancel(self, account: str | None, request: Mapping[str, Any]) -> BankIntent:
        intent = self._bank.intent(account, request["intent"])
        if intent.status not in OPEN_STATUSES:
            return intent
        return self._bank.change(account, replace(intent, status="canceled"))

    def _open_intent(self, account: str | None, intent_id: str) -> BankIntent:
        intent = self._bank.intent(account, intent_id)
        if intent.status not in OPEN_STATUSES:
            raise _StateConflict(f"The PaymentIntent is {intent.status}.")
        return intent

    def _outcome(self, intent: BankIntent, attempt_id: str | None) -> ChargeAnswer:
        latest = intent.charges[-1]
        fact = self._fact(latest, attempt_id or latest.attempt_id)
        if latest.status == "succeeded":
            return Succeeded(fact)
        return Declined(fact) if latest.status == "failed" else Pending(fact)

    def _fact(self, charge: BankCharge, attempt_id: str | None) -> PaymentFact:
        now = self._clock.now()
        return PaymentFact(
            kind=_KINDS[charge.status],
            source=Source.ANSWER,
            told_at=now,
            heard_at=now,
            charge_created_at=charge.created_at,
            attempt_id=attempt_id,
            stripe_payment_intent_id=charge.stripe_payment_intent_id,
            stripe_charge_id=charge.id,
            stripe_payment_method_id=charge.stripe_payment_method_id,
            amount_minor=charge.amount_minor,
            currency=charge.currency,
            codes=charge.codes,
            message=charge.message,
            pending_status="processing" if charge.status == "pending" else None,
        )

    def _end(self, intent: BankIntent) -> PaymentFact:
        now = self._clock.now()
        return PaymentFact(
            kind=FactKind.CANCELED,
            source=Source.ANSWER,
            told_at=now,
            heard_at=now,
            attempt_id=intent.attempt_id,
            stripe_payment_intent_id=intent.id,
            currency=intent.currency,
        )


class MemoryCardFile:
    """Reads cards at a `MemoryBank`; see the port."""

    def __init__(self, bank: MemoryBank) -> None:
        self._bank = bank

    def default_card(self, account: str | None, stripe_customer_id: str) -> Card | None:
        """The default card, else the only one; see the port."""
        cards = self.cards(account, stripe_customer_id)
        is_clear = cards and (cards[0].is_default or len(cards) == 1)
        return cards[0] if is_clear else None

    def cards(self, account: str | None, stripe_customer_id: str) -> Sequence[Card]:
        """The attached cards, default first; see the port."""
        self._check()
        return self._bank.cards_of(account, stripe_customer_id)[:100]

    def intent_of_invoice(self, account: str | None, stripe_invoice_id: str) -> str | None:
        """The PaymentIntent by which Stripe collects its own invoice; see the port."""
        self._check()
        return self._bank.intent_of_invoice(account, stripe_invoice_id)

    def _check(self) -> None:
        try:
            self._bank.check_readable()
        except BankTrouble as trouble:
            raise GatewayUnavailable(trouble.reason) from None


class _StateConflict(Exception):
    """The intent is not in the state that the request takes for granted."""
