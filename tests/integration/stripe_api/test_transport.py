"""What the network does to a request, and how long it may take."""

import multiprocessing
import os
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from adapters.memory.pacing import MemoryRequestPacer
from adapters.stripe_api.calls import Answer, NoAnswer, StripeCalls
from adapters.stripe_api.client import stripe_client
from adapters.stripe_api.http_client import DeadlineHttpClient, NotConnected, TimeLimits
from domain.model.answers import NotReached, Succeeded, Unknown, UnknownCause
from ports.pacing import TurnNotGranted
from tests.integration.stripe_api.adapters_under_test import (
    ORDER,
    REUSE,
    SHORT,
    an_intent,
    execute,
    gateway_at,
)
from tests.integration.stripe_api.scripted_server import ScriptedServer, drips, hangs, resets, says, sends

LONGEST_TURN_SECONDS = 2.0


def seconds_of(command: Callable[[], Any]) -> float:
    began_at = time.monotonic()
    command()
    return time.monotonic() - began_at


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


def test_the_longest_way_through_a_charge_ends_within_24_seconds() -> None:
    limits = TimeLimits()

    assert 2 * LONGEST_TURN_SECONDS + limits.update + limits.charge < 24
    assert limits.connect < min(limits.read, limits.update, limits.charge)


@pytest.mark.parametrize("silence", [hangs, drips])
def test_a_charge_that_is_not_answered_ends_on_time_with_an_unknown_outcome(
    server: ScriptedServer, silence: Any
) -> None:
    server.answers(says(200, an_intent(status="requires_confirmation")), silence)
    answers: list[Any] = []

    took = seconds_of(lambda: answers.append(execute(server.address, REUSE, SHORT)))

    assert isinstance(answers[0], Unknown)
    assert answers[0].cause is UnknownCause.LOST
    assert SHORT.charge <= took < SHORT.charge + 0.5


def test_an_update_that_is_not_answered_is_a_delay_and_the_confirm_is_not_sent(server: ScriptedServer) -> None:
    server.answers(hangs)

    answer = execute(server.address, REUSE, SHORT)

    assert isinstance(answer, NotReached)
    assert [request.path for request in server.requests] == ["/v1/payment_intents/pi_1"]


@pytest.mark.parametrize(
    "behaviour",
    [
        resets,
        sends(b""),
        sends(b"HTTP/1.1 200 So\r\nContent-Length: 500\r\n\r\n{"),
        sends(b"SSH-2.0-OpenSSH\r\n"),
        sends(b"HTTP/1.1 200 So\r\n" + b"X: y\r\n" * 500 + b"\r\n"),
        sends(b"HTTP/1.1 200 So\r\n\r\n" + b" " * (8 * 1024 * 1024 + 1)),
    ],
    ids=["reset", "closed", "cut short", "another protocol", "too many headers", "too long"],
)
def test_a_connection_that_breaks_after_the_request_left_leaves_the_outcome_unknown(
    server: ScriptedServer, behaviour: Any
) -> None:
    server.answers(behaviour)

    answer = execute(server.address)

    assert isinstance(answer, Unknown)
    assert answer.cause is UnknownCause.LOST
    assert len(server.requests) == 1


def test_a_refused_connection_is_not_reached() -> None:
    assert isinstance(execute(f"http://127.0.0.1:{free_port()}"), NotReached)


def test_a_failed_tls_handshake_is_not_reached_and_sends_nothing(server: ScriptedServer) -> None:
    answer = execute(server.address.replace("http:", "https:"))

    assert isinstance(answer, NotReached)
    assert "TLS" in answer.reason
    assert server.requests == []


def test_a_tls_handshake_that_hangs_is_not_reached_on_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"https://127.0.0.1:{silent.getsockname()[1]}"
        answers: list[Any] = []

        took = seconds_of(lambda: answers.append(execute(address, limits=SHORT)))

    assert isinstance(answers[0], NotReached)
    assert took < SHORT.connect + 0.5


def test_a_name_that_nobody_knows_is_not_connected() -> None:
    def unknown(host: str, port: int) -> list[Any]:
        raise socket.gaierror(f"{host}:{port} is unknown")

    client = DeadlineHttpClient(SHORT, resolve=unknown)

    with pytest.raises(NotConnected, match="unknown"):
        client.request("get", "https://api.example.invalid/v1/charges", {})


def test_a_name_server_that_hangs_is_not_connected_on_time() -> None:
    released = threading.Event()

    def slow(host: str, port: int) -> list[Any]:
        released.wait(10)
        raise socket.gaierror(f"{host}:{port} came too late")

    client = DeadlineHttpClient(SHORT, resolve=slow)

    def ask() -> None:
        with pytest.raises(NotConnected, match="in time"):
            client.request("get", "https://api.example.invalid/v1/charges", {})

    assert seconds_of(ask) < SHORT.connect + 0.3
    released.set()


