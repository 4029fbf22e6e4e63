"""Signed webhooks: what is sent, in which order, how often, and what happens when nobody listens."""

import json

import pytest
import stripe

from adapters.stripe_sandbox import RunningSandbox, running_sandbox
from adapters.stripe_sandbox.deliveries import back_off_seconds
from tests.integration.stripe_sandbox.helpers import (
    SECRET,
    ManualClock,
    Receiver,
    a_card,
    a_charge,
    a_customer,
    a_payment,
    client_of,
    raw,
)
from tests.stripe_spec import check_object
from tests.waiting import eventually


def test_the_official_client_accepts_the_signature(delivering: RunningSandbox, receiver: Receiver) -> None:
    a_customer(client_of(delivering))
    eventually(lambda: receiver.bodies)

    event = stripe.Webhook.construct_event(receiver.bodies[0], receiver.signatures[0], SECRET)

    assert event.type == "customer.created"


def test_another_secret_does_not_verify(delivering: RunningSandbox, receiver: Receiver) -> None:
    a_customer(client_of(delivering))
    eventually(lambda: receiver.bodies)

    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(receiver.bodies[0], receiver.signatures[0], "whsec_other")


def test_events_of_one_payment_arrive_in_order_and_are_stripes(delivering: RunningSandbox, receiver: Receiver) -> None:
    client = client_of(delivering)
    customer = a_customer(client)
    intent = client.v1.payment_intents.create(a_payment(customer, a_card(client, customer)))
    eventually(lambda: len(receiver.bodies) == 5)

    of_payment = [event for event in receiver.events if intent.id in json.dumps(event["data"])]

    assert [event["type"] for event in of_payment] == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
    ]
    for event in receiver.events:
        check_object(event)
        assert (event["pending_webhooks"], event["api_version"]) == (1, "2026-10-28.endive")


def test_a_connected_accounts_events_name_it(delivering: RunningSandbox, receiver: Receiver) -> None:
    client_of(delivering).v1.customers.create({}, {"stripe_account": "acct_connected"})

    assert eventually(lambda: receiver.events)[0]["account"] == "acct_connected"


def test_what_a_bank_decides_later_is_told_without_any_request(receiver: Receiver) -> None:
    clock = ManualClock()
    with running_sandbox(clock=clock, webhook_url=receiver.url, webhook_secrets=(SECRET,)) as running:
        client = client_of(running)
        client.v1.refunds.create({"charge": a_charge(client, "pm_card_refundFail")})
        eventually(lambda: "charge.refunded" in receiver.types)
        clock.advance(seconds=5)
        running.sandbox.wake_deliveries()

        eventually(lambda: receiver.types[-1] == "refund.failed")

    assert receiver.types[-3:] == ["refund.updated", "charge.refund.updated", "refund.failed"]


def test_an_endpoint_that_fails_gets_the_event_again_signed_afresh(
    delivering: RunningSandbox, receiver: Receiver
) -> None:
    receiver.answers[:] = [500]
    a_customer(client_of(delivering))

    eventually(lambda: len(receiver.bodies) == 2)

    assert receiver.bodies[0] == receiver.bodies[1]
    assert receiver.signatures[0] != receiver.signatures[1]
    eventually(lambda: raw(delivering, "GET", "/sandbox/health")[1]["pending_webhooks"] == 0)


@pytest.mark.parametrize("status", [302, 400, 404])
def test_everything_but_2xx_is_a_failure(delivering: RunningSandbox, receiver: Receiver, status: int) -> None:
    receiver.answers[:] = [status]
    a_customer(client_of(delivering))

    eventually(lambda: len(receiver.bodies) == 2)


def test_an_endpoint_that_does_not_answer_in_time_gets_it_again(delivering: RunningSandbox, receiver: Receiver) -> None:
    receiver.hold.set()
    a_customer(client_of(delivering))
    eventually(lambda: receiver.bodies)
    receiver.hold.clear()

    eventually(lambda: len(receiver.bodies) == 2)


def test_undelivered_events_are_listed_as_such(delivering: RunningSandbox, receiver: Receiver) -> None:
    client = client_of(delivering)
    delivered = a_customer(client)
    eventually(lambda: client.v1.events.list({"delivery_success": True}).data)
    receiver.answers[:] = [500] * 10
    failing = a_customer(client)
    eventually(lambda: len(receiver.bodies) >= 2)

    lists = [client.v1.events.list({"delivery_success": success}).data for success in (True, False)]

    subjects = [[event.data.to_dict()["object"]["id"] for event in events] for events in lists]
    assert subjects == [[delivered], [failing]]
    assert lists[1][0].pending_webhooks == 1


def test_a_failing_delivery_does_not_hold_up_the_others(delivering: RunningSandbox, receiver: Receiver) -> None:
    client = client_of(delivering)
    receiver.answers[:] = [500]
    customers = [a_customer(client) for _ in range(8)]

    eventually(lambda: len(receiver.bodies) == 9)

    assert {event["data"]["object"]["id"] for event in receiver.events} == set(customers)


def test_back_off_grows_from_seconds_to_hours() -> None:
    delays = [back_off_seconds(tries) for tries in range(14)]

    assert delays[:4] == [1, 3, 10, 60]
    assert delays == sorted(delays)
    assert delays[-1] == 12 * 3600


def test_after_three_days_it_is_given_up(receiver: Receiver) -> None:
    clock = ManualClock()
    receiver.answers[:] = [500] * 100
    with running_sandbox(clock=clock, webhook_url=receiver.url, webhook_secrets=(SECRET,)) as running:
        client = client_of(running)
        a_customer(client)
        seen = 0
        for tries in range(30):
            eventually(lambda before=seen: len(receiver.bodies) > before or _pending(running) == 0)
            seen = len(receiver.bodies)
            if _pending(running) == 0:
                break
            clock.advance(seconds=back_off_seconds(tries) + 1)
            running.sandbox.wake_deliveries()

        failed = client.v1.events.list({"delivery_success": False}).data

    assert len(failed) == 1
    assert failed[0].pending_webhooks == 0
    assert 12 <= len(receiver.bodies) <= 18


def test_the_webhook_endpoint_is_listed(delivering: RunningSandbox, receiver: Receiver) -> None:
    endpoint = client_of(delivering).v1.webhook_endpoints.list().data[0]

    assert (endpoint.url, endpoint.enabled_events, endpoint.status) == (receiver.url, ["*"], "enabled")


def test_a_webhook_url_without_a_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="signing secret"), running_sandbox(webhook_url="http://127.0.0.1:1/"):
        pass


def _pending(running: RunningSandbox) -> int:
    return int(raw(running, "GET", "/sandbox/health")[1]["pending_webhooks"])
