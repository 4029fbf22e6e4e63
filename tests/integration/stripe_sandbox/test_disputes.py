"""Disputes through Stripe's API: the test cards, giving in, and what they mean for refunds."""

import pytest
import stripe

from adapters.stripe_sandbox import RunningSandbox
from tests.integration.stripe_sandbox.helpers import (
    ManualClock,
    a_charge,
    a_dispute,
    client_of,
    event_types,
    events_since,
    refusal,
)


def test_the_test_card_for_a_dispute_is_charged_back_at_once(client: stripe.StripeClient) -> None:
    charge = client.v1.charges.retrieve(a_charge(client, "pm_card_createDispute"))

    dispute = client.v1.disputes.list({"charge": charge.id}).data[0].to_dict()

    assert (charge.status, charge.disputed, charge.refunded) == ("succeeded", True, False)
    assert (dispute["status"], dispute["reason"], dispute["amount"]) == ("needs_response", "fraudulent", 1000)
    assert dispute["payment_method_details"]["card"] == {
        "brand": "visa",
        "case_type": "chargeback",
        "network": "visa",
        "network_reason_code": "10.4",
    }
    assert dispute["is_charge_refundable"] is False
    [withdrawal] = dispute["balance_transactions"]
    assert (withdrawal["amount"], withdrawal["fee"], withdrawal["net"]) == (-1000, 1500, -2500)
    assert (withdrawal["type"], withdrawal["reporting_category"]) == ("adjustment", "dispute")
    assert [detail["description"] for detail in withdrawal["fee_details"]] == ["Dispute fee"]


def test_events_of_a_chargeback_come_between_charge_and_intent(client: stripe.StripeClient) -> None:
    a_charge(client, "pm_card_createDisputeProductNotReceived")

    events = events_since(client, 3)

    assert [event["type"] for event in events] == [
        "charge.succeeded",
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.updated",
        "payment_intent.succeeded",
    ]
    assert events[1]["data"]["object"]["reason"] == "product_not_received"
    assert len(events[1]["data"]["object"]["balance_transactions"]) == 1
    assert events[3]["data"]["previous_attributes"] == {"disputed": False}


def test_an_inquiry_takes_no_money_and_allows_refunds(client: stripe.StripeClient) -> None:
    charge = a_charge(client, "pm_card_createDisputeInquiry")
    inquiry = client.v1.disputes.list({"charge": charge}).data[0]

    refund = client.v1.refunds.create({"charge": charge, "amount": 200})

    assert (inquiry.status, inquiry.is_charge_refundable) == ("warning_needs_response", True)
    assert inquiry.balance_transactions == []
    details = inquiry.to_dict()["payment_method_details"]["card"]
    assert (details["case_type"], details["network_reason_code"]) == ("inquiry", "10")
    assert refund.status == "succeeded"
    assert client.v1.disputes.retrieve(inquiry.id).status == "warning_needs_response"
    assert event_types(client)[3:6] == ["charge.succeeded", "charge.dispute.created", "charge.updated"]


def test_a_full_refund_ends_an_inquiry(client: stripe.StripeClient) -> None:
    charge = a_charge(client, "pm_card_createDisputeInquiry")

    client.v1.refunds.create({"charge": charge})

    assert client.v1.disputes.list({"charge": charge}).data[0].status == "warning_closed"
    assert event_types(client)[-3:] == ["refund.created", "charge.refunded", "charge.dispute.closed"]


def test_one_charge_can_have_several_disputes(client: stripe.StripeClient) -> None:
    charge = a_charge(client, "pm_card_createMultipleDisputes", amount=1001)

    disputes = client.v1.disputes.list({"charge": charge}).data

    assert [dispute.amount for dispute in disputes] == [501, 500]
    assert len({dispute.id for dispute in disputes}) == 2


