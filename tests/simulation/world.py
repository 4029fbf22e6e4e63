"""A world in which everything goes wrong: the real use cases over memory adapters, one seed, one thread.

Workers die before and after each call to the bank and each commit, bells are lost, events come late, twice and in any
order, the bank loses answers and keeps its 500s, people press buttons. An auditor that knows only the bank's books says
after every step whether anybody was charged twice.
"""

import itertools
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from adapters.memory.alert_poster import MemoryAlertPoster
from adapters.memory.bank import MemoryBank
from adapters.memory.bank_reversals import BankReversals
from adapters.memory.bank_values import BankCharge, BankDispute, BankRefund, BankRefusal, Mood, Trouble
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
from adapters.stripe_api.events.interpreter import HANDLED_TYPES, StripeEventInterpreter
from domain.model.answers import ChargeAnswer, DisputeAnswer, LookUpAnswer, RefundAnswer, RefundLookUpAnswer
from domain.model.attempts import FrozenCharge
from domain.model.audit import Actor
from domain.model.dispute_statuses import STRIPE_STATUSES, DisputeStatus
from domain.model.errors import Conflict, NotFound
from domain.model.invoices import InvoiceFigures, InvoiceStatus
from domain.services import collection, pausing, reading
from domain.services.alerting import AlertDesk
from domain.services.charging import Till
from domain.services.clients import NewClient, create_client
from domain.services.dispute_work import request_acceptance
from domain.services.firms import create_firm
from domain.services.outbox import Workshop, run_outbox, sweep
from domain.services.refunds import WantedRefund, request_refund
from domain.services.steps import Ports, in_system
from domain.services.webhooks import Mailroom, apply_event
from ports.payment_gateway import ChargeOrder, LookUpOrder
from ports.refund_gateway import RefundOrder
from ports.unit_of_work import Transaction
from tests import stripe_events as stripe
from tests.builders import NOW
from tests.post_office import a_post_office
from tests.service_world import KeptAlerts, NoVerifier

AMOUNT_MINOR = 4200
BY = Actor("operator", "simulation")
MOVES = {
    "warning_needs_response": ("warning_under_review", "warning_closed", "needs_response"),
    "warning_under_review": ("warning_closed", "needs_response"),
    "needs_response": ("under_review", "won", "lost"),
    "under_review": ("won", "lost"),
    "lost": ("appeal_needs_response", "won"),
    "appeal_needs_response": ("appeal_under_review", "lost"),
    "appeal_under_review": ("won", "lost"),
}
TROUBLES = dict.fromkeys(Trouble, 0.06)


class Crash(BaseException):
    """The process is gone: nothing of it runs on, not even its error handlers."""


class CrashingGateway:
    """The bank's gateway, in a process that may die before a call or after it."""

    def __init__(self, inner: MemoryPaymentGateway, perhaps_crash: Callable[[], None]) -> None:
        self._inner = inner
        self._perhaps_crash = perhaps_crash

    def freeze(self, order: ChargeOrder) -> FrozenCharge:
        return self._inner.freeze(order)

    def execute(self, account: str | None, charge: FrozenCharge) -> ChargeAnswer:
        self._perhaps_crash()
        answer = self._inner.execute(account, charge)
        self._perhaps_crash()
        return answer

    def look_up(self, account: str | None, order: LookUpOrder) -> LookUpAnswer:
        self._perhaps_crash()
        return self._inner.look_up(account, order)

    def cancel_intent(self, account: str | None, stripe_payment_intent_id: str) -> ChargeAnswer | None:
        return self._inner.cancel_intent(account, stripe_payment_intent_id)


class CrashingRefunds:
    """The bank's refunds, in a process that may die before a call or after it."""

    def __init__(self, inner: MemoryRefundGateway, perhaps_crash: Callable[[], None]) -> None:
        self._inner = inner
        self._perhaps_crash = perhaps_crash

    def refund(self, account: str | None, order: RefundOrder) -> RefundAnswer:
        self._perhaps_crash()
        answer = self._inner.refund(account, order)
        self._perhaps_crash()
        return answer

    def find(self, account: str | None, order: RefundOrder) -> RefundLookUpAnswer:
        self._perhaps_crash()
        return self._inner.find(account, order)


