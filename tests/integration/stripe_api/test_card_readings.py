"""Cards and invoices in shapes that the sandbox does not show."""

from typing import Any

import pytest

from domain.model.cards import Card
from ports.payment_gateway import GatewayUnavailable
from tests.integration.stripe_api.adapters_under_test import a_list, an_error, cards_at
from tests.integration.stripe_api.scripted_server import ScriptedServer, says

VISA = {"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2030, "fingerprint": "fp_1"}


def a_customer(default: Any = None, **fields: Any) -> dict[str, Any]:
    return {"id": "cus_1", "object": "customer", "invoice_settings": {"default_payment_method": default}, **fields}


def a_method(method_id: str = "pm_1", **fields: Any) -> dict[str, Any]:
    return {"id": method_id, "object": "payment_method", "type": "card", "card": VISA, **fields}


def a_payment(intent_id: str, **fields: Any) -> dict[str, Any]:
    named = {"type": "payment_intent", "payment_intent": intent_id}
    return {"id": "inpay_1", "object": "invoice_payment", "status": "open", "payment": named, **fields}


def test_the_default_is_read_with_one_request(server: ScriptedServer) -> None:
    server.answers(says(200, a_customer(a_method())))

    card = cards_at(server.address).default_card("acct_1", "cus_1")

    assert card == Card("pm_1", "visa", "4242", 12, 2030, "fp_1", is_default=True)
    assert server.requests[0].params == {"expand[]": "invoice_settings.default_payment_method"}
    assert server.requests[0].headers["stripe-account"] == "acct_1"


def test_a_default_that_is_no_card_is_charged_all_the_same(server: ScriptedServer) -> None:
    debit = {"id": "pm_2", "object": "payment_method", "type": "sepa_debit", "sepa_debit": {"last4": "3000"}}
    server.answers(says(200, a_customer(debit)))

    assert cards_at(server.address).default_card(None, "cus_1") == Card("pm_2", is_default=True)


def test_a_deleted_customer_has_no_card(server: ScriptedServer) -> None:
    server.answers(says(200, {"id": "cus_1", "object": "customer", "deleted": True}))

    assert cards_at(server.address).default_card(None, "cus_1") is None


def test_a_customer_who_is_deleted_between_two_reads_has_no_card(server: ScriptedServer) -> None:
    server.answers(says(200, a_customer()), says(404, an_error("resource_missing")))

    assert cards_at(server.address).default_card(None, "cus_1") is None


@pytest.mark.parametrize(
    ("status", "body"), [(500, an_error()), (401, an_error()), (429, an_error()), (200, b"<html>"), (409, b"")]
)
def test_a_read_without_an_answer_is_unavailable_and_says_why(server: ScriptedServer, status: int, body: Any) -> None:
    server.answers(says(status, body))

    with pytest.raises(GatewayUnavailable, match="answer"):
        cards_at(server.address).default_card(None, "cus_1")


def test_a_key_that_stripe_does_not_know_is_named_without_being_shown(server: ScriptedServer) -> None:
    server.answers(says(401, an_error(message="Invalid API Key provided: sk_test_****ests")))

    with pytest.raises(GatewayUnavailable) as caught:
        cards_at(server.address).cards(None, "cus_1")

    assert "sk_test_of_these_tests" not in str(caught.value)


def test_the_intent_of_an_invoice_is_that_of_its_default_payment(server: ScriptedServer) -> None:
    listed = a_list(
        a_payment("pi_canceled", status="canceled", is_default=True),
        a_payment("pi_other", is_default=False),
        a_payment("pi_default", is_default=True),
    )
    server.answers(says(200, listed))

    assert cards_at(server.address).intent_of_invoice(None, "in_1") == "pi_default"
    assert server.requests[0].params == {"invoice": "in_1", "limit": "100"}


def test_an_invoice_paid_by_a_bare_charge_has_no_intent(server: ScriptedServer) -> None:
    charged = a_payment("", payment={"type": "charge", "charge": "ch_1"})
    server.answers(says(200, a_list(charged)))

    assert cards_at(server.address).intent_of_invoice(None, "in_1") is None


def test_before_2025_the_invoice_itself_names_its_intent(server: ScriptedServer) -> None:
    old = {"id": "in_1", "object": "invoice", "payment_intent": "pi_1"}
    server.answers(says(404, an_error()), says(200, old))

    assert cards_at(server.address).intent_of_invoice(None, "in_1") == "pi_1"
    assert server.requests[1].path == "/v1/invoices/in_1"


def test_an_invoice_that_stripe_does_not_know_has_no_intent(server: ScriptedServer) -> None:
    server.answers(says(404, an_error()), says(404, an_error("resource_missing")))

    assert cards_at(server.address).intent_of_invoice(None, "in_1") is None


def test_an_id_cannot_lead_to_another_endpoint(server: ScriptedServer) -> None:
    server.answers(says(404, an_error()))

    cards_at(server.address).default_card(None, "cus_1/payment_methods?x=../../y")

    assert server.requests[0].path == "/v1/customers/cus_1%2Fpayment_methods%3Fx%3D..%2F..%2Fy"
