"""What only a stand-in can do: cards with moods, answers that fail, get lost or come late."""

import json
import time

import pytest
import stripe

from adapters.stripe_sandbox import RunningSandbox, running_sandbox
from tests.integration.stripe_sandbox.helpers import (
    Receiver,
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
from tests.waiting import eventually

KEY: stripe.RequestOptions = {"idempotency_key": "attempt-1"}


def test_a_mood_declines_the_next_charges_and_then_succeeds(
    client: stripe.StripeClient, running: RunningSandbox
) -> None:
    customer = a_customer(client)
    card = a_card(client, customer)
    control(running, f"payment_methods/{card}", decline_code="insufficient_funds", succeed_after=2)

    outcomes = [_outcome(client, customer, card) for _ in range(4)]

    assert outcomes == ["insufficient_funds", "insufficient_funds", "succeeded", "succeeded"]


def test_a_mood_without_an_end_declines_for_ever(client: stripe.StripeClient, running: RunningSandbox) -> None:
    customer = a_customer(client)
    card = a_card(client, customer)
    control(running, f"payment_methods/{card}", decline_code="do_not_honor", advice_code="do_not_try_again")

    errors = [refusal(lambda: client.v1.payment_intents.create(a_payment(customer, card))) for _ in range(3)]

    assert {(error["decline_code"], error["advice_code"]) for error in errors} == {("do_not_honor", "do_not_try_again")}


def test_succeed_after_alone_declines_generically(client: stripe.StripeClient, running: RunningSandbox) -> None:
    customer = a_customer(client)
    card = a_card(client, customer)
    control(running, f"payment_methods/{card}", succeed_after=1)

    assert [_outcome(client, customer, card) for _ in range(2)] == ["generic_decline", "succeeded"]


def test_an_empty_mood_makes_a_declining_card_succeed(client: stripe.StripeClient, running: RunningSandbox) -> None:
    customer = a_customer(client)
    card = a_card(client, customer, "pm_card_chargeCustomerFail")
    before = _outcome(client, customer, card)

    control(running, f"payment_methods/{card}")

    assert (before, _outcome(client, customer, card)) == ("generic_decline", "succeeded")


def test_a_test_id_has_a_mood_too_in_either_spelling(client: stripe.StripeClient, running: RunningSandbox) -> None:
    customer = a_customer(client)
    card = a_card(client, customer)
    control(running, "payment_methods/pm_card_visa", decline_code="lost_card")
    control(running, "payment_methods/pm_card_visa_chargeDeclined")

    attached = a_card(client, customer, "pm_card_chargeDeclined")

    assert (_outcome(client, customer, card), _outcome(client, customer, attached)) == ("lost_card", "succeeded")


def test_a_mood_can_ask_for_authentication(client: stripe.StripeClient, running: RunningSandbox) -> None:
    customer = a_customer(client)
    card = a_card(client, customer)
    control(running, f"payment_methods/{card}", decline_code="authentication_required", succeed_after=1)

    on_session = client.v1.payment_intents.create(a_payment(customer, card, off_session=False))

    assert on_session.status == "requires_action"
    assert [_outcome(client, customer, card) for _ in range(2)] == ["authentication_required", "succeeded"]


def test_a_mood_is_taken_as_a_form_too(client: stripe.StripeClient, running: RunningSandbox) -> None:
    customer = a_customer(client)
    card = a_card(client, customer)

    status, _ = raw(running, "POST", f"/sandbox/payment_methods/{card}", b"decline_code=lost_card&succeed_after=1")

    assert status == 200
    assert [_outcome(client, customer, card) for _ in range(2)] == ["lost_card", "succeeded"]


@pytest.mark.parametrize(
    ("mood", "field"),
    [
        ({"decline_code": 7}, "decline_code"),
        ({"decline_code": "Not A Code"}, "decline_code"),
        ({"advice_code": "perhaps"}, "advice_code"),
        ({"succeed_after": -1}, "succeed_after"),
        ({"succeed_after": True}, "succeed_after"),
        ({"succeed_after": "soon"}, "succeed_after"),
        ({"processing": "maybe"}, "processing"),
        ({"happy": True}, "happy"),
    ],
)
def test_a_mood_that_makes_no_sense_names_its_field(
    client: stripe.StripeClient, running: RunningSandbox, mood: dict[str, object], field: str
) -> None:
    a_customer(client)
    status, answer = raw(
        running,
        "POST",
        "/sandbox/payment_methods/pm_card_visa",
        json.dumps(mood).encode(),
        Content_Type="application/json",
    )

    assert (status, answer["error"]["param"]) == (400, field)


def test_a_mood_needs_a_card_that_exists(client: stripe.StripeClient, running: RunningSandbox) -> None:
    a_customer(client)

    assert raw(running, "POST", "/sandbox/payment_methods/pm_gone", b"")[0] == 404


def test_half_of_the_500s_did_their_work_and_all_are_stored(
    client: stripe.StripeClient, running: RunningSandbox
) -> None:
    customer = a_customer(client)
    card = a_card(client, customer)
    control(running, "faults", error_rate=1)
    keys: list[stripe.RequestOptions] = [{"idempotency_key": f"attempt-{number}"} for number in range(40)]

    statuses = {
        refusal(lambda key=key: client.v1.payment_intents.create(a_payment(customer, card), key))["status"]
        for key in keys
    }
    control(running, "faults", error_rate=0)
    again = [
        refusal(lambda key=key: client.v1.payment_intents.create(a_payment(customer, card), key))["status"]
        for key in keys
    ]

    assert statuses == {500}
    assert again == [500] * 40
    assert 8 <= len(real_charges(running)) <= 32


def test_a_stored_500_tells_the_client_not_to_repeat_it(client: stripe.StripeClient, running: RunningSandbox) -> None:
    control(running, "faults", error_rate=1)

    with pytest.raises(stripe.APIError) as failed:
        client.v1.customers.create({}, KEY)
    control(running, "faults", error_rate=0)

    assert failed.value.headers is not None
    assert failed.value.headers["Stripe-Should-Retry"] == "false"
    assert refusal(lambda: client.v1.customers.create({}, KEY))["type"] == "api_error"


def test_a_lost_answer_was_carried_out_and_its_key_finds_it(
    client: stripe.StripeClient, running: RunningSandbox
) -> None:
    customer = a_customer(client)
    payment = a_payment(customer, a_card(client, customer))
    control(running, "faults", answer_lost=1)

    with pytest.raises(stripe.APIConnectionError):
        client.v1.payment_intents.create(payment, KEY)
    control(running, "faults", answer_lost=0)
    replayed = client.v1.payment_intents.create(payment, KEY)

    assert [charge["payment_intent"] for charge in real_charges(running)] == [replayed.id]


def test_lost_answers_leave_no_noise_behind(capfd: pytest.CaptureFixture[str]) -> None:
    with running_sandbox(requests_per_second=None) as running:
        control(running, "faults", answer_lost=1)
        for _ in range(20):
            refusal(lambda: client_of(running).v1.customers.create({}))

    assert capfd.readouterr().err == ""


def test_a_lost_answer_can_be_silent_for_a_while_first(client: stripe.StripeClient, running: RunningSandbox) -> None:
    control(running, "faults", answer_lost=1, hang_seconds=0.4)
    began_at = time.monotonic()

    with pytest.raises(stripe.APIConnectionError):
        client.v1.customers.create({})

    assert time.monotonic() - began_at >= 0.4


def test_reads_are_never_lost_or_failed(client: stripe.StripeClient, running: RunningSandbox) -> None:
    customer = a_customer(client)
    control(running, "faults", error_rate=1, answer_lost=1)

    assert client.v1.customers.retrieve(customer).id == customer


def test_faults_are_shown_and_keep_what_is_not_given(client: stripe.StripeClient, running: RunningSandbox) -> None:
    a_customer(client)
    control(running, "faults", drop=0.25)

    control(running, "faults", delay_seconds=2)

    shown = raw(running, "GET", "/sandbox/faults")[1]
    assert {name: value for name, value in shown.items() if value} == {"drop": 0.25, "delay_seconds": 2.0}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("error_rate", 1.5),
        ("drop", -0.1),
        ("hang_seconds", "long"),
        ("reorder", True),
        ("delay_seconds", 1e9),
        ("x", 1),
    ],
)
def test_a_fault_that_makes_no_sense_names_its_field_and_changes_nothing(
    client: stripe.StripeClient, running: RunningSandbox, setting: str, value: object
) -> None:
    a_customer(client)
    status, answer = raw(
        running,
        "POST",
        "/sandbox/faults",
        json.dumps({"duplicate": 0.5, setting: value}).encode(),
        Content_Type="application/json",
    )

    assert (status, answer["error"]["param"]) == (400, setting)
    assert raw(running, "GET", "/sandbox/faults")[1]["duplicate"] == 0


