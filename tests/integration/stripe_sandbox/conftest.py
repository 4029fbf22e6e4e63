"""A sandbox for each test, driven by the real stripe package; every exchange must fit Stripe's description."""

from collections.abc import Iterator

import pytest
import stripe

from adapters.stripe_sandbox import RunningSandbox, running_sandbox
from tests.integration.stripe_sandbox.helpers import SECRET, ManualClock, Receiver, client_of, receiver_of_webhooks
from tests.stripe_spec import StripeWatch


@pytest.fixture
def watch() -> StripeWatch:
    return StripeWatch()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiver_of_webhooks() as running:
        yield running


@pytest.fixture
def running(watch: StripeWatch) -> Iterator[RunningSandbox]:
    with running_sandbox(seed=1, requests_per_second=None, middleware=watch.around) as running:
        yield running
    watch.check_all()


@pytest.fixture
def delivering(watch: StripeWatch, receiver: Receiver) -> Iterator[RunningSandbox]:
    with running_sandbox(
        seed=1,
        requests_per_second=None,
        middleware=watch.around,
        webhook_url=receiver.url,
        webhook_secrets=(SECRET,),
        webhook_timeout_seconds=1.0,
    ) as running:
        yield running
    watch.check_all()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def timed(watch: StripeWatch, clock: ManualClock) -> Iterator[RunningSandbox]:
    with running_sandbox(seed=1, clock=clock, requests_per_second=None, middleware=watch.around) as running:
        yield running
    watch.check_all()


@pytest.fixture
def client(running: RunningSandbox) -> stripe.StripeClient:
    return client_of(running)
