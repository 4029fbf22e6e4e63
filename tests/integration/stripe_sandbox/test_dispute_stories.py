"""What the customer's bank does with a dispute, caused through /sandbox: every story and its events."""

import pytest
import stripe

from adapters.stripe_sandbox import RunningSandbox
from tests.integration.stripe_sandbox.helpers import (
    Json,
    ManualClock,
    a_charge,
    client_of,
    control,
    control_refusal,
    event_types,
    events_since,
    raw,
    refusal,
)

DAY = 86_400


def test_the_bank_disputes_a_part_of_a_charge(client: stripe.StripeClient, running: RunningSandbox) -> None:
    charge = a_charge(client)

    dispute = control(running, "disputes", charge=charge, reason="duplicate", amount=250, respond_in_days=7)

    assert client.v1.disputes.retrieve(dispute["id"]).to_dict() == dispute
    assert (dispute["amount"], dispute["currency"], dispute["reason"]) == (250, "usd", "duplicate")
    assert dispute["evidence_details"]["due_by"] == dispute["created"] + 7 * DAY
    assert dispute["payment_method_details"]["card"]["network_reason_code"] == "12.6.1"
    assert dispute["balance_transactions"][0]["net"] == -1750


def test_a_dispute_may_be_larger_than_its_charge_and_in_another_currency(
    client: stripe.StripeClient, running: RunningSandbox
) -> None:
    dispute = control(running, "disputes", charge=a_charge(client), amount=1300, currency="eur")

    assert (dispute["amount"], dispute["currency"], dispute["reason"]) == (1300, "eur", "general")
    [withdrawal] = dispute["balance_transactions"]
    assert (withdrawal["amount"], withdrawal["currency"]) == (-1300, "eur")


def test_the_bank_opens_an_inquiry_that_escalates(client: stripe.StripeClient, running: RunningSandbox) -> None:
    charge = a_charge(client)
    before = len(event_types(client))
    inquiry = control(running, "disputes", charge=charge, reason="fraudulent", inquiry=True)

    escalated = control(running, f"disputes/{inquiry['id']}/resolve", status="needs_response", respond_in_days=10)

    assert (inquiry["status"], inquiry["balance_transactions"]) == ("warning_needs_response", [])
    assert (escalated["is_charge_refundable"], len(escalated["balance_transactions"])) == (False, 1)
    card = escalated["payment_method_details"]["card"]
    assert (card["case_type"], card["network_reason_code"]) == ("chargeback", "10.4")
    events = events_since(client, before)
    assert [event["type"] for event in events] == [
        "charge.dispute.created",
        "charge.updated",
        "charge.dispute.updated",
        "charge.dispute.funds_withdrawn",
    ]
    changed = events[2]["data"]["previous_attributes"]
    assert (changed["status"], changed["balance_transactions"]) == ("warning_needs_response", [])
    assert changed["payment_method_details"] == {"card": {"case_type": "inquiry", "network_reason_code": "10"}}


def test_an_inquiry_goes_away(client: stripe.StripeClient, running: RunningSandbox) -> None:
    inquiry = control(running, "disputes", charge=a_charge(client), inquiry=True)["id"]
    control(running, f"disputes/{inquiry}/resolve", status="warning_under_review")

    closed = control(running, f"disputes/{inquiry}/resolve", status="warning_closed")

    assert (closed["is_charge_refundable"], closed["balance_transactions"]) == (True, [])
    assert closed["evidence_details"]["submission_count"] == 1
    assert event_types(client)[-2:] == ["charge.dispute.updated", "charge.dispute.closed"]


@pytest.mark.parametrize("fee", [1500, 0])
def test_a_dispute_can_arrive_already_lost(client: stripe.StripeClient, running: RunningSandbox, fee: int) -> None:
    charge = a_charge(client)
    before = len(event_types(client))

    dispute = control(running, "disputes", charge=charge, status="lost", respond_in_days=None, fee=fee)

    assert dispute["evidence_details"]["due_by"] is None
    assert dispute["balance_transactions"][0]["fee"] == fee
    events = events_since(client, before)
    assert [event["type"] for event in events] == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.closed",
        "charge.updated",
    ]
    assert {event["data"]["object"]["status"] for event in events[:3]} == {"lost"}


def test_a_dispute_can_be_prevented_before_any_money_moves(
    client: stripe.StripeClient, running: RunningSandbox
) -> None:
    charge = a_charge(client)

    dispute = control(running, "disputes", charge=charge, status="prevented")

    assert (dispute["balance_transactions"], dispute["is_charge_refundable"]) == ([], True)
    assert dispute["payment_method_details"]["card"]["case_type"] == "resolution"
    assert event_types(client)[-3:] == ["charge.dispute.created", "charge.dispute.closed", "charge.updated"]


