import json
import logging
from collections.abc import Sequence
from typing import Any

import pytest

from domain.model.cards import Card
from domain.model.firms import Scope
from entrypoints.web.problems import KINDS
from tests.e2e.web.web_world import WebWorld

PRIVATE = "somebody@private.example"


class BrokenCards:
    """A card file with a fault of its own."""

    def default_card(self, account: str | None, stripe_customer_id: str) -> Card | None:
        raise RuntimeError(PRIVATE)

    def cards(self, account: str | None, stripe_customer_id: str) -> Sequence[Card]:
        raise RuntimeError(PRIVATE)

    def intent_of_invoice(self, account: str | None, stripe_invoice_id: str) -> str | None:
        raise RuntimeError(PRIVATE)


def post(web: WebWorld, data: bytes, content_type: str | None = "application/json") -> Any:
    headers = {} if content_type is None else {"Content-Type": content_type}
    return web.call("POST", "/clients", data=data, headers=headers)


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"not json",
        b'{"company_name": "A", "company_name": "B"}',
        b'{"company_name": NaN}',
        b'{"company_name": "\xff"}',
        b'{"company_name": ' + b"9" * 5000 + b"}",
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b"[" * 30_000 + b"]" * 30_000,
    ],
    ids=["cut", "text", "duplicate key", "NaN", "not UTF-8", "huge number", "deep", "very deep"],
)
def test_a_body_that_cannot_be_read_is_400(idle_web: WebWorld, data: bytes) -> None:
    refused = post(idle_web, data)

    assert refused.status_code == 400
    assert refused.get_json()["type"] == "/problems/malformed-request"


@pytest.mark.parametrize("data", [b"[]", b'"text"', b"1", b"null", b"true"])
def test_a_body_that_is_no_object_is_422(idle_web: WebWorld, data: bytes) -> None:
    refused = post(idle_web, data)

    assert refused.status_code == 422
    assert list(refused.get_json()["errors"]) == ["body"]


def test_no_body_is_an_empty_object(idle_web: WebWorld) -> None:
    refused = idle_web.call("POST", "/clients")

    assert refused.status_code == 422
    assert list(refused.get_json()["errors"]) == ["company_name"]


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_that_is_not_declared_as_json_is_415(idle_web: WebWorld, content_type: str | None) -> None:
    refused = post(idle_web, b'{"company_name": "Acme"}', content_type)

    assert refused.status_code == 415


def test_a_charset_may_be_named(web: WebWorld) -> None:
    assert post(web, b'{"company_name": "Acme"}', "application/json; charset=utf-8").status_code == 201


def test_128_kb_are_read_and_one_byte_more_is_413(web: WebWorld) -> None:
    body = json.dumps({"company_name": "Acme"}).encode()

    read = post(web, body.ljust(131_072))
    refused = post(web, body.ljust(131_073))

    assert (read.status_code, refused.status_code) == (201, 413)


@pytest.mark.parametrize("path", ["/", "/nothing", "/api/v1/nothing", "/api/v1/clients/", "/problems/nothing"])
def test_an_unknown_path_is_404_as_a_problem(idle_web: WebWorld, path: str) -> None:
    answer = idle_web.http.get(path)

    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"
    assert set(answer.get_json()) == {"type", "title", "status", "detail"}


@pytest.mark.parametrize("part", ["%00", "a%0Ab", "%F0%9F%92%B3", "x" * 256, "a%20b"])
def test_what_is_no_id_names_nothing(idle_web: WebWorld, part: str) -> None:
    key = idle_web.north.keys[Scope.READ]

    answer = idle_web.http.get(f"/api/v1/invoices/{part}", headers={"Authorization": f"Bearer {key}"})

    assert answer.status_code == 404


def test_a_wrong_method_is_405_and_names_the_right_ones(idle_web: WebWorld) -> None:
    answer = idle_web.http.delete("/api/v1/clients")

    assert answer.status_code == 405
    assert answer.mimetype == "application/problem+json"
    assert {"GET", "POST"} <= {method.strip() for method in answer.headers["Allow"].split(",")}


def test_a_fault_of_ours_is_500_and_tells_only_an_id_that_the_log_has_too(caplog: pytest.LogCaptureFixture) -> None:
    web = WebWorld(cards=BrokenCards())

    answer = web.call("GET", f"/clients/{web.north.client_id}/payment-methods")

    assert answer.status_code == 500
    fault_id = answer.get_json()["instance"].removeprefix("urn:dunlin:fault:")
    assert fault_id in caplog.text
    assert "RuntimeError" in caplog.text
    assert PRIVATE not in caplog.text + answer.text


def test_a_database_that_is_away_is_503_with_a_time_to_wait(web: WebWorld) -> None:
    web.memory.store.is_down = True

    answer = web.call("GET", "/clients")

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("slug", KINDS)
def test_the_type_of_a_problem_leads_to_a_page_about_it(idle_web: WebWorld, slug: str) -> None:
    page = idle_web.http.get(KINDS[slug].uri)

    assert page.status_code == 200
    assert page.mimetype == "text/plain"
    assert KINDS[slug].title in page.text


def test_input_is_not_logged(web: WebWorld, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    web.call("POST", "/clients", {"company_name": PRIVATE, "email": PRIVATE, "phone": "no phone"})
    web.call("POST", "/clients", {"company_name": PRIVATE, "email": PRIVATE})

    assert PRIVATE not in caplog.text


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/clients", "/nothing", "/api/docs", "/api/webhooks/stripe/"])
def test_every_answer_has_the_security_headers_and_no_cookie(idle_web: WebWorld, path: str) -> None:
    headers = idle_web.http.get(path).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "Set-Cookie" not in headers
    assert "Strict-Transport-Security" not in headers


def test_behind_https_browsers_are_told_to_stay_there() -> None:
    web = WebWorld(base_url="https://dunlin.example")

    assert "max-age" in web.http.get("/healthz").headers["Strict-Transport-Security"]


def test_head_is_get_without_a_body(idle_web: WebWorld) -> None:
    headers = {"Authorization": f"Bearer {idle_web.north.keys[Scope.READ]}"}

    answer = idle_web.http.head("/api/v1/clients", headers=headers)

    assert (answer.status_code, answer.data) == (200, b"")


def test_options_needs_no_key_and_names_the_methods(idle_web: WebWorld) -> None:
    answer = idle_web.http.options("/api/v1/clients")

    assert answer.status_code == 200
    assert {"GET", "POST"} <= {method.strip() for method in answer.headers["Allow"].split(",")}
