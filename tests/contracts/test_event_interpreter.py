"""What every event interpreter does."""

from datetime import timedelta

import pytest

from adapters.stripe_api.events.interpreter import StripeEventInterpreter
from domain.model.payment_facts import FactKind
from ports.event_interpreter import EventInterpreter, UnreadableEvent
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


def test_reading_an_event_again_gives_the_same_but_for_when_it_was_heard(interpreter: EventInterpreter) -> None:
    event = event_about("payment_intent.succeeded", paid_intent())

    first, second, later = (interpreter.interpret(event, NOW + timedelta(hours=hours)) for hours in (0, 0, 1))

    assert first == second
    assert [fact.heard_at for fact in later.facts] == [NOW + timedelta(hours=1)]
