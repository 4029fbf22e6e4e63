"""From a declined card to a real receiver that misbehaves, and back into what the host's list shows."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from adapters.host_webhooks.sender import StandardHostWebhooks
from domain.model.host_addresses import AddressRules
from domain.model.host_deliveries import Delivery, DeliveryStatus
from domain.model.webhook_endpoints import DisabledReason
from domain.services import webhook_endpoints
from domain.services.webhook_endpoints import EndpointWithSecret, NewEndpoint
from ports.host_repositories import HostEventFilter
from ports.repositories import PageRequest
from tests.integration.host_webhooks.receivers import Receiver, hangs, receiver, resets, says
from tests.service_world import ADMIN, World

RULES = AddressRules(takes_plain_http=True, allowed_hosts=frozenset({"127.0.0.1"}))


class ToldWorld(World):
    """A firm whose host application listens on loopback."""

    def __init__(self, host: Receiver) -> None:
        super().__init__(start=datetime.now(UTC))  # the official library compares with the true time
        self.sender = StandardHostWebhooks("key", RULES, time_limit_seconds=0.5)
        self.workshop = replace(self.workshop, hosts=self.sender)
        self.host = host
        wanted = NewEndpoint(f"http://127.0.0.1:{host.port}/hooks")
        self.made: EndpointWithSecret = webhook_endpoints.create_endpoint(
            self.ports, self.sender, self.firm.id, wanted, ADMIN
        )

    def fail_an_invoice(self) -> None:
        self.gateway.answers.append("insufficient_funds")
        self.invoice()
        self.run_due()

    def delivery(self) -> Delivery:
        """The one delivery of the newest event."""
        page = webhook_endpoints.list_host_events(self.ports, self.firm.id, HostEventFilter(), PageRequest(limit=1))
        return page.items[0].deliveries[0]


@pytest.fixture
def world() -> Iterator[ToldWorld]:
    with receiver() as host:
        yield ToldWorld(host)


def test_a_host_verifies_what_it_is_told_with_the_secret_that_was_shown(world: ToldWorld) -> None:
    world.fail_an_invoice()

    (request,) = world.host.requests
    told = Webhook(world.made.secret).verify(request.body, request.headers)
    assert (told["type"], told["id"]) == ("invoice.failed", request.headers["webhook-id"])
    assert told["data"]["invoice"]["payment_retry_count"] == 1
    assert world.delivery().status is DeliveryStatus.DELIVERED


def test_a_host_that_is_down_for_a_while_is_told_in_the_end_and_once(world: ToldWorld) -> None:
    world.host.answers(says(500), resets, hangs, says(503))
    world.fail_an_invoice()
    errors = [world.delivery().last_error]
    for wait in (timedelta(seconds=6), timedelta(minutes=6), timedelta(minutes=40), timedelta(hours=3)):
        world.advance(wait)
        errors.append(world.delivery().last_error)

    assert errors == [
        "The endpoint answered 500.",
        "No answer: it was closed.",
        "No answer: it took too long.",
        "The endpoint answered 503.",
        None,
    ]
    assert len({(request.headers["webhook-id"], request.body) for request in world.host.requests}) == 1
    assert (world.delivery().tries, world.delivery().response_status) == (5, 204)
    world.advance(timedelta(hours=20))
    assert len(world.host.requests) == 5


def test_a_host_that_answers_410_is_not_told_again(world: ToldWorld) -> None:
    world.host.answers(says(410))
    world.fail_an_invoice()
    world.fail_an_invoice()

    endpoint = webhook_endpoints.get_endpoint(world.ports, world.firm.id, world.made.endpoint.id)
    assert (endpoint.disabled_reason, len(world.host.requests)) == (DisabledReason.GONE, 1)


def test_a_replay_arrives_under_the_same_id(world: ToldWorld) -> None:
    world.fail_an_invoice()
    event_id = world.host.requests[0].headers["webhook-id"]

    webhook_endpoints.replay_host_event(world.ports, world.firm.id, event_id, ADMIN)
    world.run_due()

    assert [json.loads(request.body)["id"] for request in world.host.requests] == [event_id, event_id]


def test_for_a_day_after_a_rotation_either_secret_verifies(world: ToldWorld) -> None:
    endpoint_id = world.made.endpoint.id
    rotated = webhook_endpoints.rotate_secret(world.ports, world.sender, world.firm.id, endpoint_id, ADMIN)
    world.fail_an_invoice()

    (request,) = world.host.requests
    for secret in (world.made.secret, rotated.secret):
        Webhook(secret).verify(request.body, request.headers)
