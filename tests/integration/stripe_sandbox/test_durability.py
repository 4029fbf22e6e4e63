"""The sandbox as a process: killed, started again, stopped politely."""

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import stripe

from adapters.stripe_sandbox import running_sandbox
from tests.integration.stripe_sandbox.helpers import (
    SECRET,
    ManualClock,
    Receiver,
    a_card,
    a_charge,
    a_customer,
    a_payment,
    client_of,
    raw,
    real_charges,
    refusal,
)
from tests.waiting import eventually

_PROGRAM = """
import sys
from adapters.stripe_sandbox import serve
port, state_path, webhook_url, secret = sys.argv[1:]
serve("127.0.0.1", int(port), state_path=state_path, webhook_url=webhook_url or None, webhook_secret=secret or None,
      seed=1, requests_per_second=None)
"""


@dataclass(frozen=True)
class _Process:
    process: "subprocess.Popen[bytes]"
    base_url: str


def test_a_kill_loses_no_acknowledged_charge_and_leaves_no_half_one(tmp_path: Path) -> None:
    acknowledged: list[str] = []
    with _sandbox_process(tmp_path) as first:
        client = client_of(first)
        customer = a_customer(client)
        card = a_card(client, customer)
        threads = [
            threading.Thread(target=_charge_until_dead, args=(first, customer, card, acknowledged)) for _ in "abc"
        ]
        for thread in threads:
            thread.start()
        eventually(lambda: len(acknowledged) >= 20, within_seconds=20)

        first.process.send_signal(signal.SIGKILL)

        for thread in threads:
            thread.join(20)
    with _sandbox_process(tmp_path) as second:
        charges = {charge["payment_intent"]: charge for charge in real_charges(second)}
        intents = list(client_of(second).v1.payment_intents.list({"limit": 100}).auto_paging_iter())

    assert set(acknowledged) <= set(charges)
    assert {intent.status for intent in intents} == {"succeeded"}
    assert {intent.id for intent in intents} == set(charges)


def test_what_a_bank_will_decide_outlives_a_restart(tmp_path: Path) -> None:
    clock = ManualClock()
    path = str(tmp_path / "state.sqlite3")
    with running_sandbox(state_path=path, clock=clock) as first:
        client = client_of(first)
        pending = client.v1.refunds.create({"charge": a_charge(client, "pm_card_pendingRefund")})
    clock.advance(seconds=5)
    with running_sandbox(state_path=path, clock=clock) as second:
        settled = client_of(second).v1.refunds.retrieve(pending.id)

    assert (pending.status, settled.status) == ("pending", "succeeded")


def test_a_key_outlives_a_kill(tmp_path: Path) -> None:
    with _sandbox_process(tmp_path) as first:
        client = client_of(first)
        customer = a_customer(client)
        payment = a_payment(customer, a_card(client, customer))
        paid = client.v1.payment_intents.create(payment, {"idempotency_key": "attempt-1"})
        first.process.send_signal(signal.SIGKILL)
        first.process.wait(10)

    with _sandbox_process(tmp_path) as second:
        again = client_of(second).v1.payment_intents.create(payment, {"idempotency_key": "attempt-1"})
        charges = real_charges(second)

    assert again.id == paid.id
    assert len(charges) == 1


def test_pending_webhooks_moods_and_faults_outlive_a_kill(tmp_path: Path, receiver: Receiver) -> None:
    nobody = f"http://127.0.0.1:{_free_port()}/"
    with _sandbox_process(tmp_path, webhook_url=nobody) as first:
        client = client_of(first)
        customer = a_customer(client)
        card = a_card(client, customer)
        assert raw(first, "POST", f"/sandbox/payment_methods/{card}", b"decline_code=lost_card")[0] == 200
        assert raw(first, "POST", "/sandbox/faults", b"hang_seconds=7")[0] == 200
        first.process.send_signal(signal.SIGKILL)
        first.process.wait(10)

    with _sandbox_process(tmp_path, webhook_url=receiver.url) as second:
        eventually(lambda: len(receiver.bodies) >= 2, within_seconds=20)
        error = refusal(lambda: client_of(second).v1.payment_intents.create(a_payment(customer, card)))
        faults = raw(second, "GET", "/sandbox/faults")[1]

    assert {"customer.created", "payment_method.attached"} <= set(receiver.types)
    assert (error["decline_code"], faults["hang_seconds"]) == ("lost_card", 7.0)


def test_sigterm_and_ctrl_c_end_it_cleanly(tmp_path: Path) -> None:
    statuses = []
    for number in (signal.SIGTERM, signal.SIGINT):
        with _sandbox_process(tmp_path) as running:
            a_customer(client_of(running))
            running.process.send_signal(number)
            statuses.append(running.process.wait(10))

    assert statuses == [0, 0]


def test_a_request_under_way_is_finished_before_the_sandbox_ends() -> None:
    answered: list[str] = []
    under_way = threading.Event()
    stopping: list[threading.Event] = []

    def slow(app: Any) -> Any:
        def wait_for_the_end(environ: Any, start_response: Any) -> Any:
            under_way.set()
            stopping[0].wait(10)
            threading.Event().wait(0.3)
            return app(environ, start_response)

        return wait_for_the_end

    with running_sandbox(middleware=slow) as running:
        stopping.append(running.sandbox.stopping)
        caller = threading.Thread(target=lambda: answered.append(a_customer(client_of(running))))
        caller.start()
        assert under_way.wait(10)

    caller.join(10)
    assert len(answered) == 1


def test_ids_stay_unique_over_restarts_and_equal_for_equal_seeds(tmp_path: Path) -> None:
    def two_customers(state: str) -> list[str]:
        ids = []
        for _ in range(2):
            with running_sandbox(state_path=state, seed=7) as running:
                ids.append(a_customer(client_of(running)))
        return ids

    first, second = two_customers(str(tmp_path / "a.sqlite")), two_customers(str(tmp_path / "b.sqlite"))

    assert first == second
    assert len(set(first)) == 2


def test_events_older_than_thirty_days_are_forgotten_at_the_next_start(tmp_path: Path) -> None:
    clock = ManualClock()
    state = str(tmp_path / "state.sqlite")
    with running_sandbox(state_path=state, clock=clock) as running:
        customer = a_customer(client_of(running))
    clock.advance(days=31)

    with running_sandbox(state_path=state, clock=clock) as running:
        client = client_of(running)
        events = client.v1.events.list().data
        found = client.v1.customers.retrieve(customer)

    assert (events, found.id) == ([], customer)


def _charge_until_dead(running: _Process, customer: str, card: str, acknowledged: list[str]) -> None:
    client = client_of(running)
    while True:
        try:
            acknowledged.append(client.v1.payment_intents.create(a_payment(customer, card)).id)
        except stripe.APIConnectionError:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _sandbox_process(tmp_path: Path, *, webhook_url: str = "") -> Iterator[_Process]:
    port = _free_port()
    secret = SECRET if webhook_url else ""
    arguments = [str(port), str(tmp_path / "state.sqlite"), webhook_url, secret]
    process = subprocess.Popen([sys.executable, "-c", _PROGRAM, *arguments])
    running = _Process(process, f"http://127.0.0.1:{port}")
    try:
        eventually(lambda: process.poll() is not None or _answers(port), within_seconds=20)
        yield running
    finally:
        process.kill()
        process.wait(10)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
