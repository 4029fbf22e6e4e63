"""The web application over memory adapters with two firms; every answer is held against the OpenAPI document."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.test import TestResponse

from adapters.memory.alert_poster import MemoryAlertPoster
from adapters.memory.bank import MemoryBank
from adapters.memory.bank_values import Mood
from adapters.memory.chance import SeededChance
from adapters.memory.checkpoints import MemoryCheckpoints
from adapters.memory.clock import SettableClock
from adapters.memory.customer_sessions import MemoryCustomerSessions
from adapters.memory.host_webhooks import MemoryHostWebhooks
from adapters.memory.ids import CountingIds
from adapters.memory.job_scheduler import MemoryJobScheduler
from adapters.memory.mailer import MemoryMailer
from adapters.memory.payment_gateway import MemoryCardFile, MemoryPaymentGateway
from adapters.memory.unit_of_work import MemoryUnitOfWork
from adapters.notice_templates.customer_pages import TemplateCustomerPages
from adapters.notice_templates.renderer import TemplateNoticeRenderer
from adapters.standard_webhooks.checker import StandardWebhookChecker
from adapters.stripe_api.events.interpreter import StripeEventInterpreter
from adapters.stripe_api.verifier import StripeWebhookVerifier
from domain.model.audit import Actor
from domain.model.firms import Scope
from domain.services import firms
from domain.services.alerting import AlertDesk
from domain.services.charging import Till
from domain.services.clients import NewClient, create_client
from domain.services.collection import NewInvoice, create_invoice
from domain.services.customer_page import Counter
from domain.services.outbox import Workshop, run_outbox
from domain.services.steps import Ports
from domain.services.webhooks import Mailroom
from entrypoints.web.app import WebApplication, create_app
from entrypoints.web.application import CustomerDesk
from ports.payment_gateway import CardFile
from ports.unit_of_work import UnitOfWork
from tests.builders import NOW
from tests.e2e.web.documented import Document
from tests.e2e.web.stripe_side import EmptyRecords, StripeDisputes, StripeRefunds
from tests.post_office import LINKS, a_post_office
from tests.service_world import KeptAlerts, QuietMetrics

OPERATOR = Actor("operator", "tests")
SECRET = "whsec_of_the_tests"
MAIL_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
Json = dict[str, Any]


@dataclass(frozen=True)
class Tenant:
    """A firm with a key of each scope, a client whose card is declined, and a draft of an invoice.

    `made` are ids of what a test made for it beside, by the name of the path's argument.
    """

    firm_id: str
    keys: Mapping[Scope, str]
    client_id: str
    stripe_customer_id: str
    invoice_id: str
    made: dict[str, str] = field(default_factory=dict)


class WebWorld:
    """Two firms, `north` and `south`; calls are north's with an admin key unless said otherwise."""

    def __init__(self, *, uow: UnitOfWork | None = None, cards: CardFile | None = None, base_url: str = "") -> None:
        self.clock = SettableClock(NOW)
        self.bank = MemoryBank(self.clock)
        self.doorbell = MemoryJobScheduler(self.clock)
        self.memory = MemoryUnitOfWork()
        self.ports = Ports(
            uow or self.memory, self.clock, CountingIds(), SeededChance(1), self.doorbell, QuietMetrics()
        )
        self.mailroom = Mailroom(StripeWebhookVerifier([SECRET]), StripeEventInterpreter(), livemode=False)
        till = Till(MemoryPaymentGateway(self.bank, self.clock), cards or MemoryCardFile(self.bank))
        self.refunds, self.disputes = StripeRefunds(self.clock), StripeDisputes(self.clock)
        self.alerts = KeptAlerts()
        self.sessions = MemoryCustomerSessions(self.bank, self.clock)
        self.hosts, self.mailer = MemoryHostWebhooks(), MemoryMailer()
        self.poster = MemoryAlertPoster()
        self.workshop = Workshop(
            till,
            self.mailroom,
            AlertDesk(self.alerts, self.poster, self.mailer),
            self.refunds,
            self.disputes,
            EmptyRecords(),
            self.hosts,
            a_post_office(self.mailer),
            self.sessions,
        )
        self.checkpoints = MemoryCheckpoints()
        self.checks: dict[str, str] = {"database": "ok"}
        self.app = create_app(
            WebApplication(
                ports=self.ports,
                mailroom=self.mailroom,
                cards=till.cards,
                hosts=self.hosts,
                checkpoints=self.checkpoints,
                notice_renderer=TemplateNoticeRenderer(),
                customers=CustomerDesk(LINKS, Counter(self.sessions, till.cards), TemplateCustomerPages(), "https:"),
                readiness=lambda: self.checks,
                alert_poster=self.poster,
                metrics_text=lambda: (b"dunlin_up 1\n", "text/plain; version=0.0.4; charset=utf-8"),
                base_url=base_url or "http://127.0.0.1:8000",
                mail_signatures=StandardWebhookChecker([MAIL_SECRET]),
            )
        )
        self.http = self.app.test_client()
        self.document = Document(self.app, self.http.get("/api/openapi.json").get_json())
        self.north, self.south = self.tenant("North Ltd"), self.tenant("South Ltd")

    def tenant(self, name: str, account: str | None = None) -> Tenant:
        firm = firms.create_firm(self.ports, name, account, OPERATOR)
        keys = {scope: firms.create_api_key(self.ports, firm.id, scope, OPERATOR).secret for scope in Scope}
        customer_id = self.bank.add_customer()
        self.bank.attach_card(customer_id, Mood(decline_code="insufficient_funds"), is_default=True)
        wanted = NewClient(f"Client of {name}", stripe_customer_id=customer_id)
        client = create_client(self.ports, firm.id, wanted, OPERATOR)
        draft = NewInvoice(client.id, "usd", 4200, number=f"{firm.id}-1", autopay=True, description=f"for {firm.id}")
        row = create_invoice(self.ports, firm.id, draft, OPERATOR)
        return Tenant(firm.id, keys, client.id, customer_id, row.invoice.id)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        by: Tenant | None = None,
        scope: Scope = Scope.ADMIN,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> TestResponse:
        """One request to /api/v1 + `path`; its answer is as the document says, or the test fails."""
        key = (by or self.north).keys[scope]
        sent = {"Authorization": f"Bearer {key}", **(headers or {})}
        options: dict[str, Any] = {"query_string": query} if query else {}
        if data is not None:
            options["data"] = data
        elif body is not None:
            options["json"] = body
        answer = self.http.open(f"/api/v1{path}", method=method, headers=sent, **options)
        self.document.check(method, f"/api/v1{path}", answer)
        return answer

    def invoice(self, **wanted: Any) -> Json:
        """A new invoice of north's client, by way of the API."""
        body = {"client_id": self.north.client_id, "currency": "usd", "amount_due": 4200, **wanted}
        made = self.call("POST", "/invoices", body)
        assert made.status_code == 201, made.text
        return dict(made.get_json())

    def run_due(self) -> None:
        """Workers carry out what was rung for."""
        while taken := self.doorbell.take():
            for outbox_id in taken:
                run_outbox(self.ports, self.workshop, outbox_id)

    def deliver(self, event: Json | bytes, *, path: str = "/api/webhooks/stripe/", **changed: Any) -> TestResponse:
        """A signed delivery; `signature` and `age_seconds` change how it is signed."""
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        signature = changed.get(
            "signature", signed(body, int(self.clock.now().timestamp()) - changed.get("age_seconds", 0))
        )
        headers = {} if signature is None else {"Stripe-Signature": signature}
        answer = self.http.post(path, data=body, headers=headers, content_type="application/json")
        self.document.check("POST", "/api/webhooks/stripe/", answer)
        return answer


def signed(body: bytes, timestamp: int, secret: str = SECRET) -> str:
    """Stripe's signature header."""
    digest = hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"
