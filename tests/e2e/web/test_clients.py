from typing import Any

import pytest

from domain.model.firms import Scope
from tests.e2e.web.web_world import WebWorld

FULL = {
    "company_name": "Acme GmbH",
    "email": "billing@acme.example",
    "phone": "+49 (30) 1234-567",
    "locale": "de-CH",
    "timezone": "Europe/Berlin",
    "address": {
        "line1": "Hauptstraße 1",
        "line2": "2. Stock",
        "city": "Berlin",
        "state": "BE",
        "postal_code": "10115",
        "country": "DE",
    },
    "stripe_customer_id": "cus_new",
}


def test_a_client_is_made_with_all_its_fields(web: WebWorld) -> None:
    made = web.call("POST", "/clients", FULL)

    assert made.status_code == 201
    assert {name: made.get_json()[name] for name in FULL} == FULL
    assert made.get_json()["firm_id"] == web.north.firm_id
    assert made.get_json()["id"].startswith("cli_")


def test_location_leads_to_the_client_that_was_made(web: WebWorld) -> None:
    made = web.call("POST", "/clients", FULL)

    shown = web.call("GET", made.headers["Location"].removeprefix("/api/v1"))

    assert shown.get_json() == made.get_json()


def test_a_name_is_enough(web: WebWorld) -> None:
    made = web.call("POST", "/clients", {"company_name": "Acme"})

    assert made.status_code == 201
    assert made.get_json()["email"] is None
    assert set(made.get_json()["address"].values()) == {None}


def test_null_stands_for_nothing(web: WebWorld) -> None:
    made = web.call("POST", "/clients", {"company_name": "Acme", "email": None, "address": None})

    assert made.status_code == 201


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("company_name", None),
        ("company_name", ""),
        ("company_name", "   "),
        ("company_name", "x" * 201),
        ("company_name", 7),
        ("company_name", "nul\0"),
        ("company_name", "line\nbreak"),
        ("company_name", "\ud800"),
        ("email", "nobody"),
        ("email", "a@b.example\nBcc: c@d.example"),
        ("email", f"{'x' * 250}@b.example"),
        ("phone", "call me"),
        ("locale", "de_CH"),
        ("locale", "german language"),
        ("timezone", "Mars/Olympus"),
        ("timezone", "../../etc/passwd"),
        ("address", "Berlin"),
        ("stripe_customer_id", "cus 1"),
        ("stripe_customer_id", "cus_"),
        ("stripe_customer_id", "pi_1"),
        ("stripe_customer_id", "sk_live_secret"),
        ("stripe_customer_id", "cus_" + "x" * 252),
        ("stripe_customer_id", "cus_ü"),
    ],
)
def test_a_refused_field_is_named(idle_web: WebWorld, field: str, value: Any) -> None:
    refused = idle_web.call("POST", "/clients", {"company_name": "Acme", field: value})

    assert refused.status_code == 422
    assert list(refused.get_json()["errors"]) == [field]


@pytest.mark.parametrize("country", ["de", "DEU", "ZZ", "", 49])
def test_a_refused_field_of_the_address_is_named_with_a_dot(idle_web: WebWorld, country: Any) -> None:
    refused = idle_web.call("POST", "/clients", {"company_name": "Acme", "address": {"country": country}})

    assert refused.status_code == 422
    assert list(refused.get_json()["errors"]) == ["address.country"]


def test_unknown_fields_are_refused_by_name_at_every_depth(idle_web: WebWorld) -> None:
    body = {"company_name": "Acme", "vat": "1", "address": {"planet": "Mars"}}

    refused = idle_web.call("POST", "/clients", body)

    assert refused.status_code == 422
    assert set(refused.get_json()["errors"]) == {"vat", "address.planet"}


@pytest.mark.parametrize("stripe_id", ["cus_Mt3...", "add_minimum_licenses--Customer.create.1.json", "legacy-4711"])
def test_ids_of_recordings_and_migrations_are_taken_as_they_are(web: WebWorld, stripe_id: str) -> None:
    made = web.call("POST", "/clients", {"company_name": "Acme", "stripe_customer_id": stripe_id})

    assert made.get_json()["stripe_customer_id"] == stripe_id


