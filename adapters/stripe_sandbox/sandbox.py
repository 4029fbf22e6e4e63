"""The sandbox: answers one /v1 request after the other, in Stripe's order of checks.

Key, endpoint, rate limit, parameters, idempotency key, then the work in one transaction with its events and its stored
answer. Faults that are made on purpose are drawn here.
"""

import itertools
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from adapters.stripe_sandbox.authentication import account_of, check_version
from adapters.stripe_sandbox.errors import ApiError, server_fault
from adapters.stripe_sandbox.expansion import expand_all
from adapters.stripe_sandbox.faults import FaultMaker
from adapters.stripe_sandbox.forms import parse_form
from adapters.stripe_sandbox.idempotency import (
    KeysInFlight,
    KeyUse,
    StoredAnswer,
    check_key,
    find_answer,
    store_answer,
)
from adapters.stripe_sandbox.ids import make_id
from adapters.stripe_sandbox.later import due_by, is_any_due
from adapters.stripe_sandbox.operations import Call, Operation
from adapters.stripe_sandbox.rate_limits import TEST_MODE_LIMIT, RateLimits
from adapters.stripe_sandbox.request_parameters import check_parameters
from adapters.stripe_sandbox.routes import find_operation
from adapters.stripe_sandbox.settling import settle
from adapters.stripe_sandbox.store import Store, forget_old_events, next_number, savepoint, seed_of
from adapters.stripe_sandbox.values import Clock, Json, system_clock, to_text
from adapters.stripe_sandbox.webhook_plan import WebhookPlan
from adapters.stripe_sandbox.world import Origin, World


@dataclass(frozen=True)
class ApiRequest:
    """A request to /v1 as it came in. `form` is the query of a GET or DELETE, the body of a POST.

    `base_url` is where the caller reached the sandbox: links in answers begin with it.
    """

    method: str
    path: str
    form: bytes
    content_type: str = ""
    base_url: str = ""
    version: str | None = None
    authorization: str | None = None
    account: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True)
class ApiAnswer:
    """What goes back. `is_lost`: the work is done, but the connection is to be closed without an answer."""

    status: int
    body: str
    headers: dict[str, str]
    is_lost: bool = False


@dataclass(frozen=True)
class _Prepared:
    request_id: str
    account: str
    operation: Operation
    path: Json
    params: Json
    key: KeyUse | None
    base_url: str


