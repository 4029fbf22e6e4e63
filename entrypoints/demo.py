"""Several months of one firm in virtual time: the real use cases over memory adapters, in about a second."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from adapters.links.signer import SignedLinks
from adapters.memory.alert_poster import MemoryAlertPoster
from adapters.memory.bank import MemoryBank
from adapters.memory.bank_answers import dispute_told
from adapters.memory.bank_reversals import BankReversals
from adapters.memory.bank_values import Mood, Trouble
from adapters.memory.chance import SeededChance
from adapters.memory.clock import SettableClock
from adapters.memory.customer_sessions import MemoryCustomerSessions
from adapters.memory.dispute_gateway import MemoryDisputeGateway
from adapters.memory.host_webhooks import MemoryHostWebhooks
from adapters.memory.ids import CountingIds
from adapters.memory.job_scheduler import MemoryJobScheduler
from adapters.memory.mailer import MemoryMailer
from adapters.memory.metrics import NoMetrics
from adapters.memory.payment_gateway import MemoryCardFile, MemoryPaymentGateway
from adapters.memory.refund_gateway import MemoryRefundGateway
from adapters.memory.stripe_records import MemoryStripeRecords
from adapters.memory.unit_of_work import MemoryUnitOfWork
from adapters.notice_templates.renderer import TemplateNoticeRenderer
from adapters.stripe_api.events.interpreter import HANDLED_TYPES, StripeEventInterpreter
from adapters.stripe_api.verifier import StripeWebhookVerifier
from domain.model.alerts import Alert
from domain.model.audit import STRIPE, Actor, AuditEvent, Severity
from domain.model.inbox import Interpretation
from domain.model.invoices import InvoiceFigures
from domain.model.money import Money, in_words
from domain.services import collection, reading
from domain.services.alerting import AlertDesk
from domain.services.charging import Till
from domain.services.clients import NewClient, create_client
from domain.services.customer_links import Links
from domain.services.firms import create_firm
from domain.services.notices import PostOffice
from domain.services.outbox import Workshop, run_outbox
from domain.services.steps import Ports, in_firm, in_system
from domain.services.telling import tell_invoice
from domain.services.webhooks import Mailroom

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
END = START + timedelta(days=120)
_BY = Actor("operator", "demo")
_NEVER_USED_SECRET = "whsec_demo"  # noqa: S105 - the demo receives no events
_MARKS = {Severity.INFO: " ", Severity.WARNING: "!", Severity.CRITICAL: "‼"}
_TOLD = frozenset(
    {
        "payment_failed",
        "payment_succeeded",
        "payment_unknown",
        "retry_scheduled",
        "retry_skipped",
        "invoice_status_changed",
        "payment_disputed",
        "dispute_deadline_near",
        "evidence_submitted",
        "dispute_won",
        "dispute_lost",
    }
)


@dataclass(frozen=True)
class Story:
    """One client's card and what comes of it; `dispute` says what the bank does on which day after the payment."""

    company_name: str
    amount_minor: int
    mood: Mood
    trouble: Trouble | None = None
    dispute: tuple[tuple[int, str], ...] = field(default=())


STORIES = (
    Story("Aster Ltd: the card has money again after two declines", 4_200, Mood("insufficient_funds", succeed_after=2)),
    Story("Birch GmbH: the card never recovers", 19_900, Mood("generic_decline")),
    Story("Cedar SA: a stolen card is not tried again", 7_500, Mood("stolen_card", "do_not_try_again")),
    Story("Damson Inc: the answer is lost, nobody is charged twice", 12_000, Mood(), Trouble.ANSWER_LOST),
    Story(
        "Elder BV: a chargeback is answered in time and won",
        8_800,
        Mood(),
        dispute=((20, "needs_response"), (24, "under_review"), (85, "won")),
    ),
    Story(
        "Fir ApS: a chargeback that nobody answers is lost",
        6_400,
        Mood(),
        dispute=((20, "needs_response"), (29, "lost")),
    ),
)


class _SilentAlerter:
    """The calendar tells what an alert would."""

    def alert(self, alert: Alert) -> None:
        """Already on the calendar."""


