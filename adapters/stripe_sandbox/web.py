"""The sandbox as a web application: /v1 is Stripe's API, /sandbox is what only a stand-in can do."""

import socket
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import http_date

from adapters.stripe_sandbox.control import control_routes
from adapters.stripe_sandbox.http_server import CONNECTION, MAX_BODY_BYTES
from adapters.stripe_sandbox.sandbox import ApiRequest, Sandbox
from adapters.stripe_sandbox.values import API_VERSION, to_text


def create_app(sandbox: Sandbox) -> Flask:
    """A Flask application that answers for `sandbox`."""
    app = Flask("stripe_sandbox")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_BODY_BYTES
    app.register_blueprint(control_routes(sandbox))

    @app.errorhandler(HTTPException)
    def failed(error: HTTPException) -> Response:
        status = error.code or 500
        kind = "api_error" if status >= 500 else "invalid_request_error"
        body = {"error": {"message": error.description, "type": kind}}
        return Response(to_text(body), status, content_type="application/json")

    @app.route("/v1", defaults={"path": ""}, methods=["GET", "POST", "DELETE"])
    @app.route("/v1/<path:path>", methods=["GET", "POST", "DELETE"])
    def stripe_api(path: str) -> Response:
        answer = sandbox.answer(
            ApiRequest(
                method=request.method,
                path=f"/v1/{path}",
                form=request.get_data(cache=False) if request.method == "POST" else request.query_string,
                content_type=request.mimetype if request.method == "POST" else "",
                base_url=request.host_url.rstrip("/"),
                version=request.headers.get("Stripe-Version"),
                authorization=request.headers.get("Authorization"),
                account=request.headers.get("Stripe-Account"),
                idempotency_key=request.headers.get("Idempotency-Key"),
            )
        )
        if answer.is_lost:
            _hang_up(sandbox)
        response = Response(answer.body, answer.status, answer.headers, content_type="application/json")
        # Stripe's own time, by which its events are dated too; a test's or a demonstration's clock need not be ours.
        response.headers["Date"] = http_date(sandbox.clock())
        response.headers["Stripe-Version"] = request.headers.get("Stripe-Version", API_VERSION)
        if request.headers.get("Idempotency-Key"):
            response.headers["Idempotency-Key"] = request.headers["Idempotency-Key"]
        return response

    return app


def _hang_up(sandbox: Sandbox) -> None:
    sandbox.stopping.wait(sandbox.faults.settings.hang_seconds)
    connection: Any = request.environ.get(CONNECTION)
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
