"""The API's routes, read from the URL map: what is not listed in a test's own table makes that test fail."""

from dataclasses import dataclass

from werkzeug.routing import Rule

from domain.model.disputes import dispute_id
from tests.e2e.web.web_world import Json, Tenant, WebWorld

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Route:
    """One method of one rule under /api/v1; `rule` without that prefix."""

    method: str
    rule: str
    arguments: frozenset[str]

    def __str__(self) -> str:
        return f"{self.method} {self.rule}"

    def path(self, ids: dict[str, str]) -> str:
        """The path with an id for each argument. Raises `KeyError` for an argument that nobody thought of."""
        path = self.rule
        for argument in self.arguments:
            path = path.replace(f"<id:{argument}>", ids[argument])
        return path


def api_routes() -> list[Route]:
    """Every route of the API, in order."""
    rules = WebWorld().app.url_map.iter_rules()
    return sorted((route for rule in rules for route in _routes(rule)), key=str)


def _routes(rule: Rule) -> list[Route]:
    if not rule.rule.startswith("/api/v1/"):
        return []
    path = rule.rule.removeprefix("/api/v1")
    return [Route(method, path, frozenset(rule.arguments)) for method in _METHODS if method in (rule.methods or ())]


def ids_of(tenant: Tenant) -> dict[str, str]:
    """An id of the tenant's for each argument that a path may have."""
    return {
        "client_id": tenant.client_id,
        "invoice_id": tenant.invoice_id,
        "event_id": f"evt_{tenant.firm_id}",
        "dispute_id": dispute_id(tenant.firm_id, f"dp_{tenant.firm_id}"),
        "note_id": f"not_of_{tenant.firm_id}",
        "endpoint_id": f"wep_of_{tenant.firm_id}",
        "host_event_id": f"hev_of_{tenant.firm_id}",
        **tenant.made,
    }


def acceptable_body(route: Route, tenant: Tenant) -> Json | None:
    """A body that is right in shape, speaking of the tenant's objects. Raises `KeyError` for a route not listed."""
    bodies: dict[str, Json | None] = {
        "POST /clients": {"company_name": "Somebody"},
        "PATCH /clients/<id:client_id>": {"company_name": "Renamed"},
        "POST /clients/<id:client_id>/erase": None,
        "POST /clients/<id:client_id>/pause": {},
        "POST /clients/<id:client_id>/resume": None,
        "POST /invoices": {"client_id": tenant.client_id, "currency": "usd", "amount_due": 100},
        "POST /invoices/<id:invoice_id>/send": None,
        "POST /invoices/<id:invoice_id>/charge": None,
        "POST /invoices/<id:invoice_id>/retry": None,
        "POST /invoices/<id:invoice_id>/void": None,
        "POST /invoices/<id:invoice_id>/pause": {},
        "POST /invoices/<id:invoice_id>/resume": None,
        "POST /invoices/<id:invoice_id>/revoke-links": None,
        "POST /invoices/<id:invoice_id>/refunds": {"amount": 100},
        "POST /disputes/<id:dispute_id>/accept": None,
        "POST /disputes/<id:dispute_id>/link": {"invoice_id": tenant.invoice_id},
        "POST /disputes/<id:dispute_id>/refund": None,
        "POST /disputes/<id:dispute_id>/notes": {"body": "The parcel was signed for."},
        "PATCH /disputes/<id:dispute_id>/notes/<id:note_id>": {"body": "The parcel was signed for twice."},
        "POST /webhook-events/<id:event_id>/replay": None,
        "POST /webhook-endpoints": {"url": "https://billing.example.com/hooks"},
        "PATCH /webhook-endpoints/<id:endpoint_id>": {"description": "Renamed"},
        "DELETE /webhook-endpoints/<id:endpoint_id>": None,
        "POST /webhook-endpoints/<id:endpoint_id>/rotate-secret": None,
        "POST /host-events/<id:host_event_id>/replay": None,
        "PUT /policy": {"retry_delays_days": [1]},
        "POST /policy/preview": {},
        "PUT /alert-settings": {"alert_emails": ["staff@firm.example"]},
        "PUT /branding": {"accent_color": "#123456"},
        "POST /notices/preview": {"stage": "receipt"},
    }
    return None if route.method == "GET" else bodies[str(route)]
