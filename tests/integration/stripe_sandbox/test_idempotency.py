"""Idempotency keys with Stripe's rules."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import stripe

from adapters.stripe_sandbox import RunningSandbox, running_sandbox
from tests.integration.stripe_sandbox.helpers import (
    ManualClock,
    a_card,
    a_customer,
    a_payment,
    attempt,
    client_of,
    control,
    raw,
    real_charges,
    refusal,
)

KEY: stripe.RequestOptions = {"idempotency_key": "attempt-1"}


def test_a_replayed_key_returns_the_stored_answer(client: stripe.StripeClient, running: RunningSandbox) -> None:
    customer = a_customer(client)
    payment = a_payment(customer, a_card(client, customer))
    first = client.v1.payment_intents.create(payment, KEY)

    again = client.v1.payment_intents.create(payment, KEY)

    assert again.id == first.id
    assert again.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(real_charges(running)) == 1


def test_a_decline_is_stored_too(client: stripe.StripeClient, running: RunningSandbox) -> None:
    customer = a_customer(client)
    payment = a_payment(customer, a_card(client, customer, "pm_card_chargeCustomerFail"))

    errors = [refusal(lambda: client.v1.payment_intents.create(payment, KEY)) for _ in range(2)]

    assert errors[0]["charge"] == errors[1]["charge"]
    assert len(real_charges(running)) == 1


def test_other_parameters_with_the_same_key_are_refused(client: stripe.StripeClient) -> None:
    client.v1.customers.create({"name": "Ada"}, KEY)

    error = refusal(lambda: client.v1.customers.create({"name": "Bob"}, KEY))

    assert (error["status"], error["type"]) == (400, "idempotency_error")
    assert "same parameters" in error["message"]


def test_another_endpoint_with_the_same_key_is_refused(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"name": "Ada"}, KEY).id

    error = refusal(lambda: client.v1.customers.update(customer, {"name": "Ada"}, KEY))

    assert (error["status"], error["type"]) == (400, "idempotency_error")
    assert "same endpoint" in error["message"]


def test_the_order_of_parameters_does_not_matter(client: stripe.StripeClient) -> None:
    first = client.v1.customers.create({"name": "Ada", "email": "ada@example.com"}, KEY)

    again = client.v1.customers.create({"email": "ada@example.com", "name": "Ada"}, KEY)

    assert again.id == first.id


def test_keys_of_two_accounts_do_not_meet(client: stripe.StripeClient) -> None:
    here = client.v1.customers.create({"name": "Ada"}, KEY)

    there = client.v1.customers.create({"name": "Bob"}, {**KEY, "stripe_account": "acct_other"})

    assert here.id != there.id


def test_failed_validation_is_not_stored(client: stripe.StripeClient) -> None:
    refusal(lambda: client.v1.payment_intents.create({"amount": 1, "currency": "usd"}, KEY))

    intent = client.v1.payment_intents.create({"amount": 1000, "currency": "usd"}, KEY)

    assert intent.amount == 1000


def test_a_refusal_by_the_endpoint_itself_is_stored(client: stripe.StripeClient) -> None:
    customer = a_customer(client)
    first = refusal(lambda: client.v1.payment_methods.attach("pm_gone", {"customer": customer}, KEY))

    again = refusal(lambda: client.v1.payment_methods.attach("pm_gone", {"customer": customer}, KEY))

    assert first["code"] == "resource_missing"
    assert again["request_log_url"] == first["request_log_url"]


def test_a_key_in_flight_answers_409_and_the_work_is_done_once(
    client: stripe.StripeClient, running: RunningSandbox
) -> None:
    customer = a_customer(client)
    payment = a_payment(customer, a_card(client, customer))
    control(running, "faults", latency_seconds=1.0)
    together = threading.Barrier(2)

    def charge() -> Any:
        together.wait(10)
        outcome = attempt(lambda: client_of(running).v1.payment_intents.create(payment, KEY))
        return outcome["status"], outcome.get("code")

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(lambda _: charge(), range(2)))

    assert outcomes == [(200, None), (409, "idempotency_key_in_use")]
    assert len(real_charges(running)) == 1


def test_the_official_client_waits_a_key_in_flight_out(client: stripe.StripeClient, running: RunningSandbox) -> None:
    customer = a_customer(client)
    payment = a_payment(customer, a_card(client, customer))
    control(running, "faults", latency_seconds=0.3)

    with ThreadPoolExecutor(2) as pool:
        patient = client_of(running, retries=4)
        intents = list(pool.map(lambda _: patient.v1.payment_intents.create(payment, KEY), range(2)))

    assert len({intent.id for intent in intents}) == 1
    assert len(real_charges(running)) == 1


def test_two_confirms_of_one_intent_at_the_same_moment_make_one_charge(
    client: stripe.StripeClient, running: RunningSandbox
) -> None:
    customer = a_customer(client)
    card = a_card(client, customer)
    intent = client.v1.payment_intents.create(
        {"amount": 1000, "currency": "usd", "customer": customer, "payment_method": card}
    )

    def confirm() -> str:
        outcome = attempt(lambda: client_of(running).v1.payment_intents.confirm(intent.id))
        return str(outcome.get("code", "succeeded"))

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: confirm(), range(8)))

    assert outcomes.count("succeeded") == 1
    assert outcomes.count("payment_intent_unexpected_state") == 7
    assert len(real_charges(running)) == 1


@pytest.mark.parametrize(("hours", "is_same"), [(23.9, True), (24.1, False)])
def test_a_key_is_forgotten_after_a_day(hours: float, is_same: bool) -> None:
    clock = ManualClock()
    with running_sandbox(clock=clock) as running:
        client = client_of(running)
        first = client.v1.customers.create({"name": "Ada"}, KEY)
        clock.advance(hours=hours)

        again = client.v1.customers.create({"name": "Ada"}, KEY)

    assert (again.id == first.id) is is_same


@pytest.mark.parametrize(("length", "status"), [(255, 200), (256, 400)])
def test_a_key_has_at_most_255_characters(running: RunningSandbox, length: int, status: int) -> None:
    answered, _ = raw(
        running,
        "POST",
        "/v1/customers",
        b"name=Ada",
        Authorization="Bearer sk_test_x",
        Idempotency_Key="k" * length,
    )

    assert answered == status
