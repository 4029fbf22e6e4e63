"""Checkout Sessions: what they are, what their page does, how they end."""

from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

import pytest
import stripe

from adapters.stripe_sandbox import RunningSandbox
from tests.integration.stripe_sandbox.helpers import (
    ManualClock,
    a_customer,
    client_of,
    event_types,
    raw,
    real_charges,
    refusal,
)

BACK = "http://127.0.0.1:1/pay/token"


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def submit(url: str, **form: str) -> tuple[int, str]:
    """POST on a page: its status, and where it leads or what it says."""
    data = urlencode(form).encode() if form else None
    try:
        with build_opener(_Stay).open(Request(url, data=data), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.headers.get("Location") or error.read().decode()


def setup_session(client: stripe.StripeClient, customer: str, **params: Any) -> Any:
    asked: Any = {"mode": "setup", "customer": customer, "success_url": BACK, "cancel_url": BACK}
    return client.v1.checkout.sessions.create({**asked, **params})


def pay_session(client: stripe.StripeClient, customer: str, **params: Any) -> Any:
    price = {"currency": "usd", "unit_amount": 4200, "product_data": {"name": "Invoice 2026-1"}}
    asked: Any = {
        "mode": "payment",
        "customer": customer,
        "success_url": BACK + "?session={CHECKOUT_SESSION_ID}",
        "cancel_url": BACK,
        "line_items": [{"price_data": price, "quantity": 1}],
        "payment_intent_data": {"metadata": {"invoice_id": "inv_1", "attempt_id": "att_1"}},
    }
    return client.v1.checkout.sessions.create({**asked, **params})


def test_a_card_saved_on_the_page_is_the_customers(client: stripe.StripeClient) -> None:
    customer = a_customer(client)
    session = setup_session(client, customer)

    status, location = submit(session.url, card="pm_card_visa")

    assert (status, location) == (303, BACK)
    done = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["setup_intent"]})
    assert (done.status, done.payment_status, done.url) == ("complete", "no_payment_required", None)
    assert isinstance(done.setup_intent, stripe.SetupIntent)
    cards = client.v1.customers.payment_methods.list(customer).data
    assert [card.id for card in cards] == [done.setup_intent.payment_method]
    assert client.v1.customers.retrieve(customer).invoice_settings.default_payment_method is None
    assert event_types(client)[-3:] == [
        "payment_method.attached",
        "setup_intent.succeeded",
        "checkout.session.completed",
    ]


def test_a_card_that_the_bank_refuses_can_be_tried_again(client: stripe.StripeClient) -> None:
    session = setup_session(client, a_customer(client))

    status, text = submit(session.url, card="pm_card_chargeDeclined")

    assert status == 402
    assert "Your card was declined." in text
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"
    assert submit(session.url, card="pm_card_visa")[0] == 303


def test_a_payment_has_the_metadata_of_its_session(client: stripe.StripeClient, running: RunningSandbox) -> None:
    session = pay_session(client, a_customer(client))
    assert (session.payment_intent, session.amount_total, session.payment_status) == (None, 4200, "unpaid")

    status, location = submit(session.url, card="pm_card_visa")

    assert (status, location) == (303, f"{BACK}?session={session.id}")
    charge = real_charges(running)[-1]
    assert (charge["status"], charge["amount"]) == ("succeeded", 4200)
    assert charge["metadata"] == {"invoice_id": "inv_1", "attempt_id": "att_1"}
    done = client.v1.checkout.sessions.retrieve(session.id)
    assert (done.payment_intent, done.payment_status) == (charge["payment_intent"], "paid")
    assert event_types(client)[-2:] == ["payment_intent.succeeded", "checkout.session.completed"]


def test_a_declined_payment_leaves_the_page_open_with_one_intent(
    client: stripe.StripeClient, running: RunningSandbox
) -> None:
    session = pay_session(client, a_customer(client))

    assert submit(session.url, card="pm_card_chargeDeclined")[0] == 402
    assert submit(session.url, card="pm_card_visa")[0] == 303

    declined, paid = real_charges(running)[-2:]
    assert (declined["status"], paid["status"]) == ("failed", "succeeded")
    assert declined["payment_intent"] == paid["payment_intent"]


