"""Error bodies that Stripe really sent, answered to a charge by a real server and read through the real package."""

import json
from pathlib import Path
from typing import Any

import pytest

from domain.model.answers import ChargeAnswer, Declined, Refused, Unknown, UnknownCause
from tests.integration.stripe_api.adapters_under_test import execute
from tests.integration.stripe_api.scripted_server import ScriptedServer, says

ERRORS = Path(__file__).parents[2] / "fixtures" / "stripe" / "errors"
CHARGE_OF_2023 = "ch_3N6AIYHj08j2jFuB1UoZ5O8H"

# File: code, decline code, charge. All of them 402.
DECLINES = {
    "active_merchant--stripe_payment_intents_test--failed_capture_response": (
        "card_declined",
        "generic_decline",
        "ch_1F2MB6AWOtgoysogAIvNV32Z",
    ),
    "active_merchant--stripe_payment_intents_test--failed_verify_response": ("incorrect_cvc", None, None),
    "active_merchant--stripe_payment_intents_test--failed_with_set_error_on_requires_action_response": (
        None,
        None,
        None,
    ),
    "active_merchant--stripe_test--declined_authorization_response": ("card_declined", None, "ch_4IKxffGOKVRJ4l"),
    "active_merchant--stripe_test--declined_authorization_response_with_emv_auth_data": (
        "card_declined",
        "generic_decline",
        "ch_declined_auth",
    ),
    "active_merchant--stripe_test--declined_call_issuer_purchase_response": (
        "card_declined",
        "call_issuer",
        "ch_test_charge",
    ),
    "active_merchant--stripe_test--declined_generic_decline_purchase_response": (
        "card_declined",
        "generic_decline",
        "ch_test_charge",
    ),
    "active_merchant--stripe_test--declined_pickup_card_purchase_response": (
        "card_declined",
        "pickup_card",
        "ch_test_charge",
    ),
    "active_merchant--stripe_test--declined_purchase_response": ("card_declined", None, "ch_test_charge"),
    "active_merchant--stripe_test--failed_purchase_response": ("incorrect_number", None, None),
    "liberapay--TestScheduledPayins--14": ("card_declined", "generic_decline", "ch_3QlCyXFk4eGpfLOC1dIi8M0P"),
    "pay--test_handles_stripe_card_declined--3": ("card_declined", "generic_decline", None),
    "pay--test_stripe_handles_card_declined--1": ("card_declined", "generic_decline", None),
    "pay-connector--authorisation_failed_response": ("expired_card", None, "ch_1DYXEIHj08j2jFuBsOaFNQ7W"),
    "pay-connector--create_payment_intent_authorisation_rejected_no_retry_response": (
        "lost_card",
        "lost_card",
        CHARGE_OF_2023,
    ),
    "pay-connector--create_payment_intent_authorisation_rejected_response": (
        "card_declined",
        "generic_decline",
        CHARGE_OF_2023,
    ),
    "pay-connector--create_payment_method_failed_and_non_retriable_for_recurring_payment": (
        "card_declined",
        "revocation_of_all_authorizations",
        CHARGE_OF_2023,
    ),
    "pay-connector--create_payment_method_failed_and_retriable_for_recurring_payment": (
        "card_declined",
        "invalid_amount",
        CHARGE_OF_2023,
    ),
    "zulip--card_attached_to_customer_but_payment_fails--Invoice.pay.1": (
        "card_declined",
        "generic_decline",
        "ch_NORMALIZED",
    ),
    "zulip--replace_payment_method--Invoice.pay.2": ("card_declined", "generic_decline", "ch_NORMALIZED"),
    "zulip--replace_payment_method--SetupIntent.create.2": ("card_declined", "generic_decline", None),
}
SERVER_ERRORS = {
    "active_merchant--stripe_payment_intents_test--failed_service_response",
    "pay-connector--create_payment_intent_error_response",
}
CONFLICTS = {"active_merchant--stripe_payment_intents_test--failed_cancel_response"}
METHOD_IS_GONE = {
    "pay--test_handles_exception_when_creating_a_customer--3",
    "pay--test_handles_exception_when_updating_a_card--4",
    "pay--test_stripe_handles_exception_when_creating_a_customer--1",
    "pay--test_stripe_handles_exception_when_updating_a_card--1",
}
ALL = {path.stem for path in ERRORS.glob("*.json")}
REFUSALS = ALL - set(DECLINES) - SERVER_ERRORS - CONFLICTS


def answer_to(server: ScriptedServer, status: int, name: str) -> ChargeAnswer:
    captured: Any = json.loads((ERRORS / f"{name}.json").read_text(encoding="utf-8"))
    server.answers(says(status, captured))
    return execute(server.address)


def test_every_named_error_is_there() -> None:
    assert set(DECLINES) | SERVER_ERRORS | CONFLICTS | METHOD_IS_GONE <= ALL


@pytest.mark.parametrize("name", sorted(DECLINES))
def test_a_card_error_is_a_decline_with_its_codes(server: ScriptedServer, name: str) -> None:
    answer = answer_to(server, 402, name)

    assert isinstance(answer, Declined)
    told = (answer.fact.codes.code, answer.fact.codes.decline_code, answer.fact.stripe_charge_id)
    assert told == DECLINES[name]
    assert answer.fact.attempt_id == "att_1"
    assert answer.fact.stripe_payment_method_id
    assert answer.fact.message


@pytest.mark.parametrize("name", sorted(REFUSALS))
def test_another_error_is_a_refusal_that_says_whether_the_card_is_gone(server: ScriptedServer, name: str) -> None:
    answer = answer_to(server, 400, name)

    assert isinstance(answer, Refused)
    assert answer.is_method_gone == (name in METHOD_IS_GONE)
    assert "Stripe answered 400" in answer.reason


@pytest.mark.parametrize("name", sorted(SERVER_ERRORS))
def test_an_api_error_leaves_the_outcome_unknown(server: ScriptedServer, name: str) -> None:
    answer = answer_to(server, 500, name)

    assert isinstance(answer, Unknown)
    assert answer.cause is UnknownCause.SERVER_ERROR


@pytest.mark.parametrize("name", sorted(CONFLICTS))
def test_an_intent_in_another_state_is_a_conflict(server: ScriptedServer, name: str) -> None:
    answer = answer_to(server, 400, name)

    assert isinstance(answer, Unknown)
    assert answer.cause is UnknownCause.UNEXPECTED_STATE
