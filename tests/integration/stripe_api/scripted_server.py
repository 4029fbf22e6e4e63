"""A loopback server that answers as a test wrote down, byte by byte if need be, and keeps what it was asked."""

import contextlib
import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from tests.stripe_spec import check_request, nested

Behaviour = Callable[[socket.socket, threading.Event], None]


@dataclass(frozen=True)
class Request:
    """One request as it came in; header names are lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: str

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(self.body if self.method == "POST" else self.target.partition("?")[2]))

    def check(self) -> None:
        """Raise unless Stripe's own description knows the endpoint and every parameter."""
        check_request(self.method, self.path, nested(self.body or self.target.partition("?")[2]))


@dataclass
class ScriptedServer:
    """Behaves as `script` says, one request after the other."""

    listener: socket.socket
    script: deque[Behaviour] = field(default_factory=deque)
    requests: list[Request] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def answers(self, *behaviours: Behaviour) -> None:
        """What the next requests meet."""
        self.script.extend(behaviours)

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._serve_one, args=(connection,), daemon=True).start()

    def _serve_one(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            request = _read(connection)
            if request is None:
                return
            self.requests.append(request)
            behave = self.script.popleft() if self.script else says(500, {"error": {"message": "nothing scripted"}})
            behave(connection, self.stopping)


@contextmanager
def scripted_server() -> Iterator[ScriptedServer]:
    """A server for one test; afterwards every request must have been one that Stripe's description knows."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = ScriptedServer(listener)
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        yield server
        server.stopping.set()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
    for request in server.requests:
        request.check()


def says(status: int, body: Any, **headers: str) -> Behaviour:
    """An ordinary answer; `body` is JSON, or bytes as they are."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status} So\r\nContent-Length: {len(content)}\r\n{named}\r\n".encode()
    return sends(head + content)


def sends(content: bytes) -> Behaviour:
    """Those bytes, then the end of the connection."""
    return lambda connection, _: connection.sendall(content)


def hangs(connection: socket.socket, stopping: threading.Event) -> None:
    """Silence until the client has gone, or the test is over."""
    del connection
    stopping.wait(30)


def drips(connection: socket.socket, stopping: threading.Event) -> None:
    """A header that never ends, one byte every hundredth of a second."""
    connection.sendall(b"HTTP/1.1 200 So\r\nX-Drip: ")
    while not stopping.wait(0.01):
        connection.sendall(b"x")


def resets(connection: socket.socket, stopping: threading.Event) -> None:
    """The connection breaks off with an RST."""
    del stopping
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _read(connection: socket.socket) -> Request | None:
    received = connection.makefile("rb")
    with received:
        first = received.readline().decode("latin-1").split(" ")
        if first[-1].strip() != "HTTP/1.1":
            return None  # a TLS handshake, say
        headers = {}
        while (line := received.readline().strip()) != b"":
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        body = received.read(int(headers.get("content-length", "0"))).decode()
    return Request(first[0], first[1], headers, body)
