"""Whatever is sent, the answer is one that the document describes, and never a fault of ours."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.e2e.web.reversal_stories import a_dispute
from tests.e2e.web.routes import api_routes
from tests.e2e.web.web_world import WebWorld

WEB = WebWorld()
WITH_BODY = [route for route in api_routes() if route.method in {"POST", "PUT", "PATCH"}]
DISPUTE_ID = a_dispute(WEB)
NOTE_ID = WEB.call("POST", f"/disputes/{DISPUTE_ID}/notes", {"body": "Signed."}).get_json()["id"]
IDS = st.sampled_from([WEB.north.client_id, WEB.north.invoice_id, DISPUTE_ID, NOTE_ID, "dp_1", "evt_1", "x"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
QUERY_NAMES = [
    "limit",
    "cursor",
    "status",
    "q",
    "kind",
    "type",
    "subject",
    "action",
    "severity",
    "client_id",
    "inquiry",
    "stage",
    "invoice_id",
    "matched",
    "order",
    "respond_before",
    "from",
    "to",
    "group_by",
    "format",
    "currency",
    "x",
]


def likely_bodies(route: Any) -> st.SearchStrategy[Any]:
    """Objects under the names that the route knows, holding what is near to right or anything."""
    operation = WEB.document.operation(route.method, f"/api/v1{route.path(dict.fromkeys(route.arguments, 'x'))}")
    if "requestBody" not in operation:
        return VALUES
    schema = WEB.document.resolve(operation["requestBody"]["content"]["application/json"]["schema"])
    fields = {name: _likely(described) for name, described in schema["properties"].items()}
    return st.fixed_dictionaries({}, optional=fields) | VALUES


def _likely(described: dict[str, Any]) -> st.SearchStrategy[Any]:
    examples = [described["example"]] if "example" in described else []
    return st.sampled_from([*examples, *described.get("enum", []), 0, 1, 99_999_999, 100_000_000]) | VALUES


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_body_is_answered_as_documented(data: st.DataObject) -> None:
    route = data.draw(st.sampled_from(WITH_BODY))
    ids = {argument: data.draw(IDS) for argument in route.arguments}

    answer = WEB.call(route.method, route.path(ids), data.draw(likely_bodies(route)))

    assert answer.status_code < 500


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_answered_as_documented(data: bytes) -> None:
    answer = WEB.call("POST", "/clients", data=data, headers={"Content-Type": "application/json"})

    assert answer.status_code in {400, 422}


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([route for route in api_routes() if route.method == "GET" and not route.arguments]),
    st.dictionaries(
        st.sampled_from(QUERY_NAMES),
        st.text(max_size=30)
        | st.integers().map(str)
        | st.sampled_from(["true", "csv", "reason", "2026-03-01", "2026-03-02T00:00:00Z", "0000-00-00", "9999-12-31"]),
        max_size=4,
    ),
)
def test_any_query_is_answered_as_documented(route: Any, query: dict[str, str]) -> None:
    if route.rule == "/policy":
        query = {}

    answer = WEB.call("GET", route.rule, query={name: text.encode("utf-8", "replace") for name, text in query.items()})

    assert answer.status_code in {200, 422}


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=300))
def test_any_credentials_and_signatures_are_refused(text: str) -> None:
    key = WEB.http.get("/api/v1/clients", headers={"Authorization": f"Bearer {text}"})
    webhook = WEB.deliver(b"{}", signature=text)

    assert key.status_code in {401, 429}
    assert webhook.status_code == 400
