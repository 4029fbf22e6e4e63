"""Captured and made-up events about disputes, refunds, fraud warnings and reviews, read into what they tell."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.stripe_api.events.interpreter import StripeEventInterpreter
from domain.model.dispute_statuses import STRIPE_STATUSES
from domain.model.disputes import Deadline, DisputeTelling
from domain.model.inbox import Interpretation
from domain.model.refunds import RefundStatus, RefundTelling
from ports.event_interpreter import UnreadableEvent
from tests.unit.adapters.stripe_api.captured_reversals import NAMELESS, REVERSALS, Reversed
from tests.unit.adapters.stripe_api.event_builders import NOW, captured_bodies, event_about, event_of

CAPTURED = captured_bodies()
DUE = 1795900000
UPDATED = "charge.dispute.updated"


OBJECTS = {"charge.dispute": "dispute", "charge.refund": "refund", "charge.refunded": "charge"}


def interpret(kind: str, subject: dict[str, Any]) -> Interpretation:
    prefix = kind.rpartition(".")[0]
    thing = OBJECTS.get(kind) or OBJECTS.get(prefix) or prefix
    return StripeEventInterpreter().interpret(event_about(kind, {"object": thing, **subject}), NOW)


def dispute(**fields: Any) -> dict[str, Any]:
    return {"id": "dp_1", "status": "needs_response", "amount": 5000, "currency": "usd", "charge": "ch_1", **fields}


def refund(**fields: Any) -> dict[str, Any]:
    return {"id": "re_1", "status": "succeeded", "amount": 500, "currency": "usd", "charge": "ch_1", **fields}


def charge(**fields: Any) -> dict[str, Any]:
    told = {"id": "ch_1", "status": "succeeded", "paid": True, "captured": True, "amount": 5000, "currency": "usd"}
    return {**told, "amount_refunded": 500, **fields}


def transaction(**fields: Any) -> dict[str, Any]:
    return {"id": "txn_1", "amount": -5000, "fee": 1500, "currency": "usd", "created": 1795000000, **fields}


def told_dispute(kind: str = UPDATED, **fields: Any) -> DisputeTelling:
    (telling,) = interpret(kind, dispute(**fields)).disputes
    return telling


def told_refund(kind: str = "refund.updated", **fields: Any) -> RefundTelling:
    (telling,) = interpret(kind, refund(**fields)).refunds
    return telling


@pytest.mark.parametrize("path", sorted(REVERSALS))
def test_each_captured_event_means_what_is_written_down(path: str) -> None:
    told = StripeEventInterpreter().interpret(event_of(CAPTURED[path]), NOW)

    keys = tuple(fact.key for fact in told.facts)
    assert Reversed(told.stripe_ids, told.disputes, told.refunds, told.totals, keys, told.note) == REVERSALS[path]
    assert told.is_handled


@pytest.mark.parametrize("path", NAMELESS)
def test_a_dispute_without_an_id_is_unreadable(path: str) -> None:
    with pytest.raises(UnreadableEvent, match="id is not an id"):
        StripeEventInterpreter().interpret(event_of(CAPTURED[path]), NOW)


@pytest.mark.parametrize("status", STRIPE_STATUSES)
def test_every_status_that_stripe_ever_had_is_read(status: str) -> None:
    assert told_dispute(status=status).stripe_status == status


def test_a_dispute_is_told_at_the_events_own_time() -> None:
    assert told_dispute().told_at.timestamp() == NOW.timestamp() - 5


@pytest.mark.parametrize(
    ("fields", "deadline"),
    [
        ({}, None),
        ({"evidence_details": None}, None),
        ({"evidence_details": {}}, None),
        ({"evidence_details": {"due_by": None}}, Deadline(None)),
        ({"evidence_details": {"due_by": 0}}, Deadline(None)),
        ({"evidence_details": {"due_by": DUE}}, Deadline(datetime.fromtimestamp(DUE, UTC))),
        ({"evidence_due_by": DUE}, Deadline(datetime.fromtimestamp(DUE, UTC))),
        ({"evidence_due_by": None}, Deadline(None)),
    ],
)
def test_a_missing_deadline_is_not_the_same_as_one_that_takes_no_answer(
    fields: dict[str, Any], deadline: Deadline | None
) -> None:
    assert told_dispute(**fields).deadline == deadline


def test_the_cards_network_says_why() -> None:
    card = {"brand": "visa", "case_type": "inquiry", "network": "visa", "network_reason_code": "10"}

    told = told_dispute(payment_method_details={"type": "card", "card": card}, reason="fraudulent")

    assert (told.reason, told.network_reason_code, told.brand, told.case_type) == (
        "fraudulent",
        "10",
        "visa",
        "inquiry",
    )


def test_an_older_shape_has_the_network_code_beside_the_reason() -> None:
    assert told_dispute(network_reason_code="4837").network_reason_code == "4837"


def test_an_inquiry_on_another_method_is_known_by_its_status() -> None:
    told = told_dispute(status="warning_needs_response", payment_method_details={"type": "klarna", "klarna": {}})

    assert (told.stage.value, told.brand, told.case_type) == ("inquiry", None, None)


def test_submitted_evidence_is_counted_and_staged_evidence_is_not() -> None:
    staged, submitted = (
        told_dispute(evidence_details={"due_by": DUE, "has_evidence": True, "submission_count": count})
        for count in (0, 1)
    )

    assert (staged.submissions, submitted.submissions) == (0, 1)


def test_money_comes_from_the_transactions_that_are_there_in_full() -> None:
    back = transaction(id="txn_2", amount=5000, fee=-1500, currency="EUR")

    told = told_dispute(balance_transactions=[transaction(), "txn_named", back], balance_transaction="txn_1")

    assert [(moved.stripe_id, moved.amount_minor, moved.fee_minor, moved.currency) for moved in told.movements] == [
        ("txn_1", -5000, 1500, "usd"),
        ("txn_2", 5000, -1500, "eur"),
    ]


def test_a_dispute_of_an_expanded_charge_names_it() -> None:
    told = interpret(UPDATED, dispute(charge={"id": "ch_9"}, payment_intent={"id": "pi_9"}))

    assert told.stripe_ids == ("dp_1", "ch_9", "pi_9")


def test_a_status_that_is_new_to_us_is_unreadable_and_named() -> None:
    with pytest.raises(UnreadableEvent, match=r"charge\.dispute\.updated: .*status .*\(arbitration\)"):
        interpret(UPDATED, dispute(status="arbitration"))


@pytest.mark.parametrize("kind", [UPDATED, "refund.updated"])
def test_a_status_that_is_no_name_is_not_shown(kind: str) -> None:
    with pytest.raises(UnreadableEvent) as caught:
        interpret(kind, {**dispute(), "status": "Jane Roe, 1 Main Street"})

    assert "Jane" not in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"amount": None}, "amount"),
        ({"amount": -1}, "amount"),
        ({"currency": None}, "currency"),
        ({"status": None}, "status"),
        ({"created": "yesterday"}, "created"),
        ({"evidence_details": {"due_by": "soon"}}, "due_by"),
        ({"evidence_details": {"submission_count": -1}}, "submission_count"),
        ({"balance_transactions": [transaction(amount=None)]}, r"balance_transactions, amount"),
        ({"balance_transactions": [transaction(created=None)]}, r"balance_transactions, created"),
        ({"balance_transactions": [transaction(id=None)]}, r"balance_transactions, id"),
        ({"object": "charge"}, "object"),
    ],
)
def test_a_dispute_that_breaks_stripes_promise_names_the_field(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(UnreadableEvent, match=field):
        interpret(UPDATED, dispute(**fields))


@pytest.mark.parametrize("kind", ["refund.created", "refund.updated", "refund.failed", "charge.refund.updated"])
@pytest.mark.parametrize("status", RefundStatus)
def test_a_refund_is_what_its_own_status_says(kind: str, status: RefundStatus) -> None:
    assert told_refund(kind, status=status.value).status is status


def test_a_refund_without_a_status_had_succeeded() -> None:
    assert told_refund(status=None).status is RefundStatus.SUCCEEDED


def test_a_refund_of_ours_names_its_request_and_invoice() -> None:
    told = interpret("refund.created", refund(metadata={"refund_id": "ref_1", "invoice_id": "inv_1"}))

    assert (told.refunds[0].request_id, told.named_invoice_id) == ("ref_1", "inv_1")


def test_a_host_applications_own_metadata_are_not_taken_for_ours() -> None:
    told = interpret("refund.created", refund(metadata={"refund_id": "17", "invoice_id": "4711"}))

    assert (told.refunds[0].request_id, told.named_invoice_id) == (None, None)


def test_a_failed_refund_says_why() -> None:
    told = told_refund("refund.failed", status="failed", failure_reason="lost_or_stolen_card", reason="duplicate")

    assert (told.failure_reason, told.reason) == ("lost_or_stolen_card", "duplicate")


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"amount": None}, "amount"), ({"amount": -5}, "amount"), ({"currency": None}, "currency"), ({"id": 1}, "id")],
)
def test_a_refund_that_breaks_stripes_promise_names_the_field(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(UnreadableEvent, match=field):
        interpret("refund.created", refund(**fields))


def test_a_refund_of_an_unknown_status_is_unreadable() -> None:
    with pytest.raises(UnreadableEvent, match=r"status .*\(on_hold\)"):
        interpret("refund.updated", refund(status="on_hold"))


def test_a_refunded_charge_tells_its_total_its_success_and_the_refunds_that_it_shows() -> None:
    shown = {"object": "list", "data": [refund(), refund(id="re_2", status="failed"), {"amount": 7}]}

    told = interpret("charge.refunded", charge(refunds=shown, payment_intent="pi_1", metadata={"invoice_id": "inv_1"}))

    assert [(one.stripe_refund_id, one.status) for one in told.refunds] == [
        ("re_1", RefundStatus.SUCCEEDED),
        ("re_2", RefundStatus.FAILED),
    ]
    assert [(total.stripe_charge_id, total.amount_minor, total.currency) for total in told.totals] == [
        ("ch_1", 500, "usd")
    ]
    assert [(fact.key, fact.amount_minor) for fact in told.facts] == [("succeeded:charge:ch_1", 5000)]
    assert (told.stripe_ids, told.named_invoice_id) == (("pi_1", "ch_1", "re_1", "re_2"), "inv_1")


def test_a_refunded_charge_of_today_tells_its_total_alone() -> None:
    told = interpret("charge.refunded", charge())

    assert ([total.amount_minor for total in told.totals], told.refunds) == ([500], ())


def test_a_reservation_that_is_given_back_moves_no_money() -> None:
    told = interpret("charge.refunded", charge(captured=False, amount_captured=0, amount_refunded=5000))

    assert (told.facts, told.refunds) == ((), ())
    assert [(total.stripe_charge_id, total.amount_minor) for total in told.totals] == [("ch_1", 5000)]
    assert told.note == "charge.refunded: its charge is uncaptured."


def test_a_refund_that_a_charge_shows_is_that_charges() -> None:
    shown = refund(id="re_1", charge="ch_of_another_recording", payment_intent="pi_other")

    source = charge(payment_intent="pi_1", amount_refunded=5000, refunds={"data": [shown]})
    told = interpret("charge.refunded", source)

    assert [(told.stripe_charge_id, told.stripe_payment_intent_id) for told in told.refunds] == [("ch_1", "pi_1")]


@pytest.mark.parametrize(
    ("actionable", "advice"),
    [(True, " A full refund may still"), (False, " Nothing is left to do"), (None, "")],
)
def test_a_fraud_warning_says_what_can_be_done(actionable: bool | None, advice: str) -> None:
    warning = {"charge": "ch_1", "payment_intent": "pi_1", "fraud_type": "made_with_stolen_card"}

    told = interpret("radar.early_fraud_warning.created", {**warning, "actionable": actionable})

    assert told.stripe_ids == ("ch_1", "pi_1")
    assert told.note is not None
    assert told.note.startswith(f"Early fraud warning for the charge (made_with_stolen_card).{advice}")


def test_a_review_tells_why_it_began_and_how_it_ended() -> None:
    opened = interpret("review.opened", {"charge": "ch_1", "opened_reason": "manual", "reason": "manual"})
    closed = interpret("review.closed", {"charge": "ch_1", "closed_reason": "approved", "reason": "approved"})

    assert opened.note == "The payment is under review at Stripe (manual)."
    assert closed.note == "Stripe's review of the payment has ended (approved)."


def test_a_note_shows_no_text_that_could_be_anybodys() -> None:
    told = interpret("review.opened", {"charge": "ch_1", "reason": "Jane Roe", "ip_address": "192.0.2.1"})

    assert told.note == "The payment is under review at Stripe (no reason given)."


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "data", "card"]), inner),
    max_leaves=4,
)
FIELDS = {
    *dispute(evidence_details=None, evidence_due_by=None, balance_transaction=None, balance_transactions=None),
    *refund(payment_intent=None, created=None, reason=None, metadata=None, is_charge_refundable=None),
    *charge(refunds=None, payment_method_details=None, network_reason_code=None, actionable=None, fraud_type=None),
}
KINDS = (UPDATED, "refund.failed", "charge.refunded", "review.closed", "radar.early_fraud_warning.created")


@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(sorted(FIELDS - {"object"})), JSON, max_size=4))
def test_any_json_is_read_or_unreadable_and_nothing_else(kind: str, fields: dict[str, Any]) -> None:
    with suppress(UnreadableEvent):
        assert interpret(kind, {**dispute(amount_refunded=1), **fields}).is_handled