class Demo:
    """A firm in memory, and time that jumps from one due thing to the next."""

    def __init__(self) -> None:
        self._clock = SettableClock(START)
        self._bank = MemoryBank(self._clock)
        self._ports = Ports(
            MemoryUnitOfWork(),
            self._clock,
            CountingIds(),
            SeededChance(1),
            MemoryJobScheduler(self._clock),
            NoMetrics(),
        )
        till = Till(MemoryPaymentGateway(self._bank, self._clock), MemoryCardFile(self._bank))
        mailroom = Mailroom(StripeWebhookVerifier((_NEVER_USED_SECRET,)), StripeEventInterpreter(), livemode=False)
        self._reversals = BankReversals(self._bank, self._clock)
        self._workshop = Workshop(
            till=till,
            mailroom=mailroom,
            alerts=AlertDesk(_SilentAlerter(), MemoryAlertPoster(), MemoryMailer()),
            refunds=MemoryRefundGateway(self._reversals, self._clock),
            disputes=MemoryDisputeGateway(self._reversals, self._clock),
            records=MemoryStripeRecords(self._reversals, self._clock, HANDLED_TYPES),
            hosts=MemoryHostWebhooks(),
            office=PostOffice(
                MemoryMailer(), TemplateNoticeRenderer(), Links(SignedLinks("demo"), "http://demo.test"), "demo.test"
            ),
            sessions=MemoryCustomerSessions(self._bank, self._clock),
        )
        self._firm = create_firm(self._ports, "Demo firm", None, _BY)

    def play(self) -> Iterator[str]:
        """The lines of the calendar, story after story."""
        for story in STORIES:
            yield f"\n{story.company_name}"
            invoice_id = self._begin(story)
            for day, status in story.dispute:
                self._run_until(START + timedelta(days=day))
                self._dispute(invoice_id, status)
            self._run_until(END)
            yield from self._calendar(invoice_id)
            yield f"            {self._ending(reading.get_invoice(self._ports, self._firm.id, invoice_id).figures)}"
        disputes = self._reversals.disputes(None)
        charges = self._bank.charges()
        succeeded = sum(charge.status == "succeeded" for charge in charges)
        yield f"\nThe bank saw {len(charges)} charges, {succeeded} of them succeeded, and {len(disputes)} disputes."

    def _begin(self, story: Story) -> str:
        self._clock.set(START)
        customer_id = self._bank.add_customer()
        self._bank.attach_card(customer_id, story.mood, is_default=True)
        if story.trouble is not None:
            self._bank.script(story.trouble)
        client = create_client(
            self._ports, self._firm.id, NewClient(story.company_name, stripe_customer_id=customer_id), _BY
        )
        wanted = collection.NewInvoice(client.id, "eur", story.amount_minor, autopay=True)
        invoice_id = collection.create_invoice(self._ports, self._firm.id, wanted, _BY).invoice.id
        collection.send_invoice(self._ports, self._firm.id, invoice_id, _BY)
        return invoice_id

    def _dispute(self, invoice_id: str, status: str) -> None:
        """The bank opens a dispute of the invoice's charge, or decides about it; Stripe tells us."""
        charge = next(charge for charge in self._bank.charges() if charge.invoice_id == invoice_id)
        opened = [dispute for dispute in self._reversals.disputes(None) if dispute.charge.id == charge.id]
        dispute = (
            self._reversals.move_dispute(opened[0].id, status) if opened else self._reversals.open_dispute(charge.id)
        )
        told = Interpretation(is_handled=True, disputes=(dispute_told(dispute, self._clock.now()),))
        in_firm(self._ports, self._firm.id, lambda step: tell_invoice(step, self._firm.id, invoice_id, told, STRIPE))

    def _run_until(self, end: datetime) -> None:
        """Jump from one due row to the next and run it."""
        while due := in_system(self._ports, lambda step: step.tx.schedule.due(end, 1)):
            self._clock.set(max(self._clock.now(), due[0].due_at))
            run_outbox(self._ports, self._workshop, due[0].id)
        self._clock.set(max(self._clock.now(), end))

    def _calendar(self, invoice_id: str) -> Iterator[str]:
        for event in reading.timeline(self._ports, self._firm.id, invoice_id):
            if event.action in _TOLD:
                yield _line(event)

    def _ending(self, figures: InvoiceFigures) -> str:
        paid = in_words(Money(figures.amount_paid, "eur"))
        return f"=> {figures.status}, {paid} received, {figures.payment_retry_count} failures counted"


def _line(event: AuditEvent) -> str:
    day = (event.created_at - START).days
    return f"  day {day:>3}  {_MARKS[event.severity]} {event.summary}"


def play() -> Iterator[str]:
    """The demo's lines."""
    return Demo().play()
