"""The OpenAPI document and pages to read it, served from this machine alone."""

import json
from functools import cache
from pathlib import Path

from flask import Blueprint, Response
from swagger_ui_bundle import swagger_ui_path

from entrypoints.web.problems import NOT_FOUND, ProblemFound

_PAGES = Path(__file__).parent / "pages"
# Swagger UI shows its own icons as data: images, and styles nothing inline that a policy would refuse.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_ASSETS = {
    "swagger-ui.css": (Path(swagger_ui_path) / "swagger-ui.css", "text/css; charset=utf-8"),
    "swagger-ui-bundle.js": (Path(swagger_ui_path) / "swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    "docs.css": (_PAGES / "docs.css", "text/css; charset=utf-8"),
    "docs.js": (_PAGES / "docs.js", "text/javascript; charset=utf-8"),
}


def docs_blueprint(document: dict[str, object]) -> Blueprint:
    """Routes that show `document`, the finished OpenAPI document."""
    blueprint = Blueprint("docs", __name__)
    text = json.dumps(document, ensure_ascii=False)

    @blueprint.get("/api/openapi.json")
    def openapi() -> Response:
        return Response(text, content_type="application/json")

    blueprint.get("/api/docs", strict_slashes=False)(_page)
    blueprint.get("/api/docs/<asset>")(_asset)
    return blueprint


def _page() -> Response:
    headers = {"Content-Security-Policy": _POLICY}
    return Response(_read(_PAGES / "docs.html"), headers=headers, content_type="text/html; charset=utf-8")


def _asset(asset: str) -> Response:
    if asset not in _ASSETS:
        raise ProblemFound(NOT_FOUND, "There is no such file here.")
    path, content_type = _ASSETS[asset]
    return Response(_read(path), headers={"Cache-Control": "public, max-age=3600"}, content_type=content_type)


@cache
def _read(path: Path) -> bytes:
    return path.read_bytes()
