"""What every event interpreter does."""

from datetime import timedelta

import pytest

from adapters.stripe_api.events.interpreter import StripeEventInterpreter
from domain.model.disputes import Deadline
from domain.model.payment_facts import FactKind
from domain.model.refunds import RefundStatus, RefundTotal
from ports.event_interpreter import EventInterpreter, UnreadableEvent
from tests import stripe_events as stripe
from tests.unit.adapters.stripe_api.event_builders import NOW, event_about


@pytest.fixture
def interpreter() -> EventInterpreter:
    return StripeEventInterpreter()


def paid_intent(**fields: object) -> dict[str, object]:
    return {"id": "pi_1", "status": "succeeded", "amount_received": 5000, "currency": "usd", **fields}


def test_an_event_tells_facts_and_the_objects_it_speaks_of(interpreter: EventInterpreter) -> None:
    event = event_about("payment_intent.succeeded", paid_intent(latest_charge="ch_1", invoice="in_1"))

    told = interpreter.interpret(event, NOW)

    assert [(fact.kind, fact.amount_minor, fact.currency) for fact in told.facts] == [(FactKind.SUCCEEDED, 5000, "usd")]
    assert told.stripe_ids == ("pi_1", "ch_1", "in_1")


def test_a_type_that_is_not_used_is_not_handled(interpreter: EventInterpreter) -> None:
    told = interpreter.interpret(event_about("customer.updated", {"id": "cus_1"}), NOW)

    assert (told.is_handled, told.facts, told.stripe_ids) == (False, (), ())


def test_an_event_that_tells_nothing_new_is_handled_all_the_same(interpreter: EventInterpreter) -> None:
    told = interpreter.interpret(event_about("payment_intent.succeeded", paid_intent(status="canceled")), NOW)

    assert (told.is_handled, told.facts) == (True, ())


def test_a_shape_that_its_type_does_not_promise_is_unreadable(interpreter: EventInterpreter) -> None:
    with pytest.raises(UnreadableEvent, match="amount_received"):
        interpreter.interpret(event_about("payment_intent.succeeded", paid_intent(amount_received="much")), NOW)


def test_a_dispute_event_tells_the_dispute_and_the_charge_that_it_is_about(interpreter: EventInterpreter) -> None:
    due_by = NOW + timedelta(days=8)
    body = stripe.dispute("du_1", "ch_1", "pi_1", NOW, status="under_review", due_by=due_by, submissions=1)

    told = interpreter.interpret(stripe.parsed(stripe.event("charge.dispute.updated", body, NOW)), NOW)

    (dispute,) = told.disputes
    assert (dispute.stripe_status, dispute.told_at, dispute.submissions) == ("under_review", NOW, 1)
    assert dispute.deadline == Deadline(due_by)
    assert told.stripe_ids == ("du_1", "ch_1", "pi_1")


def test_a_refund_event_tells_the_refund_and_the_charge_that_it_is_about(interpreter: EventInterpreter) -> None:
    body = stripe.refund("re_1", "ch_1", "pi_1", NOW, status="failed", metadata={"refund_id": "ref_1"})

    told = interpreter.interpret(stripe.parsed(stripe.event("refund.failed", body, NOW)), NOW)

    (refund,) = told.refunds
    assert (refund.status, refund.told_at, refund.request_id) == (RefundStatus.FAILED, NOW, "ref_1")
    assert told.stripe_ids == ("re_1", "ch_1", "pi_1")


def test_a_refunded_charge_tells_what_is_refunded_in_all_and_that_it_was_paid(interpreter: EventInterpreter) -> None:
    body = stripe.refunded_charge("ch_1", "pi_1", NOW, refunded=1200)

    told = interpreter.interpret(stripe.parsed(stripe.event("charge.refunded", body, NOW)), NOW)

    assert told.totals == (RefundTotal("ch_1", 1200, "usd", NOW, "pi_1"),)
    assert [fact.kind for fact in told.facts] == [FactKind.SUCCEEDED]


def test_a_fraud_warning_is_a_note_and_nothing_else(interpreter: EventInterpreter) -> None:
    body = stripe.fraud_warning("ch_1", "pi_1", NOW)

    told = interpreter.interpret(stripe.parsed(stripe.event("radar.early_fraud_warning.created", body, NOW)), NOW)

    assert (told.is_handled, told.stripe_ids, bool(told.note)) == (True, ("ch_1", "pi_1"), True)
    assert (told.facts, told.refunds, told.totals, told.disputes) == ((), (), (), ())


def test_a_status_that_nobody_knows_is_unreadable_and_named(interpreter: EventInterpreter) -> None:
    body = stripe.dispute("du_1", "ch_1", "pi_1", NOW, status="in_arbitration")

    with pytest.raises(UnreadableEvent, match="in_arbitration"):
        interpreter.interpret(stripe.parsed(stripe.event("charge.dispute.updated", body, NOW)), NOW)


def test_reading_an_event_again_gives_the_same_but_for_when_it_was_heard(interpreter: EventInterpreter) -> None:
    event = event_about("payment_intent.succeeded", paid_intent())

    first, second, later = (interpreter.interpret(event, NOW + timedelta(hours=hours)) for hours in (0, 0, 1))

    assert first == second
    assert [fact.heard_at for fact in later.facts] == [NOW + timedelta(hours=1)]
