"""The use cases over memory adapters and a virtual clock, with a gateway whose answers a test writes down."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from adapters.memory.alert_poster import MemoryAlertPoster
from adapters.memory.bank import MemoryBank
from adapters.memory.chance import SeededChance
from adapters.memory.clock import SettableClock
from adapters.memory.customer_sessions import MemoryCustomerSessions
from adapters.memory.host_webhooks import MemoryHostWebhooks
from adapters.memory.ids import CountingIds
from adapters.memory.job_scheduler import MemoryJobScheduler
from adapters.memory.mailer import MemoryMailer
from adapters.memory.unit_of_work import MemoryUnitOfWork
from domain.model.alerts import Alert
from domain.model.answers import Absent, ChargeAnswer, Declined, LookUpAnswer, Succeeded
from domain.model.attempts import Attempt, FrozenCharge
from domain.model.audit import Actor, AuditEvent
from domain.model.cards import Card
from domain.model.declines import DeclineCodes
from domain.model.firms import Firm
from domain.model.inbox import StripeEvent
from domain.model.outbox import PENDING_STATUSES, OutboxItem
from domain.model.payment_facts import FactKind, PaymentFact, Source
from domain.model.policies import Policy
from domain.services import collection, firms, reading
from domain.services.alerting import AlertDesk
from domain.services.charging import Till
from domain.services.clients import NewClient, create_client
from domain.services.collection import NewInvoice
from domain.services.outbox import Workshop, run_outbox, sweep
from domain.services.steps import Ports
from domain.services.webhooks import Mailroom
from ports.payment_gateway import ChargeOrder, LookUpOrder
from ports.repositories import AuditFilter, InvoiceRow, OutboxFilter, PageRequest
from ports.unit_of_work import UnitOfWork
from tests.builders import NOW, WITHOUT_NOTICES
from tests.post_office import a_post_office
from tests.scripted_reversals import ScriptedDisputes, ScriptedRecords, ScriptedRefunds

ADMIN = Actor("api_key", "key_1")
DAY = timedelta(days=1)
CARD = Card("pm_1", brand="visa", last4="4242", exp_month=12, exp_year=2030, is_default=True)


class QuietMetrics:
    """Counts by name."""

    def __init__(self) -> None:
        self.counted: dict[str, int] = {}

    def count(self, name: str, amount: int = 1, **labels: str) -> None:
        self.counted[name] = self.counted.get(name, 0) + amount

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Not looked at."""

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Not looked at."""


class ScriptedGateway:
    """Answers what a test wrote down, in order, and keeps what it was sent; `succeed` or a decline code is made up."""

    def __init__(self, clock: SettableClock) -> None:
        self._clock = clock
        self.answers: deque[ChargeAnswer | str] = deque()
        self.look_ups: deque[LookUpAnswer] = deque()
        self.sent: list[FrozenCharge] = []
        self.orders: list[ChargeOrder] = []
        self.asked: list[LookUpOrder] = []

    def freeze(self, order: ChargeOrder) -> FrozenCharge:
        self.orders.append(order)
        key = f"{order.attempt_id}:{'confirm' if order.reuse_intent_id else 'create'}"
        request = {"amount": order.amount_minor, "attempt": order.attempt_id, "card": order.stripe_payment_method_id}
        return FrozenCharge(key, (request,), order.reuse_intent_id)

    def execute(self, account: str | None, charge: FrozenCharge) -> ChargeAnswer:
        self.sent.append(charge)
        answer = self.answers.popleft()
        return self._made(answer, charge) if isinstance(answer, str) else answer

    def _made(self, word: str, charge: FrozenCharge) -> ChargeAnswer:
        request = charge.requests[0]
        intent_id = charge.stripe_payment_intent_id or f"pi_{request['attempt']}"
        told = PaymentFact(
            FactKind.SUCCEEDED if word == "succeed" else FactKind.FAILED,
            Source.ANSWER,
            told_at=self._clock.now(),
            heard_at=self._clock.now(),
            attempt_id=request["attempt"],
            stripe_payment_intent_id=intent_id,
            stripe_charge_id=f"ch_{len(self.sent)}",
            stripe_payment_method_id=request["card"],
            amount_minor=request["amount"],
            currency="usd",
        )
        if word == "succeed":
            return Succeeded(told)
        return Declined(replace(told, codes=DeclineCodes("card_declined", word), message="Declined."))

    def look_up(self, account: str | None, order: LookUpOrder) -> LookUpAnswer:
        self.asked.append(order)
        return self.look_ups.popleft() if self.look_ups else Absent()

    def cancel_intent(self, account: str | None, stripe_payment_intent_id: str) -> ChargeAnswer | None:
        return None


class ScriptedCards:
    """The customer's card, as a test sets it."""

    def __init__(self) -> None:
        self.card: Card | None = CARD
        self.failure: Exception | None = None

    def default_card(self, account: str | None, stripe_customer_id: str) -> Card | None:
        if self.failure is not None:
            raise self.failure
        return self.card

    def cards(self, account: str | None, stripe_customer_id: str) -> Sequence[Card]:
        return () if self.card is None else (self.card,)

    def intent_of_invoice(self, account: str | None, stripe_invoice_id: str) -> str | None:
        return None


