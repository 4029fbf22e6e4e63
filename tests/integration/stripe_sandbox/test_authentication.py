"""3-D Secure: cards that need the customer, on and off session; and payments that take their time."""

from http.client import HTTPConnection
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
import stripe

from adapters.stripe_sandbox import RunningSandbox
from tests.integration.stripe_sandbox.helpers import (
    a_card,
    a_customer,
    a_payment,
    control,
    event_types,
    raw,
    real_charges,
    refusal,
)

FORM = "application/x-www-form-urlencoded"


def test_off_session_a_card_that_needs_authentication_is_declined(client: stripe.StripeClient) -> None:
    customer = a_customer(client)
    card = a_card(client, customer, "pm_card_authenticationRequired")

    error = refusal(lambda: client.v1.payment_intents.create(a_payment(customer, card)))

    assert (error["status"], error["code"], error["decline_code"]) == (
        402,
        "authentication_required",
        "authentication_required",
    )
    assert error["payment_intent"]["status"] == "requires_payment_method"


def test_on_session_it_waits_for_the_customer_without_a_charge(
    client: stripe.StripeClient, running: RunningSandbox
) -> None:
    intent = _waiting_intent(client, "pm_card_authenticationRequired")

    assert intent.next_action is not None
    assert (intent.status, intent.next_action.type) == ("requires_action", "use_stripe_sdk")
    assert event_types(client)[-1] == "payment_intent.requires_action"
    assert real_charges(running) == []


def test_with_a_return_url_the_customer_is_sent_away_and_back(client: stripe.StripeClient) -> None:
    intent = _waiting_intent(client, "pm_card_authenticationRequired", return_url="https://example.com/back")

    assert intent.next_action is not None
    assert intent.next_action.redirect_to_url is not None
    assert intent.next_action.redirect_to_url.return_url == "https://example.com/back"


def test_an_authenticated_payment_succeeds(client: stripe.StripeClient, running: RunningSandbox) -> None:
    intent = _waiting_intent(client, "pm_card_authenticationRequired")

    control(running, f"payment_intents/{intent.id}/authenticate", outcome="succeed")

    paid = client.v1.payment_intents.retrieve(intent.id)
    assert (paid.status, paid.next_action) == ("succeeded", None)
    assert event_types(client)[-2:] == ["charge.succeeded", "payment_intent.succeeded"]


def test_a_failed_authentication_leaves_no_charge_and_asks_for_another_card(
    client: stripe.StripeClient, running: RunningSandbox
) -> None:
    intent = _waiting_intent(client, "pm_card_authenticationRequired")

    control(running, f"payment_intents/{intent.id}/authenticate", outcome="fail")

    failed = client.v1.payment_intents.retrieve(intent.id)
    assert failed.last_payment_error is not None
    assert failed.last_payment_error.code == "payment_intent_authentication_failure"
    assert (failed.status, real_charges(running)) == ("requires_payment_method", [])


def test_a_card_can_be_declined_after_its_authentication(client: stripe.StripeClient, running: RunningSandbox) -> None:
    intent = _waiting_intent(client, "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds")

    control(running, f"payment_intents/{intent.id}/authenticate", outcome="succeed")

    declined = client.v1.payment_intents.retrieve(intent.id)
    assert declined.last_payment_error is not None
    assert (declined.status, declined.last_payment_error.decline_code) == (
        "requires_payment_method",
        "insufficient_funds",
    )
    assert [charge["status"] for charge in real_charges(running)] == ["failed"]


def test_a_card_set_up_by_its_first_payment_passes_off_session_later(
    client: stripe.StripeClient, running: RunningSandbox
) -> None:
    customer = a_customer(client)
    card = a_card(client, customer, "pm_card_authenticationRequiredOnSetup")
    before = refusal(lambda: client.v1.payment_intents.create(a_payment(customer, card)))
    first = client.v1.payment_intents.create(
        a_payment(customer, card, off_session=False, setup_future_usage="off_session")
    )
    control(running, f"payment_intents/{first.id}/authenticate", outcome="succeed")

    later = client.v1.payment_intents.create(a_payment(customer, card))

    assert (before["code"], first.status, later.status) == ("authentication_required", "requires_action", "succeeded")


