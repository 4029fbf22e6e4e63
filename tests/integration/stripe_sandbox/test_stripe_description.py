"""The sandbox's table of parameters is Stripe's, and the checks themselves refuse what is not Stripe's."""

from pathlib import Path

import pytest

from adapters.stripe_sandbox import request_parameters
from adapters.stripe_sandbox.declines import ADVICE_CODES, decline_for
from adapters.stripe_sandbox.operations import Operation
from adapters.stripe_sandbox.routes import OPERATIONS
from adapters.stripe_sandbox.test_cards import CARDS, Card
from tests.stripe_parameters import package_table, parameter_table
from tests.stripe_spec import Exchange, NotStripe, StripeWatch, check_object, check_request, nested

PAYMENT = {"amount": "1000", "currency": "usd"}


def test_the_packaged_table_is_what_the_descriptions_give() -> None:
    packaged = Path(request_parameters.__file__).with_name("request_parameters.json")

    assert packaged.read_text(encoding="utf-8") == package_table([operation.name for operation in OPERATIONS])


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_what_an_endpoint_acts_on_is_known_to_stripe(operation: Operation) -> None:
    assert operation.plays <= parameter_table()[operation.name].keys()


@pytest.mark.parametrize("card", CARDS.values(), ids=lambda card: card.name)
def test_every_card_declines_with_an_advice_that_stripe_knows(card: Card) -> None:
    decline = decline_for(card.decline_code or "generic_decline")

    assert decline.advice_code in (None, *ADVICE_CODES)


@pytest.mark.parametrize(
    "params",
    [
        {**PAYMENT, "off_session": "true", "metadata": {"a": "b"}, "expand": ["latest_charge"]},
        {**PAYMENT, "payment_method_types": ["card"], "automatic_payment_methods": {"enabled": True}},
        {**PAYMENT, "description": "", "allowed_payment_method_types": ["card"]},
    ],
)
def test_requests_of_either_description_pass(params: dict[str, object]) -> None:
    check_request("POST", "/v1/payment_intents", params)


@pytest.mark.parametrize(
    "params",
    [
        {**PAYMENT, "colour": "red"},
        {**PAYMENT, "automatic_payment_methods": {"colour": "red"}},
        {**PAYMENT, "amount": "ten"},
        {**PAYMENT, "confirm": "perhaps"},
        {**PAYMENT, "setup_future_usage": "never"},
        {**PAYMENT, "metadata": "text"},
        {"amount": "1000"},
    ],
)
def test_requests_that_stripe_does_not_know_are_found(params: dict[str, object]) -> None:
    with pytest.raises(NotStripe):
        check_request("POST", "/v1/payment_intents", params)


def test_an_endpoint_that_stripe_does_not_have_is_found() -> None:
    with pytest.raises(NotStripe, match="know no POST"):
        check_request("POST", "/v1/invoices/in_1/forget", {})


def test_forms_become_nested_parameters() -> None:
    assert nested("a[b]=c&d[0]=e&d[1]=f&g=") == {"a": {"b": "c"}, "d": ["e", "f"], "g": ""}


@pytest.mark.parametrize(
    "body",
    [
        {"id": "cus_1", "object": "customer", "created": 1, "livemode": False, "colour": "red"},
        {"id": "cus_1", "object": "customer", "created": "today", "livemode": False},
        {"id": "cus_1", "object": "customer"},
        {"id": "x_1", "object": "unicorn"},
        {"object": "list", "data": [{"id": "cus_1", "object": "customer"}], "has_more": False, "url": "/v1/customers"},
        {"object": "list", "data": [], "url": "/v1/customers"},
        {"error": {"message": "no type"}},
    ],
)
def test_objects_that_stripe_does_not_answer_are_found(body: dict[str, object]) -> None:
    with pytest.raises(NotStripe):
        check_object(body)


def test_a_watch_that_saw_nothing_says_so() -> None:
    with pytest.raises(NotStripe, match="no request"):
        StripeWatch().check_all()


def test_a_watch_finds_a_request_with_an_unknown_parameter() -> None:
    watch = StripeWatch([Exchange("POST", "/v1/customers", "colour=red", 200, b"{}")])

    with pytest.raises(NotStripe, match="colour"):
        watch.check_all()
