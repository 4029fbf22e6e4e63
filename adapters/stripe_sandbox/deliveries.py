"""Delivers events to the webhook URL, signed afresh each time, again and again for up to three days.

The deliveries are rows of the state, so they survive a restart. Threads share them by lane; within a lane they go out
in the order of their due times.
"""

import http.client
import json
import ssl
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from adapters.stripe_sandbox.sandbox import Sandbox
from adapters.stripe_sandbox.signatures import signature_header
from adapters.stripe_sandbox.values import to_text
from adapters.stripe_sandbox.webhook_plan import LANES

BACK_OFF_SECONDS = (1, 3, 10, 60, 300, 900, 1800, 3600, 2 * 3600, 4 * 3600, 8 * 3600)
LONGEST_BACK_OFF_SECONDS = 12 * 3600
GIVE_UP_AFTER_SECONDS = 3 * 24 * 3600
TIMEOUT_SECONDS = 20.0
LONGEST_NAP_SECONDS = 0.5


@dataclass(frozen=True)
class _Due:
    id: int
    event: str
    tries: int
    created: float


class DeliveryThreads:
    """Runs the deliveries of a sandbox between `start` and `stop`."""

    def __init__(self, sandbox: Sandbox, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._sandbox = sandbox
        self._timeout_seconds = timeout_seconds
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin; without a webhook URL there is nothing to do."""
        if self._sandbox.webhook_url is None:
            return
        for lane in range(LANES):
            thread = threading.Thread(target=self._run, args=(lane,), name=f"webhooks-{lane}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, *, within_seconds: float = 2.0) -> None:
        """End after the delivery under way, or leave it behind: it is still pending and goes out at the next start."""
        self._sandbox.stopping.set()
        self._sandbox.wake_deliveries()
        give_up_at = time.monotonic() + within_seconds
        for thread in self._threads:
            thread.join(max(0.0, give_up_at - time.monotonic()))

    def _run(self, lane: int) -> None:
        while not self._sandbox.stopping.is_set():
            if lane == 0:
                self._sandbox.settle_due()
            due = self._next_due(lane)
            if due is not None:
                self._deliver(due)

    def _next_due(self, lane: int) -> _Due | None:
        with self._sandbox.events_planned:
            now = self._sandbox.clock().timestamp()
            with self._sandbox.store.reading() as connection:
                row = connection.execute(
                    "SELECT id, event, tries, created, due FROM deliveries WHERE state = 'pending' AND lane = ? "
                    "ORDER BY due, id LIMIT 1",
                    (lane,),
                ).fetchone()
            if row is not None and row[4] <= now:
                return _Due(*row[:4])
            nap = LONGEST_NAP_SECONDS if row is None else min(LONGEST_NAP_SECONDS, row[4] - now)
            if not self._sandbox.stopping.is_set():
                self._sandbox.events_planned.wait(nap)
            return None

    def _deliver(self, due: _Due) -> None:
        failure = self._post(self._body_of(due.event))
        if self._sandbox.stopping.is_set() and failure is not None:
            return
        now = self._sandbox.clock().timestamp()
        with self._sandbox.store.transaction() as connection:
            if failure is None:
                connection.execute(
                    "UPDATE deliveries SET state = 'delivered', tries = tries + 1, last_error = NULL WHERE id = ?",
                    (due.id,),
                )
                return
            again_at = now + back_off_seconds(due.tries)
            state = "failed" if again_at > due.created + GIVE_UP_AFTER_SECONDS else "pending"
            connection.execute(
                "UPDATE deliveries SET state = ?, tries = tries + 1, due = ?, last_error = ? WHERE id = ?",
                (state, again_at, failure[:500], due.id),
            )

    def _body_of(self, event_id: str) -> bytes:
        with self._sandbox.store.reading() as connection:
            row = connection.execute("SELECT body FROM objects WHERE kind = 'event' AND id = ?", (event_id,)).fetchone()
        return to_text({**json.loads(row[0]), "pending_webhooks": 1}).encode()

    def _post(self, body: bytes) -> str | None:
        """Why the delivery failed; None when it was taken. Redirects are failures, as at Stripe."""
        url = urlsplit(str(self._sandbox.webhook_url))
        connection = _connection(url.scheme, url.netloc, self._timeout_seconds)
        secret = self._sandbox.webhook_secrets[0]
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Accept": "*/*; q=0.5, application/xml",
            "Stripe-Signature": signature_header(body, secret, int(self._sandbox.clock().timestamp())),
        }
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        try:
            connection.request("POST", path, body=body, headers=headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return f"{type(error).__name__}: {error}"
        finally:
            connection.close()
        return None if 200 <= status < 300 else f"answered {status}"


def back_off_seconds(tries: int) -> float:
    """How long after try number `tries` (the first is 0) the next one follows."""
    return float(BACK_OFF_SECONDS[tries] if tries < len(BACK_OFF_SECONDS) else LONGEST_BACK_OFF_SECONDS)


def _connection(scheme: str, netloc: str, timeout_seconds: float) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(netloc, timeout=timeout_seconds, context=ssl.create_default_context())
    return http.client.HTTPConnection(netloc, timeout=timeout_seconds)
