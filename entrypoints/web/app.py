"""The Flask application, put together."""

from flask import Flask

from entrypoints.web import error_handlers, health, mail_reports, problem_pages, security_headers, webhooks
from entrypoints.web.api import (
    alert_settings,
    audit_events,
    branding,
    clients,
    dispute_notes,
    dispute_summary,
    disputes,
    gate,
    host_events,
    invoice_story,
    invoices,
    ledger,
    notice_preview,
    notices,
    outbox,
    policy,
    refunds,
    webhook_endpoints,
    webhook_events,
)
from entrypoints.web.application import WebApplication, keep
from entrypoints.web.bodies import SILENCE_SECONDS_SETTING
from entrypoints.web.customer import views as customer_pages
from entrypoints.web.docs import docs_blueprint
from entrypoints.web.openapi import DunlinApi, describe, document
from entrypoints.web.path_ids import IdConverter

__all__ = ["WebApplication", "create_app"]

API_VERSION = "1"
_SILENCE_SECONDS = 10.0

_API = (
    clients,
    invoices,
    invoice_story,
    refunds,
    disputes,
    dispute_summary,
    dispute_notes,
    ledger,
    webhook_events,
    webhook_endpoints,
    host_events,
    audit_events,
    outbox,
    policy,
    branding,
    notice_preview,
    notices,
    alert_settings,
)
_INTRODUCTION = (
    "Finds out that a payment failed or was disputed, and does everything that follows. JSON in and out; times are "
    "RFC 3339 in UTC; amounts are integers in the currency's minor units; errors are RFC 9457 problems. Lists are "
    "pages: `data` and `next_cursor`. Every POST takes an `Idempotency-Key`."
)


def create_app(application: WebApplication) -> Flask:
    """Everything that Dunlin answers over HTTP, on the parts of `application`."""
    app = Flask("dunlin", static_folder=None, template_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = gate.BODY_BYTES_MAX
    app.config[SILENCE_SECONDS_SETTING] = _SILENCE_SECONDS
    app.json.sort_keys = False  # type: ignore[attr-defined]  # fields are shown in the order of the documentation
    app.url_map.converters["id"] = IdConverter
    keep(app, application)
    gate.register(app)
    error_handlers.register(app)
    security_headers.register(app, is_https=application.base_url.startswith("https://"))
    app.register_blueprint(webhooks.blueprint)
    app.register_blueprint(mail_reports.blueprint)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(problem_pages.blueprint)
    customer_pages.register(app)
    _register_api(app, application.base_url)
    return app


def _register_api(app: Flask, base_url: str) -> None:
    api = DunlinApi(
        app,
        spec_kwargs={
            "title": "Dunlin",
            "version": API_VERSION,
            "openapi_version": "3.0.3",
            "info": {"description": _INTRODUCTION},
            "servers": [{"url": base_url}],
        },
    )
    describe(api)
    for module in _API:
        api.register_blueprint(module.blueprint)
    app.register_blueprint(docs_blueprint(document(api)))
