"""What a look-up makes of what Stripe shows, where the sandbox cannot be brought to show it."""

from typing import Any

import pytest

from domain.model.answers import Absent, Found, LookUpAnswer, NotReached
from domain.model.payment_facts import FactKind
from ports.payment_gateway import LookUpOrder
from tests.integration.stripe_api.adapters_under_test import (
    NOW,
    a_charge,
    a_list,
    a_refused_intent,
    an_error,
    an_intent,
    gateway_at,
)
from tests.integration.stripe_api.scripted_server import ScriptedServer, says

OURS = {"attempt_id": "att_1"}
OTHERS = {"attempt_id": "att_0"}


def look_up(server: ScriptedServer, *, intent_id: str | None = "pi_1", customer: str = "cus_1") -> LookUpAnswer:
    return gateway_at(server.address).look_up(None, LookUpOrder("att_1", customer, NOW, intent_id))


def kinds(answer: LookUpAnswer) -> list[tuple[FactKind, str | None]]:
    assert isinstance(answer, (Found, Absent))
    return [(fact.kind, fact.attempt_id) for fact in answer.facts]


def test_a_decline_without_a_charge_is_found_by_the_intents_own_error(server: ScriptedServer) -> None:
    server.answers(says(200, a_refused_intent(metadata=OURS)), says(200, a_list()))

    answer = look_up(server)

    assert isinstance(answer, Found)
    assert [(fact.kind, fact.attempt_id, fact.codes.code) for fact in answer.facts] == [
        (FactKind.FAILED, "att_1", "authentication_required")
    ]


def test_an_error_that_names_an_earlier_attempts_charge_is_not_ours(server: ScriptedServer) -> None:
    error = {"type": "card_error", "code": "card_declined", "charge": "ch_0"}
    intent = a_refused_intent(metadata=OURS, latest_charge="ch_0", last_payment_error=error)
    earlier = a_charge(id="ch_0", status="failed", paid=False, metadata=OTHERS)
    server.answers(says(200, intent), says(200, a_list(earlier)))

    answer = look_up(server)

    assert isinstance(answer, Absent)
    assert kinds(answer) == [(FactKind.FAILED, "att_0")]


def test_an_intent_that_was_updated_and_never_confirmed_shows_no_trace(server: ScriptedServer) -> None:
    intent = a_refused_intent(metadata=OURS, status="requires_confirmation", payment_method="pm_1")
    server.answers(says(200, intent), says(200, a_list()))

    assert look_up(server) == Absent()


def test_an_error_that_belongs_to_nobody_is_left_out(server: ScriptedServer) -> None:
    server.answers(says(200, a_refused_intent()), says(200, a_list()))

    assert look_up(server) == Absent()


def test_a_success_of_somebody_elses_on_the_intent_is_told_but_is_not_ours(server: ScriptedServer) -> None:
    server.answers(says(200, an_intent(metadata=OTHERS)), says(200, a_list(a_charge(metadata=OTHERS))))

    answer = look_up(server)

    assert isinstance(answer, Absent)
    assert set(kinds(answer)) == {(FactKind.SUCCEEDED, "att_0")}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("succeeded", FactKind.SUCCEEDED),
        ("processing", FactKind.PENDING),
        ("requires_action", FactKind.PENDING),
        ("requires_capture", FactKind.PENDING),
    ],
)
def test_the_intents_own_state_is_found_before_its_charge_is_listed(
    server: ScriptedServer, status: str, kind: FactKind
) -> None:
    server.answers(says(200, an_intent(status=status, metadata=OURS)), says(200, a_list()))

    answer = look_up(server)

    assert isinstance(answer, Found)
    assert kinds(answer) == [(kind, "att_1")]


def test_a_canceled_intent_is_found_whoever_it_last_served(server: ScriptedServer) -> None:
    server.answers(says(200, an_intent(status="canceled", metadata=OTHERS)), says(200, a_list()))

    answer = look_up(server)

    assert isinstance(answer, Found)
    assert [kind for kind, _ in kinds(answer)] == [FactKind.CANCELED]


def test_an_intent_that_stripe_does_not_know_is_absent(server: ScriptedServer) -> None:
    server.answers(says(404, an_error("resource_missing")))

    assert look_up(server) == Absent()


def test_the_customers_intents_are_read_page_by_page_from_six_hours_before(server: ScriptedServer) -> None:
    server.answers(
        says(200, a_list(an_intent(id="pi_9"), has_more=True)),
        says(200, a_list(an_intent(id="pi_8", metadata=OURS))),
        says(200, a_list(a_charge(metadata=OURS))),
    )

    answer = look_up(server, intent_id=None)

    assert isinstance(answer, Found)
    first, second, charges = (request.params for request in server.requests)
    since = str(int(NOW.timestamp()) - 6 * 60 * 60)
    assert first == {"customer": "cus_1", "created[gte]": since, "limit": "100"}
    assert second == {**first, "starting_after": "pi_9"}
    assert charges == {"payment_intent": "pi_8", "limit": "100"}


def test_the_whole_accounts_intents_are_read_when_the_client_has_lost_its_customer(server: ScriptedServer) -> None:
    server.answers(says(200, a_list()))

    assert look_up(server, intent_id=None, customer="") == Absent()
    assert "customer" not in server.requests[0].params


def test_a_list_too_long_to_be_read_whole_proves_nothing(server: ScriptedServer) -> None:
    server.answers(*[says(200, a_list(an_intent(id=f"pi_{page}"), has_more=True)) for page in range(10)])

    answer = look_up(server, intent_id=None)

    assert isinstance(answer, NotReached)
    assert len(server.requests) == 5


def test_odd_entries_of_a_list_of_charges_are_no_exception(server: ScriptedServer) -> None:
    server.answers(says(200, an_intent(metadata=OURS)), says(200, {"object": "list", "data": [7, None, []]}))

    assert isinstance(look_up(server), Found)


@pytest.mark.parametrize("body", [{"data": "none"}, {}])
def test_an_answer_that_is_no_list_shows_nothing_as_absent(server: ScriptedServer, body: dict[str, Any]) -> None:
    server.answers(says(200, an_intent(metadata=OTHERS)), says(200, body))

    assert isinstance(look_up(server), NotReached)


@pytest.mark.parametrize(
    ("status", "body"),
    [(401, an_error()), (403, an_error()), (429, an_error()), (500, an_error()), (200, b"<html>"), (200, {"id": 7})],
)
def test_a_look_up_that_cannot_be_read_is_never_absent(server: ScriptedServer, status: int, body: Any) -> None:
    server.answers(says(status, body))

    assert isinstance(look_up(server), NotReached)


def test_charges_that_cannot_be_read_are_never_absent(server: ScriptedServer) -> None:
    server.answers(says(200, a_refused_intent()), says(500, an_error()))

    assert isinstance(look_up(server), NotReached)
