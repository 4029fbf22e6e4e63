"""checkout.session.* events: our own pages, told from those of a host application."""

import pytest

from adapters.stripe_api.events.interpreter import StripeEventInterpreter
from domain.model.inbox import Interpretation
from domain.model.payment_facts import FactKind
from ports.event_interpreter import UnreadableEvent
from tests.unit.adapters.stripe_api.event_builders import NOW, captured_bodies, event_about, event_of

PAYMENT = {"id": "cs_1", "metadata": {"invoice_id": "inv_1", "attempt_id": "att_1"}, "payment_intent": "pi_1"}
CARD = {"id": "cs_1", "metadata": {"invoice_id": "inv_1", "purpose": "customer_card"}, "setup_intent": "seti_1"}


def told(kind: str, **session: object) -> Interpretation:
    about = event_about(f"checkout.session.{kind}", {"object": "checkout.session", **session})
    return StripeEventInterpreter().interpret(about, NOW)


def test_a_completed_page_for_a_card_has_one() -> None:
    found = told("completed", **CARD)

    assert (found.named_invoice_id, found.card_sessions, found.facts) == ("inv_1", ("cs_1",), ())


def test_a_completed_payment_page_leaves_the_word_to_its_intent() -> None:
    found = told("completed", **PAYMENT)

    assert (found.named_invoice_id, found.stripe_ids, found.facts, found.card_sessions) == ("inv_1", ("pi_1",), (), ())


@pytest.mark.parametrize("kind", ["expired", "async_payment_failed"])
@pytest.mark.parametrize("intent_id", ["pi_1", None])
def test_a_page_that_came_to_nothing_ends_its_attempt(kind: str, intent_id: str | None) -> None:
    (fact,) = told(kind, **{**PAYMENT, "payment_intent": intent_id}).facts

    assert (fact.kind, fact.attempt_id, fact.stripe_payment_intent_id) == (FactKind.CANCELED, "att_1", intent_id)
    assert fact.key


def test_a_page_for_a_card_that_expired_tells_nothing() -> None:
    assert not told("expired", **CARD).is_handled


@pytest.mark.parametrize("body", [body for path, body in captured_bodies().items() if path.startswith("checkout")])
def test_a_host_applications_own_page_is_none_of_ours(body: dict[str, object]) -> None:
    assert not StripeEventInterpreter().interpret(event_of(body), NOW).is_handled


def test_a_page_for_a_card_without_an_id_cannot_be_read() -> None:
    with pytest.raises(UnreadableEvent):
        told("completed", **{**CARD, "id": None})
