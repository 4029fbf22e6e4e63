"""A threaded HTTP/1.1 server for one WSGI application, with keep-alive and access to the connection.

Werkzeug's own server closes the connection after each answer; Stripe's servers keep it, and so does this one.
"""

import contextlib
import io
import socket
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote_to_bytes

IDLE_SECONDS = 65
MAX_BODY_BYTES = 1_000_000
CONNECTION = "stripe_sandbox.connection"

WsgiApp = Callable[[dict[str, Any], Any], Any]


class WsgiHandler(BaseHTTPRequestHandler):
    """Reads a request whole, asks the application, writes the answer in one piece."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS
    wbufsize = -1
    server: "SandboxServer"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the library
        """Requests carry names and addresses: they are not logged."""

    def version_string(self) -> str:
        """The Server header."""
        return "dunlin-sandbox"

    def handle(self) -> None:
        """Requests until the client or the server closes; a broken connection is no fault of ours."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            super().handle()

    def finish(self) -> None:
        """The last flush fails when the connection was cut on purpose."""
        with contextlib.suppress(ConnectionError):
            super().finish()

    def _answer(self) -> None:
        body = self._read_body()
        if body is None:
            self.close_connection = True
            return
        self.server.begin_request()
        try:
            head: list[Any] = []
            content = b"".join(self.server.app(self._environ(body), lambda *start: head.extend(start)))
            self._write(head[0], head[1], content)
        finally:
            self.server.end_request()

    def _write(self, status: str, headers: list[tuple[str, str]], content: bytes) -> None:
        code, _, reason = status.partition(" ")
        self.send_response_only(int(code), reason)
        self.send_header("Server", self.version_string())
        if not any(name.lower() == "date" for name, _ in headers):
            self.send_header("Date", self.date_time_string())
        for name, value in headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        self.wfile.flush()

    def __getattr__(self, name: str) -> Any:
        """The library looks for do_GET, do_POST and so on: the application decides which methods there are."""
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _read_body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit():
            self.send_error(411, "Length Required", "Send the body with a Content-Length.")
            return None
        if int(length) > MAX_BODY_BYTES:
            self.send_error(413, "Content Too Large", f"A body may have {MAX_BODY_BYTES} bytes.")
            return None
        return self.rfile.read(int(length))

    def _environ(self, body: bytes) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        host, port = self.server.server_address[:2]
        environ = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": str(host),
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            CONNECTION: self.connection,
        }
        for name, value in self.headers.items():
            environ.setdefault("HTTP_" + name.upper().replace("-", "_"), value)
        return environ


class SandboxServer(ThreadingHTTPServer):
    """Knows its open connections and its requests under way, so that it can end cleanly."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, host: str, port: int, app: WsgiApp) -> None:
        self.app = app
        self._open: set[socket.socket] = set()
        self._active = 0
        self._changed = threading.Condition()
        super().__init__((host, port), WsgiHandler)

    def begin_request(self) -> None:
        """A request is under way."""
        with self._changed:
            self._active += 1

    def end_request(self) -> None:
        """Its answer is written, or cannot be."""
        with self._changed:
            self._active -= 1
            self._changed.notify_all()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, and serve it in a thread of its own."""
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection, and close it."""
        with self._changed:
            self._open.discard(request)
        super().shutdown_request(request)

    def finish(self, *, within_seconds: float) -> None:
        """Take no more connections, wait for the requests under way, then close what is still open."""
        self.shutdown()
        with self._changed:
            self._changed.wait_for(lambda: self._active == 0, within_seconds)
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self.server_close()