def test_a_charge_that_was_charged_back_cannot_be_refunded(client: stripe.StripeClient) -> None:
    charge = a_charge(client, "pm_card_createDispute")
    dispute = client.v1.disputes.list({"charge": charge}).data[0].id

    while_open = refusal(lambda: client.v1.refunds.create({"charge": charge, "amount": 1}))
    client.v1.disputes.close(dispute)
    when_lost = refusal(lambda: client.v1.refunds.create({"charge": charge}))

    for error in (while_open, when_lost):
        assert (error["status"], error["code"]) == (400, "charge_disputed")
        assert error["message"] == f"Charge {charge} has been charged back; cannot issue a refund."


def test_disputes_are_listed_by_charge_intent_and_time(timed: RunningSandbox, clock: ManualClock) -> None:
    client = client_of(timed)
    older = a_charge(client, "pm_card_createDispute")
    clock.advance(hours=1)
    since = int(clock().timestamp())
    newer = a_charge(client, "pm_card_createDispute")
    intent = str(client.v1.charges.retrieve(older).payment_intent)

    first = client.v1.disputes.list({"limit": 1})
    rest = client.v1.disputes.list({"starting_after": first.data[0].id})

    assert [dispute.charge for dispute in (*first.data, *rest.data)] == [newer, older]
    assert (first.has_more, rest.has_more) == (True, False)
    assert [dispute.charge for dispute in client.v1.disputes.list({"payment_intent": intent}).data] == [older]
    assert [dispute.charge for dispute in client.v1.disputes.list({"created": {"gte": since}}).data] == [newer]


def test_giving_in_loses_a_chargeback_and_moves_no_more_money(client: stripe.StripeClient) -> None:
    dispute = a_dispute(client)
    before = len(event_types(client))

    closed = client.v1.disputes.close(dispute)

    assert (closed.status, closed.is_charge_refundable, len(closed.balance_transactions)) == ("lost", False, 1)
    [event] = events_since(client, before)
    assert event["type"] == "charge.dispute.closed"
    assert event["data"]["previous_attributes"] == {"status": "needs_response"}


def test_giving_in_to_an_inquiry_closes_it(client: stripe.StripeClient) -> None:
    closed = client.v1.disputes.close(a_dispute(client, "pm_card_createDisputeInquiry"))

    assert (closed.status, closed.balance_transactions) == ("warning_closed", [])


@pytest.mark.parametrize("card", ["pm_card_createDispute", "pm_card_createDisputeInquiry"])
def test_a_closed_dispute_is_closed(client: stripe.StripeClient, card: str) -> None:
    dispute = a_dispute(client, card)
    client.v1.disputes.close(dispute)

    for call in (
        lambda: client.v1.disputes.close(dispute),
        lambda: client.v1.disputes.update(dispute, {"metadata": {"a": "b"}}),
        lambda: client.v1.disputes.update(dispute, {"evidence": {"customer_name": "Ada"}}),
    ):
        error = refusal(call)
        assert (error["status"], error["message"]) == (400, "This dispute is already closed")


def test_an_unknown_dispute_is_not_found(client: stripe.StripeClient) -> None:
    error = refusal(lambda: client.v1.disputes.close("du_none"))

    assert (error["status"], error["code"]) == (404, "resource_missing")


def test_charge_and_intent_of_a_dispute_can_be_expanded(client: stripe.StripeClient) -> None:
    dispute = client.v1.disputes.retrieve(
        a_dispute(client), {"expand": ["charge.balance_transaction", "payment_intent"]}
    )

    assert isinstance(dispute.charge, stripe.Charge)
    assert isinstance(dispute.charge.balance_transaction, stripe.BalanceTransaction)
    assert isinstance(dispute.payment_intent, stripe.PaymentIntent)
    booked = dispute.balance_transactions[0].id
    source = client.v1.balance_transactions.retrieve(booked, {"expand": ["source"]}).source
    assert isinstance(source, stripe.Dispute)
    assert client.v1.balance_transactions.list({"source": dispute.id}).data == []
