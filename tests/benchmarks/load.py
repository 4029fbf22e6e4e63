"""A small HTTP load generator: raw sockets, one connection for each request, latency from connect to last byte."""

import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

_ANSWER_SECONDS = 30.0


@dataclass(frozen=True)
class Figures:
    """What a run gave: requests a second, and latencies in milliseconds."""

    requests: int
    errors: int
    per_second: float
    p50_ms: float
    p99_ms: float


def http_post(path: str, body: bytes, headers: Sequence[tuple[str, str]]) -> bytes:
    """A whole request as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def run(port: int, requests: Sequence[bytes], connections: int) -> Figures:
    """Send every request once, over so many connections at a time."""
    latencies_ms: list[float] = []
    errors: list[bytes] = []
    shares = [requests[index::connections] for index in range(connections)]
    threads = [threading.Thread(target=_send_all, args=(port, share, latencies_ms, errors)) for share in shares]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed_seconds = time.perf_counter() - started
    cuts = quantiles(latencies_ms, n=100)
    return Figures(len(requests), len(errors), len(requests) / elapsed_seconds, cuts[49], cuts[98])


def _send_all(port: int, requests: Sequence[bytes], latencies_ms: list[float], errors: list[bytes]) -> None:
    for request in requests:
        started = time.perf_counter()
        try:
            answer = send(port, request)
        except OSError as error:
            answer = str(error).encode()
        latencies_ms.append((time.perf_counter() - started) * 1000)
        if not answer.startswith(b"HTTP/1.1 200"):
            errors.append(answer)


def send(port: int, request: bytes) -> bytes:
    """One request on a connection of its own; the whole answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=_ANSWER_SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(request)
        parts = []
        while part := connection.recv(65_536):
            parts.append(part)
    return b"".join(parts)
