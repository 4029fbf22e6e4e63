"""Keys, versions, unknown parameters, limits: what every request goes through."""

import base64
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
import stripe

from adapters.stripe_sandbox import RunningSandbox, running_sandbox
from tests.integration.stripe_sandbox.helpers import ManualClock, attempt, client_of, raw, refusal

KEY = "Bearer sk_test_x"
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("key", ["sk_live_secret", "pk_test_public", "sk_test_", "nonsense"])
def test_only_secret_test_keys_are_taken(running: RunningSandbox, key: str) -> None:
    with pytest.raises(stripe.AuthenticationError) as refused:
        client_of(running, key=key).v1.customers.list()

    assert refused.value.http_status == 401
    assert "secret" not in str(refused.value)


def test_without_a_key_there_is_no_answer_but_401(running: RunningSandbox) -> None:
    status, answer = raw(running, "GET", "/v1/customers")

    assert (status, answer["error"]["type"]) == (401, "invalid_request_error")


def test_basic_authentication_works_as_in_stripes_curl_examples(running: RunningSandbox) -> None:
    basic = base64.b64encode(b"sk_test_x:").decode()

    assert raw(running, "GET", "/v1/customers", Authorization=f"Basic {basic}")[0] == 200


@pytest.mark.parametrize(
    ("form", "param"),
    [
        (b"nonsense=1", "nonsense"),
        (b"address[planet]=1", "address[planet]"),
        (b"invoice_settings[default_payment_method][x]=1", "invoice_settings[default_payment_method]"),
    ],
)
def test_unknown_parameters_are_refused_by_their_full_name(running: RunningSandbox, form: bytes, param: str) -> None:
    status, answer = raw(running, "POST", "/v1/customers", form, Authorization=KEY, Content_Type=FORM)

    assert (status, answer["error"]["param"]) == (400, param)


def test_an_unknown_parameter_has_stripes_code(client: stripe.StripeClient) -> None:
    error = refusal(lambda: client.v1.customers.create({"nonsense": 1}))

    assert (error["code"], error["message"]) == ("parameter_unknown", "Received unknown parameter: nonsense")
    assert error["doc_url"] == "https://stripe.com/docs/error-codes/parameter-unknown"


def test_a_parameter_that_the_sandbox_does_not_act_on_is_refused(client: stripe.StripeClient) -> None:
    error = refusal(
        lambda: client.v1.payment_intents.create({"amount": 1000, "currency": "usd", "application_fee_amount": 5})
    )

    assert (error["status"], error["param"]) == (400, "application_fee_amount")
    assert "does not act on it" in error["message"]


@pytest.mark.parametrize(
    ("form", "code"),
    [
        (b"currency=usd", "parameter_missing"),
        (b"currency=usd&amount=", "parameter_invalid_empty"),
        (b"currency=usd&amount=ten", "parameter_invalid_integer"),
        (b"currency=usd&amount=10.5", "parameter_invalid_integer"),
        (b"currency=usd&amount=1000&confirm=yes", None),
        (b"currency=usd&amount=1000&setup_future_usage=never", None),
        (b"currency=usd&amount=1000&metadata=text", None),
        (b"currency=usd&amount=1000&payment_method_types=card", None),
        (b"currency=usd&amount[0]=1000", None),
        (b"currency=usd&[x]=1", None),
        (b"currency=usd&amount=1000&amount[x]=1", None),
    ],
)
def test_malformed_parameters_answer_400(running: RunningSandbox, form: bytes, code: str | None) -> None:
    status, answer = raw(running, "POST", "/v1/payment_intents", form, Authorization=KEY, Content_Type=FORM)

    assert (status, answer["error"].get("code")) == (400, code)
    assert answer["error"]["message"]


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({f"k{number}": "v" for number in range(51)}, "50 metadata keys"),
        ({"k" * 41: "v"}, "40 characters"),
        ({"k": "v" * 501}, "500 characters"),
    ],
)
def test_metadata_keeps_to_stripes_limits(client: stripe.StripeClient, metadata: dict[str, str], words: str) -> None:
    assert words in refusal(lambda: client.v1.customers.create({"metadata": metadata}))["message"]