@pytest.mark.parametrize(("return_fee", "fee", "net"), [(False, 0, 1000), (True, -1500, 2500)])
def test_a_won_dispute_returns_its_fee_only_where_stripe_does(
    client: stripe.StripeClient, running: RunningSandbox, return_fee: bool, fee: int, net: int
) -> None:
    dispute = control(running, "disputes", charge=a_charge(client), reason="fraudulent")["id"]
    control(running, f"disputes/{dispute}/resolve", status="under_review")

    won = control(running, f"disputes/{dispute}/resolve", status="won", return_fee=return_fee)

    back = won["balance_transactions"][1]
    assert (back["amount"], back["fee"], back["net"]) == (1000, fee, net)
    assert sum(detail["amount"] for detail in back["fee_details"]) == fee
    assert event_types(client)[-2:] == ["charge.dispute.funds_reinstated", "charge.dispute.closed"]


def test_a_lost_dispute_may_be_won_late(client: stripe.StripeClient, running: RunningSandbox) -> None:
    dispute = control(running, "disputes", charge=a_charge(client), status="lost")["id"]
    before = len(event_types(client))

    won = control(running, f"disputes/{dispute}/resolve", status="won")

    assert sum(transaction["amount"] for transaction in won["balance_transactions"]) == 0
    events = events_since(client, before)
    assert [event["type"] for event in events] == ["charge.dispute.funds_reinstated", "charge.dispute.closed"]
    assert events[1]["data"]["previous_attributes"]["status"] == "lost"


@pytest.mark.parametrize(("outcome", "entries"), [("won", 2), ("lost", 1)])
def test_a_loss_may_be_appealed(
    client: stripe.StripeClient, running: RunningSandbox, outcome: str, entries: int
) -> None:
    dispute = control(running, "disputes", charge=a_charge(client), status="lost")["id"]

    states = [
        control(running, f"disputes/{dispute}/resolve", status=status)
        for status in ("appeal_needs_response", "appeal_under_review", outcome)
    ]

    assert [state["is_charge_refundable"] for state in states] == [False, False, outcome == "won"]
    assert [len(state["balance_transactions"]) for state in states] == [1, 1, entries]
    types = [kind for kind in event_types(client) if kind.startswith("charge.dispute.")]
    assert types[-1] == "charge.dispute.closed"
    assert types[3:5] == ["charge.dispute.updated", "charge.dispute.updated"]


def test_the_ordinary_evidence_of_an_appealed_dispute_is_settled(
    client: stripe.StripeClient, running: RunningSandbox
) -> None:
    dispute = control(running, "disputes", charge=a_charge(client), status="lost")["id"]
    control(running, f"disputes/{dispute}/resolve", status="appeal_needs_response")

    error = refusal(lambda: client.v1.disputes.update(dispute, {"evidence": {"customer_name": "Ada"}}))

    assert error["status"] == 400


def test_a_withdrawn_case_gives_the_money_back(client: stripe.StripeClient, running: RunningSandbox) -> None:
    dispute = control(running, "disputes", charge=a_charge(client))["id"]

    prevented = control(running, f"disputes/{dispute}/resolve", status="prevented")

    assert sum(transaction["amount"] for transaction in prevented["balance_transactions"]) == 0
    assert event_types(client)[-2:] == ["charge.dispute.funds_reinstated", "charge.dispute.closed"]


@pytest.mark.parametrize(("days", "due_by"), [(None, None), (0, 0)])
def test_a_bank_that_takes_no_answer_says_so(
    client: stripe.StripeClient, running: RunningSandbox, days: int | None, due_by: int | None
) -> None:
    dispute = control(running, "disputes", charge=a_charge(client), respond_in_days=days)

    error = refusal(lambda: client.v1.disputes.update(dispute["id"], {"evidence": {"customer_name": "Ada"}}))

    assert dispute["evidence_details"]["due_by"] == due_by
    assert error["status"] == 400


def test_a_deadline_moves(timed: RunningSandbox, clock: ManualClock) -> None:
    client = client_of(timed)
    dispute = control(timed, "disputes", charge=a_charge(client), respond_in_days=7)
    clock.advance(days=1)

    moved = control(timed, f"disputes/{dispute['id']}/resolve", status="needs_response", respond_in_days=0.5)

    assert moved["status"] == "needs_response"
    assert moved["evidence_details"]["due_by"] == int(clock().timestamp()) + DAY // 2
    assert len(moved["balance_transactions"]) == 1
    event = events_since(client, 0)[-1]
    assert event["type"] == "charge.dispute.updated"
    assert event["data"]["previous_attributes"] == {"evidence_details": {"due_by": dispute["created"] + 7 * DAY}}