def test_a_stripe_customer_belongs_to_one_client(web: WebWorld) -> None:
    body = {"company_name": "Another", "stripe_customer_id": web.north.stripe_customer_id}

    refused = web.call("POST", "/clients", body)

    assert refused.status_code == 409


def test_changes_leave_the_other_fields(web: WebWorld) -> None:
    made = web.call("POST", "/clients", FULL).get_json()

    changed = web.call("PATCH", f"/clients/{made['id']}", {"company_name": "Acme AG", "email": None})

    assert changed.status_code == 200
    assert changed.get_json() == {**made, "company_name": "Acme AG", "email": None}


def test_an_address_is_replaced_as_a_whole(web: WebWorld) -> None:
    made = web.call("POST", "/clients", FULL).get_json()

    changed = web.call("PATCH", f"/clients/{made['id']}", {"address": {"city": "Zürich"}})

    assert changed.get_json()["address"]["city"] == "Zürich"
    assert changed.get_json()["address"]["line1"] is None


def test_a_name_cannot_be_removed(web: WebWorld) -> None:
    refused = web.call("PATCH", f"/clients/{web.north.client_id}", {"company_name": None})

    assert refused.status_code == 422


def test_changing_a_client_needs_more_than_reading(web: WebWorld) -> None:
    refused = web.call("PATCH", f"/clients/{web.north.client_id}", {"company_name": "X"}, scope=Scope.READ)

    assert refused.status_code == 403


def test_an_unknown_client_is_not_found(idle_web: WebWorld) -> None:
    missing = idle_web.call("GET", "/clients/cli_unknown")

    assert missing.status_code == 404


def test_cards_are_shown_the_default_first(web: WebWorld) -> None:
    default_id = web.bank.attach_card(web.north.stripe_customer_id, brand="mastercard", is_default=True)

    cards = web.call("GET", f"/clients/{web.north.client_id}/payment-methods").get_json()["data"]

    assert len(cards) == 2
    assert cards[0] == {
        "stripe_payment_method_id": default_id,
        "brand": "mastercard",
        "last4": "4242",
        "exp_month": 12,
        "exp_year": 2040,
        "is_default": True,
        "backup_rank": None,
        "health": "ok",
    }


def test_a_client_without_a_stripe_customer_has_no_cards(web: WebWorld) -> None:
    made = web.call("POST", "/clients", {"company_name": "Acme"}).get_json()

    cards = web.call("GET", f"/clients/{made['id']}/payment-methods")

    assert cards.get_json() == {"data": [], "next_cursor": None}


def test_cards_are_503_while_stripe_does_not_answer(web: WebWorld) -> None:
    web.bank.script_reads(unreachable_times=1)

    answer = web.call("GET", f"/clients/{web.north.client_id}/payment-methods")

    assert answer.status_code == 503
    assert answer.get_json()["type"] == "/problems/stripe-unavailable"
    assert int(answer.headers["Retry-After"]) > 0


def test_an_erased_client_shows_nothing_personal_and_cannot_be_changed(web: WebWorld) -> None:
    made = web.call("POST", "/clients", {"company_name": "Jane Doe", "email": "jane@doe.example"}).get_json()

    erased = web.call("POST", f"/clients/{made['id']}/erase")

    shown = erased.get_json()
    assert erased.status_code == 200
    assert (shown["company_name"], shown["email"], shown["erased_at"]) == (
        "Erased client",
        None,
        "2026-03-02T09:00:00Z",
    )
    assert web.call("GET", f"/clients/{made['id']}").get_json() == shown
    assert web.call("PATCH", f"/clients/{made['id']}", {"email": "jane@doe.example"}).status_code == 409


def test_the_answer_that_made_a_client_is_not_repeated_once_it_is_erased(web: WebWorld) -> None:
    headers = {"Idempotency-Key": "once"}
    body = {"company_name": "Jane Doe"}
    made = web.call("POST", "/clients", body, headers=headers).get_json()
    web.call("POST", f"/clients/{made['id']}/erase")

    again = web.call("POST", "/clients", body, headers=headers)

    assert again.status_code == 409
    assert "Jane" not in again.text
