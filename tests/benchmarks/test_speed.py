"""How fast webhooks are taken and retries start, beside what Flask and PostgreSQL could do at best in the same run."""

import hashlib
import hmac
import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.postgres.embedded import binary_path
from entrypoints.home import Home
from tests.benchmarks.load import Figures, http_post, run, send
from tests.e2e.installation import Installation, free_port, running_installation
from tests.servers import PROJECT
from tests.waiting import eventually

pytestmark = pytest.mark.benchmark

ROUNDS = 3
CONNECTIONS = 8
INVOICES = 1_200
ALONE = 300
PATH = "/api/webhooks/stripe/"
FIXTURE = (
    PROJECT
    / "tests/fixtures/stripe/events/payment_intent.payment_failed/stripe-ruby-mock--payment_intent.payment_failed.json"
)
RESULTS = PROJECT / "build" / "bench.json"


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with running_installation(DUNLIN_WEB_WORKERS="2", DUNLIN_WEB_THREADS="4", DUNLIN_SWEEP_SECONDS="30") as running:
        yield running


@pytest.fixture(scope="module")
def results() -> Iterator[dict[str, Any]]:
    """What is measured; printed as a table and written to `build/bench.json` at the end."""
    measured: dict[str, Any] = {"python": sys.version.split()[0], "at": datetime.now().astimezone().isoformat()}
    yield measured
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(measured, indent=2) + "\n")
    print()
    for name, value in measured.items():
        print(f"  {name:<46} {value if not isinstance(value, float) else f'{value:.2f}'}")


def test_webhooks_a_second_and_their_latency(
    installation: Installation, results: dict[str, Any], tmp_path: Path
) -> None:
    load_invoices(installation, tmp_path)
    secret = (installation.home / "secrets" / "sandbox_webhook_secret").read_text().strip()
    taken: list[Figures] = []
    bare: list[Figures] = []
    at_best: list[float] = []
    alone: list[Figures] = []
    with bare_flask() as port:
        for number in range(ROUNDS):
            bodies = failures(number)
            bare.append(run(port, [http_post("/", body, ()) for body in bodies], CONNECTIONS))
            at_best.append(pgbench(installation, bodies[0].decode()))
            taken.append(run(web_port(installation), [signed(body, secret) for body in bodies], CONNECTIONS))
            single = [signed(body, secret) for body in failures(ROUNDS + number)[:ALONE]]
            alone.append(run(web_port(installation), single, 1))

    flask_per_second = statistics.median(figures.per_second for figures in bare)
    limit = 1 / (1 / flask_per_second + 1 / statistics.median(at_best))
    per_second = statistics.median(figures.per_second for figures in taken)
    results["bare Flask, requests/s"] = flask_per_second
    results["pgbench, transactions/s"] = statistics.median(at_best)
    results["L = 1/(1/Flask + 1/pgbench)"] = limit
    results[f"webhooks/s, {CONNECTIONS} connections"] = per_second
    results["share of L"] = per_second / limit
    results[f"p50 ms, {CONNECTIONS} connections"] = statistics.median(figures.p50_ms for figures in taken)
    results[f"p99 ms, {CONNECTIONS} connections"] = statistics.median(figures.p99_ms for figures in taken)
    results["p50 ms, 1 connection"] = statistics.median(figures.p50_ms for figures in alone)
    results["p99 ms, 1 connection"] = statistics.median(figures.p99_ms for figures in alone)
    results["rounds"] = [asdict(figures) for figures in taken]
    assert [figures.errors for figures in (*taken, *alone)] == [0] * (2 * ROUNDS)
    assert stored_events(installation) >= ROUNDS * (INVOICES + ALONE)


