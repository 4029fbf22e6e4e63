import pytest

from domain.model.firms import Scope
from tests import stripe_events
from tests.builders import NOW
from tests.e2e.web.web_world import Json, Tenant, WebWorld

FIELDS = "id, type, account, api_version, livemode, status, error, invoice_id, received_at, processed_at"


def about(tenant: Tenant, status: str = "succeeded", **changed: str) -> Json:
    intent = stripe_events.payment_intent(
        f"pi_{tenant.firm_id}", status, charge_id=f"ch_{tenant.firm_id}", metadata={"invoice_id": tenant.invoice_id}
    )
    return stripe_events.event("payment_intent.succeeded", intent, NOW, **changed)


def test_events_are_listed_with_the_fields_of_the_contract(web: WebWorld) -> None:
    web.deliver(about(web.north, id="evt_1"))

    (event,) = web.call("GET", "/webhook-events").get_json()["data"]

    assert set(event) == {name.strip() for name in FIELDS.split(",")}
    assert (event["id"], event["status"], event["account"]) == ("evt_1", "processed", None)
    assert event["invoice_id"] == web.north.invoice_id


def test_another_firms_events_are_not_listed(web: WebWorld) -> None:
    web.deliver(about(web.south))

    assert web.call("GET", "/webhook-events").get_json()["data"] == []
    assert len(web.call("GET", "/webhook-events", by=web.south).get_json()["data"]) == 1


def test_events_are_filtered_by_status(web: WebWorld) -> None:
    web.deliver(about(web.north))

    assert len(web.call("GET", "/webhook-events", query={"status": "processed"}).get_json()["data"]) == 1
    assert web.call("GET", "/webhook-events", query={"status": "failed"}).get_json()["data"] == []
    assert web.call("GET", "/webhook-events", query={"status": "lost"}).status_code == 422


def test_a_replayed_event_changes_nothing_that_is_known(web: WebWorld) -> None:
    web.deliver(about(web.north, id="evt_1"))
    before = web.call("GET", f"/invoices/{web.north.invoice_id}").get_json()

    replayed = web.call("POST", "/webhook-events/evt_1/replay")

    assert replayed.status_code == 200
    assert replayed.get_json() == {"event": "evt_1", "outcome": "processed", "error": None}
    assert web.call("GET", f"/invoices/{web.north.invoice_id}").get_json()["amount_paid"] == before["amount_paid"]


def test_another_firms_event_cannot_be_replayed(web: WebWorld) -> None:
    web.deliver(about(web.south, id="evt_south"))

    foreign = web.call("POST", "/webhook-events/evt_south/replay")
    unknown = web.call("POST", "/webhook-events/evt_none/replay")

    assert (foreign.status_code, unknown.status_code) == (404, 404)


@pytest.mark.parametrize("scope", [Scope.READ, Scope.WRITE])
def test_replaying_is_for_administrators(idle_web: WebWorld, scope: Scope) -> None:
    assert idle_web.call("POST", "/webhook-events/evt_1/replay", scope=scope).status_code == 403
