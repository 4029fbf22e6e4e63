"""Rows of a newer version that was rolled back stop nothing of this one."""

import psycopg

from adapters.postgres.unit_of_work import SqlUnitOfWork
from domain.model.host_events import HostEventType
from ports.host_repositories import HostEventFilter
from ports.repositories import PageRequest
from tests.host_builders import a_stored_event, an_endpoint
from tests.storage import in_firm


def test_types_that_only_a_newer_version_knows_are_left_to_it(uow: SqlUnitOfWork, database_url: str) -> None:
    in_firm(uow, lambda tx: tx.webhook_endpoints.add(an_endpoint(event_types=(HostEventType.INVOICE_OVERDUE,))))
    in_firm(uow, lambda tx: tx.host_events.add(a_stored_event()))
    in_firm(uow, lambda tx: tx.host_events.add(a_stored_event(id="hev_newer")))
    with psycopg.connect(database_url) as owner:
        owner.execute("SELECT set_config('dunlin.scope', 'system', true)")
        owner.execute("UPDATE webhook_endpoints SET event_types = event_types || '{invoice.praised}'::text[]")
        owner.execute("UPDATE host_events SET type = 'invoice.praised' WHERE id = 'hev_newer'")

    (endpoint,) = in_firm(uow, lambda tx: tx.webhook_endpoints.all())
    page = in_firm(uow, lambda tx: tx.host_events.page(HostEventFilter(), PageRequest()))

    assert endpoint.event_types == (HostEventType.INVOICE_OVERDUE,)
    assert [stored.event.id for stored in page.items] == ["hev_1"]