@pytest.mark.parametrize(("outcome", "status"), [("succeed", "complete"), ("fail", "open")])
def test_the_bank_asks_on_a_page_of_its_own(client: stripe.StripeClient, outcome: str, status: str) -> None:
    session = pay_session(client, a_customer(client))

    _, bank = submit(session.url, card="pm_card_authenticationRequired")
    assert bank.endswith("/authenticate")
    _, back = submit(bank, outcome=outcome, **{"from": "page"})
    submit(back)

    assert client.v1.checkout.sessions.retrieve(session.id).status == status


def test_who_goes_back_leaves_the_session_open(client: stripe.StripeClient) -> None:
    session = pay_session(client, a_customer(client))

    assert submit(session.url, outcome="cancel") == (303, BACK)
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"


def test_an_expired_page_takes_nothing_and_its_intent_is_canceled(
    client: stripe.StripeClient, running: RunningSandbox
) -> None:
    session = pay_session(client, a_customer(client))
    submit(session.url, card="pm_card_chargeDeclined")
    before = len(real_charges(running))

    expired = client.v1.checkout.sessions.expire(session.id)

    assert (expired.status, expired.url) == ("expired", None)
    assert client.v1.payment_intents.retrieve(str(expired.payment_intent)).status == "canceled"
    assert event_types(client)[-2:] == ["payment_intent.canceled", "checkout.session.expired"]
    assert "This page is expired." in submit(session.url, card="pm_card_visa")[1]
    assert len(real_charges(running)) == before


def test_only_an_open_session_can_be_expired(client: stripe.StripeClient) -> None:
    session = setup_session(client, a_customer(client))
    submit(session.url, card="pm_card_visa")

    refused = refusal(lambda: client.v1.checkout.sessions.expire(session.id))

    assert refused["status"] == 400
    assert "status of `complete`" in refused["message"]


def test_sessions_are_listed_by_customer_and_status(client: stripe.StripeClient) -> None:
    customer = a_customer(client)
    first, second = pay_session(client, customer), pay_session(client, customer)
    client.v1.checkout.sessions.expire(first.id)

    listed = client.v1.checkout.sessions.list({"customer": customer}).data
    still_open = client.v1.checkout.sessions.list({"customer": customer, "status": "open"}).data

    assert [session.id for session in listed] == [second.id, first.id]
    assert [session.id for session in still_open] == [second.id]


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"mode": "subscription"}, "mode"),
        ({"customer": "cus_nobody"}, "customer"),
        ({"expires_at": 1}, "expires_at"),
        ({"line_items": []}, "line_items"),
        ({"line_items": [{"price": "price_1"}]}, "line_items"),
        ({"submit_type": "pay"}, "submit_type"),
    ],
)
def test_what_cannot_be_played_is_refused(client: stripe.StripeClient, params: Any, param: str) -> None:
    refused = refusal(lambda: pay_session(client, params.pop("customer", None) or a_customer(client), **params))

    assert (refused["status"], refused["param"]) == (400, param)


def test_an_unknown_page_is_404(client: stripe.StripeClient, running: RunningSandbox) -> None:
    a_customer(client)

    assert raw(running, "GET", "/sandbox/checkout/cs_nobody")[0] == 404
    assert raw(running, "POST", "/sandbox/checkout/cs_nobody", b"card=pm_card_visa")[0] == 404


def test_a_session_expires_by_itself(timed: RunningSandbox, clock: ManualClock) -> None:
    client = client_of(timed)
    session = pay_session(client, a_customer(client), expires_at=int(clock.now.timestamp()) + 1800)

    clock.advance(seconds=1801)
    timed.sandbox.settle_due()

    assert client.v1.checkout.sessions.retrieve(session.id).status == "expired"