class Sandbox:
    """A stand-in for Stripe on the state in `store`. Safe to use from any thread.

    `seed` decides ids and chance (none: a new one, kept in the state). Events go to `webhook_url`, if there is one,
    signed with the first of `webhook_secrets`. `requests_per_second` limits each endpoint; None switches that off.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock = system_clock,
        seed: int | None = None,
        webhook_url: str | None = None,
        webhook_secrets: tuple[str, ...] = (),
        requests_per_second: int | None = TEST_MODE_LIMIT,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if webhook_url is not None and not webhook_secrets:
            raise ValueError("A webhook URL needs at least one signing secret.")
        self.store = store
        self.clock = clock
        self.webhook_url = webhook_url
        self.webhook_secrets = webhook_secrets
        self.stopping = threading.Event()
        self.events_planned = threading.Condition()
        with store.transaction() as connection:
            self._seed = seed_of(connection, seed)
            self._start_number = next_number(connection, "starts")
            self.faults = FaultMaker(random.Random(f"{self._seed}/{self._start_number}"))  # noqa: S311 - faults, no secrets
            self.faults.load(connection)
            forget_old_events(connection, clock().timestamp())
        self._webhooks = WebhookPlan(webhook_url, self.faults)
        self._request_numbers = itertools.count(1)
        self._limits = RateLimits(requests_per_second, monotonic)
        self._in_flight = KeysInFlight()

    def answer(self, request: ApiRequest) -> ApiAnswer:
        """Carry out one /v1 request. Never raises ApiError: it is part of the answer."""
        request_id = make_id("req", f"{self._seed}/{self._start_number}", next(self._request_numbers))
        try:
            prepared = self._prepare(request, request_id)
            if prepared.operation.method == "GET":
                return self._read(prepared)
            with self._in_flight.holding(prepared.key):
                self.stopping.wait(self.faults.settings.latency_seconds)
                answer = self._write(prepared)
        except ApiError as error:
            return _answer(StoredAnswer(error.status, to_text(error.body(request_id)), request_id), error.headers)
        self.wake_deliveries()
        return answer

    @contextmanager
    def world(self, account: str, origin: Origin) -> Iterator[World]:
        """An account's world in a transaction of its own, for what happens outside /v1."""
        with self.store.transaction() as connection:
            self._settle_due(connection)
            yield self._world(connection, account, origin)
        self.wake_deliveries()

    def settle_due(self) -> None:
        """Let the banks decide what they are due to decide by now."""
        with self.store.reading() as connection:
            if not is_any_due(connection, self.clock().timestamp()):
                return
        with self.store.transaction() as connection:
            self._settle_due(connection)
        self.wake_deliveries()

    def wake_deliveries(self) -> None:
        """Let the delivery threads look for due deliveries now; for after a clock was moved, too."""
        with self.events_planned:
            self.events_planned.notify_all()

    def _prepare(self, request: ApiRequest, request_id: str) -> _Prepared:
        account = account_of(request.authorization, request.account)
        operation, path = find_operation(request.method, request.path)
        self._limits.take(account, operation.name)
        check_version(request.version)
        given = parse_form(request.form, request.content_type)
        params = check_parameters(operation.name, given)
        operation.check_played(params)
        key = None
        if request.method == "POST" and request.idempotency_key is not None:
            endpoint = f"{request.method} {request.path}"
            key = KeyUse(account, check_key(request.idempotency_key), endpoint, given)
        return _Prepared(request_id, account, operation, path, params, key, request.base_url)

    def _read(self, prepared: _Prepared) -> ApiAnswer:
        # A GET of a test card makes a PaymentMethod, so it needs a transaction too.
        with self.store.transaction() as connection:
            self._settle_due(connection)
            text = to_text(self._run(connection, prepared))
        return _answer(StoredAnswer(200, text, prepared.request_id), {})

    def _write(self, prepared: _Prepared) -> ApiAnswer:
        is_post = prepared.operation.method == "POST"
        with self.store.transaction() as connection:
            self._settle_due(connection)
            now_at = self.clock()
            known = find_answer(connection, prepared.key, now_at) if prepared.key else None
            if known is not None:
                headers = {"Idempotent-Replayed": "true", "Original-Request": known.request_id}
                return _answer(known, headers, is_lost=is_post and self.faults.draws_lost_answer())
            stored = self._execute(connection, prepared, self.faults.draw_error() if is_post else None)
            if prepared.key is not None:
                store_answer(connection, prepared.key, stored, now_at)
        headers = {"Stripe-Should-Retry": "false"} if stored.status >= 400 else {}
        return _answer(stored, headers, is_lost=is_post and self.faults.draws_lost_answer())

    def _execute(self, connection: sqlite3.Connection, prepared: _Prepared, fault: str | None) -> StoredAnswer:
        error: ApiError | None = None
        text = ""
        if fault != "before":
            try:
                with savepoint(connection):
                    text, error = self._attempt(connection, prepared)
            except ApiError as refused:
                error = refused
        if fault is not None:
            error = server_fault()
        if error is None:
            return StoredAnswer(200, text, prepared.request_id)
        if not error.is_executed:
            raise error
        return StoredAnswer(error.status, to_text(error.body(prepared.request_id)), prepared.request_id)

    def _attempt(self, connection: sqlite3.Connection, prepared: _Prepared) -> tuple[str, ApiError | None]:
        try:
            return to_text(self._run(connection, prepared)), None
        except ApiError as error:
            if not error.keeps_changes:
                raise
            return "", error

    def _run(self, connection: sqlite3.Connection, prepared: _Prepared) -> Json:
        origin = Origin(prepared.request_id, prepared.key.key if prepared.key else None, prepared.base_url)
        world = self._world(connection, prepared.account, origin)
        params = dict(prepared.params)
        wanted = params.pop("expand", None) or []
        body = prepared.operation.run(Call(world, prepared.path, params))
        return expand_all(world, body, wanted)

    def _settle_due(self, connection: sqlite3.Connection) -> None:
        for due in due_by(connection, self.clock().timestamp()):
            settle(self._world(connection, due.account, Origin(None, None)), due)

    def _world(self, connection: sqlite3.Connection, account: str, origin: Origin) -> World:
        now_at = self.clock()
        return World(
            connection, account=account, now_at=now_at, seed=self._seed, webhooks=self._webhooks, origin=origin
        )


def _answer(stored: StoredAnswer, headers: dict[str, str], *, is_lost: bool = False) -> ApiAnswer:
    return ApiAnswer(stored.status, stored.body, {"Request-Id": stored.request_id, **headers}, is_lost)