def test_the_second_address_of_a_name_is_tried_when_the_first_refuses(server: ScriptedServer) -> None:
    server.answers(says(200, {"object": "list"}))
    refusing = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", free_port()))
    open_one = (socket.AF_INET, socket.SOCK_STREAM, 0, "", server.listener.getsockname())
    client = DeadlineHttpClient(SHORT, resolve=lambda *_: [refusing, open_one])

    _, status, _ = client.request("get", "http://api.example.invalid/v1/charges", {})

    assert status == 200


def test_a_redirect_is_not_followed(server: ScriptedServer) -> None:
    server.answers(says(307, b"", Location=f"{server.address}/v1/payment_intents"))

    answer = execute(server.address)

    assert isinstance(answer, Unknown)
    assert len(server.requests) == 1


def test_no_proxy_of_the_environment_is_used(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    server.answers(says(200, an_intent()))

    assert isinstance(execute(server.address), Succeeded)


def test_the_frozen_request_leaves_with_its_key_version_and_account(server: ScriptedServer) -> None:
    server.answers(says(200, an_intent()))
    gateway = gateway_at(server.address)
    frozen = gateway.freeze(ORDER)

    gateway.execute("acct_1", frozen)

    (request,) = server.requests
    assert request.params == frozen.requests[0]["form"]
    assert (request.method, request.path) == ("POST", "/v1/payment_intents")
    assert request.headers["idempotency-key"] == "att_1:create"
    assert request.headers["stripe-version"] == "2026-10-28.endive"
    assert request.headers["stripe-account"] == "acct_1"
    assert request.headers["authorization"] == "Bearer sk_test_of_these_tests"


def test_a_repeat_leaves_byte_for_byte_as_the_first_time(server: ScriptedServer) -> None:
    server.answers(says(200, an_intent()), says(200, an_intent()))
    gateway = gateway_at(server.address)
    frozen = gateway.freeze(ORDER)

    gateway.execute(None, frozen)
    gateway.execute(None, frozen)

    first, second = server.requests
    assert (first.body, first.headers) == (second.body, second.headers)


def test_nothing_about_this_machine_is_told_to_stripe(server: ScriptedServer) -> None:
    server.answers(*[says(200, an_intent(), Request_Id="req_1")] * 2)

    execute(server.address)
    execute(server.address)

    told = " ".join(server.requests[1].headers).lower() + server.requests[1].headers["x-stripe-client-user-agent"]
    assert "telemetry" not in told
    assert "platform" not in told


def test_a_server_error_is_not_repeated_by_the_package(server: ScriptedServer) -> None:
    server.answers(says(500, {"error": {"type": "api_error"}}, Stripe_Should_Retry="true"))

    execute(server.address)

    assert len(server.requests) == 1


def test_many_threads_share_one_client(server: ScriptedServer) -> None:
    server.answers(*[says(200, {"object": "list", "data": []})] * 40)
    calls = StripeCalls(stripe_client("sk_test_x", server.address), MemoryRequestPacer(1000))

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: calls.get(None, "/v1/charges"), range(40)))

    assert all(isinstance(reply, Answer) and reply.is_success for reply in replies)


def test_a_client_made_before_a_fork_works_in_parent_and_child(server: ScriptedServer) -> None:
    server.answers(*[says(200, {"object": "list", "data": []})] * 3)
    calls = StripeCalls(stripe_client("sk_test_x", server.address), MemoryRequestPacer(1000))
    assert isinstance(calls.get(None, "/v1/charges"), Answer)

    def ask_in_child() -> None:
        os._exit(0 if isinstance(calls.get(None, "/v1/charges"), Answer) else 1)

    child = multiprocessing.get_context("fork").Process(target=ask_in_child)
    child.start()
    child.join(10)

    assert child.exitcode == 0
    assert isinstance(calls.get(None, "/v1/charges"), Answer)


class FullPacer:
    """A rate limit without a free turn, which keeps the lanes that it was asked for."""

    def __init__(self) -> None:
        self.lanes: list[str] = []

    def wait_for_turn(self, lane: str) -> None:
        self.lanes.append(lane)
        raise TurnNotGranted(lane)


def test_our_own_rate_limit_holds_a_request_back_before_it_leaves(server: ScriptedServer) -> None:
    calls = StripeCalls(stripe_client("sk_test_x", server.address), FullPacer())

    reply = calls.post(None, "/v1/payment_intents", {})

    assert isinstance(reply, NoAnswer)
    assert not reply.has_left
    assert server.requests == []


def test_requests_wait_in_a_lane_for_each_account_and_endpoint() -> None:
    pacer = FullPacer()
    calls = StripeCalls(stripe_client("sk_test_x"), pacer)

    calls.post("acct_1", "/v1/payment_intents/pi_1/confirm", {})
    calls.post("acct_1", "/v1/payment_intents/pi_2/confirm", {})
    calls.get(None, "/v1/payment_intents")

    assert pacer.lanes == [
        "acct_1 POST /v1/payment_intents/{id}/confirm",
        "acct_1 POST /v1/payment_intents/{id}/confirm",
        "platform GET /v1/payment_intents",
    ]