class KeptAlerts:
    """Alerts, kept in the order in which they came."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []

    def alert(self, alert: Alert) -> None:
        self.alerts.append(alert)


class NoVerifier:
    """Tests of the use cases hand over events that are verified already."""

    def verify(self, body: bytes, signature_header: str, now: datetime) -> StripeEvent:
        raise AssertionError("not used here")


@dataclass
class World:
    """One installation with one firm and one client; `advance` moves time and runs everything that falls due."""

    start: datetime = NOW
    policy: Policy = WITHOUT_NOTICES
    uow: UnitOfWork = field(default_factory=MemoryUnitOfWork)

    def __post_init__(self) -> None:
        self.clock = SettableClock(self.start)
        self.doorbell = MemoryJobScheduler(self.clock)
        self.metrics = QuietMetrics()
        self.ports = Ports(self.uow, self.clock, CountingIds(), SeededChance(1), self.doorbell, self.metrics)
        self.gateway, self.cards, self.alerts = ScriptedGateway(self.clock), ScriptedCards(), KeptAlerts()
        self.bank = MemoryBank(self.clock)
        self.sessions = MemoryCustomerSessions(self.bank, self.clock)
        from adapters.stripe_api.events.interpreter import StripeEventInterpreter  # noqa: PLC0415 - used by some tests only

        self.mailroom = Mailroom(NoVerifier(), StripeEventInterpreter(), livemode=False)
        self.refunds, self.disputes = ScriptedRefunds(self.clock), ScriptedDisputes(self.clock)
        self.records, self.hosts = ScriptedRecords(), MemoryHostWebhooks()
        till = Till(self.gateway, self.cards)
        self.poster, self.mailer = MemoryAlertPoster(), MemoryMailer()
        desk = AlertDesk(self.alerts, self.poster, self.mailer, base_url="https://dunlin.example")
        self.workshop = Workshop(
            till,
            self.mailroom,
            desk,
            self.refunds,
            self.disputes,
            self.records,
            self.hosts,
            a_post_office(self.mailer),
            self.sessions,
        )
        self.firm: Firm = firms.create_firm(self.ports, "North Ltd", None, ADMIN)
        if self.policy != Policy():
            firms.replace_policy(self.ports, self.firm.id, self.policy, ADMIN)
        self.client = create_client(self.ports, self.firm.id, NewClient("Acme GmbH", stripe_customer_id="cus_1"), ADMIN)
        self.run_due()

    def use_desk(self, desk: AlertDesk) -> None:
        """Let alerts go this way from now on."""
        self.workshop = replace(self.workshop, alerts=desk)

    def invoice(
        self, *, send: bool = True, autopay: bool = True, amount_due: int = 4200, **wanted: object
    ) -> InvoiceRow:
        """A new invoice, sent unless said otherwise; nothing is run yet."""
        asked = NewInvoice(self.client.id, "usd", amount_due, autopay=autopay, **wanted)  # type: ignore[arg-type]
        row = collection.create_invoice(self.ports, self.firm.id, asked, ADMIN)
        if send:
            collection.send_invoice(self.ports, self.firm.id, row.invoice.id, ADMIN)
        return row

    def run_due(self) -> None:
        """Run every row that is due, with its consequences, as workers do when a bell rings."""
        while taken := self.doorbell.take():
            for outbox_id in taken:
                run_outbox(self.ports, self.workshop, outbox_id)

    def sweep(self) -> None:
        """One sweep, and what it rang for."""
        sweep(self.ports, self.mailroom)
        self.run_due()

    def advance(self, by: timedelta) -> None:
        """Move time on, then sweep: rows that fell due in between are rung for and run."""
        self.clock.advance(by)
        self.sweep()

    def row(self, invoice_id: str) -> InvoiceRow:
        return reading.get_invoice(self.ports, self.firm.id, invoice_id)

    def attempts(self, invoice_id: str) -> tuple[Attempt, ...]:
        return reading.list_attempts(self.ports, self.firm.id, invoice_id)

    def audit(self, action: str | None = None) -> list[AuditEvent]:
        """Audit events, oldest first."""
        wanted = AuditFilter(action=action)
        page = reading.list_audit_events(self.ports, self.firm.id, wanted, PageRequest(limit=100))
        return list(reversed(page.items))

    def pending(self, invoice_id: str) -> list[OutboxItem]:
        wanted = OutboxFilter(invoice_id=invoice_id)
        page = reading.list_outbox(self.ports, self.firm.id, wanted, PageRequest(limit=100))
        return [item for item in page.items if item.status in PENDING_STATUSES]

    def outbox(self, invoice_id: str) -> list[OutboxItem]:
        wanted = OutboxFilter(invoice_id=invoice_id)
        page = reading.list_outbox(self.ports, self.firm.id, wanted, PageRequest(limit=100))
        return list(reversed(page.items))