class CrashingDisputes:
    """The bank's disputes, in a process that may die before a call or after it."""

    def __init__(self, inner: MemoryDisputeGateway, perhaps_crash: Callable[[], None]) -> None:
        self._inner = inner
        self._perhaps_crash = perhaps_crash

    def accept(self, account: str | None, stripe_dispute_id: str) -> DisputeAnswer:
        self._perhaps_crash()
        answer = self._inner.accept(account, stripe_dispute_id)
        self._perhaps_crash()
        return answer

    def show(self, account: str | None, stripe_dispute_id: str) -> DisputeAnswer:
        return self._inner.show(account, stripe_dispute_id)


class CrashingStorage(MemoryUnitOfWork):
    """Storage under a process that may die just before a commit, or just after it."""

    def __init__(self) -> None:
        super().__init__()
        self.perhaps_crash: Callable[[], None] = lambda: None

    @contextmanager
    def firm(self, firm_id: str) -> Iterator[Transaction]:
        with super().firm(firm_id) as transaction:
            yield transaction
        self.perhaps_crash()

    @contextmanager
    def system(self) -> Iterator[Transaction]:
        with super().system() as transaction:
            yield transaction
        self.perhaps_crash()


class World:
    """One firm, some clients, and a random history from one seed. `trace` says what was done, step by step."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.clock = SettableClock(NOW)
        self.doorbell = MemoryJobScheduler(self.clock)
        self.rates = dict(TROUBLES) if self.random.random() < 0.8 else {}
        self.crash_rate = self.random.choice([0.0, 0.02, 0.1])
        self.bank = MemoryBank(self.clock, SeededChance(seed), self.rates)
        self.storage = CrashingStorage()
        self.ports = Ports(self.storage, self.clock, CountingIds(), SeededChance(seed), self.doorbell, NoMetrics())
        gateway = CrashingGateway(MemoryPaymentGateway(self.bank, self.clock), self._perhaps_crash)
        self.mailroom = Mailroom(NoVerifier(), StripeEventInterpreter(), livemode=False)
        self.reversals = BankReversals(self.bank, self.clock)
        self.mailer = MemoryMailer()
        self.workshop = Workshop(
            Till(gateway, MemoryCardFile(self.bank)),
            self.mailroom,
            AlertDesk(KeptAlerts(), MemoryAlertPoster(), MemoryMailer()),
            CrashingRefunds(MemoryRefundGateway(self.reversals, self.clock), self._perhaps_crash),
            CrashingDisputes(MemoryDisputeGateway(self.reversals, self.clock), self._perhaps_crash),
            MemoryStripeRecords(self.reversals, self.clock, HANDLED_TYPES),
            MemoryHostWebhooks(),
            a_post_office(self.mailer),
            MemoryCustomerSessions(self.bank, self.clock),
        )
        self.firm = create_firm(self.ports, "Simulated", None, BY)
        self.cards: list[str] = []
        self.clients: list[str] = []
        self.invoices: list[str] = []
        self.events: list[dict[str, Any]] = []
        self.told: set[tuple[str, str]] = set()
        self.numbers = itertools.count(1)
        self.trace: list[str] = []
        for _ in range(3):
            self._add_client()
        self.storage.perhaps_crash = self._perhaps_crash

    def step(self) -> None:
        """One random happening, then the audit."""
        actions = [
            (self._new_invoice, 2),
            (self._work, 10),
            (self._deliver, 8),
            (self._pass_time, 5),
            (self._sweep, 3),
            (self._lose_bells, 1),
            (self._press_a_button, 3),
            (self._change_a_card, 1),
            (self._pay_elsewhere, 1),
            (self._ask_for_a_refund, 1),
            (self._refund_elsewhere, 1),
            (self._open_a_dispute, 1),
            (self._move_a_dispute, 2),
            (self._accept_a_dispute, 1),
        ]
        names, weights = zip(*actions, strict=True)
        action = self.random.choices(names, weights)[0]
        self.trace.append(action.__name__)
        try:
            action()
        except Crash:
            self.trace.append("crash")
        self._hear_the_bank()
        self.audit()

    def audit(self) -> None:
        """By the bank's books alone: nobody pays an invoice twice, and no request gives back twice."""
        for invoice_id in self.invoices:
            paid = [charge for charge in self._charges(invoice_id) if charge.status == "succeeded"]
            assert len(paid) <= 1, f"{invoice_id} was charged {len(paid)} times: {self.trace[-40:]}"
        asked = [refund.refund_id for refund in self.reversals.refunds(None) if refund.refund_id]
        assert len(asked) == len(set(asked)), f"a request was refunded twice: {self.trace[-40:]}"

    def calm_down(self) -> None:
        """Faults stop, every event arrives, time passes: everything that is due is done."""
        self.crash_rate = 0.0
        self.bank.forget_script()
        self.bank._rates.clear()
        for _ in range(80):
            self.random.shuffle(self.events)
            while self.events:
                self._deliver()
            self._sweep()
            self._work_off()
            self.clock.advance(timedelta(hours=9))
            self._hear_the_bank()
            self.audit()

    def judge(self) -> None:
        """After calm: our books are the bank's, nothing is left open, nothing was forgotten."""
        for invoice_id in self.invoices:
            row = reading.get_invoice(self.ports, self.firm.id, invoice_id)
            attempts = reading.list_attempts(self.ports, self.firm.id, invoice_id)
            charges = self._charges(invoice_id)
            received = sum(charge.amount_minor for charge in charges if charge.status == "succeeded")
            self._judge_amounts(invoice_id, row.figures, received)
            assert [a for a in attempts if a.is_open] == [], (invoice_id, attempts)
            known = {attempt.stripe_charge_id for attempt in attempts if attempt.stripe_charge_id}
            assert known == {charge.id for charge in charges}, (invoice_id, attempts, charges)
            if row.invoice.paused_at is None and row.invoice.sent_at is not None:
                ended = set(InvoiceStatus) - {InvoiceStatus.DRAFT, InvoiceStatus.SENT, InvoiceStatus.FAILED}
                assert row.figures.status in ended, (invoice_id, row.figures, self.trace[-60:])

    def _judge_amounts(self, invoice_id: str, figures: InvoiceFigures, received: int) -> None:
        """Our figures are what the bank's books come to, and the ledger holds every movement of the bank's."""
        refunds = [r for r in self.reversals.refunds(None) if r.charge.invoice_id == invoice_id]
        disputes = [d for d in self.reversals.disputes(None) if d.charge.invoice_id == invoice_id]
        refunded = sum(refund.amount_minor for refund in refunds if refund.status == "succeeded")
        lost = sum(d.amount_minor for d in disputes if d.status.startswith(("lost", "appeal")))
        standing = sum(
            d.amount_minor for d in disputes if d.status == "lost" or (_is_open(d) and not d.status.startswith("warn"))
        )
        room = received - refunded
        shown = (figures.amount_paid, figures.amount_refunded, figures.amount_disputed)
        expected = (received - min(lost, room), refunded, min(standing, room))
        assert shown == expected, (invoice_id, shown, expected, self.trace[-60:])
        moved = received + sum(m.amount_minor - m.fee_minor for d in disputes for m in d.movements) - refunded
        with self.storage.firm(self.firm.id) as transaction:
            booked = sum(entry.amount_minor for entry in transaction.journal.ledger_of(invoice_id))
        assert booked == moved, (invoice_id, booked, moved, self.trace[-60:])

    # What can happen.

    def _add_client(self) -> None:
        customer_id = self.bank.add_customer()
        self.cards.append(self.bank.attach_card(customer_id, self._mood(), is_default=True))
        wanted = NewClient("Simulated Ltd", stripe_customer_id=customer_id)
        self.clients.append(create_client(self.ports, self.firm.id, wanted, BY).id)

    def _mood(self) -> Mood:
        code = self.random.choice([None, "insufficient_funds", "generic_decline", "stolen_card"])
        return Mood(code, succeed_after=self.random.choice([None, 1, 2]) if code else None)

    def _new_invoice(self) -> None:
        client_id = self.random.choice(self.clients)
        wanted = collection.NewInvoice(client_id, "usd", AMOUNT_MINOR, autopay=True)
        made = collection.create_invoice(self.ports, self.firm.id, wanted, BY).invoice.id
        self.invoices.append(made)
        collection.send_invoice(self.ports, self.firm.id, made, BY)

    def _work(self) -> None:
        ready = self.doorbell.take()
        self.random.shuffle(ready)
        for outbox_id in ready:
            copies = 2 if self.random.random() < 0.1 else 1
            for _ in range(copies):
                run_outbox(self.ports, self.workshop, outbox_id)

    def _work_off(self) -> None:
        while ready := self.doorbell.take():
            for outbox_id in ready:
                run_outbox(self.ports, self.workshop, outbox_id)

    def _deliver(self) -> None:
        if not self.events:
            return
        number = self.random.randrange(len(self.events))
        keeps = self.crash_rate > 0 and self.random.random() < 0.3
        body = self.events[number] if keeps else self.events.pop(number)
        apply_event(self.ports, self.mailroom, stripe.parsed(body))

    def _pass_time(self) -> None:
        due = in_system(self.ports, lambda step: step.tx.schedule.due(self.clock.now() + timedelta(days=30), 1))
        pause = timedelta(seconds=self.random.choice([1, 20, 40, 90, 4000]))
        soon = due[0].lease_until or due[0].due_at if due else self.clock.now()
        self.clock.set(max(self.clock.now() + pause, soon if self.random.random() < 0.5 else self.clock.now()))

    def _sweep(self) -> None:
        sweep(self.ports, self.mailroom)

    def _lose_bells(self) -> None:
        self.doorbell.forget_everything()

    def _press_a_button(self) -> None:
        if not self.invoices:
            return
        buttons = [collection.charge_invoice, pausing.pause_invoice, *[pausing.resume_invoice] * 3]
        try:
            self.random.choice(buttons)(self.ports, self.firm.id, self.random.choice(self.invoices), BY)
        except Conflict:
            self.trace.append("refused")

    def _change_a_card(self) -> None:
        self.bank.set_mood(self.random.choice(self.cards), self._mood())

    def _pay_elsewhere(self) -> None:
        """The customer pays one of our refused intents at Stripe."""
        refused = [charge for charge in self.bank.charges() if charge.status == "failed" and charge.invoice_id]
        if refused:
            charge = self.random.choice(refused)
            try:
                self.bank.pay(charge.stripe_payment_intent_id, charge.stripe_payment_method_id)
            except BankRefusal:
                self.trace.append("not payable")

    def _paid_charges(self) -> list[BankCharge]:
        return [charge for charge in self.bank.charges() if charge.status == "succeeded" and charge.invoice_id]

    def _ask_for_a_refund(self) -> None:
        if not self.invoices:
            return
        wanted = WantedRefund(self.random.choice([None, 100, AMOUNT_MINOR]))
        try:
            request_refund(self.ports, self.firm.id, self.random.choice(self.invoices), wanted, BY)
        except Conflict:
            self.trace.append("refused")

    def _refund_elsewhere(self) -> None:
        """Somebody refunds at Stripe; some refunds take their time, and some fail in the end."""
        waiting = [refund for refund in self.reversals.refunds(None) if refund.status == "pending"]
        if waiting:
            self.reversals.move_refund(self.random.choice(waiting).id, self.random.choice(["succeeded", "failed"]))
            return
        self.reversals.begin_refunds_as(self.random.choice(["succeeded", "pending"]))
        if paid := self._paid_charges():
            try:
                self.reversals.refund(None, self.random.choice(paid).id, None, self.random.choice([500, AMOUNT_MINOR]))
            except BankRefusal:
                self.trace.append("not refundable")

    def _open_a_dispute(self) -> None:
        if paid := self._paid_charges():
            status = self.random.choice(["needs_response", "needs_response", "warning_needs_response", "lost"])
            amount_minor = self.random.choice([AMOUNT_MINOR, AMOUNT_MINOR, 1000])
            self.reversals.open_dispute(self.random.choice(paid).id, status, amount_minor=amount_minor)

    def _move_a_dispute(self) -> None:
        if disputes := self.reversals.disputes(None):
            dispute = self.random.choice(disputes)
            moves = MOVES.get(dispute.status, ())
            if moves:
                self.reversals.move_dispute(dispute.id, self.random.choice(moves))

    def _accept_a_dispute(self) -> None:
        if disputes := self.reversals.disputes(None):
            try:
                request_acceptance(self.ports, self.firm.id, self.random.choice(disputes).id, BY)
            except (Conflict, NotFound):
                self.trace.append("refused")

    def _perhaps_crash(self) -> None:
        if self.random.random() < self.crash_rate:
            raise Crash

    def _charges(self, invoice_id: str) -> list[BankCharge]:
        return [charge for charge in self.bank.charges() if charge.invoice_id == invoice_id]

    def _hear_the_bank(self) -> None:
        """Every charge is told by two events, every state of a refund or dispute by one; they wait to be delivered in
        any order.
        """
        for charge in self.bank.charges():
            if charge.status != "pending" and self._is_news(charge.id, charge.status):
                self.events += self._events_of(charge)
        for refund in self.reversals.refunds(None):
            if self._is_news(refund.id, refund.status):
                self.events.append(self._refund_event(refund))
        for dispute in self.reversals.disputes(None):
            if self._is_news(dispute.id, f"{dispute.status}{len(dispute.movements)}"):
                self.events.append(self._dispute_event(dispute))

    def _is_news(self, stripe_id: str, state: str) -> bool:
        is_news = (stripe_id, state) not in self.told
        self.told.add((stripe_id, state))
        return is_news

    def _events_of(self, charge: BankCharge) -> list[dict[str, Any]]:
        metadata = {"invoice_id": charge.invoice_id or "", "attempt_id": charge.attempt_id or ""}
        code = charge.codes.decline_code
        is_paid = charge.status == "succeeded"
        body = stripe.charge(
            charge.id, charge.stripe_payment_intent_id, charge.created_at, decline_code=code, metadata=metadata
        )
        body["payment_method"] = charge.stripe_payment_method_id
        intent = stripe.payment_intent(
            charge.stripe_payment_intent_id,
            "succeeded" if is_paid else "requires_payment_method",
            charge_id=charge.id,
            metadata=metadata,
            error=None if is_paid else stripe.decline_error(charge.id, code or "", charge.stripe_payment_method_id),
        )
        names = ("charge.succeeded", "payment_intent.succeeded")
        if not is_paid:
            names = ("charge.failed", "payment_intent.payment_failed")
        at = charge.created_at
        return [
            stripe.event(names[0], body, at, id=f"evt_{charge.id}_charge"),
            stripe.event(names[1], intent, at, id=f"evt_{charge.id}_intent"),
        ]

    def _refund_event(self, refund: BankRefund) -> dict[str, Any]:
        body = {
            "id": refund.id,
            "object": "refund",
            "amount": refund.amount_minor,
            "charge": refund.charge.id,
            "created": int(refund.created_at.timestamp()),
            "currency": refund.charge.currency,
            "metadata": {"refund_id": refund.refund_id} if refund.refund_id else {},
            "payment_intent": refund.charge.stripe_payment_intent_id,
            "status": refund.status,
        }
        kind = {"failed": "refund.failed", "pending": "refund.created"}.get(refund.status, "refund.updated")
        return stripe.event(kind, body, self.clock.now(), id=f"evt_refund_{next(self.numbers)}")

    def _dispute_event(self, dispute: BankDispute) -> dict[str, Any]:
        movements = [
            {
                "id": movement.stripe_id,
                "object": "balance_transaction",
                "amount": movement.amount_minor,
                "fee": movement.fee_minor,
                "currency": movement.currency,
                "created": int(movement.occurred_at.timestamp()),
            }
            for movement in dispute.movements
        ]
        body = {
            "id": dispute.id,
            "object": "dispute",
            "amount": dispute.amount_minor,
            "balance_transactions": movements,
            "charge": dispute.charge.id,
            "created": int(dispute.created_at.timestamp()),
            "currency": dispute.currency,
            "evidence_details": {
                "due_by": int(dispute.due_by.timestamp()) if dispute.due_by else None,
                "submission_count": dispute.submissions,
            },
            "payment_intent": dispute.charge.stripe_payment_intent_id,
            "reason": "fraudulent",
            "status": dispute.status,
        }
        kind = "charge.dispute.updated" if _is_open(dispute) else "charge.dispute.closed"
        return stripe.event(kind, body, self.clock.now(), id=f"evt_dispute_{next(self.numbers)}")


def _is_open(dispute: BankDispute) -> bool:
    status = STRIPE_STATUSES[dispute.status].status
    return status in (DisputeStatus.OPENED, DisputeStatus.UNDER_REVIEW)
