"""PostgreSQL or Redis gone: nothing is half done, nothing is lost, and everything goes on when they are back."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil
import pytest

from tests import stripe_events as stripe
from tests.e2e.installation import Installation, running_installation
from tests.e2e.signing import deliver
from tests.waiting import eventually


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with running_installation(DUNLIN_SWEEP_SECONDS="1") as running:
        yield running


@contextmanager
def without(installation: Installation, server: str) -> Iterator[None]:
    """The server is killed, and the supervisor is kept from starting it again until the end."""
    supervisor = installation.process
    os.kill(supervisor.pid, signal.SIGSTOP)
    try:
        for child in supervisor.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if server in child.name():
                    child.kill()
        yield
    finally:
        os.kill(supervisor.pid, signal.SIGCONT)
    eventually(installation.is_ready, within_seconds=30)


def paid(intent_id: str) -> dict[str, object]:
    intent = stripe.payment_intent(intent_id, "succeeded", charge_id=f"ch_{intent_id}")
    return stripe.event("payment_intent.succeeded", intent, stripe.now(), id=f"evt_{intent_id}")


def test_without_postgresql_a_webhook_is_answered_503_and_taken_when_it_comes_again(installation: Installation) -> None:
    client_id, _ = installation.client_with_card("pm_card_visa")
    invoice_id = installation.invoice(client_id, autopay=False, stripe_payment_intent_id="pi_outage1")["id"]

    with without(installation, "postgres"):
        refused = deliver(installation, paid("pi_outage1"))
    again = deliver(installation, paid("pi_outage1"))

    assert refused.status == 503
    assert (again.status, again.body["outcome"]) == (200, "processed")
    assert installation.get(invoice_id)["amount_paid"] == 4200


def test_without_redis_webhooks_are_taken_and_the_sweep_catches_up(installation: Installation) -> None:
    client_id, _ = installation.client_with_card("pm_card_visa")
    told = installation.invoice(client_id, autopay=False, stripe_payment_intent_id="pi_outage2")["id"]

    with without(installation, "redis"):
        answer = deliver(installation, paid("pi_outage2"))
        sent = installation.sent_invoice(client_id)

    assert (answer.status, answer.body["outcome"]) == (200, "processed")
    assert installation.get(told)["status"] == "paid"
    eventually(lambda: installation.get(sent)["status"] == "paid", within_seconds=20)
    assert len(installation.charges(sent)) == 1
