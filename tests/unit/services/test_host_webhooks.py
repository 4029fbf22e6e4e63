"""Telling the host: written with its cause, sent once, tried again, given up, replayed."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from domain.model.errors import Conflict, InvalidInput, NotFound
from domain.model.host_deliveries import DeliveryStatus, HostAnswer, StoredHostEvent, answered
from domain.model.host_events import HostEventType, card_expiring
from domain.model.outbox import LEASE, OutboxItem, OutboxKind, OutboxStatus
from domain.model.webhook_endpoints import DisabledReason, WebhookEndpoint
from domain.services import collection, reading, webhook_endpoints
from domain.services.host_events import tell_host
from domain.services.outbox import run_outbox
from domain.services.steps import Step, in_firm
from domain.services.webhook_endpoints import NewEndpoint
from ports.host_repositories import HostEventFilter
from ports.host_webhooks import HostWebhook
from ports.repositories import OutboxFilter, PageRequest
from tests.host_builders import HOST_URL
from tests.service_world import ADMIN, CARD, DAY, World


@pytest.fixture
def world() -> World:
    return World()


def an_endpoint(world: World, *types: HostEventType, url: str = HOST_URL) -> WebhookEndpoint:
    wanted = NewEndpoint(url, types or None)
    return webhook_endpoints.create_endpoint(world.ports, world.hosts, world.firm.id, wanted, ADMIN).endpoint


def stored(world: World) -> list[StoredHostEvent]:
    """Oldest first."""
    page = webhook_endpoints.list_host_events(world.ports, world.firm.id, HostEventFilter(), PageRequest(limit=100))
    return list(reversed(page.items))


def endpoint(world: World, endpoint_id: str) -> WebhookEndpoint:
    return webhook_endpoints.get_endpoint(world.ports, world.firm.id, endpoint_id)


def sent_types(world: World) -> list[str]:
    return [json.loads(webhook.body)["type"] for webhook in world.hosts.sent]


def a_failed_invoice(world: World) -> str:
    world.gateway.answers.append("insufficient_funds")
    invoice_id = world.invoice().invoice.id
    world.run_due()
    return invoice_id


def refuse(world: World, *statuses: int) -> None:
    world.hosts.answers.extend(answered(status) for status in statuses)


def alerts(world: World) -> Counter[str]:
    return Counter(alert.action for alert in world.alerts.alerts)


def test_a_whole_course_is_told_in_order(world: World) -> None:
    an_endpoint(world)
    world.gateway.answers.extend(["insufficient_funds"] * 4)
    world.invoice()
    world.run_due()
    for wait in (3, 7, 14):
        world.advance(wait * DAY)

    assert sent_types(world) == ["invoice.failed"] * 4 + ["invoice.overdue", "dunning.finished"]
    assert len({webhook.event_id for webhook in world.hosts.sent}) == 6
    assert {event.status for event in stored(world)} == {DeliveryStatus.DELIVERED}


def test_a_recovery_is_told(world: World) -> None:
    an_endpoint(world)
    world.gateway.answers.extend(["insufficient_funds", "succeed"])
    world.invoice()
    world.run_due()
    world.advance(3 * DAY)

    assert sent_types(world) == ["invoice.failed", "invoice.recovered", "dunning.finished"]


def test_what_is_sent_is_the_envelope_under_the_events_id_and_the_endpoints_secrets(world: World) -> None:
    made = an_endpoint(world)
    invoice_id = a_failed_invoice(world)

    (webhook,) = world.hosts.sent
    sent = json.loads(webhook.body)
    assert (webhook.url, webhook.event_id, tuple(webhook.salts)) == (HOST_URL, sent["id"], (made.salt,))
    assert webhook.sent_at == world.clock.now()
    assert sent["data"]["invoice"]["id"] == invoice_id


def test_without_an_endpoint_nothing_is_kept(world: World) -> None:
    a_failed_invoice(world)

    assert (stored(world), world.hosts.sent) == ([], [])


def test_an_endpoint_is_told_its_types_alone(world: World) -> None:
    an_endpoint(world, HostEventType.INVOICE_OVERDUE)
    a_failed_invoice(world)

    assert stored(world) == []


def test_every_endpoint_is_told_once(world: World) -> None:
    an_endpoint(world, url="https://one.example.com/")
    an_endpoint(world, url="https://two.example.com/")
    a_failed_invoice(world)
    world.advance(DAY)

    assert Counter(webhook.url for webhook in world.hosts.sent) == {
        "https://one.example.com/": 1,
        "https://two.example.com/": 1,
    }
    assert len({webhook.event_id for webhook in world.hosts.sent}) == 1


def test_deriving_an_invoice_anew_tells_nothing_again(world: World) -> None:
    an_endpoint(world)
    invoice_id = a_failed_invoice(world)

    collection.recompute_invoice(world.ports, world.firm.id, invoice_id, ADMIN)
    world.run_due()

    assert len(world.hosts.sent) == 1


def test_a_failure_is_tried_again_until_it_is_taken(world: World) -> None:
    an_endpoint(world)
    refuse(world, 500, 503)
    a_failed_invoice(world)
    tried = stored(world)[0].deliveries[0]
    assert (tried.status, tried.tries, tried.response_status) == (DeliveryStatus.PENDING, 1, 500)
    assert tried.last_error == "The endpoint answered 500."

    world.advance(timedelta(seconds=6))
    world.advance(timedelta(minutes=6))

    assert len(world.hosts.sent) == 3
    assert len({(webhook.event_id, webhook.body) for webhook in world.hosts.sent}) == 1
    arrived = stored(world)[0].deliveries[0]
    assert (arrived.status, arrived.tries, arrived.last_error) == (DeliveryStatus.DELIVERED, 3, None)


def test_an_endpoint_that_takes_nothing_for_five_days_is_disabled_with_one_alert(world: World) -> None:
    made = an_endpoint(world)
    refuse(world, *[500] * 40)
    a_void_invoice_that_failed(world)
    a_void_invoice_that_failed(world)
    for _ in range(6 * 24):
        world.advance(timedelta(hours=1))

    given_up = endpoint(world, made.id)
    assert (given_up.is_enabled, given_up.disabled_reason) == (False, DisabledReason.FAILING)
    assert alerts(world)["webhook_endpoint_disabled"] == 1
    assert {event.status for event in stored(world)} <= {DeliveryStatus.FAILED, DeliveryStatus.CANCELED}
    assert all(item.status is not OutboxStatus.DUE for item in host_rows(world))


def a_void_invoice_that_failed(world: World) -> str:
    """Nothing more comes of it."""
    invoice_id = a_failed_invoice(world)
    collection.void_invoice(world.ports, world.firm.id, invoice_id, ADMIN)
    return invoice_id


def host_rows(world: World) -> Sequence[OutboxItem]:
    wanted = OutboxFilter(kind=OutboxKind.HOST_WEBHOOK)
    return reading.list_outbox(world.ports, world.firm.id, wanted, PageRequest(limit=100)).items


def test_an_event_that_alone_is_refused_is_given_up_and_its_endpoint_is_not(world: World) -> None:
    made = an_endpoint(world)
    take = world.hosts.send

    def picky(webhook: HostWebhook) -> HostAnswer:
        return answered(400) if webhook.event_id == stored(world)[0].event.id else take(webhook)

    world.hosts.send = picky  # type: ignore[method-assign]
    a_void_invoice_that_failed(world)
    for _ in range(6):
        a_void_invoice_that_failed(world)
        for _ in range(24):
            world.advance(timedelta(hours=1))

    assert endpoint(world, made.id).is_enabled
    assert [event.status for event in stored(world)] == [DeliveryStatus.FAILED, *[DeliveryStatus.DELIVERED] * 6]
    assert alerts(world) == {"host_event_lost": 1}


def test_a_gone_endpoint_is_disabled_at_once(world: World) -> None:
    made = an_endpoint(world)
    refuse(world, 410)
    a_failed_invoice(world)
    world.advance(DAY)

    assert endpoint(world, made.id).disabled_reason is DisabledReason.GONE
    assert (len(world.hosts.sent), stored(world)[0].status) == (1, DeliveryStatus.FAILED)
    assert alerts(world)["webhook_endpoint_disabled"] == 1


def test_an_endpoint_that_just_failed_is_left_alone_by_other_events(world: World) -> None:
    an_endpoint(world)
    refuse(world, 500)
    a_failed_invoice(world)
    a_failed_invoice(world)
    assert len(world.hosts.sent) == 1
    assert stored(world)[1].deliveries[0].tries == 0

    world.advance(timedelta(seconds=6))

    assert {event.status for event in stored(world)} == {DeliveryStatus.DELIVERED}


@pytest.mark.parametrize("removes", [True, False])
def test_what_waits_for_an_endpoint_that_is_removed_or_disabled_is_canceled(world: World, removes: bool) -> None:
    made = an_endpoint(world)
    refuse(world, 500)
    a_failed_invoice(world)
    if removes:
        webhook_endpoints.remove_endpoint(world.ports, world.firm.id, made.id, ADMIN)
    else:
        _change(world, made, enabled=False)

    world.advance(timedelta(minutes=1))

    assert (len(world.hosts.sent), stored(world)[0].status) == (1, DeliveryStatus.CANCELED)


def _change(world: World, made: WebhookEndpoint, **changes: Any) -> WebhookEndpoint:
    return webhook_endpoints.change_endpoint(world.ports, world.hosts, world.firm.id, made.id, changes, by=ADMIN)


def test_a_replay_sends_the_same_event_again_to_every_endpoint_that_wants_it(world: World) -> None:
    an_endpoint(world)
    a_failed_invoice(world)
    an_endpoint(world, url="https://later.example.com/")
    event_id = stored(world)[0].event.id

    webhook_endpoints.replay_host_event(world.ports, world.firm.id, event_id, ADMIN)
    world.run_due()

    assert [webhook.url for webhook in world.hosts.sent] == [HOST_URL, HOST_URL, "https://later.example.com/"]
    assert {webhook.event_id for webhook in world.hosts.sent} == {event_id}
    assert stored(world)[0].status is DeliveryStatus.DELIVERED
    assert world.audit("host_event_replayed")[0].actor == str(ADMIN)


def test_a_replay_takes_the_place_of_what_was_still_to_come(world: World) -> None:
    an_endpoint(world)
    refuse(world, 500)
    a_failed_invoice(world)

    webhook_endpoints.replay_host_event(world.ports, world.firm.id, stored(world)[0].event.id, ADMIN)
    world.run_due()
    for _ in range(24):
        world.advance(timedelta(hours=1))

    assert len(world.hosts.sent) == 2


def test_a_replay_goes_out_at_once_although_the_endpoint_failed_a_moment_ago(world: World) -> None:
    an_endpoint(world)
    refuse(world, 500, 500)
    a_failed_invoice(world)
    world.advance(timedelta(hours=2))
    sent_count = len(world.hosts.sent)

    webhook_endpoints.replay_host_event(world.ports, world.firm.id, stored(world)[0].event.id, ADMIN)
    world.run_due()

    assert len(world.hosts.sent) == sent_count + 1


def test_a_replay_needs_an_endpoint_and_an_event(world: World) -> None:
    made = an_endpoint(world)
    a_failed_invoice(world)
    _change(world, made, enabled=False)

    with pytest.raises(Conflict, match=r"invoice\.failed"):
        webhook_endpoints.replay_host_event(world.ports, world.firm.id, stored(world)[0].event.id, ADMIN)
    with pytest.raises(NotFound):
        webhook_endpoints.replay_host_event(world.ports, world.firm.id, "hev_none", ADMIN)


def test_a_worker_that_died_after_sending_sends_again_under_the_same_id(world: World) -> None:
    an_endpoint(world)
    world.gateway.answers.append("insufficient_funds")
    send, world.hosts.send = world.hosts.send, _dies  # type: ignore[method-assign]
    world.invoice()
    with pytest.raises(KeyboardInterrupt):
        world.run_due()
    world.hosts.send = send  # type: ignore[method-assign]

    world.advance(LEASE + timedelta(seconds=1))

    assert (len(world.hosts.sent), stored(world)[0].status) == (1, DeliveryStatus.DELIVERED)


def _dies(*_: object) -> HostAnswer:
    raise KeyboardInterrupt


def test_who_lost_the_claim_while_sending_records_nothing(world: World) -> None:
    an_endpoint(world)
    world.gateway.answers.append("insufficient_funds")
    send = world.hosts.send

    def slow(webhook: HostWebhook) -> HostAnswer:
        world.hosts.send = send  # type: ignore[method-assign]
        send(webhook)
        world.clock.advance(LEASE + timedelta(seconds=1))
        (row,) = host_rows(world)
        run_outbox(world.ports, world.workshop, row.id)
        return answered(500)

    world.hosts.send = slow  # type: ignore[method-assign]
    world.invoice()
    world.run_due()

    delivery = stored(world)[0].deliveries[0]
    assert (delivery.status, delivery.tries) == (DeliveryStatus.DELIVERED, 1)


def test_a_rotated_secret_signs_beside_the_new_one_for_a_day(world: World) -> None:
    made = an_endpoint(world)
    rotated = webhook_endpoints.rotate_secret(world.ports, world.hosts, world.firm.id, made.id, ADMIN)
    a_failed_invoice(world)
    world.clock.advance(timedelta(hours=25))
    a_failed_invoice(world)

    assert rotated.secret == world.hosts.secret(rotated.endpoint.salt) != world.hosts.secret(made.salt)
    assert [tuple(webhook.salts) for webhook in (world.hosts.sent[0], world.hosts.sent[-1])] == [
        (rotated.endpoint.salt, made.salt),
        (rotated.endpoint.salt,),
    ]


def test_an_enabled_endpoint_takes_events_again(world: World) -> None:
    made = an_endpoint(world)
    refuse(world, 410)
    a_failed_invoice(world)

    again = _change(world, made, enabled=True)
    a_failed_invoice(world)

    assert (again.disabled_reason, again.failing_since) == (None, None)
    assert stored(world)[1].status is DeliveryStatus.DELIVERED


def test_neither_address_nor_secret_is_written_down(world: World) -> None:
    made = an_endpoint(world, url="https://billing.example.com/hooks?token=t0ps3cret")
    webhook_endpoints.rotate_secret(world.ports, world.hosts, world.firm.id, made.id, ADMIN)
    _change(world, made, url="https://billing.example.com/hooks?token=t0ps3cret2")
    refuse(world, 410)
    a_failed_invoice(world)
    webhook_endpoints.remove_endpoint(world.ports, world.firm.id, made.id, ADMIN)

    written = repr(world.audit()) + repr(world.alerts.alerts)
    actions = {event.action for event in world.audit() if event.subject_id == made.id}
    assert actions == {
        "webhook_endpoint_created",
        "webhook_secret_rotated",
        "webhook_endpoint_changed",
        "webhook_endpoint_disabled",
        "webhook_endpoint_removed",
    }
    assert not any(secret in written for secret in ("t0ps3cret", "whsec_", made.salt))


def test_a_url_that_nothing_may_be_sent_to_is_refused(world: World) -> None:
    made = an_endpoint(world)

    with pytest.raises(InvalidInput) as refused:
        an_endpoint(world, url="http://169.254.169.254/latest/meta-data")
    with pytest.raises(InvalidInput):
        _change(world, made, url="http://localhost/")

    assert [error.field for error in refused.value.errors] == ["url"]
    assert endpoint(world, made.id).url == HOST_URL


def test_a_firm_has_a_bounded_number_of_endpoints(world: World) -> None:
    for _ in range(16):
        an_endpoint(world)

    with pytest.raises(Conflict, match="16"):
        an_endpoint(world)


def test_another_service_tells_of_a_card_the_same_way(world: World) -> None:
    an_endpoint(world)

    def notice(step: Step) -> None:
        event = card_expiring(world.firm.id, world.client.id, CARD, step.now)
        step.ring_for(step.tx.outbox.add(tell_host(step, [event])))

    in_firm(world.ports, world.firm.id, notice)
    in_firm(world.ports, world.firm.id, notice)
    world.run_due()

    assert sent_types(world) == ["card.expiring"]
