"""Early fraud warnings and reviews: how they begin, and what ends them."""

import pytest
import stripe

from adapters.stripe_sandbox import RunningSandbox
from tests.integration.stripe_sandbox.helpers import (
    Json,
    a_card,
    a_charge,
    a_customer,
    a_payment,
    control,
    control_refusal,
    event_types,
    events_since,
    refusal,
)


def test_a_bank_reports_a_charge_as_fraud(client: stripe.StripeClient, running: RunningSandbox) -> None:
    charge, other = a_charge(client), a_charge(client)

    warning = control(running, "early_fraud_warnings", charge=charge, fraud_type="made_with_stolen_card")
    control(running, "early_fraud_warnings", charge=other)

    found = client.v1.radar.early_fraud_warnings.retrieve(warning["id"], {"expand": ["charge"]})
    assert isinstance(found.charge, stripe.Charge)
    assert (found.charge.id, found.actionable, found.fraud_type) == (charge, True, "made_with_stolen_card")
    assert [item.id for item in client.v1.radar.early_fraud_warnings.list({"charge": charge}).data] == [found.id]
    assert event_types(client)[-1] == "radar.early_fraud_warning.created"


def test_the_test_card_for_fraud_is_reported_by_itself(client: stripe.StripeClient) -> None:
    charge = client.v1.charges.retrieve(a_charge(client, "pm_card_createIssuerFraudRecord"))

    listed = client.v1.radar.early_fraud_warnings.list({"payment_intent": str(charge.payment_intent)}).data

    assert [(warning.charge, warning.actionable) for warning in listed] == [(charge.id, True)]
    assert not charge.disputed


def test_a_full_refund_ends_a_warning_and_a_partial_one_does_not(
    client: stripe.StripeClient, running: RunningSandbox
) -> None:
    charge = a_charge(client)
    control(running, "early_fraud_warnings", charge=charge)
    client.v1.refunds.create({"charge": charge, "amount": 1})
    after_partial = client.v1.radar.early_fraud_warnings.list().data[0].actionable

    client.v1.refunds.create({"charge": charge})

    assert (after_partial, client.v1.radar.early_fraud_warnings.list().data[0].actionable) == (True, False)
    event = events_since(client, 0)[-1]
    assert event["type"] == "radar.early_fraud_warning.updated"
    assert event["data"]["previous_attributes"] == {"actionable": True}


def test_a_dispute_ends_a_warning_and_a_review(client: stripe.StripeClient, running: RunningSandbox) -> None:
    charge = a_charge(client)
    control(running, "early_fraud_warnings", charge=charge)
    review = control(running, "reviews", charge=charge)["id"]

    control(running, "disputes", charge=charge, reason="fraudulent")

    assert event_types(client)[-2:] == ["radar.early_fraud_warning.updated", "review.closed"]
    assert client.v1.reviews.retrieve(review).closed_reason == "disputed"


def test_a_review_is_opened_listed_and_approved(client: stripe.StripeClient, running: RunningSandbox) -> None:
    charge = a_charge(client)
    review = control(running, "reviews", charge=charge)["id"]
    listed = [item.id for item in client.v1.reviews.list().data]

    approved = client.v1.reviews.approve(review)

    assert (listed, client.v1.reviews.list().data) == ([review], [])
    assert (approved.open, approved.closed_reason, approved.charge) == (False, "approved", charge)
    assert client.v1.charges.retrieve(charge).review == review
    assert event_types(client)[-2:] == ["review.opened", "review.closed"]
    assert refusal(lambda: client.v1.reviews.approve(review))["status"] == 400


@pytest.mark.parametrize(("settings", "reason"), [({}, "approved"), ({"closed_reason": "redacted"}, "redacted")])
def test_a_review_is_closed_by_hand(
    client: stripe.StripeClient, running: RunningSandbox, settings: Json, reason: str
) -> None:
    review = control(running, "reviews", charge=a_charge(client))["id"]

    closed = control(running, f"reviews/{review}/close", **settings)

    assert (closed["open"], closed["closed_reason"]) == (False, reason)
    assert control_refusal(running, f"reviews/{review}/close") == (409, None)


def test_a_full_refund_closes_a_review(client: stripe.StripeClient, running: RunningSandbox) -> None:
    charge = a_charge(client)
    review = control(running, "reviews", charge=charge)["id"]

    client.v1.refunds.create({"charge": charge, "reason": "fraudulent"})

    assert client.v1.reviews.retrieve(review).closed_reason == "refunded_as_fraud"


@pytest.mark.parametrize("path", ["early_fraud_warnings", "reviews", "disputes"])
def test_only_a_charge_that_succeeded_is_reported_reviewed_or_disputed(
    client: stripe.StripeClient, running: RunningSandbox, path: str
) -> None:
    customer = a_customer(client)
    card = a_card(client, customer, "pm_card_chargeCustomerFail")
    failed = refusal(lambda: client.v1.payment_intents.create(a_payment(customer, card)))["charge"]

    assert control_refusal(running, path, charge=failed) == (409, "charge")
    assert control_refusal(running, path, charge="ch_none") == (404, None)
    assert control_refusal(running, path) == (400, "charge")
    assert control_refusal(running, path, charge=7) == (400, "charge")


def test_a_charge_is_reviewed_once(client: stripe.StripeClient, running: RunningSandbox) -> None:
    charge = a_charge(client)
    control(running, "reviews", charge=charge)

    assert control_refusal(running, "reviews", charge=charge) == (409, "charge")
