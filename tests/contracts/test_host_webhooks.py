"""`ports.host_webhooks`: what every way to reach the host application does."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from adapters.host_webhooks.sender import StandardHostWebhooks
from adapters.memory.host_webhooks import MemoryHostWebhooks
from domain.model.host_addresses import AddressRules, BadHostAddress
from domain.model.host_deliveries import HostAnswer
from ports.host_webhooks import HostWebhook, HostWebhooks
from tests.integration.host_webhooks.receivers import receiver

RULES = AddressRules(takes_plain_http=True, allowed_hosts=frozenset({"127.0.0.1"}))


@dataclass(frozen=True)
class Way:
    """A way to reach a host that listens at `url` and takes everything."""

    hosts: HostWebhooks
    url: str


@pytest.fixture(params=["memory", "http"])
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    with receiver() as host:
        url = f"http://127.0.0.1:{host.port}/hooks"
        hosts = MemoryHostWebhooks(RULES) if request.param == "memory" else StandardHostWebhooks("key", RULES)
        yield Way(hosts, url)


def test_a_secret_is_that_of_its_salt_and_can_be_used_by_any_library(way: Way) -> None:
    secret = way.hosts.secret("salt")

    assert secret == way.hosts.secret("salt") != way.hosts.secret("another")
    assert "salt" not in secret
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32


def test_a_url_that_may_be_sent_to_is_accepted(way: Way) -> None:
    way.hosts.check_url(way.url)


@pytest.mark.parametrize("url", ["http://billing.example.com/", "https://user@127.0.0.1/", "nonsense"])
def test_a_url_that_may_not_is_refused(way: Way, url: str) -> None:
    with pytest.raises(BadHostAddress):
        way.hosts.check_url(url)


def test_what_is_sent_and_taken_is_a_success(way: Way) -> None:
    answer = way.hosts.send(HostWebhook(way.url, "hev_1", datetime.now(UTC), b"{}", ["salt"]))

    assert answer == HostAnswer(answer.status)
    assert answer.is_success