def test_json_bodies_are_refused_as_stripe_does(running: RunningSandbox) -> None:
    status, answer = raw(running, "POST", "/v1/customers", b"{}", Authorization=KEY, Content_Type="application/json")

    assert status == 400
    assert "form-urlencoded" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/payouts"), ("POST", "/v1/customers/cus_1/nonsense"), ("DELETE", "/v1/events/e")]
)
def test_unknown_endpoints_answer_404_in_stripes_words(running: RunningSandbox, method: str, path: str) -> None:
    status, answer = raw(running, method, path, Authorization=KEY)

    assert status == 404
    assert answer["error"]["message"].startswith(f"Unrecognized request URL ({method}: {path})")


def test_methods_that_stripe_does_not_use_answer_json_too(running: RunningSandbox) -> None:
    assert client_of(running).v1.customers.list().data == []
    status, answer = raw(running, "PUT", "/v1/customers", b"", Authorization=KEY)

    assert (status, answer["error"]["type"]) == (405, "invalid_request_error")


def test_a_body_of_a_megabyte_is_too_large(running: RunningSandbox) -> None:
    assert client_of(running).v1.customers.list().data == []
    with pytest.raises(stripe.StripeError):
        client_of(running).v1.customers.create({"description": "x" * 1_100_000})


def test_the_version_header_is_checked_and_answered(running: RunningSandbox) -> None:
    found = client_of(running).v1.customers.list()
    status, answer = raw(running, "GET", "/v1/customers", Authorization=KEY, Stripe_Version="yesterday")

    assert found.last_response is not None
    assert found.last_response.headers["Stripe-Version"] == "2026-10-28.endive"
    assert (status, answer["error"]["message"]) == (400, "Invalid Stripe API version: yesterday")


def test_every_answer_names_its_request(client: stripe.StripeClient) -> None:
    found = [client.v1.customers.list().last_response for _ in range(2)]

    ids = {answer.request_id for answer in found if answer}
    assert len(ids) == 2
    assert all(str(name).startswith("req_") for name in ids)


def test_an_answer_is_dated_by_the_clock_that_dates_the_events(timed: RunningSandbox, clock: ManualClock) -> None:
    clock.advance(days=40)

    answer = client_of(timed).raw_request("get", "/v1/events")

    assert parsedate_to_datetime(answer.headers["date"]) == clock.now


def test_the_connection_is_kept_between_requests(client: stripe.StripeClient, running: RunningSandbox) -> None:
    client.v1.customers.list()
    address = urlsplit(running.base_url)
    connection = HTTPConnection(str(address.hostname), address.port, timeout=5)
    sockets = set()
    for _ in range(3):
        connection.request("GET", "/v1/customers", headers={"Authorization": KEY})
        sockets.add(connection.sock)
        assert connection.getresponse().read()
    connection.close()

    assert len(sockets) == 1
    assert None not in sockets


def test_too_many_requests_answer_429_before_anything_else() -> None:
    with running_sandbox(requests_per_second=3, monotonic=lambda: 0.0) as running:
        client = client_of(running)
        outcomes = [_status(lambda: client.v1.customers.create({"name": "Ada"})) for _ in range(6)]
        elsewhere = _status(client.v1.payment_intents.list)

        stored = len(client.v1.customers.list().data)

    assert outcomes == [200, 200, 200, 429, 429, 429]
    assert (stored, elsewhere) == (3, 200)


def test_a_429_is_not_kept_under_the_idempotency_key() -> None:
    seconds = [0.0]
    with running_sandbox(requests_per_second=1, monotonic=lambda: seconds[0]) as running:
        client = client_of(running)
        client.v1.customers.create({"name": "Ada"})
        refused = _status(lambda: client.v1.customers.create({"name": "Bob"}, {"idempotency_key": "k"}))
        seconds[0] += 1

        assert refused == 429
        assert client.v1.customers.create({"name": "Bob"}, {"idempotency_key": "k"}).name == "Bob"


def _status(call: Callable[[], Any]) -> int:
    outcome = attempt(call)
    assert (outcome["status"], outcome.get("code")) in ((200, None), (429, "rate_limit"))
    return int(outcome["status"])
