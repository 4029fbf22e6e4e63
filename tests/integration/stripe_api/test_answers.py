"""Answers that the sandbox never gives, and answers that are none."""

from typing import Any

import pytest

from domain.model.answers import Declined, NotReached, Pending, Refused, Succeeded, Unknown, UnknownCause
from tests.integration.stripe_api.adapters_under_test import (
    REUSE,
    a_charge,
    a_refused_intent,
    an_error,
    an_intent,
    execute,
    gateway_at,
)
from tests.integration.stripe_api.scripted_server import ScriptedServer, says

DETACHED = (
    "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a "
    "connected account without Customer attachment, or was detached from a Customer. It may not be used again."
)
UNREADABLE: list[Any] = [
    b"",
    b"<html>Bad Gateway</html>",
    b"\xff\xfe",
    b"[]",
    b"null",
    b"7",
    b'{"id": ',
    b'{"a": ' * 3000,
    {},
    {"error": None},
    {"error": []},
    {"error": "invalid_client"},
    {"error": {"payment_intent": 5, "charge": [], "message": {}, "code": 7, "type": []}},
    {"id": 5, "object": ["payment_intent"], "status": {}},
    {"id": "pi_1", "status": "succeeded", "amount_received": "all of it"},
    {"id": "pi_1", "object": "payment_intent", "status": "no such status"},
]


@pytest.mark.parametrize("status", [200, 201, 301, 400, 402, 404, 409, 429, 500, 503])
@pytest.mark.parametrize("body", UNREADABLE, ids=range(len(UNREADABLE)))
def test_no_answer_whatever_its_shape_is_an_exception_or_a_success(
    server: ScriptedServer, status: int, body: Any
) -> None:
    server.answers(says(status, body))

    answer = execute(server.address)

    assert isinstance(answer, (Unknown, Refused, NotReached, Declined))
    assert isinstance(answer, Unknown) or status in (400, 402, 404, 429)


@pytest.mark.parametrize("status", [200, 400, 402, 403, 404])
def test_a_page_of_a_proxy_leaves_the_outcome_unknown(server: ScriptedServer, status: int) -> None:
    server.answers(says(status, b"<html>Welcome to the office network</html>"))

    answer = execute(server.address)

    assert isinstance(answer, Unknown)
    assert answer.cause is UnknownCause.LOST


@pytest.mark.parametrize("status", [401, 403, 404, 400])
def test_an_error_of_ours_is_a_refusal_with_stripes_words_and_request_id(server: ScriptedServer, status: int) -> None:
    server.answers(says(status, an_error("some_code"), Request_Id="req_7"))

    answer = execute(server.address)

    assert isinstance(answer, Refused)
    assert answer.code == "some_code"
    assert answer.reason == f"Stripe answered {status}, request req_7: Something is wrong."


def test_a_key_used_with_other_parameters_is_a_refusal(server: ScriptedServer) -> None:
    server.answers(says(400, an_error(type="idempotency_error")))

    assert isinstance(execute(server.address), Refused)


@pytest.mark.parametrize("told", [{"message": DETACHED}, {"code": "resource_missing", "param": "payment_method"}])
def test_a_payment_method_that_is_gone_is_said_so(server: ScriptedServer, told: dict[str, Any]) -> None:
    server.answers(says(400, {"error": {"type": "invalid_request_error", **told}}))

    answer = execute(server.address)

    assert isinstance(answer, Refused)
    assert answer.is_method_gone


@pytest.mark.parametrize(("status", "code"), [(429, "rate_limit"), (429, "lock_timeout"), (400, "rate_limit")])
def test_a_rate_limit_is_not_reached(server: ScriptedServer, status: int, code: str) -> None:
    server.answers(says(status, an_error(code)))

    assert isinstance(execute(server.address), NotReached)


@pytest.mark.parametrize("status", ["processing", "requires_action", "requires_capture"])
def test_an_intent_that_is_not_through_is_pending(server: ScriptedServer, status: str) -> None:
    server.answers(says(200, an_intent(status=status, amount_received=0)))

    answer = execute(server.address)

    assert isinstance(answer, Pending)
    assert (answer.fact.pending_status, answer.fact.attempt_id) == (status, "att_1")


@pytest.mark.parametrize("status", ["requires_payment_method", "requires_confirmation", "canceled", "new_in_2027"])
def test_an_intent_in_no_state_that_a_confirm_leads_to_is_a_conflict(server: ScriptedServer, status: str) -> None:
    server.answers(says(200, an_intent(status=status)))

    answer = execute(server.address)

    assert isinstance(answer, Unknown)
    assert answer.cause is UnknownCause.UNEXPECTED_STATE


