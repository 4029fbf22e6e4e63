"""HTTP for the stripe package with a deadline over the whole request, and a plain answer to "did it leave?".

The package's own clients limit each read of the socket, not the request: a server that drips keeps them for ever. They
also tell a connection that was never made from an answer that was lost by one exception alone, while for a charge that
is the whole difference. Each request has a connection of its own: nothing is shared between threads, nothing
survives a fork, and no idle connection can turn out to be closed when a charge is sent on it.
"""

import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from queue import Empty, SimpleQueue
from typing import Any, cast
from urllib.parse import SplitResult, urlsplit

import stripe

_ANSWER_BYTES_MAX = 8 * 1024 * 1024

Addresses = list[tuple[Any, ...]]
Resolver = Callable[[str, int], Addresses]


class _TransportError(stripe.APIConnectionError):
    def __init__(self, message: str) -> None:
        super().__init__(message)  # type: ignore[no-untyped-call]


class NotConnected(_TransportError):
    """No connection came about, so the request surely did not leave."""


class AnswerLost(_TransportError):
    """The request left, perhaps whole, and no whole answer came back."""


@dataclass(frozen=True)
class TimeLimits:
    """Seconds from the start of a request to the end of its answer, connecting (`connect`) included.

    The longest way through a charge is two turns of the pacer (2 s each), an update and a confirm: under 24 s.
    """

    connect: float = 3.0
    read: float = 4.0
    update: float = 6.0
    charge: float = 13.5

    def seconds_for(self, method: str, path: str) -> float:
        """How long a request may take: longest what a bank takes part in."""
        if method.upper() == "GET":
            return self.read
        moves_money = path.endswith(("/payment_intents", "/confirm", "/refunds", "/close"))
        return self.charge if moves_money else self.update


class _Deadline:
    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    def remaining_seconds(self) -> float:
        """More than 0. Raises `TimeoutError` when the time is over."""
        remaining = self._ends_at - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("the time limit of the request is over")
        return remaining


class _TimedReader(io.RawIOBase):
    """Reads a socket until the deadline, or until the answer is longer than any of Stripe's."""

    def __init__(self, connection: socket.socket, deadline: _Deadline) -> None:
        super().__init__()
        self._connection = connection
        self._deadline = deadline
        self._bytes_left = _ANSWER_BYTES_MAX

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(self._deadline.remaining_seconds())
        count = self._connection.recv_into(buffer)
        self._bytes_left -= count
        if self._bytes_left < 0:
            raise OSError(f"the answer is longer than {_ANSWER_BYTES_MAX} bytes")
        return count


class _TimedSocket:
    """As much of a socket as `http.client` uses."""

    def __init__(self, connection: socket.socket, deadline: _Deadline) -> None:
        self._connection = connection
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        self._connection.settimeout(self._deadline.remaining_seconds())
        self._connection.sendall(data)

    def makefile(self, _: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._connection, self._deadline))

    def close(self) -> None:
        self._connection.close()


class DeadlineHttpClient(stripe.HTTPClient):
    """Sends one request a connection, straight to the address (no proxy of the environment), within `limits`.

    `resolve` is for tests.
    """

    name = "dunlin"

    def __init__(self, limits: TimeLimits, *, resolve: Resolver | None = None) -> None:
        super().__init__()
        self._limits = limits
        self._resolve = resolve or _addresses

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """The machine's own trust store, where a company's proxy may have its certificate, and the package's."""
        context = ssl.create_default_context()
        context.load_verify_locations(stripe.ca_bundle_path)
        return context

    def request(  # type: ignore[override]  # the package's own clients leave `_usage` out too
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Answer body, status and headers. Raises `NotConnected` or `AnswerLost`."""
        target = urlsplit(url)
        deadline = _Deadline(self._limits.seconds_for(method, target.path))
        connection = self._connect(target)
        try:
            return _exchange(_TimedSocket(connection, deadline), method, target, dict(headers or {}), post_data)
        except (OSError, http.client.HTTPException) as error:
            raise AnswerLost(_named(error)) from error
        finally:
            connection.close()

    def close(self) -> None:
        """Nothing stays open between requests."""

    def _connect(self, target: SplitResult) -> socket.socket:
        host = target.hostname or ""
        port = target.port or (443 if target.scheme == "https" else 80)
        deadline = _Deadline(self._limits.connect)
        try:
            connection = _first_open(self._resolve_in_time(host, port, deadline), deadline)
        except OSError as error:
            raise NotConnected(f"no connection to {host}: {_named(error)}") from error
        if target.scheme != "https":
            return connection
        try:
            connection.settimeout(deadline.remaining_seconds())
            return self._tls.wrap_socket(connection, server_hostname=host)
        except OSError as error:
            connection.close()
            raise NotConnected(f"no TLS connection to {host}: {_named(error)}") from error

    def _resolve_in_time(self, host: str, port: int, deadline: _Deadline) -> Addresses:
        """The system's resolver knows no time limit; a thread that outlives ours has nothing but a name to look up."""
        results: SimpleQueue[Addresses | OSError] = SimpleQueue()

        def look_up() -> None:
            try:
                results.put(self._resolve(host, port))
            except OSError as error:
                results.put(error)

        threading.Thread(target=look_up, daemon=True).start()
        try:
            found = results.get(timeout=deadline.remaining_seconds())
        except Empty:
            raise TimeoutError("the name was not resolved in time") from None
        if isinstance(found, OSError):
            raise found
        return found


def _addresses(host: str, port: int) -> Addresses:
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


def _first_open(addresses: Addresses, deadline: _Deadline) -> socket.socket:
    """A connection to the first address that answers; each gets its share of the time that is left."""
    problem: OSError = OSError("the name has no address")
    for tried, (family, kind, protocol, _, address) in enumerate(addresses):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(deadline.remaining_seconds() / (len(addresses) - tried))
            connection.connect(address)
            # Headers and body are written one after the other: without this the second waits for an acknowledgement.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection
        except OSError as error:
            connection.close()
            problem = error
    raise problem


def _exchange(
    connection: _TimedSocket, method: str, target: SplitResult, headers: dict[str, str], post_data: Any
) -> tuple[bytes, int, Mapping[str, str]]:
    exchange = http.client.HTTPConnection(target.hostname or "", target.port)
    exchange.sock = connection  # made beforehand, so that a failure from here on is one after the request left
    body = post_data.encode() if isinstance(post_data, str) else post_data
    path = f"{target.path}?{target.query}" if target.query else target.path
    exchange.request(method.upper(), path, body=body, headers={**headers, "Connection": "close"})
    answer = exchange.getresponse()
    return answer.read(), answer.status, cast("Mapping[str, str]", answer.headers)


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
