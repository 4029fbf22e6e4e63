"""The port `StripeRecords` over the bank in memory."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from adapters.memory.bank_answers import dispute_told, refund_told
from adapters.memory.bank_reversals import BankReversals
from adapters.memory.bank_values import BankCharge, BankIntent, BankTrouble
from domain.model.inbox import Interpretation, StripeEvent
from domain.model.payment_facts import FactKind, PaymentFact, Source
from ports.clock import Clock
from ports.payment_gateway import GatewayUnavailable
from ports.stripe_records import EventPage, Record, RecordKind, RecordPage

T = TypeVar("T")

_PAGE_SIZE = 100
_ENDS = {"succeeded": FactKind.SUCCEEDED, "failed": FactKind.FAILED}


@dataclass(frozen=True)
class _Dated:
    created_at: datetime
    record: Record


class MemoryStripeRecords:
    """Reads a bank's books; see the port. Events are those that were published; `types` are the ones that we use."""

    def __init__(self, reversals: BankReversals, clock: Clock, types: Container[str]) -> None:
        self._reversals = reversals
        self._clock = clock
        self._types = types
        self._events: list[StripeEvent] = []

    def publish(self, event: StripeEvent) -> None:
        """What Stripe lists among its events from now on."""
        self._events.append(event)

    def events(self, account: str | None, since: datetime, until: datetime, cursor: str | None) -> EventPage:
        """Published events; see the port."""
        self._check()
        listed = [event for event in reversed(self._events) if event.account == (account or "")]
        in_time = [event for event in listed if since <= event.created_at <= until]
        page, next_cursor = _page(in_time, [event.id for event in in_time], cursor)
        return EventPage(tuple(event for event in page if event.type in self._types), next_cursor)

    def records(
        self, account: str | None, kind: RecordKind, since: datetime, heard_at: datetime, cursor: str | None
    ) -> RecordPage:
        """Objects created since then; see the port."""
        self._check()
        listed = {
            RecordKind.PAYMENT_INTENT: self._intents,
            RecordKind.REFUND: self._refunds,
            RecordKind.DISPUTE: self._disputes,
        }[kind](account, heard_at)
        recent = [dated.record for dated in reversed(listed) if dated.created_at >= since]
        page, next_cursor = _page(recent, [record.stripe_id for record in recent], cursor)
        return RecordPage(tuple(page), next_cursor)

    def _intents(self, account: str | None, heard_at: datetime) -> list[_Dated]:
        return [
            _Dated(intent.created_at, Record(RecordKind.PAYMENT_INTENT, intent.id, self._told(intent, heard_at)))
            for intent in self._reversals.bank.intents_of(account, "")
        ]

    def _refunds(self, account: str | None, _: datetime) -> list[_Dated]:
        listed = []
        for refund in self._reversals.refunds(account):
            ids = (refund.id, refund.charge.id, refund.charge.stripe_payment_intent_id)
            telling = refund_told(refund, self._clock.now())
            told = Interpretation(True, ids, refund.invoice_id, refunds=(telling,))
            listed.append(_Dated(refund.created_at, Record(RecordKind.REFUND, refund.id, told)))
        return listed

    def _disputes(self, account: str | None, _: datetime) -> list[_Dated]:
        listed = []
        for dispute in self._reversals.disputes(account):
            ids = (dispute.id, dispute.charge.id, dispute.charge.stripe_payment_intent_id)
            told = Interpretation(True, ids, disputes=(dispute_told(dispute, self._clock.now()),))
            listed.append(_Dated(dispute.created_at, Record(RecordKind.DISPUTE, dispute.id, told)))
        return listed

    def _told(self, intent: BankIntent, heard_at: datetime) -> Interpretation:
        latest = intent.charges[-1:]
        facts = [
            _fact(charge, kind, source, self._clock.now(), heard_at)
            for charge in latest
            for kind, source in _kinds(intent, charge)
        ]
        if intent.status == "canceled":
            facts.append(_end(intent, self._clock.now(), heard_at))
        ids = (intent.id, *(charge.id for charge in latest))
        return Interpretation(True, ids, intent.invoice_id, tuple(facts))

    def _check(self) -> None:
        try:
            self._reversals.bank.check_readable()
        except BankTrouble as trouble:
            raise GatewayUnavailable(trouble.reason) from None


def _kinds(intent: BankIntent, charge: BankCharge) -> tuple[tuple[FactKind, Source], ...]:
    """What the intent's state and its newest charge tell, each in its own name."""
    if charge.status == "pending":
        return ((FactKind.PENDING, Source.PAYMENT_INTENT),)
    end = _ENDS[charge.status]
    of_charge = ((end, Source.CHARGE),)
    is_told_by_intent = intent.status in ("succeeded", "requires_payment_method")
    return (*of_charge, (end, Source.PAYMENT_INTENT)) if is_told_by_intent else of_charge


def _fact(charge: BankCharge, kind: FactKind, source: Source, now: datetime, heard_at: datetime) -> PaymentFact:
    return PaymentFact(
        kind=kind,
        source=source,
        told_at=now.replace(microsecond=0),
        heard_at=heard_at,
        charge_created_at=charge.created_at,
        attempt_id=charge.attempt_id,
        stripe_payment_intent_id=charge.stripe_payment_intent_id,
        stripe_charge_id=charge.id,
        stripe_payment_method_id=charge.stripe_payment_method_id,
        amount_minor=charge.amount_minor,
        currency=charge.currency,
        codes=charge.codes,
        message=charge.message,
        pending_status="processing" if kind is FactKind.PENDING else None,
    )


def _end(intent: BankIntent, now: datetime, heard_at: datetime) -> PaymentFact:
    return PaymentFact(
        kind=FactKind.CANCELED,
        source=Source.PAYMENT_INTENT,
        told_at=now.replace(microsecond=0),
        heard_at=heard_at,
        attempt_id=intent.attempt_id,
        stripe_payment_intent_id=intent.id,
        currency=intent.currency,
    )


def _page(entries: Sequence[T], ids: Sequence[str], cursor: str | None) -> tuple[Sequence[T], str | None]:
    start = 0 if cursor is None else ids.index(cursor) + 1
    end = start + _PAGE_SIZE
    return entries[start:end], ids[end - 1] if end < len(entries) else None
