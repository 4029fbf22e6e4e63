"""PaymentIntents: states, refusals, and what each leaves behind."""

import pytest
import stripe

from adapters.stripe_sandbox import RunningSandbox
from tests.integration.stripe_sandbox.helpers import (
    a_card,
    a_customer,
    a_payment,
    event_types,
    real_charges,
    refusal,
)


def test_an_off_session_charge_succeeds_and_shows_its_charge(client: stripe.StripeClient) -> None:
    customer = a_customer(client)
    card = a_card(client, customer)

    intent = client.v1.payment_intents.create(a_payment(customer, card, expand=["latest_charge"]))

    charge = intent.latest_charge
    assert isinstance(charge, stripe.Charge)
    assert (intent.status, intent.amount_received) == ("succeeded", 1000)
    assert (charge.status, charge.paid, charge.amount_captured) == ("succeeded", True, 1000)
    assert charge.outcome is not None
    assert (charge.outcome.type, charge.outcome.seller_message) == ("authorized", "Payment complete.")


def test_create_and_confirm_can_be_two_requests(client: stripe.StripeClient) -> None:
    customer = a_customer(client)
    card = a_card(client, customer)
    created = client.v1.payment_intents.create({"amount": 1000, "currency": "eur", "customer": customer})
    updated = client.v1.payment_intents.update(created.id, {"payment_method": card, "amount": 1500})

    confirmed = client.v1.payment_intents.confirm(created.id, {"off_session": True})

    assert [created.status, updated.status, confirmed.status] == [
        "requires_payment_method",
        "requires_confirmation",
        "succeeded",
    ]
    assert confirmed.amount_received == 1500


def test_a_declined_confirm_carries_the_whole_story(client: stripe.StripeClient) -> None:
    customer = a_customer(client)
    card = a_card(client, customer, "pm_card_chargeCustomerFail")

    error = refusal(lambda: client.v1.payment_intents.create(a_payment(customer, card)))

    assert (error["status"], error["type"], error["code"]) == (402, "card_error", "card_declined")
    assert (error["decline_code"], error["advice_code"], error["network_decline_code"]) == (
        "generic_decline",
        "try_again_later",
        "01",
    )
    assert error["payment_method"]["id"] == card
    assert error["payment_intent"]["status"] == "requires_payment_method"
    assert error["payment_intent"]["payment_method"] is None
    assert error["payment_intent"]["latest_charge"] == error["charge"]
    assert error["payment_intent"]["last_payment_error"]["charge"] == error["charge"]


def test_a_refused_create_leaves_its_payment_intent_behind(client: stripe.StripeClient) -> None:
    customer = a_customer(client)
    card = a_card(client, customer, "pm_card_chargeCustomerFail")

    error = refusal(lambda: client.v1.payment_intents.create(a_payment(customer, card)))

    left = client.v1.payment_intents.list({"customer": customer}).data
    assert [intent.id for intent in left] == [error["payment_intent"]["id"]]


def test_a_refused_intent_can_be_updated_and_paid_with_another_card(client: stripe.StripeClient) -> None:
    customer = a_customer(client)
    bad, good = a_card(client, customer, "pm_card_chargeCustomerFail"), a_card(client, customer)
    left = refusal(lambda: client.v1.payment_intents.create(a_payment(customer, bad)))["payment_intent"]["id"]

    updated = client.v1.payment_intents.update(left, {"payment_method": good, "metadata": {"attempt_id": "att_2"}})
    paid = client.v1.payment_intents.confirm(left, {"off_session": True})

    assert (updated.status, updated.last_payment_error) == ("requires_confirmation", None)
    assert paid.status == "succeeded"


def test_charges_copy_the_metadata_of_their_moment(client: stripe.StripeClient, running: RunningSandbox) -> None:
    customer = a_customer(client)
    bad, good = a_card(client, customer, "pm_card_chargeCustomerFail"), a_card(client, customer)
    params = a_payment(customer, bad, metadata={"invoice_id": "inv_1", "attempt_id": "att_1"})
    left = refusal(lambda: client.v1.payment_intents.create(params))["payment_intent"]["id"]
    client.v1.payment_intents.update(left, {"payment_method": good, "metadata": {"attempt_id": "att_2"}})
    client.v1.payment_intents.confirm(left)

    client.v1.payment_intents.update(left, {"metadata": {"attempt_id": "later"}})

    charges = client.v1.charges.list({"payment_intent": left}).data[::-1]
    assert [(charge.status, charge.metadata["attempt_id"]) for charge in charges] == [
        ("failed", "att_1"),
        ("succeeded", "att_2"),
    ]
    assert len(real_charges(running, "?metadata[invoice_id]=inv_1")) == 2
    assert real_charges(running, "?metadata[invoice_id]=inv_2") == []


