"""A whole installation as a user runs it: `dunlin up` with real processes, driven over HTTP."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import redis
import stripe

from tests.servers import PROJECT
from tests.waiting import eventually

Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What an HTTP request was answered."""

    status: int
    body: Any


def http(method: str, url: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
    """One JSON request; errors of HTTP are answers too."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **(headers or {})}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return Answer(answer.status, _parsed(answer.read()))
    except urllib.error.HTTPError as error:
        return Answer(error.code, _parsed(error.read()))


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text.decode()


class Installation:
    """One running installation. Money moves in its sandbox only."""

    def __init__(self, process: psutil.Process, home: Path, web_port: int, sandbox_port: int, api_key: str) -> None:
        self.process = process
        self.home = home
        self.url = f"http://127.0.0.1:{web_port}"
        self.sandbox_url = f"http://127.0.0.1:{sandbox_port}"
        self.api_key = api_key
        self.stripe = stripe.StripeClient("sk_test_e2e", base_addresses={"api": self.sandbox_url})

    def api(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        return http(method, f"{self.url}/api/v1{path}", body, {"Authorization": f"Bearer {self.api_key}", **headers})

    def sandbox(self, method: str, path: str, body: Any = None) -> Answer:
        return http(method, f"{self.sandbox_url}/sandbox{path}", body)

    def dunlin(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One command, in the installation's environment."""
        return subprocess.run(
            [sys.executable, "-m", "entrypoints.cli", *arguments],
            cwd=PROJECT,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @property
    def environ(self) -> dict[str, str]:
        """What a terminal beside it has to be told."""
        port = self.sandbox_url.rpartition(":")[2]
        return {"DUNLIN_HOME": str(self.home), "DUNLIN_SANDBOX_PORT": port, "PATH": "/usr/local/bin:/usr/bin:/bin"}

    def paid_invoice(self, amount_due: int = 4200) -> tuple[str, str]:
        """An invoice that was paid by card: our id, and the charge's."""
        client_id, _ = self.client_with_card("pm_card_visa")
        invoice_id = self.sent_invoice(client_id, amount_due=amount_due)
        eventually(lambda: self.get(invoice_id)["status"] == "paid", within_seconds=20)
        return invoice_id, str(self.charges(invoice_id)[0]["id"])

    def client_with_card(self, card: str = "pm_card_chargeCustomerFail") -> tuple[str, str]:
        """A client whose customer at Stripe has this test card as default: our client id and the card's id."""
        customer = self.stripe.v1.customers.create({"name": "E2E"})
        attached = self.stripe.v1.payment_methods.attach(card, {"customer": customer.id})
        self.stripe.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": attached.id}})
        made = self.api("POST", "/clients", {"company_name": "E2E Ltd", "stripe_customer_id": customer.id})
        assert made.status == 201, made
        return made.body["id"], attached.id

    def invoice(self, client_id: str, *, amount_due: int = 4200, **wanted: Any) -> Json:
        body = {"client_id": client_id, "currency": "usd", "amount_due": amount_due, "autopay": True, **wanted}
        made = self.api("POST", "/invoices", body)
        assert made.status == 201, made
        return dict(made.body)

    def sent_invoice(self, client_id: str, **wanted: Any) -> str:
        invoice_id = self.invoice(client_id, **wanted)["id"]
        sent = self.api("POST", f"/invoices/{invoice_id}/send")
        assert sent.status == 200, sent
        return str(invoice_id)

    def get(self, invoice_id: str) -> Json:
        """The invoice; a web process that is being replaced is asked again."""
        answer = eventually(lambda: _answered(lambda: self.api("GET", f"/invoices/{invoice_id}")))
        assert answer is not None
        return dict(answer.body)

    def attempts(self, invoice_id: str) -> list[Json]:
        return list(self.api("GET", f"/invoices/{invoice_id}/attempts").body["data"])

    def charges(self, invoice_id: str) -> list[Json]:
        """What the bank really did for the invoice."""
        return list(self.sandbox("GET", f"/charges?metadata[invoice_id]={invoice_id}").body["data"])

    def is_ready(self) -> bool:
        try:
            return http("GET", f"{self.url}/readyz").status == 200
        except OSError:
            return False

    def redis(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.home / "redis.sock"))

    def processes(self, title: str) -> list[psutil.Process]:
        """The installation's processes whose title is exactly this, as a user sees it in `ps`."""
        return [child for child in self.process.children(recursive=True) if _title(child) == title]


def _answered(ask: Callable[[], Answer]) -> Answer | None:
    try:
        answer = ask()
    except OSError:
        return None
    return answer if answer.status == 200 else None


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline()).strip()
    except psutil.Error:
        return ""


@contextmanager
def running_installation(**environ: str) -> Iterator[Installation]:
    """`dunlin up` in a folder of its own, ready, with the key that its first start shows; stopped by SIGTERM."""
    with tempfile.TemporaryDirectory(prefix="dunlin-") as folder:
        home, log_path = Path(folder) / "home", Path(folder) / "log"
        web_port, sandbox_port = free_port(), free_port()
        settings = {
            "DUNLIN_HOME": str(home),
            "DUNLIN_PORT": str(web_port),
            "DUNLIN_SANDBOX_PORT": str(sandbox_port),
            "DUNLIN_WEB_WORKERS": "1",
            **environ,
        }
        with start(settings, log_path) as process:
            try:
                api_key = eventually(lambda: api_key_in(log_path), within_seconds=30)
                installation = Installation(psutil.Process(process.pid), home, web_port, sandbox_port, str(api_key))
                eventually(installation.is_ready, within_seconds=30)
                yield installation
            except BaseException:
                print(log_path.read_text(errors="replace")[-8000:])
                raise


@contextmanager
def start(settings: Mapping[str, str], log_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The supervisor as a process that is ended with everything below it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DUNLIN_", "STRIPE_"))}
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "entrypoints.cli", "up"],
            cwd=PROJECT,
            env={**inherited, **settings},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def api_key_in(log_path: Path) -> str | None:
    found = re.search(r"\bdk_\w+_[\w-]+", log_path.read_text(errors="replace"))
    return found.group(0) if found else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
