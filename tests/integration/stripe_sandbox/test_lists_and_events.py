"""Lists with their cursors and filters, events, expansion."""

from typing import Any

import pytest
import stripe

from adapters.stripe_sandbox import running_sandbox
from tests.integration.stripe_sandbox.helpers import (
    SECRET,
    ManualClock,
    Receiver,
    a_card,
    a_charge,
    a_customer,
    a_payment,
    client_of,
    refusal,
)


def test_a_list_is_newest_first_and_pages_both_ways(client: stripe.StripeClient) -> None:
    made = [a_customer(client) for _ in range(5)][::-1]

    first = client.v1.customers.list({"limit": 2})
    second = client.v1.customers.list({"limit": 2, "starting_after": first.data[-1].id})
    back = client.v1.customers.list({"limit": 2, "ending_before": second.data[0].id})

    assert [customer.id for customer in first.data + second.data] == made[:4]
    assert (first.has_more, second.has_more, back.has_more) == (True, True, False)
    assert [customer.id for customer in back.data] == made[:2]


def test_the_official_client_walks_all_pages(client: stripe.StripeClient) -> None:
    made = {a_customer(client) for _ in range(7)}

    found = {customer.id for customer in client.v1.customers.list({"limit": 3}).auto_paging_iter()}

    assert found == made


@pytest.mark.parametrize("limit", [0, 101])
def test_a_limit_outside_1_to_100_is_refused(client: stripe.StripeClient, limit: int) -> None:
    error = refusal(lambda: client.v1.customers.list({"limit": limit}))

    assert (error["status"], error["param"]) == (400, "limit")


def test_an_unknown_cursor_is_refused(client: stripe.StripeClient) -> None:
    error = refusal(lambda: client.v1.payment_intents.list({"starting_after": "pi_gone"}))

    assert (error["status"], error["code"], error["param"]) == (400, "resource_missing", "starting_after")


def test_intents_are_listed_by_customer_and_time() -> None:
    clock = ManualClock()
    with running_sandbox(clock=clock) as running:
        client = client_of(running)
        customer = a_customer(client)
        other = a_customer(client)
        card = a_card(client, customer)
        client.v1.payment_intents.create(a_payment(customer, card))
        clock.advance(minutes=5)
        since = int(clock().timestamp())
        wanted = client.v1.payment_intents.create(a_payment(customer, card))
        client.v1.payment_intents.create({"amount": 1000, "currency": "usd", "customer": other})

        found = client.v1.payment_intents.list({"customer": customer, "created": {"gte": since}})
        older = client.v1.payment_intents.list({"customer": customer, "created": {"lt": since}})

    assert [intent.id for intent in found.data] == [wanted.id]
    assert len(older.data) == 1


def test_charges_are_listed_by_customer_and_by_intent(client: stripe.StripeClient) -> None:
    customer, other = a_customer(client), a_customer(client)
    intent = client.v1.payment_intents.create(a_payment(customer, a_card(client, customer)))
    client.v1.payment_intents.create(a_payment(other, a_card(client, other)))

    by_customer = client.v1.charges.list({"customer": customer}).data
    by_intent = client.v1.charges.list({"payment_intent": intent.id}).data

    assert [charge.id for charge in by_customer] == [charge.id for charge in by_intent] == [intent.latest_charge]
    assert client.v1.charges.retrieve(by_intent[0].id).payment_intent == intent.id


def test_events_are_filtered_by_one_type_several_or_a_family(client: stripe.StripeClient) -> None:
    customer = a_customer(client)
    client.v1.payment_intents.create(a_payment(customer, a_card(client, customer)))

    one = client.v1.events.list({"type": "charge.succeeded"}).data
    several = client.v1.events.list({"types": ["charge.succeeded", "customer.created"]}).data
    family = client.v1.events.list({"type": "payment_intent.*"}).data

    assert [event.type for event in one] == ["charge.succeeded"]
    assert {event.type for event in several} == {"charge.succeeded", "customer.created"}
    assert {event.type for event in family} == {"payment_intent.created", "payment_intent.succeeded"}


