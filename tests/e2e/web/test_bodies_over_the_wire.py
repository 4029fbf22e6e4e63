"""Bodies as hostile and broken clients send them, to a real gunicorn."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import NOW
from tests.e2e.installation import free_port
from tests.e2e.web.web_world import signed
from tests.servers import PROJECT
from tests.waiting import eventually

LIMIT_BYTES = 262_144
EVENT = {
    "id": "evt_wire",
    "object": "event",
    "type": "customer.created",
    "created": int(NOW.timestamp()),
    "livemode": False,
    "api_version": "2026-10-28.endive",
    "data": {"object": {"id": "cus_1", "object": "customer"}},
}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    number = free_port()
    command = [
        "gunicorn",
        "--worker-class",
        "gthread",
        "--threads",
        "4",
        "--keep-alive",
        "0",
        "--bind",
        f"127.0.0.1:{number}",
    ]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, "--no-control-socket", "tests.e2e.web.served:app"],
            cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": str(Path(PROJECT))},
            stdout=log,
            stderr=log,
        )
        try:
            eventually(lambda: _answers(number), within_seconds=20)
            yield number
        finally:
            process.terminate()
            process.wait(timeout=20)


def _answers(port: int) -> bool:
    try:
        return _exchange(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def _exchange(port: int, sent: bytes, *, shuts: bool = False) -> bytes:
    """Send everything, then read to the end."""
    with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
        connection.sendall(sent)
        if shuts:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
        return received


def _head(*headers: str, path: str = "/api/webhooks/stripe/") -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", "Content-Type: application/json", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _signature(body: bytes) -> str:
    return f"Stripe-Signature: {signed(body, int(NOW.timestamp()))}"


def _chunked(body: bytes, size: int = 10_000) -> bytes:
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def _status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def test_a_body_in_chunks_is_read_whole(port: int) -> None:
    body = json.dumps(EVENT).encode()

    answer = _exchange(port, _head(_signature(body), "Transfer-Encoding: chunked") + _chunked(body, 7))

    assert _status(answer) == 200
    assert b'"outcome": "ignored"' in answer


def test_the_limit_holds_for_chunks_too(port: int) -> None:
    at_limit = json.dumps(EVENT).encode().ljust(LIMIT_BYTES)
    above = at_limit + b" "

    fits = _exchange(port, _head(_signature(at_limit), "Transfer-Encoding: chunked") + _chunked(at_limit))
    refused = _exchange(port, _head(_signature(above), "Transfer-Encoding: chunked") + _chunked(above))

    assert (_status(fits), _status(refused)) == (200, 413)


@pytest.mark.parametrize("size", [LIMIT_BYTES + 1, 1_500_000])
def test_a_client_that_sends_too_much_gets_to_read_why(port: int, size: int) -> None:
    answer = _exchange(port, _head(f"Content-Length: {size}") + b"x" * size)

    assert _status(answer) == 413
    assert b"application/problem+json" in answer


def test_a_length_that_is_announced_and_never_sent_is_refused_soon(port: int) -> None:
    answer = _exchange(port, _head("Content-Length: 1000000") + b"{}")

    assert _status(answer) == 413


def test_a_client_that_falls_silent_is_408(port: int) -> None:
    answer = _exchange(port, _head("Content-Length: 100") + b"{}")

    assert _status(answer) == 408


def test_a_body_that_ends_early_is_400(port: int) -> None:
    answer = _exchange(port, _head("Content-Length: 100") + b"{}", shuts=True)

    assert _status(answer) == 400


def test_broken_chunks_are_400(port: int) -> None:
    answer = _exchange(port, _head("Transfer-Encoding: chunked") + b"zz\r\nnonsense\r\n")

    assert _status(answer) == 400


def test_no_answer_names_a_version(port: int) -> None:
    answer = _exchange(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")

    assert b"Python" not in answer
    assert b"Werkzeug" not in answer
