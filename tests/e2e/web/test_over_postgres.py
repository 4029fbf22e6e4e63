"""The same API over the real database: what memory takes lightly (jsonb, text, cursors) is answered the same way."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.postgres.unit_of_work import SqlUnitOfWork
from tests import stripe_events
from tests.builders import NOW
from tests.e2e.web.host_stories import an_endpoint, host_event_of
from tests.e2e.web.reversal_stories import a_dispute
from tests.e2e.web.routes import api_routes, ids_of
from tests.e2e.web.web_world import WebWorld

RULES = ["/clients", "/invoices", "/disputes", "/ledger", "/webhook-events", "/audit-events", "/outbox", "/host-events"]


@pytest.fixture(scope="module")
def web(database_url: str) -> Iterator[WebWorld]:
    """One world for all tests here; each makes what it speaks of."""
    uow = SqlUnitOfWork(database_url)
    yield WebWorld(uow=uow)
    uow.close()


def test_every_list_and_object_can_be_read(web: WebWorld) -> None:
    intent = stripe_events.payment_intent("pi_1", "succeeded", metadata={"invoice_id": web.north.invoice_id})
    web.deliver(stripe_events.event("payment_intent.succeeded", intent, NOW))
    web.north.made["endpoint_id"] = an_endpoint(web, event_types=["dispute.opened"])["id"]
    web.north.made["dispute_id"] = a_dispute(web)
    web.north.made["host_event_id"] = host_event_of(web)["id"]
    noted = web.call("POST", "/disputes/dp_1/notes", {"body": "Käse \U0001f9c0\nzweite Zeile"})
    web.north.made["note_id"] = noted.get_json()["id"]

    reads = [route for route in api_routes() if route.method == "GET"]
    answers = [web.call("GET", route.path(ids_of(web.north))) for route in reads]

    assert {answer.status_code for answer in answers} == {200}


def test_a_repeat_is_answered_byte_for_byte(web: WebWorld) -> None:
    body = {"company_name": "Käse & Söhne \U0001f9c0"}
    headers = {"Idempotency-Key": "a repeat"}

    first, second = (web.call("POST", "/clients", body, headers=headers) for _ in range(2))

    assert second.headers["Idempotency-Replayed"] == "true"
    assert (second.data, second.headers["Location"]) == (first.data, first.headers["Location"])


@pytest.mark.parametrize("text", ["100%", "a_b", "back\\slash", "quo'te"])
def test_text_is_searched_for_as_it_is(web: WebWorld, text: str) -> None:
    made = web.invoice(description=f"holds {text} in the middle")
    web.invoice(description="holds 100x, aXb, backslash and quote")

    found = web.call("GET", "/invoices", query={"q": text}).get_json()["data"]

    assert [invoice["id"] for invoice in found] == [made["id"]]


def test_pages_follow_each_other_without_gap_or_overlap(web: WebWorld) -> None:
    client = web.call("POST", "/clients", {"company_name": "Many"}).get_json()["id"]
    made = [web.invoice(client_id=client)["id"] for _ in range(5)]

    first = web.call("GET", "/invoices", query={"client_id": client, "limit": "3"}).get_json()
    cursor = {"cursor": first["next_cursor"]}
    second = web.call("GET", "/invoices", query={"client_id": client, "limit": "3", **cursor}).get_json()

    seen = [invoice["id"] for invoice in first["data"] + second["data"]]
    assert sorted(seen) == sorted(made)
    assert second["next_cursor"] is None


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    "cursor",
    ["x", "e30=", "W10=", "bnVsbA==", "WyJhIiwgImIiXQ==", "WyIyMDI2LTAxLTAxIiwgMV0=", "WzEsIDJd"],
)
def test_a_made_up_cursor_is_refused(web: WebWorld, rule: str, cursor: str) -> None:
    refused = web.call("GET", rule, query={"cursor": cursor})

    assert refused.status_code == 422


@settings(max_examples=100, deadline=None)
@given(
    name=st.text(max_size=20), number=st.text(max_size=20), amount=st.integers(-5, 10**20), cursor=st.text(max_size=20)
)
def test_any_input_is_taken_or_refused(web: WebWorld, name: str, number: str, amount: int, cursor: str) -> None:
    client = web.call("POST", "/clients", {"company_name": name, "stripe_customer_id": number or None})
    body = {"client_id": web.north.client_id, "currency": "usd", "amount_due": amount, "number": number}
    invoice = web.call("POST", "/invoices", body)
    found = web.call("GET", "/invoices", query={"q": name.encode("utf-8", "replace")})
    page = web.call("GET", "/audit-events", query={"cursor": cursor.encode("utf-8", "replace")})

    assert {client.status_code, invoice.status_code} <= {201, 409, 422}
    assert {found.status_code, page.status_code} <= {200, 422}
