"""Customers and PaymentMethods, as the official client sees them."""

import pytest
import stripe

from tests.integration.stripe_sandbox.helpers import a_card, a_customer, event_types, refusal

DECLINED = [
    ("Declined", ("card_declined", "generic_decline", "try_again_later")),
    ("DeclinedInsufficientFunds", ("card_declined", "insufficient_funds", "try_again_later")),
    ("DeclinedLostCard", ("card_declined", "lost_card", "do_not_try_again")),
    ("DeclinedStolenCard", ("card_declined", "stolen_card", "do_not_try_again")),
    ("DeclinedExpiredCard", ("expired_card", "expired_card", "confirm_card_data")),
    ("DeclinedIncorrectCvc", ("incorrect_cvc", "incorrect_cvc", "confirm_card_data")),
    ("DeclinedProcessingError", ("processing_error", "processing_error", "try_again_later")),
    ("DeclinedIncorrectNumber", ("incorrect_number", "incorrect_number", None)),
    ("DeclinedFraudulent", ("card_declined", "fraudulent", None)),
    ("DeclinedVelocityLimitExceeded", ("card_declined", "card_velocity_exceeded", None)),
]


def test_a_customer_keeps_what_it_was_created_with(client: stripe.StripeClient) -> None:
    created = client.v1.customers.create(
        {"email": "ada@example.com", "name": "Ada", "address": {"city": "Turin"}, "metadata": {"7": "seven"}}
    )

    found = client.v1.customers.retrieve(created.id)

    assert (found.email, found.name, found.address.city, found.metadata.to_dict()) == (
        "ada@example.com",
        "Ada",
        "Turin",
        {"7": "seven"},
    )


def test_an_update_merges_metadata_and_an_empty_value_unsets(client: stripe.StripeClient) -> None:
    customer = a_customer(client, name="Ada", metadata={"a": "1", "b": "2"})

    changed = client.v1.customers.update(customer, {"name": "", "metadata": {"a": "", "c": "3"}})

    assert (changed.name, changed.metadata.to_dict()) == (None, {"b": "2", "c": "3"})


def test_customers_are_found_by_email(client: stripe.StripeClient) -> None:
    wanted = a_customer(client, email="ada@example.com")
    a_customer(client, email="bob@example.com")

    found = client.v1.customers.list({"email": "ada@example.com"})

    assert [customer.id for customer in found.data] == [wanted]


def test_a_deleted_customer_answers_deleted_and_is_in_no_list(client: stripe.StripeClient) -> None:
    customer = a_customer(client)
    card = a_card(client, customer)

    client.v1.customers.delete(customer)

    assert client.v1.customers.retrieve(customer).deleted is True
    assert client.v1.customers.list().data == []
    assert client.v1.payment_methods.retrieve(card).customer is None


def test_a_deleted_customer_cannot_be_charged(client: stripe.StripeClient) -> None:
    customer = a_customer(client)
    client.v1.customers.delete(customer)

    error = refusal(lambda: client.v1.payment_intents.create({"amount": 1000, "currency": "usd", "customer": customer}))

    assert (error["status"], error["code"], error["param"]) == (400, "resource_missing", "customer")


def test_attaching_a_test_card_makes_a_new_payment_method_each_time(client: stripe.StripeClient) -> None:
    customer = a_customer(client)

    first, second = a_card(client, customer), a_card(client, customer)

    assert len({first, second, "pm_card_visa"}) == 3
    assert {method.id for method in client.v1.customers.payment_methods.list(customer).data} == {first, second}


def test_a_test_card_has_one_fingerprint_for_all_its_payment_methods(client: stripe.StripeClient) -> None:
    visa, again = (client.v1.payment_methods.retrieve("pm_card_visa") for _ in range(2))
    mastercard = client.v1.payment_methods.retrieve("pm_card_mastercard")

    fingerprints = {method.card.fingerprint for method in (visa, again) if method.card}

    assert visa.id != again.id
    assert len(fingerprints) == 1
    assert mastercard.card is not None
    assert mastercard.card.fingerprint not in fingerprints


@pytest.mark.parametrize("spelling", ["pm_card_charge", "pm_card_visa_charge"])
@pytest.mark.parametrize(("suffix", "codes"), DECLINED)
def test_attaching_a_decline_card_is_refused_with_its_code(
    client: stripe.StripeClient, spelling: str, suffix: str, codes: tuple[str, str, str | None]
) -> None:
    customer = a_customer(client)

    error = refusal(lambda: a_card(client, customer, spelling + suffix))

    assert (error["status"], error["type"]) == (402, "card_error")
    assert (error["code"], error["decline_code"], error.get("advice_code")) == codes
    assert client.v1.customers.payment_methods.list(customer).data == []


def test_the_default_card_must_be_attached_to_the_customer(client: stripe.StripeClient) -> None:
    customer, other = a_customer(client), a_customer(client)
    card = a_card(client, other)

    error = refusal(
        lambda: client.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": card}})
    )

    assert (error["code"], error["param"]) == ("resource_missing", "invoice_settings[default_payment_method]")


def test_a_customer_can_be_created_with_a_card_as_its_default(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create(
        {"payment_method": "pm_card_visa", "invoice_settings": {"default_payment_method": "pm_card_visa"}}
    )

    methods = client.v1.customers.payment_methods.list(customer.id).data

    assert customer.invoice_settings is not None
    assert [method.id for method in methods] == [customer.invoice_settings.default_payment_method]


def test_a_customer_whose_card_is_refused_is_not_created(client: stripe.StripeClient) -> None:
    error = refusal(lambda: client.v1.customers.create({"payment_method": "pm_card_chargeDeclined"}))

    assert error["status"] == 402
    assert client.v1.customers.list().data == []
    assert client.v1.events.list().data == []


def test_a_detached_card_is_nobodys_default_and_cannot_come_back(client: stripe.StripeClient) -> None:
    customer = a_customer(client)
    card = a_card(client, customer)
    client.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": card}})

    client.v1.payment_methods.detach(card)

    settings = client.v1.customers.retrieve(customer).invoice_settings
    assert settings is not None
    assert settings.default_payment_method is None
    assert "may not be used again" in refusal(lambda: a_card(client, customer, card))["message"]


def test_a_card_of_another_customer_cannot_be_attached(client: stripe.StripeClient) -> None:
    card = a_card(client, a_customer(client))

    error = refusal(lambda: a_card(client, a_customer(client), card))

    assert "already been attached" in error["message"]


def test_a_new_expiry_is_told_with_the_old_one(client: stripe.StripeClient) -> None:
    card = a_card(client, a_customer(client))

    client.v1.payment_methods.update(card, {"card": {"exp_month": 3}})

    event = client.v1.events.list({"type": "payment_method.updated"}).data[0]
    assert event.data.to_dict()["previous_attributes"] == {"card": {"exp_month": 8}}
    assert event.data.to_dict()["object"]["card"]["exp_month"] == 3


def test_changes_of_customers_and_cards_make_stripes_events(client: stripe.StripeClient) -> None:
    customer = a_customer(client)
    card = a_card(client, customer)
    client.v1.customers.update(customer, {"name": "Ada"})
    client.v1.customers.update(customer, {"name": "Ada"})
    client.v1.payment_methods.detach(card)
    client.v1.customers.delete(customer)

    assert event_types(client) == [
        "customer.created",
        "payment_method.attached",
        "customer.updated",
        "payment_method.detached",
        "customer.deleted",
    ]
