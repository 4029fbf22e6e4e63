"""Disputes as the host is told of them, in whatever order Stripe tells us."""

import itertools
import json
from datetime import timedelta

import pytest

from tests.builders import NOW
from tests.e2e.web.host_stories import an_endpoint
from tests.e2e.web.reversal_stories import a_paid_invoice, tell_dispute
from tests.e2e.web.web_world import Json, WebWorld

LATER = NOW + timedelta(days=20)
LAST = NOW + timedelta(days=40)
STORY = (("needs_response", NOW), ("under_review", LATER), ("lost", LAST))


def told(web: WebWorld) -> list[Json]:
    """What the host was sent."""
    web.run_due()
    return [json.loads(webhook.body) for webhook in web.hosts.sent]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_opened_and_closed_are_told_once_in_any_order(web: WebWorld, order: tuple[int, ...]) -> None:
    an_endpoint(web, event_types=["dispute.opened", "dispute.closed"])
    invoice_id, charge_id = a_paid_invoice(web)

    for index in (*order, *order):
        status, at = STORY[index]
        tell_dispute(web, charge_id, status, told_at=at)

    events = told(web)
    assert sorted(event["type"] for event in events) == ["dispute.closed", "dispute.opened"]
    assert len({event["id"] for event in events}) == 2
    closed = next(event for event in events if event["type"] == "dispute.closed")
    assert (closed["data"]["dispute"]["resolution"], closed["data"]["invoice"]["status"]) == ("lost", "charged_back")
    assert {event["data"]["invoice"]["id"] for event in events} == {invoice_id}


def test_a_dispute_without_an_invoice_is_told_and_not_again_when_it_is_linked(web: WebWorld) -> None:
    east = web.tenant("East Ltd", "acct_east")
    an_endpoint(web, by=east)
    tell_dispute(web, "ch_unknown", account="acct_east")
    assert [(event["type"], event["data"]["invoice"]) for event in told(web)] == [("dispute.opened", None)]

    web.call("POST", "/disputes/dp_1/link", {"invoice_id": east.invoice_id}, by=east)
    assert len(told(web)) == 1

    tell_dispute(web, "ch_unknown", "won", told_at=LAST, account="acct_east")
    closed = told(web)[-1]
    assert (closed["type"], closed["data"]["invoice"]["id"]) == ("dispute.closed", east.invoice_id)


def test_a_host_is_told_nothing_of_a_person(web: WebWorld) -> None:
    an_endpoint(web)
    details = {"company_name": "Jane Roe", "email": "jane@roe.example", "phone": "+41 44 123", "locale": "de-CH"}
    assert web.call("PATCH", f"/clients/{web.north.client_id}", details).status_code == 200
    _, charge_id = a_paid_invoice(web, description="For Jane Roe")
    tell_dispute(web, charge_id, "lost")
    failed = web.invoice(autopay=True, description="For Jane Roe")
    web.call("POST", f"/invoices/{failed['id']}/send")

    events = told(web)

    assert {event["type"] for event in events} == {"dispute.opened", "dispute.closed", "invoice.failed"}
    assert not any(detail in json.dumps(events) for detail in details.values())
