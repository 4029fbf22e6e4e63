"""The sandbox as a web application: /v1 is Stripe's API, /sandbox is what only a stand-in can do."""

import socket
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from adapters.stripe_sandbox.control import control_routes
from adapters.stripe_sandbox.errors import ApiError
from adapters.stripe_sandbox.http_server import CONNECTION, MAX_BODY_BYTES
from adapters.stripe_sandbox.sandbox import ApiAnswer, ApiRequest, Sandbox, check_version
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
        answer = _answer(sandbox, f"/v1/{path}")
        if answer.is_lost:
            _hang_up(sandbox)
        response = Response(answer.body, answer.status, answer.headers, content_type="application/json")
        response.headers["Stripe-Version"] = request.headers.get("Stripe-Version", API_VERSION)
        if request.headers.get("Idempotency-Key"):
            response.headers["Idempotency-Key"] = request.headers["Idempotency-Key"]
        return response

    return app


def _answer(sandbox: Sandbox, path: str) -> ApiAnswer:
    try:
        check_version(request.headers.get("Stripe-Version"))
        form = _form()
    except ApiError as error:
        return ApiAnswer(error.status, to_text(error.body("req_00000000000000")), {"Request-Id": "req_00000000000000"})
    return sandbox.answer(
        ApiRequest(
            method=request.method,
            path=path,
            form=form,
            authorization=request.headers.get("Authorization"),
            account=request.headers.get("Stripe-Account"),
            idempotency_key=request.headers.get("Idempotency-Key"),
        )
    )


def _form() -> str:
    if request.method != "POST":
        return request.query_string.decode("ascii", "replace")
    body = request.get_data(cache=False)
    if body and request.mimetype not in ("application/x-www-form-urlencoded", ""):
        message = (
            f"Invalid request: the content type is '{request.mimetype[:80]}'. "
            "Stripe's /v1 API takes application/x-www-form-urlencoded bodies."
        )
        raise ApiError(400, "invalid_request_error", message, is_executed=False)
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ApiError(400, "invalid_request_error", "The body is not UTF-8 text.", is_executed=False) from error


def _hang_up(sandbox: Sandbox) -> None:
    sandbox.stopping.wait(sandbox.faults.settings.hang_seconds)
    connection: Any = request.environ.get(CONNECTION)
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
