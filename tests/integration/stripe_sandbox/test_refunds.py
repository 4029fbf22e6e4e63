"""Refunds: what they give back, what Stripe refuses, and what the bank does with them afterwards."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from adapters.stripe_sandbox import RunningSandbox
from tests.integration.stripe_sandbox.helpers import (
    Json,
    ManualClock,
    a_card,
    a_charge,
    a_customer,
    a_payment,
    attempt,
    client_of,
    control,
    control_refusal,
    event_types,
    events_since,
    refusal,
)


def test_a_refund_gives_back_all_that_is_left(client: stripe.StripeClient) -> None:
    charge = a_charge(client)
    client.v1.refunds.create({"charge": charge, "amount": 300, "reason": "requested_by_customer"})

    refund = client.v1.refunds.create({"charge": charge, "metadata": {"why": "late"}})

    refunded = client.v1.charges.retrieve(charge)
    assert (refund.amount, refund.status, refund.reason, refund.currency) == (700, "succeeded", None, "usd")
    assert refund.to_dict()["metadata"] == {"why": "late"}
    assert (refunded.amount_refunded, refunded.refunded, refunded.status) == (1000, True, "succeeded")


def test_a_refund_by_payment_intent_refunds_its_latest_charge(client: stripe.StripeClient) -> None:
    charge = a_charge(client)
    intent = client.v1.charges.retrieve(charge).payment_intent

    refund = client.v1.refunds.create({"payment_intent": str(intent), "amount": 1, "expand": ["charge"]})

    assert isinstance(refund.charge, stripe.Charge)
    assert (refund.charge.id, refund.payment_intent) == (charge, intent)
    assert (refund.charge.amount_refunded, refund.charge.refunded) == (1, False)


def test_events_of_a_partial_refund_are_stripes_and_tell_what_changed(client: stripe.StripeClient) -> None:
    charge = a_charge(client)
    before = len(event_types(client))

    refund = client.v1.refunds.create({"charge": charge, "amount": 300})

    created, refunded = events_since(client, before)
    assert (created["type"], created["data"]["object"]["id"]) == ("refund.created", refund.id)
    assert (refunded["type"], refunded["data"]["object"]["id"]) == ("charge.refunded", charge)
    assert refunded["data"]["previous_attributes"] == {"amount_refunded": 0}
    assert "refunds" not in refunded["data"]["object"]


def test_a_fully_refunded_charge_cannot_be_refunded_again(client: stripe.StripeClient) -> None:
    charge = a_charge(client)
    client.v1.refunds.create({"charge": charge})

    error = refusal(lambda: client.v1.refunds.create({"charge": charge, "amount": 1}))

    assert (error["status"], error["code"]) == (400, "charge_already_refunded")
    assert error["message"] == f"Charge {charge} has already been refunded."


@pytest.mark.parametrize(
    ("currency", "amount", "shown"), [("usd", 1234, "$12.34"), ("jpy", 1234, "¥1,234"), ("chf", 1234, "12.34 CHF")]
)
def test_a_refund_above_what_is_left_is_refused_in_stripes_words(
    client: stripe.StripeClient, currency: str, amount: int, shown: str
) -> None:
    charge = a_charge(client, amount=amount - 1, currency=currency)

    error = refusal(lambda: client.v1.refunds.create({"charge": charge, "amount": amount}))

    assert (error["status"], error["param"], error.get("code")) == (400, "amount", None)
    assert error["message"].startswith(f"Refund amount ({shown}) is greater than unrefunded amount on charge (")


@pytest.mark.parametrize("amount", [0, -5])
def test_a_refund_of_nothing_is_refused(client: stripe.StripeClient, amount: int) -> None:
    charge = a_charge(client)

    error = refusal(lambda: client.v1.refunds.create({"charge": charge, "amount": amount}))

    assert (error["status"], error["code"], error["param"]) == (400, "parameter_invalid_integer", "amount")


def test_a_charge_that_failed_cannot_be_refunded(client: stripe.StripeClient) -> None:
    customer = a_customer(client)
    card = a_card(client, customer, "pm_card_chargeCustomerFail")
    declined = refusal(lambda: client.v1.payment_intents.create(a_payment(customer, card)))

    for wanted in ({"charge": declined["charge"]}, {"payment_intent": declined["payment_intent"]["id"]}):
        error = refusal(lambda wanted=wanted: client.v1.refunds.create(wanted))
        assert (error["status"], error["type"]) == (400, "invalid_request_error")
        assert "does not have a successful charge to refund" in error["message"]


def test_an_intent_without_any_charge_cannot_be_refunded(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create({"amount": 1000, "currency": "usd"}).id

    error = refusal(lambda: client.v1.refunds.create({"payment_intent": intent}))

    assert (error["status"], error["message"]) == (
        400,
        f"This PaymentIntent ({intent}) does not have a successful charge to refund.",
    )


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({}, 400, None),
        ({"charge": "ch_1", "payment_intent": "pi_1"}, 400, None),
        ({"charge": "ch_none"}, 404, "resource_missing"),
        ({"payment_intent": "pi_none"}, 404, "resource_missing"),
        ({"charge": "ch_1", "reason": "boredom"}, 400, None),
    ],
)
def test_a_refund_must_name_one_payment_that_exists(
    client: stripe.StripeClient, params: Json, status: int, code: str | None
) -> None:
    error = refusal(lambda: client.v1.refunds.create(params))

    assert (error["status"], error.get("code")) == (status, code)


def test_the_same_idempotency_key_refunds_once(client: stripe.StripeClient) -> None:
    charge = a_charge(client)

    refunds = {
        client.v1.refunds.create({"charge": charge, "amount": 400}, {"idempotency_key": "ref-1"}).id for _ in range(3)
    }

    assert len(refunds) == 1
    assert client.v1.charges.retrieve(charge).amount_refunded == 400


def test_refunds_at_the_same_moment_never_exceed_the_charge(client: stripe.StripeClient) -> None:
    charge = a_charge(client)

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(
            pool.map(lambda _: attempt(lambda: client.v1.refunds.create({"charge": charge, "amount": 300})), range(8))
        )

    assert sorted(outcome["status"] for outcome in outcomes) == [200] * 3 + [400] * 5
    assert client.v1.charges.retrieve(charge).amount_refunded == 900


def test_refunds_are_listed_by_charge_intent_and_time(timed: RunningSandbox, clock: ManualClock) -> None:
    client = client_of(timed)
    first, other = a_charge(client), a_charge(client)
    made = [client.v1.refunds.create({"charge": first, "amount": 100}).id]
    clock.advance(hours=1)
    since = int(clock().timestamp())
    made.append(client.v1.refunds.create({"charge": first, "amount": 100}).id)
    client.v1.refunds.create({"charge": other})
    intent = str(client.v1.charges.retrieve(first).payment_intent)

    by_charge = client.v1.refunds.list({"charge": first}).data
    by_intent = client.v1.refunds.list({"payment_intent": intent, "limit": 1})
    by_time = client.v1.refunds.list({"charge": first, "created": {"gte": since}}).data
    rest = client.v1.refunds.list({"payment_intent": intent, "starting_after": by_intent.data[0].id})

    assert [refund.id for refund in by_charge] == made[::-1]
    assert (by_intent.has_more, rest.has_more) == (True, False)
    assert [refund.id for refund in (*by_intent.data, *rest.data)] == made[::-1]
    assert [refund.id for refund in by_time] == made[1:]


def test_the_metadata_of_a_refund_can_be_changed(client: stripe.StripeClient) -> None:
    refund = client.v1.refunds.create({"charge": a_charge(client), "metadata": {"order": "1", "old": "x"}})
    before = len(event_types(client))

    client.v1.refunds.update(refund.id, {"metadata": {"order": "2", "old": ""}})

    assert client.v1.refunds.retrieve(refund.id).to_dict()["metadata"] == {"order": "2"}
    events = events_since(client, before)
    assert [event["type"] for event in events] == ["refund.updated", "charge.refund.updated"]
    assert events[0]["data"]["previous_attributes"] == {"metadata": {"order": "1", "old": "x"}}


def test_a_pending_refund_succeeds_a_moment_later(timed: RunningSandbox, clock: ManualClock) -> None:
    client = client_of(timed)
    charge = a_charge(client, "pm_card_pendingRefund")
    before = len(event_types(client))

    pending = client.v1.refunds.create({"charge": charge})
    counted = client.v1.charges.retrieve(charge).amount_refunded
    clock.advance(seconds=5)
    settled = client.v1.refunds.retrieve(pending.id)

    assert (pending.status, pending.pending_reason, pending.balance_transaction) == ("pending", "processing", None)
    assert counted == 1000
    assert (settled.status, "pending_reason" in settled) == ("succeeded", False)
    assert settled.balance_transaction is not None
    assert event_types(client)[before:] == [
        "refund.created",
        "charge.refunded",
        "refund.updated",
        "charge.refund.updated",
    ]


def test_a_refund_that_succeeded_may_fail_later_and_its_money_comes_back(
    timed: RunningSandbox, clock: ManualClock
) -> None:
    client = client_of(timed)
    charge = a_charge(client, "pm_card_refundFail")
    before = len(event_types(client))

    made = client.v1.refunds.create({"charge": charge, "amount": 600})
    clock.advance(seconds=5)
    failed = client.v1.refunds.retrieve(made.id, {"expand": ["failure_balance_transaction"]})

    back = failed.failure_balance_transaction
    assert isinstance(back, stripe.BalanceTransaction)
    assert (made.status, failed.status, failed.failure_reason) == ("succeeded", "failed", "expired_or_canceled_card")
    assert (back.type, back.amount, back.net, back.source) == ("refund_failure", 600, 600, made.id)
    assert client.v1.charges.retrieve(charge).amount_refunded == 0
    events = events_since(client, before)
    assert [event["type"] for event in events] == [
        "refund.created",
        "charge.refunded",
        "refund.updated",
        "charge.refund.updated",
        "refund.failed",
    ]
    assert events[2]["data"]["previous_attributes"]["status"] == "succeeded"


def test_a_pending_refund_is_held_and_moved_by_hand(timed: RunningSandbox, clock: ManualClock) -> None:
    client = client_of(timed)
    charge = a_charge(client, "pm_card_pendingRefund")
    refund = client.v1.refunds.create({"charge": charge}).id
    control(timed, f"refunds/{refund}", status="pending")
    clock.advance(days=2)
    held = client.v1.refunds.retrieve(refund).status

    asks = control(timed, f"refunds/{refund}", status="requires_action")
    canceled = client.v1.refunds.cancel(refund)

    assert (held, asks["status"], canceled.status) == ("pending", "requires_action", "canceled")
    assert client.v1.charges.retrieve(charge).amount_refunded == 0
    assert client.v1.refunds.create({"charge": charge}).amount == 1000


@pytest.mark.parametrize("reason", ["declined", "insufficient_funds"])
def test_the_bank_names_the_reason_of_a_failure(
    client: stripe.StripeClient, running: RunningSandbox, reason: str
) -> None:
    refund = client.v1.refunds.create({"charge": a_charge(client)}).id

    control(running, f"refunds/{refund}", status="failed", failure_reason=reason)

    assert client.v1.refunds.retrieve(refund).failure_reason == reason


def test_a_refund_that_needs_no_action_cannot_be_canceled(client: stripe.StripeClient) -> None:
    refund = client.v1.refunds.create({"charge": a_charge(client)}).id

    error = refusal(lambda: client.v1.refunds.cancel(refund))

    assert (error["status"], error["message"]) == (400, "Canceling this refund is unsupported.")


@pytest.mark.parametrize(
    ("settings", "refused"),
    [
        ({}, (400, "status")),
        ({"status": "gone"}, (400, "status")),
        ({"status": "failed", "failure_reason": "bad luck"}, (400, "failure_reason")),
        ({"status": "pending", "failure_reason": "declined"}, (400, "failure_reason")),
        ({"status": "canceled"}, (409, "status")),
        ({"status": "failed", "colour": "red"}, (400, "colour")),
    ],
)
def test_what_no_bank_does_with_a_refund_is_refused(
    client: stripe.StripeClient, running: RunningSandbox, settings: Json, refused: tuple[int, str]
) -> None:
    refund = client.v1.refunds.create({"charge": a_charge(client)}).id

    assert control_refusal(running, f"refunds/{refund}", **settings) == refused
    assert client.v1.refunds.retrieve(refund).status == "succeeded"


def test_a_refund_that_does_not_exist_cannot_be_moved(client: stripe.StripeClient, running: RunningSandbox) -> None:
    a_customer(client)

    assert control_refusal(running, "refunds/re_none", status="failed") == (404, None)