@pytest.mark.parametrize("body", [b"{", b"[]", b"7"])
def test_a_control_request_that_is_no_json_object_answers_400(
    client: stripe.StripeClient, running: RunningSandbox, body: bytes
) -> None:
    a_customer(client)

    assert raw(running, "POST", "/sandbox/faults", body, Content_Type="application/json")[0] == 400


def test_a_dropped_event_never_arrives_but_is_listed(delivering: RunningSandbox, receiver: Receiver) -> None:
    client = client_of(delivering)
    control(delivering, "faults", drop=1)
    dropped = a_customer(client)
    control(delivering, "faults", drop=0)
    delivered = a_customer(client)

    eventually(lambda: receiver.bodies)

    missed = client.v1.events.list({"delivery_success": False}).data
    assert [event["data"]["object"]["id"] for event in receiver.events] == [delivered]
    assert [event.data.to_dict()["object"]["id"] for event in missed] == [dropped]


def test_a_duplicated_event_arrives_twice_as_the_same_event(delivering: RunningSandbox, receiver: Receiver) -> None:
    control(delivering, "faults", duplicate=1)
    a_customer(client_of(delivering))

    eventually(lambda: len(receiver.bodies) == 2)

    assert receiver.events[0]["id"] == receiver.events[1]["id"]


def test_reordered_events_are_overtaken(delivering: RunningSandbox, receiver: Receiver) -> None:
    client = client_of(delivering)
    control(delivering, "faults", reorder=1)
    first = a_customer(client)
    control(delivering, "faults", reorder=0)
    second = a_customer(client)

    eventually(lambda: len(receiver.bodies) == 2)

    assert [event["data"]["object"]["id"] for event in receiver.events] == [second, first]


def test_delayed_events_wait(delivering: RunningSandbox, receiver: Receiver) -> None:
    control(delivering, "faults", delay_seconds=0.5)
    began_at = time.monotonic()
    a_customer(client_of(delivering))

    eventually(lambda: receiver.bodies)

    assert time.monotonic() - began_at >= 0.5


def _outcome(client: stripe.StripeClient, customer: str, card: str) -> str:
    outcome = attempt(lambda: client.v1.payment_intents.create(a_payment(customer, card)))
    return str(outcome["object"].status if outcome["status"] == 200 else outcome["decline_code"])
