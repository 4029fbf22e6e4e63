"""What every reader of Stripe's own records does, over the bank in memory and the sandbox."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.memory.bank_values import Mood
from domain.model.answers import Declined, Refunded, Succeeded
from domain.model.inbox import StripeEvent
from domain.model.payment_facts import FactKind, PaymentFact, Source, merge, outcomes
from domain.model.refunds import RefundStatus
from ports.payment_gateway import GatewayUnavailable
from ports.refund_gateway import RefundOrder
from ports.stripe_records import Record, RecordKind
from tests.contracts.payments.banks import NO_FUNDS, NOW, Bank, charge_of, order_for, paid

LATER = NOW + timedelta(minutes=5)
LONG_BEFORE = NOW - timedelta(days=30)


def records(bank: Bank, kind: RecordKind) -> list[Record]:
    """Every page."""
    found: list[Record] = []
    cursor: str | None = None
    while True:
        page = bank.records.records(bank.account, kind, NOW, LATER, cursor)
        found += page.records
        if page.next_cursor is None:
            return found
        cursor = page.next_cursor


def only(bank: Bank, kind: RecordKind) -> Record:
    (record,) = records(bank, kind)
    return record


def told(facts: Sequence[PaymentFact]) -> set[tuple[FactKind, Source, str | None]]:
    return {(fact.kind, fact.source, fact.stripe_charge_id) for fact in facts}


def declined(bank: Bank) -> PaymentFact:
    answer = bank.gateway.execute(bank.account, bank.gateway.freeze(order_for(bank, NO_FUNDS)))
    assert isinstance(answer, Declined)
    return answer.fact


def test_a_payment_that_succeeded_is_told_by_its_intent_and_its_charge(bank: Bank) -> None:
    payment = paid(bank)

    record = only(bank, RecordKind.PAYMENT_INTENT)

    assert (record.stripe_id, record.problem) == (payment.stripe_payment_intent_id, None)
    assert record.told.stripe_ids == (payment.stripe_payment_intent_id, payment.stripe_charge_id)
    assert record.told.named_invoice_id == "inv_1"
    assert told(record.told.facts) == {
        (FactKind.SUCCEEDED, source, payment.stripe_charge_id) for source in (Source.CHARGE, Source.PAYMENT_INTENT)
    }
    assert {(fact.amount_minor, fact.currency, fact.attempt_id) for fact in record.told.facts} == {
        (5000, "usd", "att_1")
    }


def test_a_payment_that_was_declined_is_told_by_its_intent_and_its_charge(bank: Bank) -> None:
    failure = declined(bank)

    facts = only(bank, RecordKind.PAYMENT_INTENT).told.facts

    assert told(facts) == {
        (FactKind.FAILED, source, failure.stripe_charge_id) for source in (Source.CHARGE, Source.PAYMENT_INTENT)
    }
    assert {fact.codes.decline_code for fact in facts} == {"insufficient_funds"}


@pytest.mark.parametrize("mood", [Mood(), NO_FUNDS])
def test_what_the_records_tell_is_one_payment_with_what_was_answered(bank: Bank, mood: Mood) -> None:
    answer = bank.gateway.execute(bank.account, bank.gateway.freeze(order_for(bank, mood)))
    fetched = only(bank, RecordKind.PAYMENT_INTENT).told.facts
    again = only(bank, RecordKind.PAYMENT_INTENT).told.facts

    assert isinstance(answer, (Succeeded, Declined))
    known = merge(merge((), [answer.fact]), fetched)

    assert len(outcomes(known)) == 1
    assert merge(known, again) == known


def test_a_payment_that_is_processing_waits(bank: Bank) -> None:
    bank.gateway.execute(bank.account, bank.gateway.freeze(order_for(bank, Mood(is_processing=True))))

    (fact,) = only(bank, RecordKind.PAYMENT_INTENT).told.facts

    assert (fact.kind, fact.source, fact.pending_status) == (
        FactKind.PENDING,
        Source.PAYMENT_INTENT,
        "processing",
    )


def test_a_canceled_intent_is_told_as_ended(bank: Bank) -> None:
    failure = declined(bank)
    bank.gateway.cancel_intent(bank.account, failure.stripe_payment_intent_id or "")

    facts = only(bank, RecordKind.PAYMENT_INTENT).told.facts

    assert told(facts) == {
        (FactKind.CANCELED, Source.PAYMENT_INTENT, None),
        (FactKind.FAILED, Source.CHARGE, failure.stripe_charge_id),
    }


def test_facts_are_heard_when_the_caller_says_and_told_at_stripes_own_time(bank: Bank) -> None:
    paid(bank)

    facts = only(bank, RecordKind.PAYMENT_INTENT).told.facts

    assert {(fact.heard_at, fact.told_at) for fact in facts} == {(LATER, NOW)}


def test_a_refund_on_record_tells_as_its_events_do(bank: Bank) -> None:
    payment = paid(bank)
    order = RefundOrder("ref_1", "inv_1", "k1", 2000, NOW, charge_of(payment))
    answer = bank.refunds.refund(bank.account, order)
    assert isinstance(answer, Refunded)
    bank.fail_refund(answer.telling.stripe_refund_id)

    record = only(bank, RecordKind.REFUND)

    (telling,) = record.told.refunds
    assert (telling.status, telling.request_id, telling.amount_minor) == (RefundStatus.FAILED, "ref_1", 2000)
    assert record.stripe_id == telling.stripe_refund_id
    assert record.told.stripe_ids == (record.stripe_id, payment.stripe_charge_id, payment.stripe_payment_intent_id)
    assert record.told.named_invoice_id == "inv_1"


def test_a_dispute_on_record_tells_as_its_events_do(bank: Bank) -> None:
    payment = paid(bank)
    dispute = bank.dispute(charge_of(payment))
    bank.resolve(dispute, "under_review")

    record = only(bank, RecordKind.DISPUTE)

    (telling,) = record.told.disputes
    assert (telling.stripe_status, telling.submissions, len(telling.movements)) == ("under_review", 1, 1)
    assert record.stripe_id == dispute
    assert record.told.stripe_ids == (dispute, payment.stripe_charge_id, payment.stripe_payment_intent_id)


@pytest.mark.parametrize("kind", RecordKind)
def test_what_was_made_before_is_left_out(bank: Bank, kind: RecordKind) -> None:
    charge = charge_of(paid(bank))
    bank.dispute(charge, is_inquiry=True)
    bank.refunds.refund(bank.account, RefundOrder("ref_1", "inv_1", "k1", 2000, NOW, charge))

    page = bank.records.records(bank.account, kind, NOW + timedelta(seconds=1), LATER, None)

    assert (page.records, page.next_cursor) == ((), None)


def test_records_come_newest_first_page_by_page(bank: Bank) -> None:
    order = order_for(bank, Mood())
    for number in range(101):
        numbered = replace(order, attempt_id=f"att_{number:03}")
        bank.gateway.execute(bank.account, bank.gateway.freeze(numbered))

    first = bank.records.records(bank.account, RecordKind.PAYMENT_INTENT, NOW, LATER, None)
    listed = records(bank, RecordKind.PAYMENT_INTENT)

    assert (len(first.records), first.next_cursor is None) == (100, False)
    assert [record.told.facts[0].attempt_id for record in listed] == [f"att_{n:03}" for n in reversed(range(101))]


def events(bank: Bank) -> list[StripeEvent]:
    """Every page."""
    found: list[StripeEvent] = []
    cursor: str | None = None
    while True:
        page = bank.records.events(bank.account, NOW, LATER, cursor)
        found += page.events
        if page.next_cursor is None:
            return found
        cursor = page.next_cursor


def test_events_of_the_types_that_are_used_come_newest_first(bank: Bank) -> None:
    bank.dispute(charge_of(paid(bank)), is_inquiry=True)
    bank.publish_events()

    assert [event.type for event in events(bank)] == [
        "charge.dispute.created",
        "payment_intent.succeeded",
        "charge.succeeded",
    ]


def test_an_event_on_record_is_what_its_webhook_would_have_brought(bank: Bank) -> None:
    payment = paid(bank)
    bank.publish_events()

    event = events(bank)[-1]

    assert (event.type, event.account, event.livemode, event.created_at) == (
        "charge.succeeded",
        bank.account,
        False,
        NOW,
    )
    assert event.body["id"] == event.id
    assert event.body["data"]["object"]["id"] == payment.stripe_charge_id


def test_events_outside_of_the_window_are_left_out(bank: Bank) -> None:
    paid(bank)
    bank.publish_events()
    second = timedelta(seconds=1)

    after = bank.records.events(bank.account, NOW + second, LATER, None)
    before = bank.records.events(bank.account, LONG_BEFORE, NOW - second, None)

    assert (after.events, before.events) == ((), ())


def test_many_events_come_page_by_page(bank: Bank) -> None:
    order = order_for(bank, Mood())
    for number in range(51):
        bank.gateway.execute(bank.account, bank.gateway.freeze(replace(order, attempt_id=f"att_{number}")))
    bank.publish_events()

    listed = events(bank)

    assert len({event.id for event in listed}) == len(listed) == 102


def test_nobody_there_is_unavailable(bank: Bank) -> None:
    paid(bank)

    with bank.unreachable(), pytest.raises(GatewayUnavailable):
        bank.records.records(bank.account, RecordKind.DISPUTE, NOW, LATER, None)
    with bank.unreachable(), pytest.raises(GatewayUnavailable):
        bank.records.events(bank.account, NOW, LATER, None)