def test_events_of_a_decline_and_then_a_success_come_in_stripes_order(client: stripe.StripeClient) -> None:
    customer = a_customer(client)
    bad, good = a_card(client, customer, "pm_card_chargeCustomerFail"), a_card(client, customer)
    left = refusal(lambda: client.v1.payment_intents.create(a_payment(customer, bad)))["payment_intent"]["id"]
    client.v1.payment_intents.confirm(left, {"payment_method": good})

    assert event_types(client)[3:] == [
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
        "charge.succeeded",
        "payment_intent.succeeded",
    ]


def test_a_paid_intent_cannot_be_confirmed_again(client: stripe.StripeClient) -> None:
    customer = a_customer(client)
    paid = client.v1.payment_intents.create(a_payment(customer, a_card(client, customer)))

    error = refusal(lambda: client.v1.payment_intents.confirm(paid.id))

    assert (error["status"], error["code"]) == (400, "payment_intent_unexpected_state")
    assert error["payment_intent"]["id"] == paid.id


def test_a_canceled_intent_can_be_neither_confirmed_nor_canceled_again(client: stripe.StripeClient) -> None:
    customer = a_customer(client)
    intent = client.v1.payment_intents.create({"amount": 1000, "currency": "usd", "customer": customer})
    canceled = client.v1.payment_intents.cancel(intent.id, {"cancellation_reason": "abandoned"})

    errors = [
        refusal(lambda: client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})),
        refusal(lambda: client.v1.payment_intents.cancel(intent.id)),
    ]

    assert (canceled.status, canceled.cancellation_reason) == ("canceled", "abandoned")
    assert canceled.canceled_at is not None
    assert {error["code"] for error in errors} == {"payment_intent_unexpected_state"}
    assert event_types(client)[-1] == "payment_intent.canceled"


def test_a_paid_intents_amount_is_fixed_but_its_metadata_is_not(client: stripe.StripeClient) -> None:
    customer = a_customer(client)
    paid = client.v1.payment_intents.create(a_payment(customer, a_card(client, customer)))

    error = refusal(lambda: client.v1.payment_intents.update(paid.id, {"amount": 2000}))
    updated = client.v1.payment_intents.update(paid.id, {"metadata": {"note": "late"}})

    assert error["code"] == "payment_intent_unexpected_state"
    assert (updated.amount, updated.metadata["note"]) == (1000, "late")


def test_a_card_of_another_customer_is_refused(client: stripe.StripeClient) -> None:
    customer, other = a_customer(client), a_customer(client)

    error = refusal(lambda: client.v1.payment_intents.create(a_payment(customer, a_card(client, other))))

    assert (error["status"], error["param"]) == (400, "payment_method")
    assert "does not belong to the Customer" in error["message"]
    assert client.v1.payment_intents.list().data == []


def test_an_attached_card_needs_its_customer_on_the_intent(client: stripe.StripeClient) -> None:
    card = a_card(client, a_customer(client))

    error = refusal(
        lambda: client.v1.payment_intents.create(
            {"amount": 1000, "currency": "usd", "payment_method": card, "confirm": True}
        )
    )

    assert "include the Customer" in error["message"]


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"payment_method": "pm_gone"}, "payment_method"),
        ({"customer": "cus_gone"}, "customer"),
    ],
)
def test_what_is_gone_is_resource_missing(client: stripe.StripeClient, params: dict[str, str], param: str) -> None:
    error = refusal(lambda: client.v1.payment_intents.create({"amount": 1000, "currency": "usd", **params}))

    assert (error["status"], error["code"], error["param"]) == (400, "resource_missing", param)


def test_an_unknown_intent_answers_404(client: stripe.StripeClient) -> None:
    error = refusal(lambda: client.v1.payment_intents.retrieve("pi_gone"))

    assert (error["status"], error["code"]) == (404, "resource_missing")
    assert error["message"] == "No such payment_intent: 'pi_gone'"