def test_a_chargeback_ends_refunds_that_are_under_way(timed: RunningSandbox) -> None:
    client = client_of(timed)
    charge = a_charge(client, "pm_card_pendingRefund")
    pending = client.v1.refunds.create({"charge": charge, "amount": 300}).id

    control(timed, "disputes", charge=charge)

    refund = client.v1.refunds.retrieve(pending)
    assert (refund.status, refund.failure_reason) == ("failed", "charge_for_pending_refund_disputed")
    after = client.v1.charges.retrieve(charge)
    assert (after.amount_refunded, after.disputed) == (0, True)


def test_a_decision_by_hand_replaces_the_planned_one(timed: RunningSandbox, clock: ManualClock) -> None:
    client = client_of(timed)
    dispute = control(timed, "disputes", charge=a_charge(client))["id"]
    client.v1.disputes.update(dispute, {"evidence": {"uncategorized_text": "winning_evidence"}})

    control(timed, f"disputes/{dispute}/resolve", status="lost")
    clock.advance(hours=1)

    assert client.v1.disputes.retrieve(dispute).status == "lost"


def test_a_connected_accounts_charge_is_disputed_there(client: stripe.StripeClient, running: RunningSandbox) -> None:
    options: stripe.RequestOptions = {"stripe_account": "acct_connected"}
    intent = client.v1.payment_intents.create(
        {"amount": 1000, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}, options
    )

    dispute = control(running, "disputes", charge=str(intent.latest_charge))["id"]

    assert client.v1.disputes.retrieve(dispute, {}, options).status == "needs_response"
    assert client.v1.disputes.list().data == []
    assert client.v1.events.list({"type": "charge.dispute.created"}, options).data[0].account == "acct_connected"


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": 1.5}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": "ten"}, "amount"),
        ({"reason": "boredom"}, "reason"),
        ({"status": "won"}, "status"),
        ({"status": "lost", "inquiry": True}, "status"),
        ({"inquiry": "perhaps"}, "inquiry"),
        ({"currency": "xyz"}, "currency"),
        ({"respond_in_days": "soon"}, "respond_in_days"),
        ({"respond_in_days": True}, "respond_in_days"),
        ({"respond_in_days": 366}, "respond_in_days"),
        ({"respond_in_days": [7]}, "respond_in_days"),
        ({"fee": -1}, "fee"),
        ({"network_reason_code": 10.4}, "network_reason_code"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_dispute_that_makes_no_sense_is_refused(
    client: stripe.StripeClient, running: RunningSandbox, settings: Json, field: str
) -> None:
    charge = a_charge(client)

    assert control_refusal(running, "disputes", charge=charge, **settings) == (400, field)
    assert client.v1.disputes.list().data == []
    assert not client.v1.charges.retrieve(charge).disputed


@pytest.mark.parametrize(
    ("arrives", "settings", "refused"),
    [
        ("needs_response", {}, (400, "status")),
        ("needs_response", {"status": "gone"}, (400, "status")),
        ("needs_response", {"status": "needs_response"}, (409, "status")),
        ("needs_response", {"status": "warning_closed"}, (409, "status")),
        ("needs_response", {"status": "under_review", "return_fee": True}, (400, "return_fee")),
        ("needs_response", {"status": "won", "return_fee": "yes"}, (400, "return_fee")),
        ("warning_needs_response", {"status": "lost"}, (409, "status")),
        ("lost", {"status": "under_review"}, (409, "status")),
        ("lost", {"status": "lost", "respond_in_days": 3}, (409, "status")),
        ("prevented", {"status": "won"}, (409, "status")),
    ],
)
def test_a_move_that_stripe_does_not_have_is_refused(
    client: stripe.StripeClient, running: RunningSandbox, arrives: str, settings: Json, refused: tuple[int, str]
) -> None:
    dispute = control(running, "disputes", charge=a_charge(client), status=arrives)
    before = len(event_types(client))

    assert control_refusal(running, f"disputes/{dispute['id']}/resolve", **settings) == refused
    assert client.v1.disputes.retrieve(dispute["id"]).to_dict() == dispute
    assert len(event_types(client)) == before


def test_a_dispute_that_does_not_exist_cannot_be_resolved(client: stripe.StripeClient, running: RunningSandbox) -> None:
    a_charge(client)

    assert control_refusal(running, "disputes/du_none/resolve", status="won") == (404, None)


def test_a_form_will_do(client: stripe.StripeClient, running: RunningSandbox) -> None:
    body = f"charge={a_charge(client)}&reason=duplicate&amount=250&inquiry=true&respond_in_days=7".encode()

    status, dispute = raw(running, "POST", "/sandbox/disputes", body, Content_Type="application/x-www-form-urlencoded")

    assert (status, dispute["amount"], dispute["status"]) == (200, 250, "warning_needs_response")