def test_a_backfill_finds_what_nobody_took_since_a_time_and_walks_its_pages(receiver: Receiver) -> None:
    clock = ManualClock()
    receiver.answers[:] = [500] * 100
    with running_sandbox(clock=clock, webhook_url=receiver.url, webhook_secrets=(SECRET,)) as running:
        client = client_of(running)
        a_charge(client, "pm_card_createDispute")
        clock.advance(hours=1)
        since = int(clock().timestamp())
        charge = a_charge(client, "pm_card_createDispute")
        client.v1.disputes.close(client.v1.disputes.list({"charge": charge}).data[0].id)
        clock.advance(hours=1)
        a_charge(client, "pm_card_createDispute")
        wanted: Any = {
            "types": ["charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.closed"],
            "created": {"gte": since, "lte": since + 60},
            "delivery_success": False,
            "limit": 1,
        }

        pages = [client.v1.events.list(wanted)]
        while pages[-1].has_more:
            pages.append(client.v1.events.list({**wanted, "starting_after": pages[-1].data[-1].id}))
        walked = [event.id for event in client.v1.events.list(wanted).auto_paging_iter()]
        taken = client.v1.events.list({**wanted, "delivery_success": True}).data

    found = [event for page in pages for event in page.data]
    assert [event.type for event in found] == [
        "charge.dispute.closed",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.created",
    ]
    assert {event.data.to_dict()["object"]["charge"] for event in found} == {charge}
    assert (walked, taken) == ([event.id for event in found], [])


def test_an_event_tells_the_request_that_caused_it(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"name": "Ada"}, {"idempotency_key": "the-key"})

    event = client.v1.events.list({"limit": 1}).data[0]

    assert customer.last_response is not None
    assert event.request is not None
    assert (event.request.id, event.request.idempotency_key) == (customer.last_response.request_id, "the-key")
    assert (event.api_version, event.livemode) == ("2026-10-28.endive", False)


def test_an_event_keeps_the_object_as_it_was(client: stripe.StripeClient) -> None:
    customer = a_customer(client, name="Ada")
    client.v1.customers.update(customer, {"name": "Countess"})

    created, updated = (client.v1.events.list().data[position].data.to_dict() for position in (1, 0))

    assert created["object"]["name"] == "Ada"
    assert (updated["object"]["name"], updated["previous_attributes"]) == ("Countess", {"name": "Ada"})


def test_an_event_is_retrieved_by_its_id(client: stripe.StripeClient) -> None:
    a_customer(client)
    listed = client.v1.events.list().data[0]

    assert client.v1.events.retrieve(listed.id).type == "customer.created"


def test_ids_are_expanded_several_levels_deep(client: stripe.StripeClient) -> None:
    customer = a_customer(client, name="Ada")
    client.v1.payment_intents.create(a_payment(customer, a_card(client, customer)))

    found = client.v1.payment_intents.list({"expand": ["data.latest_charge.customer", "data.payment_method"]}).data[0]

    assert isinstance(found.latest_charge, stripe.Charge)
    assert isinstance(found.latest_charge.customer, stripe.Customer)
    assert found.latest_charge.customer.name == "Ada"
    assert isinstance(found.payment_method, stripe.PaymentMethod)


def test_what_cannot_be_expanded_is_refused_and_nothing_is_done(client: stripe.StripeClient) -> None:
    error = refusal(lambda: client.v1.customers.create({"expand": ["email"]}))

    assert (error["status"], error["param"]) == (400, "expand")
    assert client.v1.customers.list().data == []


def test_there_are_no_invoice_payments(client: stripe.StripeClient) -> None:
    assert client.v1.invoice_payments.list({"invoice": "in_1"}).data == []
