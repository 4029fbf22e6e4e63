"""Disputes through Stripe's API: the test cards, evidence, giving in, and what they mean for refunds."""

import pytest
import stripe

from adapters.stripe_sandbox import RunningSandbox
from tests.integration.stripe_sandbox.helpers import (
    Json,
    ManualClock,
    a_charge,
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


def test_evidence_can_be_staged_changed_and_taken_away(client: stripe.StripeClient) -> None:
    dispute = _a_dispute(client)
    staged = client.v1.disputes.update(
        dispute, {"evidence": {"customer_name": "Ada", "service_date": "May"}, "submit": False}
    )
    changed = client.v1.disputes.update(
        dispute, {"evidence": {"customer_name": "Countess", "service_date": ""}, "submit": False}
    )
    emptied = client.v1.disputes.update(dispute, {"evidence": {"customer_name": ""}, "submit": False})

    assert (staged.status, staged.evidence.customer_name, staged.evidence.service_date) == (
        "needs_response",
        "Ada",
        "May",
    )
    assert (changed.evidence.customer_name, changed.evidence.service_date) == ("Countess", None)
    for state, has_evidence in ((staged, True), (changed, True), (emptied, False)):
        assert state.evidence_details.has_evidence is has_evidence
        assert (state.evidence_details.submission_count, state.evidence_details.submission_method) == (
            0,
            "not_submitted",
        )
    assert event_types(client)[-3:] == ["charge.dispute.updated"] * 3


def test_evidence_is_submitted_unless_it_is_said_otherwise(client: stripe.StripeClient) -> None:
    dispute = _a_dispute(client)
    before = len(event_types(client))

    answered = client.v1.disputes.update(dispute, {"evidence": {"uncategorized_text": "We delivered."}})

    details = answered.evidence_details
    assert (answered.status, details.submission_count, details.submission_method) == ("under_review", 1, "manual")
    assert (details.has_evidence, details.past_due) == (True, False)
    [event] = events_since(client, before)
    assert event["type"] == "charge.dispute.updated"
    assert event["data"]["previous_attributes"]["status"] == "needs_response"
    assert event["data"]["previous_attributes"]["evidence"] == {"uncategorized_text": None}


def test_what_was_staged_is_submitted_by_a_request_of_its_own(client: stripe.StripeClient) -> None:
    dispute = _a_dispute(client)
    nothing = client.v1.disputes.update(dispute, {"submit": True})
    client.v1.disputes.update(dispute, {"evidence": {"customer_name": "Ada"}, "submit": False})

    submitted = client.v1.disputes.update(dispute, {"submit": True})

    assert (nothing.status, submitted.status) == ("needs_response", "under_review")
    assert submitted.evidence.customer_name == "Ada"


def test_metadata_alone_submits_nothing(client: stripe.StripeClient) -> None:
    dispute = _a_dispute(client)
    client.v1.disputes.update(dispute, {"evidence": {"customer_name": "Ada"}, "submit": False})

    updated = client.v1.disputes.update(dispute, {"metadata": {"case": "7"}})

    assert (updated.status, updated.evidence_details.submission_count) == ("needs_response", 0)
    assert updated.to_dict()["metadata"] == {"case": "7"}


def test_evidence_is_submitted_once(client: stripe.StripeClient) -> None:
    dispute = _a_dispute(client)
    client.v1.disputes.update(dispute, {"evidence": {"customer_name": "Ada"}})

    error = refusal(lambda: client.v1.disputes.update(dispute, {"evidence": {"customer_name": "Bob"}}))

    assert error["status"] == 400
    assert client.v1.disputes.retrieve(dispute).evidence.customer_name == "Ada"


def test_the_same_idempotency_key_submits_once(client: stripe.StripeClient) -> None:
    dispute = _a_dispute(client)

    for _ in range(2):
        client.v1.disputes.update(dispute, {"evidence": {"customer_name": "Ada"}}, {"idempotency_key": "submit-1"})

    assert client.v1.disputes.retrieve(dispute).evidence_details.submission_count == 1


@pytest.mark.parametrize(
    ("evidence", "param"),
    [
        ({"uncategorized_text": "x" * 20_001}, "evidence[uncategorized_text]"),
        ({"customer_name": "x" * 5_001}, "evidence[customer_name]"),
        ({"receipt": "file_none"}, "evidence[receipt]"),
        ({"enhanced_evidence": {"visa_compliance": {"fee_acknowledged": True}}}, "evidence[enhanced_evidence]"),
        ({"colour": "red"}, "evidence[colour]"),
    ],
)
def test_evidence_that_stripe_does_not_take_leaves_all_as_it_was(
    client: stripe.StripeClient, evidence: Json, param: str
) -> None:
    dispute = _a_dispute(client)

    error = refusal(
        lambda: client.v1.disputes.update(dispute, {"evidence": {"service_date": "May", **evidence}})  # type: ignore[typeddict-item]
    )

    assert (error["status"], error["param"]) == (400, param)
    left = client.v1.disputes.retrieve(dispute)
    assert (left.status, left.evidence.service_date) == ("needs_response", None)


def test_all_texts_together_are_limited(client: stripe.StripeClient) -> None:
    dispute = _a_dispute(client)
    long, names = "x" * 20_000, ("access_activity_log", "cancellation_policy_disclosure", "cancellation_rebuttal")
    more = ("duplicate_charge_explanation", "product_description", "refund_policy_disclosure", "uncategorized_text")
    full = {**dict.fromkeys((*names, *more), long), "customer_name": "y" * 5_000, "service_date": "z" * 5_000}
    staged = client.v1.disputes.update(dispute, {"evidence": full, "submit": False})  # type: ignore[typeddict-item]

    error = refusal(lambda: client.v1.disputes.update(dispute, {"evidence": {"shipping_date": "1"}}))

    assert staged.evidence_details.has_evidence
    assert (error["status"], error["param"]) == (400, "evidence")


@pytest.mark.parametrize(
    ("text", "status", "events"),
    [
        ("winning_evidence", "won", ["charge.dispute.funds_reinstated", "charge.dispute.closed"]),
        ("losing_evidence", "lost", ["charge.dispute.closed"]),
        ("undecided", "under_review", []),
    ],
)
def test_the_submitted_text_decides_a_moment_later(
    timed: RunningSandbox, clock: ManualClock, text: str, status: str, events: list[str]
) -> None:
    client = client_of(timed)
    dispute = _a_dispute(client)

    submitted = client.v1.disputes.update(dispute, {"evidence": {"uncategorized_text": text}})
    before = len(event_types(client))
    clock.advance(seconds=5)

    assert submitted.status == "under_review"
    assert client.v1.disputes.retrieve(dispute).status == status
    assert event_types(client)[before:] == events


def test_a_dispute_that_was_won_gives_the_amount_back_and_keeps_the_fee(
    timed: RunningSandbox, clock: ManualClock
) -> None:
    client = client_of(timed)
    dispute = _a_dispute(client)
    client.v1.disputes.update(dispute, {"evidence": {"uncategorized_text": "winning_evidence"}})
    clock.advance(seconds=5)

    won = client.v1.disputes.retrieve(dispute)

    _, back = won.balance_transactions
    assert (back.amount, back.fee, back.net, back.fee_details) == (1000, 0, 1000, [])
    assert (back.type, back.reporting_category) == ("adjustment", "dispute_reversal")
    assert won.is_charge_refundable
    assert client.v1.refunds.create({"charge": str(won.charge)}).status == "succeeded"
    reinstated = next(e for e in events_since(client, 0) if e["type"] == "charge.dispute.funds_reinstated")
    assert reinstated["data"]["object"]["status"] == "under_review"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("winning_evidence", "warning_closed"),
        ("losing_evidence", "warning_closed"),
        ("escalate_inquiry_evidence", "needs_response"),
    ],
)
def test_the_submitted_text_decides_an_inquiry_too(
    timed: RunningSandbox, clock: ManualClock, text: str, status: str
) -> None:
    client = client_of(timed)
    inquiry = _a_dispute(client, "pm_card_createDisputeInquiry")

    submitted = client.v1.disputes.update(inquiry, {"evidence": {"uncategorized_text": text}})
    clock.advance(seconds=5)

    assert submitted.status == "warning_under_review"
    assert client.v1.disputes.retrieve(inquiry).status == status


