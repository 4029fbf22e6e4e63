"""A real HTTP server on loopback that takes alerts as Apprise's `json://` posts them, or misbehaves as it is told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Mood(Enum):
    """How a request is met."""

    TAKING = "taken, 200"
    REFUSING = "refused, 500"
    SILENT = "no answer until the server stops"
    DRIPPING = "an answer that never ends, a byte now and then"
    DROPPING = "the connection is closed without an answer"
    REDIRECTING = "sent on to another address"


@dataclass
class AlertServer:
    """`received` are the posted objects, `visited` the paths that were asked for, with whatever method."""

    port: int = 0
    mood: Mood = Mood.TAKING
    redirect_to: str = ""
    received: list[dict[str, Any]] = field(default_factory=list)
    visited: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """The server as an Apprise address."""
        return f"json://127.0.0.1:{self.port}/hook-s3cret"


class _Server(ThreadingHTTPServer):
    def __init__(self, state: AlertServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.state = state


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self._meet()

    def do_POST(self) -> None:
        self._meet()

    def _meet(self) -> None:
        state = self.server.state
        state.visited.append(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        match state.mood:
            case Mood.DROPPING:
                self.close_connection = True
            case Mood.SILENT:
                state.stopped.wait(30)
            case Mood.DRIPPING:
                self._drip()
            case Mood.REDIRECTING:
                self._answer(302, Location=state.redirect_to)
            case Mood.REFUSING:
                self._answer(500)
            case Mood.TAKING:
                state.received.append(json.loads(body))
                self._answer(200)

    def _answer(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        try:
            while not self.server.state.stopped.wait(0.05):
                self.wfile.write(b".")
        except OSError:
            return

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named as http.server does
        """Nothing on standard error."""


@contextmanager
def alert_server() -> Iterator[AlertServer]:
    """Run one; its threads end with it."""
    state = AlertServer()
    with _Server(state) as server:
        state.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield state
        finally:
            state.stopped.set()
            server.shutdown()
            thread.join()
