"""Whether the process lives, whether the service is ready, and its figures."""

import json

from flask import Blueprint, Response

from entrypoints.web.application import application

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> Response:
    """200 as long as the process answers at all."""
    return _json({"status": "alive"}, 200)


@blueprint.get("/readyz")
def ready() -> Response:
    """200 when every check passes, else 503; either way each check by name."""
    checks = dict(application().readiness())
    is_ready = all(result == "ok" for result in checks.values())
    return _json({"status": "ready" if is_ready else "not ready", "checks": checks}, 200 if is_ready else 503)


@blueprint.get("/metrics")
def metrics() -> Response:
    """Prometheus's text form."""
    text, content_type = application().metrics_text()
    return Response(text, content_type=content_type)


def _json(value: object, status: int) -> Response:
    return Response(json.dumps(value), status, content_type="application/json")
