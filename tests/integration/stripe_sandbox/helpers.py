"""Builders and small machines for the sandbox's tests."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import stripe

SECRET = "whsec_of_the_sandbox_tests"
Json = dict[str, Any]


class HasAddress(Protocol):
    """A sandbox that runs, here or in a process of its own."""

    @property
    def base_url(self) -> str:
        """Where it answers."""


def client_of(running: HasAddress, *, retries: int = 0, key: str = "sk_test_of_the_tests") -> stripe.StripeClient:
    """The official client, pointed at the sandbox."""
    return stripe.StripeClient(key, base_addresses={"api": running.base_url}, max_network_retries=retries)


def a_customer(client: stripe.StripeClient, **params: Any) -> str:
    """The id of a new customer."""
    return client.v1.customers.create(params).id


def a_card(client: stripe.StripeClient, customer: str, card: str = "pm_card_visa") -> str:
    """The id of a card attached to the customer."""
    return client.v1.payment_methods.attach(card, {"customer": customer}).id


def a_payment(customer: str, card: str, **params: Any) -> Any:
    """Parameters of an off-session charge of 10.00 USD."""
    return {
        "amount": 1000,
        "currency": "usd",
        "customer": customer,
        "payment_method": card,
        "confirm": True,
        "off_session": True,
        **params,
    }


def a_charge(client: stripe.StripeClient, card: str = "pm_card_visa", **params: Any) -> str:
    """The id of a charge of 10.00 USD that has succeeded."""
    customer = a_customer(client)
    intent = client.v1.payment_intents.create(a_payment(customer, a_card(client, customer, card), **params))
    return str(intent.latest_charge)


def a_dispute(client: stripe.StripeClient, card: str = "pm_card_createDispute") -> str:
    """The id of the dispute of a new charge of 10.00 USD."""
    return client.v1.disputes.list({"charge": a_charge(client, card)}).data[0].id


def attempt(call: Callable[[], Any]) -> Json:
    """What a call comes to: {"status": 200, "object": …}, or the status and members of Stripe's error."""
    try:
        return {"status": 200, "object": call()}
    except stripe.StripeError as error:
        body: Any = error.json_body or {}
        return {"status": error.http_status, **body.get("error", {})}


def refusal(call: Callable[[], Any]) -> Json:
    """The error that Stripe answers to a call that must be refused."""
    outcome = attempt(call)
    assert outcome["status"] != 200, "this had to be refused"
    return outcome


def raw(running: HasAddress, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Json]:
    """Status and JSON of a plain HTTP request."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request(running.base_url + path, data=body, method=method, headers=named)
    try:
        with urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except HTTPError as error:
        return error.code, json.loads(error.read())


def control_answer(running: HasAddress, path: str, **settings: Any) -> tuple[int, Json]:
    """POST JSON to /sandbox: the status and the answer."""
    return raw(running, "POST", f"/sandbox/{path}", json.dumps(settings).encode(), Content_Type="application/json")


def control_refusal(running: HasAddress, path: str, **settings: Any) -> tuple[int, str | None]:
    """POST JSON to /sandbox that must be refused: the status, and the name of what is wrong."""
    status, answer = control_answer(running, path, **settings)
    assert status != 200, "this had to be refused"
    assert answer["error"]["message"]
    return status, answer["error"]["param"]


def control(running: HasAddress, path: str, **settings: Any) -> Json:
    """POST JSON to /sandbox and expect it to be taken."""
    status, answer = control_answer(running, path, **settings)
    assert status == 200, answer
    return answer


def real_charges(running: HasAddress, query: str = "") -> list[Json]:
    """What the bank really did."""
    charges: list[Json] = raw(running, "GET", f"/sandbox/charges{query}")[1]["data"]
    return charges


def event_types(client: stripe.StripeClient) -> list[str]:
    """The types of all events, oldest first."""
    return [event.type for event in client.v1.events.list({"limit": 100}).data][::-1]


def events_since(client: stripe.StripeClient, count: int) -> list[Json]:
    """The events after the first `count`, oldest first."""
    return [event.to_dict() for event in client.v1.events.list({"limit": 100}).data][::-1][count:]


@dataclass
class ManualClock:
    """A clock that stands until it is moved."""

    now: datetime = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **delta: float) -> None:
        """Move on by a timedelta's arguments."""
        self.now += timedelta(**delta)


@dataclass
class Receiver:
    """A webhook endpoint that keeps what it gets. `answers` are the statuses of the next deliveries, then 200."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)

    @property
    def events(self) -> list[Json]:
        """The events, in the order of their arrival."""
        return [json.loads(body) for body in self.bodies]

    @property
    def types(self) -> list[str]:
        """Their types."""
        return [event["type"] for event in self.events]


@contextmanager
def receiver_of_webhooks(*, port: int = 0) -> Iterator[Receiver]:
    """A running Receiver; while `hold` is set it does not answer."""
    receiver = Receiver()
    released = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            receiver.signatures.append(self.headers["Stripe-Signature"])
            if receiver.hold.is_set():
                released.wait(10)
            status = receiver.answers.pop(0) if receiver.answers else 200
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/webhooks?from=stripe"
    try:
        yield receiver
    finally:
        released.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
