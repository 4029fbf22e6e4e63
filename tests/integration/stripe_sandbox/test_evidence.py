"""Evidence of disputes: staged, submitted, refused, and what it decides."""

import pytest
import stripe

from adapters.stripe_sandbox import RunningSandbox
from tests.integration.stripe_sandbox.helpers import (
    Json,
    ManualClock,
    a_dispute,
    client_of,
    event_types,
    events_since,
    refusal,
)


def test_evidence_can_be_staged_changed_and_taken_away(client: stripe.StripeClient) -> None:
    dispute = a_dispute(client)
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
    dispute = a_dispute(client)
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
    dispute = a_dispute(client)
    nothing = client.v1.disputes.update(dispute, {"submit": True})
    client.v1.disputes.update(dispute, {"evidence": {"customer_name": "Ada"}, "submit": False})

    submitted = client.v1.disputes.update(dispute, {"submit": True})

    assert (nothing.status, submitted.status) == ("needs_response", "under_review")
    assert submitted.evidence.customer_name == "Ada"


def test_metadata_alone_submits_nothing(client: stripe.StripeClient) -> None:
    dispute = a_dispute(client)
    client.v1.disputes.update(dispute, {"evidence": {"customer_name": "Ada"}, "submit": False})

    updated = client.v1.disputes.update(dispute, {"metadata": {"case": "7"}})

    assert (updated.status, updated.evidence_details.submission_count) == ("needs_response", 0)
    assert updated.to_dict()["metadata"] == {"case": "7"}


def test_evidence_is_submitted_once(client: stripe.StripeClient) -> None:
    dispute = a_dispute(client)
    client.v1.disputes.update(dispute, {"evidence": {"customer_name": "Ada"}})

    error = refusal(lambda: client.v1.disputes.update(dispute, {"evidence": {"customer_name": "Bob"}}))

    assert error["status"] == 400
    assert client.v1.disputes.retrieve(dispute).evidence.customer_name == "Ada"


def test_the_same_idempotency_key_submits_once(client: stripe.StripeClient) -> None:
    dispute = a_dispute(client)

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
    dispute = a_dispute(client)

    error = refusal(lambda: client.v1.disputes.update(dispute, {"evidence": {"service_date": "May", **evidence}}))

    assert (error["status"], error["param"]) == (400, param)
    left = client.v1.disputes.retrieve(dispute)
    assert (left.status, left.evidence.service_date) == ("needs_response", None)


def test_all_texts_together_are_limited(client: stripe.StripeClient) -> None:
    dispute = a_dispute(client)
    long, names = "x" * 20_000, ("access_activity_log", "cancellation_policy_disclosure", "cancellation_rebuttal")
    more = ("duplicate_charge_explanation", "product_description", "refund_policy_disclosure", "uncategorized_text")
    full = {**dict.fromkeys((*names, *more), long), "customer_name": "y" * 5_000, "service_date": "z" * 5_000}
    staged = client.v1.disputes.update(dispute, {"evidence": full, "submit": False})

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
    dispute = a_dispute(client)

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
    dispute = a_dispute(client)
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
    inquiry = a_dispute(client, "pm_card_createDisputeInquiry")

    submitted = client.v1.disputes.update(inquiry, {"evidence": {"uncategorized_text": text}})
    clock.advance(seconds=5)

    assert submitted.status == "warning_under_review"
    assert client.v1.disputes.retrieve(inquiry).status == status


def test_evidence_after_the_deadline_says_so(timed: RunningSandbox, clock: ManualClock) -> None:
    client = client_of(timed)
    dispute = a_dispute(client)
    due_by = client.v1.disputes.retrieve(dispute).evidence_details.due_by
    clock.advance(days=9)

    late = client.v1.disputes.update(dispute, {"evidence": {"customer_name": "Ada"}})

    assert due_by is not None
    assert due_by % 86_400 == 86_399
    assert late.evidence_details.past_due
