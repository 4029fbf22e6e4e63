"""Mails to customers as the API shows them, and the links in them."""

from typing import Any

import pytest

from domain.services import customer_links
from domain.services.outbox import sweep
from tests.builders import days
from tests.e2e.web.web_world import Tenant, WebWorld
from tests.post_office import LINKS
from tests.storage import in_firm

ADDRESS = "billing@acme.example"


@pytest.fixture
def told(web: WebWorld) -> str:
    """An invoice of which the client was told that its payment failed."""
    web.call("PATCH", f"/clients/{web.north.client_id}", {"email": ADDRESS, "locale": "de-AT"})
    return fail(web, web.north)


def fail(web: WebWorld, tenant: Tenant) -> str:
    web.call("POST", f"/invoices/{tenant.invoice_id}/send", by=tenant)
    web.run_due()
    return tenant.invoice_id


def retry(web: WebWorld) -> None:
    """The next attempt, which fails again."""
    web.clock.advance(days(3))
    sweep(web.ports, web.mailroom)
    web.run_due()


def listed(web: WebWorld, **query: str) -> list[dict[str, Any]]:
    return list(web.call("GET", "/notices", query=query).get_json()["data"])


def test_a_notice_that_was_sent_is_shown_without_address_and_text(web: WebWorld, told: str) -> None:
    (notice,) = listed(web)

    assert [mail.to_address for mail in web.mailer.sent] == [ADDRESS]
    assert notice["id"] in web.mailer.sent[0].message_id
    assert notice == {
        "id": notice["id"],
        "client_id": web.north.client_id,
        "invoice_id": told,
        "subject_id": told,
        "stage": "payment_failed",
        "cause": notice["cause"],
        "status": "sent",
        "language": "de-AT",
        "created_at": "2026-03-02T09:00:00Z",
        "sent_at": "2026-03-02T09:00:00Z",
        "reason": None,
    }


def test_a_notice_that_was_not_sent_says_why(web: WebWorld) -> None:
    fail(web, web.north)

    (notice,) = listed(web)

    assert (notice["status"], notice["reason"]) == ("skipped", "The client has no e-mail address.")
    assert (notice["sent_at"], notice["language"], web.mailer.sent) == (None, None, [])


def test_notices_are_filtered(web: WebWorld, told: str) -> None:
    (notice,) = listed(web)

    right = {"status": "sent", "stage": "payment_failed", "client_id": web.north.client_id, "invoice_id": told}
    wrong = {"status": "skipped", "stage": "receipt", "client_id": "cli_none", "invoice_id": "inv_none"}
    assert listed(web, **right) == [notice]
    assert [listed(web, **{**right, name: value}) for name, value in wrong.items()] == [[], [], [], []]


def test_notices_are_listed_newest_first_in_pages(web: WebWorld, told: str) -> None:
    retry(web)

    first = web.call("GET", "/notices", query={"limit": 1}).get_json()
    second = web.call("GET", "/notices", query={"limit": 1, "cursor": first["next_cursor"]}).get_json()

    shown = [notice["stage"] for notice in (*first["data"], *second["data"])]
    assert shown == ["payment_urgent", "payment_failed"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("query", [{"status": "open"}, {"stage": "birthday"}, {"to": ADDRESS}, {"cursor": "x"}])
def test_a_query_for_something_else_is_refused(idle_web: WebWorld, query: dict[str, str]) -> None:
    refused = idle_web.call("GET", "/notices", query=query)

    assert refused.status_code == 422
    assert list(refused.get_json()["errors"]) == list(query)


def test_another_firms_notices_are_not_seen(web: WebWorld) -> None:
    fail(web, web.south)

    assert listed(web) == []
    assert listed(web, invoice_id=web.south.invoice_id) == []


def test_the_row_of_a_notice_is_in_the_outbox(web: WebWorld, told: str) -> None:
    (row,) = web.call("GET", "/outbox", query={"kind": "notice"}).get_json()["data"]

    assert (row["invoice_id"], row["status"]) == (told, "done")


def test_a_revoked_link_opens_nothing_and_a_later_mail_carries_a_new_one(web: WebWorld, told: str) -> None:
    revoked = web.call("POST", f"/invoices/{told}/revoke-links")
    retry(web)

    assert (revoked.status_code, revoked.get_json()["id"]) == (200, told)
    assert [is_live(web, mail.text) for mail in web.mailer.sent] == [False, True]


def test_revoking_links_is_in_the_audit_log(web: WebWorld) -> None:
    web.call("POST", f"/invoices/{web.north.invoice_id}/revoke-links")

    (event,) = web.call("GET", "/audit-events", query={"action": "links_revoked"}).get_json()["data"]

    assert event["subject_id"] == web.north.invoice_id


def is_live(web: WebWorld, text: str) -> bool:
    """Whether the link in a mail's text opens its invoice."""
    (line,) = (word for word in text.split() if word.startswith(LINKS.base_url))
    link = LINKS.open(line.rpartition("/")[2])
    facts = in_firm(web.ports.uow, lambda tx: tx.history.facts(link.invoice_id), firm_id=link.firm_id)
    assert facts is not None
    return customer_links.is_live(link, facts, web.clock.now())
