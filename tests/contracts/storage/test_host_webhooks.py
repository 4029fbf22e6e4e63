"""`ports.host_repositories`: WebhookEndpoints, HostEvents."""

from dataclasses import replace

import pytest

from domain.model.errors import Conflict
from domain.model.host_deliveries import DeliveryStatus
from domain.model.host_events import HostEventType
from domain.model.webhook_endpoints import DisabledReason, WebhookEndpoint
from ports.host_repositories import HostEventFilter
from ports.repositories import PageRequest
from ports.unit_of_work import UnitOfWork, WrongFirm
from tests.builders import FIRM_ID, INVOICE_ID, NOW, OTHER_FIRM_ID, days
from tests.host_builders import a_delivery, a_stored_event, an_endpoint
from tests.storage import all_at_once, in_firm, in_system

TRIED = a_delivery(
    status=DeliveryStatus.FAILED,
    tries=3,
    next_try_at=None,
    last_tried_at=NOW + days(5),
    response_status=500,
    last_error="The endpoint answered 500.",
)
ARRIVED = a_delivery(endpoint_id="wep_2", status=DeliveryStatus.DELIVERED, next_try_at=None, delivered_at=NOW + days(1))


def keep(uow: UnitOfWork, endpoint: WebhookEndpoint) -> None:
    in_firm(uow, lambda tx: tx.webhook_endpoints.add(endpoint), firm_id=endpoint.firm_id)


def test_an_endpoint_comes_back_as_it_was_added(uow: UnitOfWork) -> None:
    endpoint = an_endpoint(
        description="Stops service",
        event_types=(HostEventType.INVOICE_OVERDUE, HostEventType.DISPUTE_OPENED),
        is_enabled=False,
        previous_salt="salt before",
        previous_until=NOW + days(1),
        failing_since=NOW,
        paused_until=NOW + days(2),
        last_success_at=NOW - days(1),
        disabled_at=NOW + days(5),
        disabled_reason=DisabledReason.FAILING,
    )

    keep(uow, endpoint)

    assert in_firm(uow, lambda tx: tx.webhook_endpoints.get("wep_1")) == endpoint
    assert in_firm(uow, lambda tx: tx.webhook_endpoints.lock("wep_1")) == endpoint


def test_a_saved_endpoint_is_replaced_but_for_when_it_was_made(uow: UnitOfWork) -> None:
    keep(uow, an_endpoint())
    changed = an_endpoint(
        url="https://other.example.com/",
        salt="new",
        event_types=(HostEventType.CARD_EXPIRING,),
        is_enabled=False,
        disabled_at=NOW,
        disabled_reason=DisabledReason.GONE,
        updated_at=NOW + days(1),
    )

    in_firm(uow, lambda tx: tx.webhook_endpoints.save(replace(changed, created_at=NOW + days(9))))

    assert in_firm(uow, lambda tx: tx.webhook_endpoints.get("wep_1")) == changed


def test_endpoints_are_listed_oldest_first(uow: UnitOfWork) -> None:
    for number, age in (("1", 1), ("2", 3), ("3", 2)):
        keep(uow, an_endpoint(id=f"wep_{number}", created_at=NOW - days(age)))

    assert [e.id for e in in_firm(uow, lambda tx: tx.webhook_endpoints.all())] == ["wep_2", "wep_3", "wep_1"]


def test_a_removed_endpoint_is_gone(uow: UnitOfWork) -> None:
    keep(uow, an_endpoint())

    in_firm(uow, lambda tx: tx.webhook_endpoints.remove("wep_1"))
    in_firm(uow, lambda tx: tx.webhook_endpoints.remove("wep_1"))

    assert in_firm(uow, lambda tx: tx.webhook_endpoints.get("wep_1")) is None
    assert in_firm(uow, lambda tx: [*tx.webhook_endpoints.all()]) == []


def test_an_endpoint_needs_its_firm(uow: UnitOfWork) -> None:
    with pytest.raises(Conflict, match=r"^firm_id: "):
        in_firm(uow, lambda tx: tx.webhook_endpoints.add(an_endpoint(firm_id="frm_none")), firm_id="frm_none")


def test_another_firms_endpoints_are_neither_seen_nor_changed(uow: UnitOfWork) -> None:
    theirs = an_endpoint(firm_id=OTHER_FIRM_ID)
    keep(uow, theirs)

    in_firm(uow, lambda tx: tx.webhook_endpoints.remove("wep_1"))

    assert in_firm(uow, lambda tx: tx.webhook_endpoints.get("wep_1")) is None
    assert in_firm(uow, lambda tx: tx.webhook_endpoints.lock("wep_1")) is None
    assert in_firm(uow, lambda tx: [*tx.webhook_endpoints.all()]) == []
    assert in_firm(uow, lambda tx: tx.webhook_endpoints.get("wep_1"), firm_id=OTHER_FIRM_ID) == theirs