@pytest.mark.parametrize("status", ["succeeded", "processing"])
def test_a_decline_whose_intent_says_otherwise_is_no_decline(server: ScriptedServer, status: str) -> None:
    server.answers(says(402, an_error("card_declined", payment_intent=an_intent(status=status))))

    answer = execute(server.address)

    assert isinstance(answer, Unknown)
    assert answer.cause is UnknownCause.UNEXPECTED_STATE


def test_a_decline_with_an_expanded_charge_tells_when_the_charge_was_made(server: ScriptedServer) -> None:
    intent = a_refused_intent(latest_charge=a_charge(status="failed", paid=False))
    server.answers(says(402, an_error("card_declined", charge="ch_1", payment_intent=intent)))

    answer = execute(server.address)

    assert isinstance(answer, Declined)
    assert answer.fact.charge_created_at
    assert answer.fact.charge_created_at.timestamp() == 1795000000


def test_the_answer_belongs_to_our_attempt_whatever_the_intents_metadata_say(server: ScriptedServer) -> None:
    server.answers(says(200, an_intent(metadata={"attempt_id": "att_other"})))

    answer = execute(server.address)

    assert isinstance(answer, Succeeded)
    assert answer.fact.attempt_id == "att_1"


@pytest.mark.parametrize("status", [409, 500, 503])
def test_an_update_that_fails_for_now_is_a_delay(server: ScriptedServer, status: int) -> None:
    server.answers(says(status, an_error()))

    assert isinstance(execute(server.address, REUSE), NotReached)
    assert len(server.requests) == 1


def test_an_update_of_an_intent_in_another_state_is_a_conflict(server: ScriptedServer) -> None:
    server.answers(says(400, an_error("payment_intent_unexpected_state", payment_intent=an_intent())))

    answer = execute(server.address, REUSE)

    assert isinstance(answer, Unknown)
    assert answer.cause is UnknownCause.UNEXPECTED_STATE


def test_an_update_and_a_confirm_send_what_each_is_for(server: ScriptedServer) -> None:
    server.answers(says(200, an_intent(status="requires_confirmation")), says(200, an_intent()))

    execute(server.address, REUSE)

    update, confirm = server.requests
    assert (update.path, update.headers["idempotency-key"]) == ("/v1/payment_intents/pi_1", "att_2:update:1")
    assert update.params == {
        "amount": "5000",
        "currency": "usd",
        "payment_method": "pm_1",
        "metadata[invoice_id]": "inv_1",
        "metadata[attempt_id]": "att_2",
    }
    assert (confirm.path, confirm.headers["idempotency-key"]) == ("/v1/payment_intents/pi_1/confirm", "att_2:confirm")
    assert confirm.params == {"payment_method": "pm_1", "off_session": "true", "expand[]": "latest_charge"}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, an_intent(status="canceled"), type(None)),
        (400, an_error("payment_intent_unexpected_state", payment_intent=an_intent(status="canceled")), type(None)),
        (400, an_error("payment_intent_unexpected_state", payment_intent=an_intent()), Succeeded),
        (400, an_error("payment_intent_unexpected_state", payment_intent=an_intent(status="processing")), Pending),
        (400, an_error("payment_intent_unexpected_state"), Refused),
        (404, an_error("resource_missing"), Refused),
        (200, an_intent(status="requires_payment_method"), Unknown),
        (200, {"id": 5}, Unknown),
        (200, b"<html>", Unknown),
        (409, an_error(), Unknown),
        (500, an_error(), Unknown),
        (429, an_error(), NotReached),
    ],
)
def test_what_came_of_a_cancel(server: ScriptedServer, status: int, body: Any, kind: type) -> None:
    server.answers(says(status, body))

    assert isinstance(gateway_at(server.address).cancel_intent(None, "pi_1"), kind)


def test_an_intent_that_stays_in_another_currency_is_not_confirmed(server: ScriptedServer) -> None:
    server.answers(says(200, an_intent(status="requires_confirmation", currency="eur")))

    answer = execute(server.address, REUSE)

    assert isinstance(answer, Refused)
    assert "in eur, the invoice in usd" in answer.reason
    assert len(server.requests) == 1


def test_an_intent_of_another_customer_is_our_fault_and_no_missing_card(server: ScriptedServer) -> None:
    words = "The provided PaymentMethod does not belong to the Customer of this PaymentIntent."
    server.answers(says(400, an_error(None, message=words)))

    answer = execute(server.address, REUSE)

    assert isinstance(answer, Refused)
    assert not answer.is_method_gone