def test_confirming_without_a_card_is_refused(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create({"amount": 1000, "currency": "usd"})

    error = refusal(lambda: client.v1.payment_intents.confirm(intent.id))

    assert error["code"] == "payment_intent_unexpected_state"
    assert "missing a payment method" in error["message"]


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (0, "usd", "parameter_invalid_integer"),
        (-5, "usd", "parameter_invalid_integer"),
        (49, "usd", "amount_too_small"),
        (29, "gbp", "amount_too_small"),
        (100_000_000, "usd", "amount_too_large"),
        (1001, "kwd", "parameter_invalid_integer"),
        (1000, "xyz", None),
    ],
)
def test_amounts_that_stripe_would_not_charge_are_refused(
    client: stripe.StripeClient, amount: int, currency: str, code: str | None
) -> None:
    error = refusal(lambda: client.v1.payment_intents.create({"amount": amount, "currency": currency}))

    assert (error["status"], error.get("code")) == (400, code)
    assert error["param"] == ("currency" if code is None else "amount")


@pytest.mark.parametrize(("amount", "currency"), [(50, "usd"), (30, "gbp"), (99_999_999, "jpy"), (1000, "kwd")])
def test_the_smallest_and_largest_amounts_are_taken(client: stripe.StripeClient, amount: int, currency: str) -> None:
    assert client.v1.payment_intents.create({"amount": amount, "currency": currency}).amount == amount


@pytest.mark.parametrize("name", ["off_session", "error_on_requires_action"])
def test_what_concerns_confirming_needs_confirm(client: stripe.StripeClient, name: str) -> None:
    error = refusal(lambda: client.v1.payment_intents.create({"amount": 1000, "currency": "usd", name: True}))

    assert (error["status"], error["param"]) == (400, name)


def test_off_session_takes_only_what_stripe_takes(client: stripe.StripeClient) -> None:
    customer = a_customer(client)
    card = a_card(client, customer)

    error = refusal(lambda: client.v1.payment_intents.create(a_payment(customer, card, off_session="perhaps")))
    taken = client.v1.payment_intents.create(a_payment(customer, card, off_session="recurring"))

    assert (error["status"], error["param"], taken.status) == (400, "off_session", "succeeded")


def test_the_card_can_be_taken_off_an_intent_again(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create({"amount": 1000, "currency": "usd", "payment_method": "pm_card_visa"})

    changed = client.v1.payment_intents.update(intent.id, {"payment_method": ""})

    assert (intent.status, changed.status, changed.payment_method) == (
        "requires_confirmation",
        "requires_payment_method",
        None,
    )


def test_manual_capture_is_refused_in_so_many_words(client: stripe.StripeClient) -> None:
    error = refusal(
        lambda: client.v1.payment_intents.create({"amount": 1000, "currency": "usd", "capture_method": "manual"})
    )

    assert "does not act on capture_method=manual" in error["message"]


def test_a_card_paid_without_a_customer_cannot_be_used_twice(client: stripe.StripeClient) -> None:
    card = client.v1.payment_methods.retrieve("pm_card_visa").id
    payment = {"amount": 1000, "currency": "usd", "payment_method": card, "confirm": True}
    client.v1.payment_intents.create(payment)

    error = refusal(lambda: client.v1.payment_intents.create(payment))

    assert "may not be used again" in error["message"]


def test_setup_future_usage_attaches_the_card_when_it_is_paid(client: stripe.StripeClient) -> None:
    customer = a_customer(client)

    intent = client.v1.payment_intents.create(
        {
            "amount": 1000,
            "currency": "usd",
            "customer": customer,
            "payment_method": "pm_card_visa",
            "setup_future_usage": "off_session",
            "confirm": True,
        }
    )

    assert [method.id for method in client.v1.customers.payment_methods.list(customer).data] == [intent.payment_method]


def test_a_connected_account_is_a_world_of_its_own(client: stripe.StripeClient) -> None:
    there: stripe.RequestOptions = {"stripe_account": "acct_connected"}
    customer = client.v1.customers.create({"name": "there"}, there)

    assert client.v1.customers.list().data == []
    assert refusal(lambda: client.v1.customers.retrieve(customer.id))["status"] == 404
    event = client.v1.events.list({}, there).data[0]
    assert (event.type, event.account) == ("customer.created", "acct_connected")
    assert client.v1.accounts.retrieve_current({}, there).id == "acct_connected"
