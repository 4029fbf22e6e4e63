"""The OpenAPI document: flask-smorest's, with our errors, and the paths that it does not serve."""

from http import HTTPStatus
from typing import Any

import marshmallow as ma
from flask_smorest import Api
from marshmallow import fields

from entrypoints.web.api.blueprint import IDEMPOTENCY_PARAMETER, SECURITY
from entrypoints.web.path_ids import IdConverter, parameter_schema
from entrypoints.web.problems import MEDIA_TYPE

_RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
_CHALLENGE = {"WWW-Authenticate": {"description": "How to authenticate.", "schema": {"type": "string"}}}
_ERROR_DESCRIPTIONS = {
    400: "The request, or its Idempotency-Key, cannot be read.",
    401: "No valid API key was sent.",
    403: "The key's scope is too small.",
    404: "No such object in this firm; another firm's object is none.",
    408: "The body came too slowly.",
    409: "The object's state forbids it, or a request with this Idempotency-Key has not ended.",
    413: "The body is too large.",
    415: "The body is not declared as JSON.",
    422: "Some fields are not acceptable, or the Idempotency-Key belongs to another request; `errors` names them.",
    429: "Too many wrong API keys from this address, or for this prefix.",
    500: "A fault of ours; `instance` names it in the log.",
    503: "The database, or Stripe where it is read, does not answer. Nothing was changed.",
}
_ERROR_HEADERS = {401: _CHALLENGE, 409: _RETRY_AFTER, 429: _RETRY_AFTER, 503: _RETRY_AFTER}


class ProblemSchema(ma.Schema):
    """What went wrong and what to do (RFC 9457)."""

    type = fields.String(
        required=True,
        metadata={"description": "The kind: a path with a page about it.", "example": "/problems/conflict"},
    )
    title = fields.String(
        required=True, metadata={"description": "The kind in words.", "example": "The object's state forbids this now"}
    )
    status = fields.Integer(required=True, metadata={"description": "The HTTP status.", "example": 409})
    detail = fields.String(
        required=True, metadata={"description": "What happened and what to do.", "example": "The invoice is paid."}
    )
    instance = fields.String(
        metadata={"description": "This very occurrence.", "example": "urn:dunlin:fault:flt_1aB2cD3eF4gH5iJ6kL7mN8oP"}
    )

    class Meta:
        """marshmallow's options."""

        unknown = ma.RAISE


class InvalidInputSchema(ProblemSchema):
    """The same, with what is wrong by field; fields of an inner object are named with dots."""

    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        required=True,
        metadata={"description": "Messages by field.", "example": {"amount_due": ["Must be an integer."]}},
    )


class DunlinApi(Api):  # type: ignore[misc]  # flask-smorest ships no types
    """flask-smorest's Api with problem+json; the error handlers are the application's own."""

    ERROR_SCHEMA = ProblemSchema
    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_error_handlers(self) -> None:
        """Errors are translated in one place, for all of the web."""

    def _register_pagination_header(self) -> None:
        """Pages are told in the body here."""

    def _register_responses(self) -> None:
        for status, description in _ERROR_DESCRIPTIONS.items():
            schema = InvalidInputSchema if status == 422 else ProblemSchema
            response: dict[str, Any] = {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}
            if status in _ERROR_HEADERS:
                response["headers"] = _ERROR_HEADERS[status]
            self.spec.components.response(HTTPStatus(status).name, response, lazy=True)


def describe(api: DunlinApi) -> None:
    """Add what all operations share."""
    components = api.spec.components
    api.register_converter(IdConverter, parameter_schema)
    scheme = {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key of the firm, made by `dunlin apikey create`. Scopes: `read`, `write`, `admin`; each "
        "includes the ones before it. The firm is the key's.",
    }
    components.security_scheme(SECURITY, scheme)
    components.parameter(IDEMPOTENCY_PARAMETER, "header", _IDEMPOTENCY_KEY)
    api.spec.tag({"name": "webhooks", "description": "What Stripe and the mail provider call."})
    api.spec.tag({"name": "health", "description": "What watches over the service."})


def document(api: DunlinApi) -> dict[str, Any]:
    """The finished document, once every blueprint is registered."""
    finished: dict[str, Any] = api.spec.to_dict()
    beside = {path: {"get": operation} for path, operation in _HEALTH.items()}
    webhooks = {"/api/webhooks/stripe/": {"post": _WEBHOOK}, "/api/webhooks/mail/": {"post": _MAIL_WEBHOOK}}
    finished["paths"] = {**finished["paths"], **webhooks, **beside}
    for item in finished["paths"].values():
        for name, operation in item.items():
            if name != "parameters":
                operation["responses"] = dict(sorted(operation["responses"].items()))
    return finished