def test_giving_in_loses_a_chargeback_and_moves_no_more_money(client: stripe.StripeClient) -> None:
    dispute = _a_dispute(client)
    before = len(event_types(client))

    closed = client.v1.disputes.close(dispute)

    assert (closed.status, closed.is_charge_refundable, len(closed.balance_transactions)) == ("lost", False, 1)
    [event] = events_since(client, before)
    assert event["type"] == "charge.dispute.closed"
    assert event["data"]["previous_attributes"] == {"status": "needs_response"}


def test_giving_in_to_an_inquiry_closes_it(client: stripe.StripeClient) -> None:
    closed = client.v1.disputes.close(_a_dispute(client, "pm_card_createDisputeInquiry"))

    assert (closed.status, closed.balance_transactions) == ("warning_closed", [])


@pytest.mark.parametrize("card", ["pm_card_createDispute", "pm_card_createDisputeInquiry"])
def test_a_closed_dispute_is_closed(client: stripe.StripeClient, card: str) -> None:
    dispute = _a_dispute(client, card)
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


def test_evidence_after_the_deadline_says_so(timed: RunningSandbox, clock: ManualClock) -> None:
    client = client_of(timed)
    dispute = _a_dispute(client)
    due_by = client.v1.disputes.retrieve(dispute).evidence_details.due_by
    clock.advance(days=9)

    late = client.v1.disputes.update(dispute, {"evidence": {"customer_name": "Ada"}})

    assert due_by is not None
    assert due_by % 86_400 == 86_399
    assert late.evidence_details.past_due


def test_charge_and_intent_of_a_dispute_can_be_expanded(client: stripe.StripeClient) -> None:
    dispute = client.v1.disputes.retrieve(
        _a_dispute(client), {"expand": ["charge.balance_transaction", "payment_intent"]}
    )

    assert isinstance(dispute.charge, stripe.Charge)
    assert isinstance(dispute.charge.balance_transaction, stripe.BalanceTransaction)
    assert isinstance(dispute.payment_intent, stripe.PaymentIntent)
    booked = dispute.balance_transactions[0].id
    source = client.v1.balance_transactions.retrieve(booked, {"expand": ["source"]}).source
    assert isinstance(source, stripe.Dispute)
    assert client.v1.balance_transactions.list({"source": dispute.id}).data == []


def _a_dispute(client: stripe.StripeClient, card: str = "pm_card_createDispute") -> str:
    charge = a_charge(client, card)
    return client.v1.disputes.list({"charge": charge}).data[0].id
