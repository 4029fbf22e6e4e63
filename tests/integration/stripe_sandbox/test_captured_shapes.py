"""The sandbox's objects and errors have the members of those that Stripe really sent (captured in 2025 and 2026)."""

import json
from pathlib import Path
from typing import Any

import pytest
import stripe

from adapters.stripe_sandbox import RunningSandbox
from tests.integration.stripe_sandbox.helpers import a_card, a_charge, a_customer, a_payment, real_charges, refusal

Json = dict[str, Any]
FIXTURES = Path(__file__).parents[2] / "fixtures" / "stripe"
SUCCEEDED = "charge.succeeded/zulip--add_minimum_licenses--Event.list.2--1.json"
FAILED = "charge.failed/zulip--charge_failed_with_pi.json"
INTENT = "payment_intent.created/zulip--add_minimum_licenses--Event.list.2--4.json"
CUSTOMER = "customer.updated/zulip--add_minimum_licenses--Event.list.1--0.json"
DISPUTE = "charge.dispute.created/zulip--charge_dispute_created_with_pi.json"
ERROR = "zulip--card_attached_to_customer_but_payment_fails--Invoice.pay.1.json"

# Always null, and in no description of Stripe's API: relics.
RELICS = {"destination", "dispute", "order", "source"}
# The first of balance_transactions once more; in no description either.
RELIC_OF_DISPUTES = {"balance_transaction"}
# Made up by the card network for each charge; nothing reads them.
NETWORK_NUMBERS = {"authorization_code", "ds_transaction_id", "network_transaction_id"}
# Younger than the captures (fixtures of 2026-07-29).
YOUNGER = {"customer_account", "intended_submission_method", "network", "submission_method"}


@pytest.mark.parametrize(("card", "capture"), [("pm_card_visa", SUCCEEDED), ("pm_card_chargeCustomerFail", FAILED)])
def test_a_charge_has_the_members_of_a_captured_one(
    client: stripe.StripeClient, running: RunningSandbox, card: str, capture: str
) -> None:
    _pay(client, card)
    charge, captured = real_charges(running)[0], _captured(capture)

    charge.pop("account")
    assert captured.keys() - charge.keys() == RELICS
    assert charge.keys() - captured.keys() == set()
    for part in ("outcome", "billing_details"):
        assert charge[part].keys() == captured[part].keys()
    card_part, captured_card = (item["payment_method_details"]["card"] for item in (charge, captured))
    assert captured_card.keys() - card_part.keys() <= NETWORK_NUMBERS
    assert card_part.keys() - captured_card.keys() == set()


def test_the_outcome_of_a_generic_decline_is_the_captured_one(
    client: stripe.StripeClient, running: RunningSandbox
) -> None:
    _pay(client, "pm_card_chargeCustomerFail")
    outcome, captured = real_charges(running)[0]["outcome"], _captured(FAILED)["outcome"]

    outcome.pop("risk_score")
    captured.pop("risk_score")
    assert outcome == captured


def test_a_payment_intent_has_the_members_of_a_captured_one(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create({"amount": 1000, "currency": "usd"}).to_dict()
    captured = _captured(INTENT)

    assert captured.keys() - intent.keys() == set()
    assert intent.keys() - captured.keys() <= YOUNGER


def test_a_customer_has_the_members_of_a_captured_one(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.retrieve(a_customer(client)).to_dict()
    captured = _captured(CUSTOMER)

    assert captured.keys() - customer.keys() == set()
    assert customer.keys() - captured.keys() <= YOUNGER


def test_a_dispute_has_the_members_of_a_captured_one(client: stripe.StripeClient) -> None:
    a_charge(client, "pm_card_createDisputeProductNotReceived", amount=2200)
    dispute, captured = client.v1.disputes.list().data[0].to_dict(), _captured(DISPUTE)

    for ours, theirs in (
        (dispute, captured),
        (dispute["evidence"], captured["evidence"]),
        (dispute["evidence_details"], captured["evidence_details"]),
        (dispute["payment_method_details"]["card"], captured["payment_method_details"]["card"]),
    ):
        assert theirs.keys() - ours.keys() <= RELIC_OF_DISPUTES
        assert ours.keys() - theirs.keys() <= YOUNGER
    for name in ("amount", "currency", "reason", "status", "is_charge_refundable", "enhanced_eligibility_types"):
        assert dispute[name] == captured[name]


def test_the_withdrawal_of_a_dispute_is_the_captured_one(client: stripe.StripeClient) -> None:
    charge = a_charge(client, "pm_card_createDispute", amount=2200)
    [withdrawal] = client.v1.disputes.list().data[0].to_dict()["balance_transactions"]
    [captured] = _captured(DISPUTE)["balance_transactions"]

    assert withdrawal["description"] == f"Chargeback withdrawal for {charge}"
    made_up = {"id", "available_on", "created", "description", "source"}
    assert {name: value for name, value in withdrawal.items() if name not in made_up} == {
        name: value for name, value in captured.items() if name not in made_up
    }


def test_a_decline_has_the_members_of_a_captured_one(client: stripe.StripeClient) -> None:
    customer = a_customer(client)
    card = a_card(client, customer, "pm_card_chargeCustomerFail")
    error = refusal(lambda: client.v1.payment_intents.create(a_payment(customer, card)))
    captured = json.loads((FIXTURES / "errors" / ERROR).read_text(encoding="utf-8"))["json_body"]["error"]

    error.pop("status")
    assert captured.keys() - error.keys() == {"param", "setup_intent", "source"} & captured.keys()
    assert error.keys() - captured.keys() == set()
    assert error["payment_method"].keys() - captured["payment_method"].keys() <= YOUNGER
    assert error["payment_method"]["card"].keys() == captured["payment_method"]["card"].keys()
    last, captured_last = (item["payment_intent"]["last_payment_error"] for item in (error, captured))
    assert last.keys() == captured_last.keys()
    for name in ("code", "decline_code", "advice_code", "network_decline_code", "doc_url", "message", "type"):
        assert error[name] == captured[name]


def _pay(client: stripe.StripeClient, card: str) -> None:
    customer = a_customer(client)
    payment = a_payment(customer, a_card(client, customer, card))
    if card == "pm_card_visa":
        client.v1.payment_intents.create(payment)
    else:
        refusal(lambda: client.v1.payment_intents.create(payment))


def _captured(name: str) -> Json:
    event: Json = json.loads((FIXTURES / "events" / name).read_text(encoding="utf-8"))
    subject: Json = event["data"]["object"]
    return subject