_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "description": "Makes repeating the request safe: for 24 hours the same key with the same request is answered with "
    "the stored answer. Errors that a repeat may mend (400, 401, 403, 408, 413, 415, 422, 429, 5xx) are not stored. "
    "Keys are the firm's own.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "example": "8e03978e-40d5-43e8-bc93-6894a57f9324",
}


def _error(description: str) -> dict[str, Any]:
    return {"description": description, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


_WEBHOOK = {
    "operationId": "receiveStripeWebhook",
    "summary": "Take one delivery of a Stripe event.",
    "description": "Signed by Stripe over the raw body; the path works without its last slash too.",
    "tags": ["webhooks"],
    "security": [],
    "parameters": [
        {
            "in": "header",
            "name": "Stripe-Signature",
            "required": True,
            "schema": {"type": "string"},
            "example": "t=1795424400,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd",
        }
    ],
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
    "responses": {
        "200": {
            "description": "Kept. `duplicate`: it was processed or ignored before.",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["event", "outcome"],
                        "properties": {
                            "event": {"type": "string", "example": "evt_1PgafmB7WZ01zgkW"},
                            "outcome": {"type": "string", "enum": ["processed", "duplicate", "ignored", "unmatched"]},
                        },
                    }
                }
            },
        },
        "400": _error("The signature is bad, or what is signed is no event."),
        "408": _error("The body came too slowly."),
        "413": _error("The body is over 256 kB."),
        "500": _error("It is stored, but could not be processed: Stripe sends it again."),
        "503": _error("It could not be stored: Stripe sends it again."),
    },
}

_MAIL_WEBHOOK = {
    "operationId": "receiveMailReport",
    "summary": "Take a mail provider's report of a bounce or a complaint.",
    "description": "Signed over the raw body after the Standard Webhooks scheme with MAIL_WEBHOOK_SECRET; the path "
    "works without its last slash too. A permanent bounce and a complaint mark the address as bad at every client that "
    "has it: no more mail goes there until the client has another. What is not known here changes nothing.",
    "tags": ["webhooks"],
    "security": [],
    "parameters": [
        {"in": "header", "name": name, "required": True, "schema": {"type": "string"}, "example": example}
        for name, example in (
            ("webhook-id", "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"),
            ("webhook-timestamp", "1795424400"),
            ("webhook-signature", "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="),
        )
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["type", "permanent"],
                    "description": "One of `address` and `message_id` is needed; the address is better where both are.",
                    "properties": {
                        "type": {"type": "string", "enum": ["bounce", "complaint"]},
                        "permanent": {"type": "boolean", "description": "Whether the mail will never arrive."},
                        "address": {"type": "string", "maxLength": 320, "example": "billing@acme.example"},
                        "message_id": {
                            "type": "string",
                            "maxLength": 998,
                            "description": "Ours. Where the client was changed since, its firm is told to look.",
                            "example": "<ntc_7Jq2mX9LzK4tVw8RbYpD3n@dunlin.example>",
                        },
                        "reason": {"type": "string", "nullable": True, "example": "550 5.1.1 No such user"},
                    },
                }
            }
        },
    },
    "responses": {
        "200": {
            "description": "Taken, whether the address is known here or not.",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["received"],
                        "properties": {"received": {"type": "boolean"}},
                    }
                }
            },
        },
        "400": _error("The signature is bad, or the body is no JSON."),
        "408": _error("The body came too slowly."),
        "413": _error("The body is over 64 kB."),
        "422": {"$ref": f"#/components/responses/{HTTPStatus(422).name}"},
        "500": _error("A fault of ours."),
        "503": _error("MAIL_WEBHOOK_SECRET is not set, or the report could not be kept: send it again."),
    },
}

_CHECKS = {
    "type": "object",
    "additionalProperties": False,
    "required": ["status", "checks"],
    "properties": {
        "status": {"type": "string", "enum": ["ready", "not ready"]},
        "checks": {"type": "object", "additionalProperties": {"type": "string"}, "example": {"database": "ok"}},
    },
}
_ALIVE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["status"],
    "properties": {"status": {"type": "string", "enum": ["alive"]}},
}


def _probe(operation_id: str, summary: str, responses: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": operation_id,
        "summary": summary,
        "tags": ["health"],
        "security": [],
        "responses": responses,
    }


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_HEALTH = {
    "/healthz": _probe("isAlive", "Whether the process answers.", {"200": _json("It does.", _ALIVE)}),
    "/readyz": _probe(
        "isReady",
        "Whether the service is ready: each check by name.",
        {"200": _json("It is.", _CHECKS), "503": _json("It is not; the check says why.", _CHECKS)},
    ),
    "/metrics": _probe(
        "showMetrics",
        "Figures for Prometheus.",
        {"200": {"description": "Prometheus's text form.", "content": {"text/plain": {"schema": {"type": "string"}}}}},
    ),
}
