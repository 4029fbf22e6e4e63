"""Names of columns and of fields that only we set are refused in every body."""

from dataclasses import fields

import pytest

import adapters.postgres.tables.firms
import adapters.postgres.tables.host
import adapters.postgres.tables.invoices
import adapters.postgres.tables.journal
import adapters.postgres.tables.reversals
import adapters.postgres.tables.work  # noqa: F401 - the tables enter the metadata when they are imported
from adapters.postgres.tables.columns import metadata
from domain.model.dispute_notes import DisputeNote
from domain.model.firms import ApiKey, Client, Firm
from domain.model.invoices import Invoice, InvoiceFacts, InvoiceFigures
from domain.model.refunds import RefundRequest
from tests.e2e.web.routes import Route, acceptable_body, api_routes, ids_of
from tests.e2e.web.web_world import WebWorld

WITH_BODY = [route for route in api_routes() if route.method in {"POST", "PUT", "PATCH"}]


def names() -> set[str]:
    """Every column, every field of the values behind the API, and a few that attackers try."""
    columns = {column.name for table in metadata.tables.values() for column in table.columns}
    values = {
        field.name
        for kind in (Firm, Client, ApiKey, Invoice, InvoiceFacts, InvoiceFigures, DisputeNote, RefundRequest)
        for field in fields(kind)
    }
    return columns | values | {"__class__", "__proto__", "is_admin", "scope", "_sa_instance_state"}


@pytest.mark.parametrize("route", WITH_BODY, ids=str)
def test_a_body_with_any_other_name_is_refused_by_that_name(idle_web: WebWorld, route: Route) -> None:
    path = route.path(ids_of(idle_web.north))
    operation = idle_web.document.operation(route.method, f"/api/v1{path}")
    accepted: set[str] = set()
    if "requestBody" in operation:
        body_schema = operation["requestBody"]["content"]["application/json"]["schema"]
        accepted = set(idle_web.document.resolve(body_schema)["properties"])
    foreign = names() - accepted

    refused = idle_web.call(
        route.method, path, {**(acceptable_body(route, idle_web.north) or {}), **dict.fromkeys(foreign, 1)}
    )

    assert len(foreign) > 50
    assert refused.status_code == 422
    assert set(refused.get_json()["errors"]) == foreign
