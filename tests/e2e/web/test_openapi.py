"""The document is complete, closed and true; that answers keep to it is held at every call of these tests."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.e2e.web.documented import json_schema
from tests.e2e.web.reversal_stories import a_dispute, a_paid_invoice
from tests.e2e.web.routes import api_routes
from tests.e2e.web.web_world import WebWorld


@pytest.fixture
def document(idle_web: WebWorld) -> dict[str, Any]:
    return idle_web.document.document


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield f"{method.upper()} {path}", operation


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for each in node:
            yield from nodes(each)
    if isinstance(node, dict):
        yield node
        for each in node.values():
            yield from nodes(each)


def test_every_route_is_described_and_nothing_else(document: dict[str, Any]) -> None:
    routes = {f"{route.method} /api/v1{route.rule}".replace("<id:", "{").replace(">", "}") for route in api_routes()}
    beside = {"POST /api/webhooks/stripe/", "POST /api/webhooks/mail/", "GET /healthz", "GET /readyz", "GET /metrics"}

    assert {name for name, _ in operations(document)} == routes | beside


def test_every_reference_leads_somewhere(idle_web: WebWorld, document: dict[str, Any]) -> None:
    references = [node for node in nodes(document) if "$ref" in node]

    resolved = [idle_web.document.resolve(reference) for reference in references]

    assert len(resolved) > 100


def test_operations_have_names_of_their_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in operations(document)]

    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+([A-Z][a-z]+)+", name) for name in names)


def test_operations_have_a_summary_and_a_known_tag(document: dict[str, Any]) -> None:
    tags = {tag["name"] for tag in document["tags"]}

    bad = [name for name, op in operations(document) if not op["summary"].endswith(".") or not set(op["tags"]) <= tags]

    assert bad == []


def test_operations_of_the_api_need_a_key_and_name_their_errors(document: dict[str, Any]) -> None:
    api = {name: operation for name, operation in operations(document) if " /api/v1" in name}

    assert {str(operation["security"]) for operation in api.values()} == {str([{"apiKey": []}])}
    assert [name for name, op in api.items() if not {"401", "403", "429", "500", "503"} <= set(op["responses"])] == []
    assert [name for name, op in api.items() if "{" in name and "404" not in op["responses"]] == []
    posts = {name: op for name, op in api.items() if name.startswith("POST")}
    assert [n for n, op in posts.items() if not {"400", "409", "413", "415", "422"} <= set(op["responses"])] == []


def test_errors_are_problems(idle_web: WebWorld, document: dict[str, Any]) -> None:
    errors = [
        idle_web.document.resolve(response)
        for name, operation in operations(document)
        for status, response in operation["responses"].items()
        if int(status) >= 400 and name != "GET /readyz"
    ]

    assert {tuple(error["content"]) for error in errors} == {("application/problem+json",)}


def test_objects_are_closed_and_answers_always_have_all_their_fields(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    asked = {
        name
        for name in schemas
        if name.startswith("New")
        or name in {"ClientChanges", "Hold", "Pause", "PolicyPreview", "WebhookEndpointChanges"}
    }
    optional = asked | {"Problem", "InvalidInput"}

    assert [name for name, schema in schemas.items() if schema.get("additionalProperties") is not False] == []
    assert [
        name
        for name, schema in schemas.items()
        if name not in optional and set(schema["required"]) != set(schema["properties"])
    ] == []


def test_fields_have_a_description_and_an_example_that_fits(document: dict[str, Any]) -> None:
    components = json_schema(document["components"])
    for name, schema in document["components"]["schemas"].items():
        for field, described in schema["properties"].items():
            if "$ref" in described or "allOf" in described or "anyOf" in described or field == "data":
                continue
            assert described["description"].endswith("."), f"{name}.{field} is not described"
            examples = [described["example"]] if "example" in described else []
            validator = Draft202012Validator({**json_schema(described), "components": components})
            problems = [list(validator.iter_errors(one)) for one in examples]
            assert not any(problems), f"the example of {name}.{field} does not fit: {problems}"


def test_bodies_that_the_document_shows_as_examples_are_taken(web: WebWorld, document: dict[str, Any]) -> None:
    def example(name: str) -> dict[str, Any]:
        properties = document["components"]["schemas"][name]["properties"]
        return {field: described["example"] for field, described in properties.items() if "example" in described}

    client = web.call("POST", "/clients", {**example("NewClient"), "address": example("NewAddress")})
    invoice = web.call("POST", "/invoices", {**example("NewInvoice"), "client_id": client.get_json()["id"]})
    policy = web.call("PUT", "/policy", example("NewPolicy"))
    note = web.call("POST", f"/disputes/{a_dispute(web)}/notes", example("NewNote"))
    paid_id, charge_id = a_paid_invoice(web)
    refund = web.call("POST", f"/invoices/{paid_id}/refunds", {**example("NewRefund"), "stripe_charge_id": charge_id})

    assert (client.status_code, invoice.status_code, policy.status_code) == (201, 201, 200)
    assert (note.status_code, refund.status_code) == (201, 201)
