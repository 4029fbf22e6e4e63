"""Runs the sandbox: as a process (`serve`) or beside a test (`running_sandbox`)."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue

from adapters.stripe_sandbox.deliveries import TIMEOUT_SECONDS, DeliveryThreads
from adapters.stripe_sandbox.http_server import SandboxServer, WsgiApp
from adapters.stripe_sandbox.rate_limits import TEST_MODE_LIMIT
from adapters.stripe_sandbox.sandbox import Sandbox
from adapters.stripe_sandbox.store import Store
from adapters.stripe_sandbox.values import Clock, system_clock
from adapters.stripe_sandbox.web import create_app

FINISH_SECONDS = 3.0


@dataclass(frozen=True)
class RunningSandbox:
    """A sandbox that answers at `base_url`."""

    base_url: str
    sandbox: Sandbox


def serve(
    host: str,
    port: int,
    *,
    state_path: str,
    webhook_url: str | None,
    webhook_secret: str | None,
    seed: int | None = None,
    clock: Clock = system_clock,
    requests_per_second: int | None = TEST_MODE_LIMIT,
) -> None:
    """Run until SIGTERM or SIGINT; must be called in the main thread. Raises OSError when the port is taken."""
    # A queue, because an Event may deadlock when a signal's handler sets it while the same thread begins to wait.
    signals: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: signals.put(received))
    with running_sandbox(
        host=host,
        port=port,
        state_path=state_path,
        webhook_url=webhook_url,
        webhook_secrets=(webhook_secret,) if webhook_secret else (),
        seed=seed,
        clock=clock,
        requests_per_second=requests_per_second,
    ):
        signals.get()


@contextmanager
def running_sandbox(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    state_path: str = ":memory:",
    webhook_url: str | None = None,
    webhook_secrets: tuple[str, ...] = (),
    seed: int | None = None,
    clock: Clock = system_clock,
    requests_per_second: int | None = TEST_MODE_LIMIT,
    webhook_timeout_seconds: float = TIMEOUT_SECONDS,
    monotonic: Callable[[], float] = time.monotonic,
    middleware: Callable[[WsgiApp], WsgiApp] | None = None,
) -> Iterator[RunningSandbox]:
    """A sandbox on a free port (or `port`) for the block; `middleware` wraps the application.

    At the end the requests under way are finished, connections closed and deliveries left pending for the next start.
    """
    store = Store(state_path)
    try:
        sandbox = Sandbox(
            store,
            clock=clock,
            seed=seed,
            webhook_url=webhook_url,
            webhook_secrets=webhook_secrets,
            requests_per_second=requests_per_second,
            monotonic=monotonic,
        )
        app: WsgiApp = create_app(sandbox)
        server = SandboxServer(host, port, app if middleware is None else middleware(app))
        with _serving(server, sandbox, webhook_timeout_seconds):
            yield RunningSandbox(f"http://{host}:{server.server_port}", sandbox)
    finally:
        store.close()


@contextmanager
def _serving(server: SandboxServer, sandbox: Sandbox, webhook_timeout_seconds: float) -> Iterator[None]:
    deliveries = DeliveryThreads(sandbox, timeout_seconds=webhook_timeout_seconds)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    deliveries.start()
    try:
        yield
    finally:
        sandbox.stopping.set()
        server.finish(within_seconds=FINISH_SECONDS)
        deliveries.stop()
        thread.join(FINISH_SECONDS)
