"""How an event is tried, and an endpoint given up. Expected values: Standard Webhooks' specification, the issue."""

from datetime import timedelta

import pytest

from domain.model.host_deliveries import DeliveryStatus, HostAnswer, StoredHostEvent, answered, delivered, refused
from domain.model.host_events import HostEventType
from domain.model.webhook_endpoints import (
    GIVEN_UP_AFTER,
    DisabledReason,
    after_failure,
    after_success,
    disabled,
    enabled,
    rotated,
)
from tests.builders import NOW, days
from tests.host_builders import a_delivery, a_stored_event, an_endpoint

REFUSED = HostAnswer(500, "The endpoint answered 500.")


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def test_a_delivery_is_tried_for_five_days_and_at_their_very_end() -> None:
    delivery, waits = a_delivery(), []
    now = NOW
    while delivery.status is DeliveryStatus.PENDING:
        delivery = refused(delivery, REFUSED, now, 0.0)
        waits.append((delivery.next_try_at or now) - now)
        now = delivery.next_try_at or now

    minutes = [timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30)]
    assert waits[:9] == [*minutes, hours(2), hours(5), hours(10), hours(14), hours(20), hours(24)]
    assert (sum(waits, timedelta()), now) == (GIVEN_UP_AFTER, NOW + days(5))
    assert (delivery.status, delivery.next_try_at, delivery.tries) == (DeliveryStatus.FAILED, None, len(waits))


def test_chance_lengthens_a_wait_by_a_tenth_at_most() -> None:
    latest = refused(a_delivery(), REFUSED, NOW, 0.999).next_try_at

    assert latest is not None
    assert NOW + timedelta(seconds=5.4) < latest < NOW + timedelta(seconds=5.5)


def test_what_arrived_is_not_tried_again_and_shows_no_error() -> None:
    tried = refused(a_delivery(), REFUSED, NOW, 0.0)

    arrived = delivered(tried, answered(204), NOW + days(1))

    assert (arrived.status, arrived.tries, arrived.next_try_at) == (DeliveryStatus.DELIVERED, 2, None)
    assert (arrived.response_status, arrived.last_error, arrived.delivered_at) == (204, None, NOW + days(1))


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_success(status: int) -> None:
    assert answered(status) == HostAnswer(status)


@pytest.mark.parametrize("status", [100, 199, 301, 302, 307, 400, 401, 404, 410, 429, 500, 503])
def test_anything_else_is_none(status: int) -> None:
    answer = answered(status)

    assert not answer.is_success
    assert str(status) in str(answer.error)
    assert answer.is_gone is (status == 410)


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        (["delivered"], "delivered"),
        (["delivered", "pending"], "pending"),
        (["failed", "pending"], "pending"),
        (["failed", "delivered", "canceled"], "failed"),
        (["canceled", "delivered"], "canceled"),
    ],
)
def test_an_event_stands_where_its_worst_delivery_stands(statuses: list[str], status: str) -> None:
    deliveries = [
        a_delivery(endpoint_id=f"wep_{number}", status=DeliveryStatus(each)) for number, each in enumerate(statuses)
    ]

    assert a_stored_event(*deliveries).status is DeliveryStatus(status)


def test_a_delivery_takes_the_place_of_the_one_to_its_endpoint() -> None:
    stored = StoredHostEvent(a_stored_event().event, NOW)
    stored = stored.having(a_delivery(endpoint_id="wep_2")).having(a_delivery()).having(a_delivery(outbox_id="out_9"))

    assert [(each.endpoint_id, each.outbox_id) for each in stored.deliveries] == [
        ("wep_1", "out_9"),
        ("wep_2", "out_1"),
    ]


def test_an_endpoint_that_fails_is_left_alone_longer_and_longer() -> None:
    endpoint, now, pauses = an_endpoint(), NOW, []
    for after in (0, 5, 60, 3_600, 86_400):
        now += timedelta(seconds=after)
        endpoint = after_failure(endpoint, now)
        assert endpoint.paused_until is not None
        pauses.append(round((endpoint.paused_until - now).total_seconds()))

    assert pauses == [5, 5, 6, 366, 1_800]
    assert endpoint.failing_since == NOW


def test_a_success_ends_that() -> None:
    endpoint = after_success(after_failure(an_endpoint(), NOW), NOW + days(1))

    assert (endpoint.failing_since, endpoint.paused_until, endpoint.last_success_at) == (None, None, NOW + days(1))


def test_both_secrets_sign_for_a_day_after_a_rotation() -> None:
    endpoint = rotated(an_endpoint(salt="old"), "new", NOW)

    assert endpoint.salts(NOW) == ("new", "old")
    assert endpoint.salts(NOW + hours(23.9)) == ("new", "old")
    assert endpoint.salts(NOW + hours(24)) == ("new",)


def test_a_second_rotation_ends_the_oldest_secret_at_once() -> None:
    endpoint = rotated(rotated(an_endpoint(salt="old"), "new", NOW), "newest", NOW)

    assert endpoint.salts(NOW) == ("newest", "new")


def test_an_endpoint_wants_its_types_and_without_any_all() -> None:
    picky = an_endpoint(event_types=(HostEventType.INVOICE_OVERDUE,))

    assert [kind for kind in HostEventType if picky.wants(kind)] == [HostEventType.INVOICE_OVERDUE]
    assert all(an_endpoint().wants(kind) for kind in HostEventType)
    assert not any(disabled(an_endpoint(), NOW).wants(kind) for kind in HostEventType)


def test_enabling_forgets_what_was() -> None:
    endpoint = disabled(after_failure(an_endpoint(), NOW), NOW, DisabledReason.FAILING)

    assert enabled(endpoint, NOW) == an_endpoint()