def test_error_on_requires_action_declines_instead_of_waiting(
    client: stripe.StripeClient, running: RunningSandbox
) -> None:
    customer = a_customer(client)
    card = a_card(client, customer, "pm_card_threeDSecure2Required")

    error = refusal(
        lambda: client.v1.payment_intents.create(
            a_payment(customer, card, off_session=False, error_on_requires_action=True)
        )
    )

    assert (error["status"], error["decline_code"]) == (402, "authentication_not_handled")
    assert real_charges(running) == []


@pytest.mark.parametrize("card", ["pm_card_threeDSecureOptional", "pm_card_amex_threeDSecureNotSupported"])
def test_cards_that_need_no_authentication_pass(client: stripe.StripeClient, card: str) -> None:
    assert _waiting_intent(client, card).status == "succeeded"


def test_another_card_can_be_confirmed_while_the_first_waits(client: stripe.StripeClient) -> None:
    intent = _waiting_intent(client, "pm_card_authenticationRequired")

    paid = client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})

    assert (paid.status, paid.next_action) == ("succeeded", None)


def test_an_older_decline_is_forgotten_while_another_card_waits(client: stripe.StripeClient) -> None:
    customer = a_customer(client)
    bad = a_card(client, customer, "pm_card_chargeCustomerFail")
    left = refusal(lambda: client.v1.payment_intents.create(a_payment(customer, bad)))["payment_intent"]

    waiting = client.v1.payment_intents.confirm(left["id"], {"payment_method": "pm_card_authenticationRequired"})

    assert left["last_payment_error"]["code"] == "card_declined"
    assert (waiting.status, waiting.last_payment_error) == ("requires_action", None)


def test_only_a_waiting_payment_can_be_authenticated(client: stripe.StripeClient, running: RunningSandbox) -> None:
    intent = client.v1.payment_intents.create({"amount": 1000, "currency": "usd"})

    status, answer = raw(running, "POST", f"/sandbox/payment_intents/{intent.id}/authenticate", b"outcome=succeed")

    assert (status, answer["error"]["type"]) == (409, "sandbox_error")
    assert "requires_payment_method" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("outcome", "status", "last"),
    [
        ("succeed", "succeeded", "payment_intent.succeeded"),
        ("fail", "requires_payment_method", "payment_intent.payment_failed"),
    ],
)
def test_a_slow_payment_is_processing_until_it_is_settled(
    client: stripe.StripeClient, running: RunningSandbox, outcome: str, status: str, last: str
) -> None:
    customer = a_customer(client)
    card = a_card(client, customer)
    control(running, f"payment_methods/{card}", processing=True)
    intent = client.v1.payment_intents.create(a_payment(customer, card))
    seen = event_types(client)[-2:]

    control(running, f"payment_intents/{intent.id}/settle", outcome=outcome)

    assert (intent.status, seen) == ("processing", ["charge.pending", "payment_intent.processing"])
    assert client.v1.payment_intents.retrieve(intent.id).status == status
    assert event_types(client)[-1] == last
    assert len(real_charges(running)) == 1


def _waiting_intent(client: stripe.StripeClient, card: str, **params: str) -> stripe.PaymentIntent:
    customer = a_customer(client)
    attached = a_card(client, customer, card)
    return client.v1.payment_intents.create(a_payment(customer, attached, off_session=False, **params))


def test_the_page_of_the_next_action_brings_the_customer_back(
    client: stripe.StripeClient, running: RunningSandbox
) -> None:
    intent = _waiting_intent(
        client, "pm_card_authenticationRequired", return_url="https://example.com/back?order=7", description="<Lamp>"
    )
    page = intent.next_action.redirect_to_url.url
    shown = urlopen(page, timeout=5).read().decode()

    status, location = _submit(page, "succeed")

    assert "&lt;Lamp&gt;" in shown
    assert status == 303
    assert location.startswith("https://example.com/back?order=7&payment_intent=" + intent.id)
    assert location.endswith("redirect_status=succeeded")
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_the_page_of_a_finished_payment_asks_for_nothing(client: stripe.StripeClient, running: RunningSandbox) -> None:
    intent = _waiting_intent(client, "pm_card_authenticationRequired", return_url="https://example.com/back")
    page = intent.next_action.redirect_to_url.url
    _submit(page, "fail")

    shown = urlopen(page, timeout=5).read().decode()

    assert "<form" not in shown
    assert "requires_payment_method" in shown


def _submit(page: str, outcome: str) -> tuple[int, str]:
    address = urlsplit(page)
    connection = HTTPConnection(address.netloc, timeout=5)
    connection.request("POST", address.path, f"from=page&outcome={outcome}", {"Content-Type": FORM})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.getheader("Location", "")
