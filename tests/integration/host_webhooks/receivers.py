"""Loopback receivers, plain and over TLS, that answer byte by byte as scripted and keep what they were sent."""

import contextlib
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Behaviour = Callable[[socket.socket, threading.Event], None]


@dataclass(frozen=True)
class Request:
    """One request as it came in; header names are lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Behaves as `script` says, one request after the other, then takes everything."""

    listener: socket.socket
    tls: ssl.SSLContext | None = None
    script: deque[Behaviour] = field(default_factory=deque)
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def answers(self, *behaviours: Behaviour) -> None:
        """What the next requests meet."""
        self.script.extend(behaviours)

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve_one, args=(connection,), daemon=True).start()

    def _serve_one(self, plain: socket.socket) -> None:
        with plain, contextlib.suppress(OSError, ValueError):  # a ValueError is a TLS handshake, say
            connection = plain if self.tls is None else self.tls.wrap_socket(plain, server_side=True)
            with connection:
                self.requests.append(_read(connection))
                behave = self.script.popleft() if self.script else says(204)
                behave(connection, self.stopping)


@contextmanager
def receiver(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver for one test."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = Receiver(listener, tls)
        thread = threading.Thread(target=host.serve, daemon=True)
        thread.start()
        yield host
        host.stopping.set()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def says(status: int, body: bytes = b"", **headers: str) -> Behaviour:
    """An ordinary answer."""
    named = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status} So\r\nContent-Length: {len(body)}\r\n{named}\r\n".encode()
    return sends(head + body)


def sends(content: bytes) -> Behaviour:
    """Those bytes, then the end of the connection."""
    return lambda connection, _: connection.sendall(content)


def hangs(connection: socket.socket, stopping: threading.Event) -> None:
    """Silence."""
    del connection
    stopping.wait(30)


def drips(connection: socket.socket, stopping: threading.Event) -> None:
    """A header that never ends, one byte every hundredth of a second."""
    connection.sendall(b"HTTP/1.1 200 So\r\nX-Drip: ")
    while not stopping.wait(0.01):
        connection.sendall(b"x")


def floods(connection: socket.socket, stopping: threading.Event) -> None:
    """Headers without end, as fast as they are taken."""
    connection.sendall(b"HTTP/1.1 200 So\r\n")
    while not stopping.is_set():
        connection.sendall(b"X-Flood: " + b"x" * 60_000 + b"\r\n")


def takes_with_an_endless_body(connection: socket.socket, stopping: threading.Event) -> None:
    """200, and a body of which there is always more."""
    connection.sendall(b"HTTP/1.1 200 So\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not stopping.is_set():
        connection.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")


def resets(connection: socket.socket, stopping: threading.Event) -> None:
    """The connection breaks off with an RST."""
    del stopping
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _read(connection: socket.socket) -> Request:
    with connection.makefile("rb") as received:
        method, target, _ = received.readline().decode("latin-1").split(" ")
        headers = {}
        while (line := received.readline().strip()) != b"":
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return Request(method, target, headers, received.read(int(headers.get("content-length", "0"))))
