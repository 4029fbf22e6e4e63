import re

import pytest

from tests.e2e.web.web_world import WebWorld


def test_the_document_needs_no_key(idle_web: WebWorld) -> None:
    answer = idle_web.http.get("/api/openapi.json")

    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.get_json()["openapi"].startswith("3.0")


@pytest.mark.parametrize("path", ["/api/docs", "/api/docs/"])
def test_the_pages_load_everything_from_here(idle_web: WebWorld, path: str) -> None:
    page = idle_web.http.get(path)

    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert page.status_code == 200
    assert "/api/docs/swagger-ui-bundle.js" in loaded
    for address in loaded:
        assert address.startswith(("/", "data:")), f"{address} is somewhere else"
        assert not address.startswith("/") or idle_web.http.get(address).status_code == 200


def test_the_policy_of_the_pages_lets_nothing_else_in(idle_web: WebWorld) -> None:
    policy = idle_web.http.get("/api/docs").headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "<script>" not in idle_web.http.get("/api/docs").text
    assert "style=" not in idle_web.http.get("/api/docs").text


@pytest.mark.parametrize("name", ["secrets.js", "..%2Fdocs.py", "swagger-ui.js.map"])
def test_only_the_files_of_the_pages_are_served(idle_web: WebWorld, name: str) -> None:
    assert idle_web.http.get(f"/api/docs/{name}").status_code == 404