@pytest.mark.parametrize("method", ["add", "save"])
def test_another_firms_endpoint_is_not_written(uow: UnitOfWork, method: str) -> None:
    with pytest.raises(WrongFirm):
        in_firm(uow, lambda tx: getattr(tx.webhook_endpoints, method)(an_endpoint(firm_id=OTHER_FIRM_ID)))


def test_an_event_comes_back_with_its_deliveries(uow: UnitOfWork) -> None:
    stored = a_stored_event(TRIED, ARRIVED, data={"invoice": {"number": "Ō-1", "paid_at": None, "amount": 2**40}})

    assert in_firm(uow, lambda tx: tx.host_events.add(stored)) is True

    assert in_firm(uow, lambda tx: tx.host_events.get("hev_1")) == stored
    assert in_firm(uow, lambda tx: tx.host_events.lock("hev_1")) == stored


def test_an_event_that_is_told_again_changes_nothing(uow: UnitOfWork) -> None:
    in_firm(uow, lambda tx: tx.host_events.add(a_stored_event()))

    again = in_firm(uow, lambda tx: tx.host_events.add(a_stored_event(TRIED, data={"other": 1})))

    assert again is False
    assert in_firm(uow, lambda tx: tx.host_events.get("hev_1")) == a_stored_event()


def test_of_many_who_tell_of_one_event_at_once_one_is_first(uow: UnitOfWork) -> None:
    works = [lambda: in_firm(uow, lambda tx: tx.host_events.add(a_stored_event())) for _ in range(4)]

    assert sorted(all_at_once(works)) == [False, False, False, True]


def test_the_same_id_in_another_firm_is_another_event(uow: UnitOfWork) -> None:
    theirs = a_stored_event(firm_id=OTHER_FIRM_ID, id="hev_2")
    in_firm(uow, lambda tx: tx.host_events.add(theirs), firm_id=OTHER_FIRM_ID)

    assert in_firm(uow, lambda tx: tx.host_events.get("hev_2")) is None
    assert in_firm(uow, lambda tx: tx.host_events.lock("hev_2")) is None
    assert in_firm(uow, lambda tx: tx.host_events.page(HostEventFilter(), PageRequest())).items == ()
    assert in_system(uow, lambda tx: tx.host_events.get("hev_2")) == theirs


def test_saving_replaces_the_deliveries_and_nothing_else(uow: UnitOfWork) -> None:
    in_firm(uow, lambda tx: tx.host_events.add(a_stored_event()))

    in_firm(uow, lambda tx: tx.host_events.save(a_stored_event(ARRIVED, data={"other": 1}, occurred_at=NOW + days(1))))

    assert in_firm(uow, lambda tx: tx.host_events.get("hev_1")) == a_stored_event(ARRIVED)


@pytest.mark.parametrize("method", ["add", "save"])
def test_another_firms_event_is_not_written(uow: UnitOfWork, method: str) -> None:
    with pytest.raises(WrongFirm):
        in_firm(uow, lambda tx: getattr(tx.host_events, method)(a_stored_event(firm_id=OTHER_FIRM_ID)))


def test_events_are_listed_newest_first_in_pages(uow: UnitOfWork) -> None:
    for number in range(3):
        in_firm(uow, lambda tx, n=number: tx.host_events.add(a_stored_event(id=f"hev_{n}")))  # type: ignore[misc]

    with uow.firm(FIRM_ID) as tx:
        first = tx.host_events.page(HostEventFilter(), PageRequest(limit=2))
        second = tx.host_events.page(HostEventFilter(), PageRequest(limit=2, cursor=first.next_cursor))

    assert [stored.event.id for stored in (*first.items, *second.items)] == ["hev_2", "hev_1", "hev_0"]
    assert second.next_cursor is None


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (HostEventFilter(type="dispute.opened"), ["hev_dispute"]),
        (HostEventFilter(status="failed"), ["hev_failed"]),
        (HostEventFilter(status="pending"), ["hev_dispute"]),
        (HostEventFilter(invoice_id=INVOICE_ID), ["hev_failed"]),
        (HostEventFilter(type="dispute.opened", status="failed"), []),
    ],
)
def test_events_are_filtered(uow: UnitOfWork, wanted: HostEventFilter, found: list[str]) -> None:
    dispute = a_stored_event(id="hev_dispute", type=HostEventType.DISPUTE_OPENED, invoice_id=None)
    in_firm(uow, lambda tx: tx.host_events.add(dispute))
    in_firm(uow, lambda tx: tx.host_events.add(a_stored_event(id="hev_failed")))
    in_firm(uow, lambda tx: tx.host_events.save(a_stored_event(TRIED, ARRIVED, id="hev_failed")))

    page = in_firm(uow, lambda tx: tx.host_events.page(wanted, PageRequest()))

    assert [stored.event.id for stored in page.items] == found