def test_a_due_retry_starts_in_time(installation: Installation, results: dict[str, Any]) -> None:
    count = 100
    client_id, _ = installation.client_with_card("pm_card_visa")
    started = time.monotonic()
    invoice_ids = []
    for number in range(count):
        invoice_ids.append(installation.sent_invoice(client_id))
        wait_until(started + (number + 1) / 10)
    eventually(lambda: all(installation.attempts(i) for i in invoice_ids), within_seconds=60)

    delays = sorted(delay_seconds(installation, invoice_id) for invoice_id in invoice_ids)

    results["first attempt after its time, p50 s (10/s)"] = delays[len(delays) // 2]
    results["first attempt after its time, p99 s (10/s)"] = delays[int(len(delays) * 0.99) - 1]
    assert delays[int(len(delays) * 0.99) - 1] < 2


def delay_seconds(installation: Installation, invoice_id: str) -> float:
    attempt = installation.attempts(invoice_id)[0]
    begun, due = (datetime.fromisoformat(attempt[name]) for name in ("started_at", "scheduled_for"))
    return (begun - due).total_seconds()


def wait_until(moment: float) -> None:
    """The pace of a load, not a guess about the thing measured."""
    time.sleep(max(0.0, moment - time.monotonic()))


def load_invoices(installation: Installation, folder: Path) -> None:
    """Many invoices with a PaymentIntent each, through the bulk load of the command line."""
    client_id, _ = installation.client_with_card("pm_card_visa")
    lines = ["number,currency,amount_due,client_id,stripe_payment_intent_id"]
    numbers = range(1, (2 * ROUNDS + 1) * INVOICES + 1)
    lines += [f"bench-{number},usd,2000,{client_id},pi_bench_{number}" for number in numbers]
    file = folder / "invoices.csv"
    file.write_text("\n".join(lines) + "\n")
    firm_id = installation.api("GET", f"/clients/{client_id}").body["firm_id"]
    arguments = [sys.executable, "-m", "entrypoints.cli", "import", "invoices", str(file), "--firm", firm_id]
    environ = {"DUNLIN_HOME": str(installation.home), "PATH": "/usr/bin:/bin"}
    subprocess.run(arguments, cwd=PROJECT, env=environ, check=True, capture_output=True)


def failures(number: int) -> list[bytes]:
    """A captured `payment_intent.payment_failed` for each invoice of one round, with ids of its own."""
    text = FIXTURE.read_text()
    bodies = []
    for offset in range(1, INVOICES + 1):
        n = number * INVOICES + offset
        body = text.replace("pi_000000000000000000000000", f"pi_bench_{n}").replace(
            "ch_000000000000000000000000", f"ch_bench_{n}"
        )
        body = re.sub(r"evt_0{10,}", f"evt_bench_{n}", body)
        bodies.append(json.dumps(json.loads(body)).encode())
    return bodies


def signed(body: bytes, secret: str) -> bytes:
    stamp = int(time.time())
    signature = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return http_post(PATH, body, [("Stripe-Signature", f"t={stamp},v1={signature}")])


def web_port(installation: Installation) -> int:
    return urlsplit(installation.url).port or 0


def stored_events(installation: Installation) -> int:
    return int(
        psql(installation, "select count(*) from inbox where event_id like 'evt_bench_%' and status = 'processed'")
    )


@contextmanager
def bare_flask() -> Iterator[int]:
    """The bare application behind the same server with the same settings."""
    port = free_port()
    settings = [
        "--workers",
        "2",
        "--threads",
        "4",
        "--worker-class",
        "gthread",
        "--keep-alive",
        "0",
        "--log-level",
        "error",
    ]
    arguments = [
        sys.executable,
        "-m",
        "gunicorn",
        "--bind",
        f"127.0.0.1:{port}",
        *settings,
        "tests.benchmarks.bare_flask:app",
    ]
    process = subprocess.Popen(arguments, cwd=PROJECT)
    try:
        eventually(lambda: answers(port), within_seconds=15)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=10)


def answers(port: int) -> bool:
    try:
        return send(port, http_post("/", b"{}", ())).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def pgbench(installation: Installation, body: str) -> float:
    """Transactions a second of the same statements, four clients."""
    firm = psql(installation, "select firm_id from firms limit 1")
    first = 2 * ROUNDS * INVOICES + 1  # invoices of its own: what it writes there means nothing to Dunlin
    variables = {"firm": firm, "body": body, "first": str(first), "last": str(first + INVOICES - 1)}
    arguments = [
        "-n",
        "-M",
        "prepared",
        "-c",
        "4",
        "-j",
        "1",
        "-T",
        "5",
        "-f",
        str(PROJECT / "tests/benchmarks/webhook.pgbench.sql"),
    ]
    for name, value in variables.items():
        arguments += ["-D", f"{name}={value}"]
    told = server_program(installation, "pgbench", arguments)
    found = re.search(r"tps = ([\d.]+)", told)
    assert found is not None, told
    return float(found.group(1))


def psql(installation: Installation, query: str) -> str:
    return server_program(installation, "psql", ["-XAtc", query]).strip()


def server_program(installation: Installation, name: str, arguments: Sequence[str]) -> str:
    """A program that comes with the embedded server, against this installation's database."""
    parts = urlsplit(Home(installation.home).postgres_url)
    connection = {
        "PGHOST": parse_qs(parts.query)["host"][0],
        "PGUSER": parts.username or "postgres",
        "PGDATABASE": parts.path.lstrip("/"),
    }
    ended = subprocess.run(
        [str(binary_path(name)), *arguments], env=connection, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout
