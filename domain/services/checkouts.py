"""A customer's payment at Stripe's Checkout: an attempt of ours that stays open for as long as its page does.

Nothing else is charged while somebody may pay there. The attempt is stored before the page is asked for, so that a page
whose answer was lost is found by it.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from domain.model.answers import Absent, NotReached, Refused, Unknown
from domain.model.attempts import AttemptStatus, OwnAttempt, Trigger
from domain.model.audit import DUNLIN, Actor, Note, Severity
from domain.model.derivation import derive
from domain.model.errors import Conflict, NotFound
from domain.model.firms import Firm
from domain.model.invoices import InvoiceFacts, InvoiceState, blocking_reason
from domain.services.bookkeeping import Edit, save, terms_of, with_attempt
from domain.services.steps import Ports, Step, in_firm
from ports.customer_sessions import (
    CustomerSession,
    CustomerSessions,
    PaymentOrder,
    PaymentSearch,
    SessionStatus,
)
from ports.payment_gateway import GatewayRefuses, GatewayUnavailable
from ports.repositories import LockedInvoice

CUSTOMER = Actor("customer")
PAGE_LIFE = timedelta(hours=1)
"""Stripe takes 30 minutes to 24 hours. Source: docs.stripe.com/api/checkout/sessions/create, read 2026-11."""
ABSENT_AFTER = timedelta(minutes=2)
"""A page that Stripe does not show this long after it was asked for was never opened."""
IS_PAID_THERE = "The payment on Stripe's page is being processed; its outcome comes first."
NO_CUSTOMER = "The client has no customer at Stripe, so there is nobody to charge."
_IS_BEING_OPENED = "Stripe's page is just being opened."


@dataclass(frozen=True)
class Visit:
    """A customer on the page of an invoice. `address` is that page's own, to which Stripe's pages lead back."""

    firm_id: str
    invoice_id: str
    address: str
    language: str


@dataclass(frozen=True)
class OpenPage:
    """An open attempt at Checkout, with what finds its page. `is_settled`: its request has ended, whoever sent it."""

    account: str | None
    attempt: OwnAttempt
    search: PaymentSearch
    is_settled: bool
    is_stale: bool


def open_checkout(ports: Ports, sessions: CustomerSessions, visit: Visit) -> str:
    """The address of the page on which the open amount is paid: the one that is open already, else a new one.

    Raises `Conflict` when nothing may be charged now, and `GatewayUnavailable`.
    """
    page = open_page(ports, visit.firm_id, visit.invoice_id)
    if page is not None:
        seen = _seen(sessions, page)
        if seen is not None and seen.status is SessionStatus.OPEN and seen.url and not page.is_stale:
            return seen.url
        make_way(ports, sessions, visit.firm_id, visit.invoice_id)
    account, order = in_firm(ports, visit.firm_id, lambda step: _begin(step, visit))
    match sessions.pay_session(account, order):
        case CustomerSession(url=str(url)):
            return url
        case Refused(reason):
            _close(ports, visit.firm_id, visit.invoice_id, order.attempt_id, reason)
            raise GatewayRefuses(reason)
        case NotReached(reason):
            _close(ports, visit.firm_id, visit.invoice_id, order.attempt_id, reason)
            raise GatewayUnavailable(reason)
        case Unknown(_, reason):
            raise GatewayUnavailable(reason)
        case _:
            raise Conflict(IS_PAID_THERE)


def make_way(ports: Ports, sessions: CustomerSessions, firm_id: str, invoice_id: str) -> None:
    """Expire the invoice's open Checkout, so that nobody pays there what is charged elsewhere.

    Where that is not possible (paid already, or Stripe does not answer) the attempt stays open, and blocks.
    """
    page = open_page(ports, firm_id, invoice_id)
    if page is None:
        return
    seen = sessions.find_payment(page.account, page.search)
    if isinstance(seen, CustomerSession) and seen.status is SessionStatus.OPEN:
        seen = sessions.expire(page.account, seen.id)
    never_opened = isinstance(seen, Absent) and page.is_settled
    if never_opened or (isinstance(seen, CustomerSession) and seen.status is SessionStatus.EXPIRED):
        _close(ports, firm_id, invoice_id, page.attempt.id, "The payment page was closed.")


def open_page(ports: Ports, firm_id: str, invoice_id: str) -> OpenPage | None:
    """The invoice's open attempt at Checkout, if there is one."""

    def find(step: Step) -> OpenPage | None:
        facts, firm = step.tx.history.facts(invoice_id), step.tx.firms.get(firm_id)
        if facts is None or firm is None:
            return None
        state = derive(facts, terms_of(step, firm))
        attempt = open_checkout_of(facts, state)
        if attempt is None:
            return None
        search = PaymentSearch(attempt.id, attempt.stripe_customer_id or "", attempt.started_at)
        is_settled = step.now - attempt.started_at > ABSENT_AFTER
        is_stale = attempt.amount_minor != state.amount_open or blocking_reason(facts.invoice, state) is not None
        return OpenPage(firm.stripe_account, attempt, search, is_settled, is_stale)

    return in_firm(ports, firm_id, find)


def open_checkout_of(facts: InvoiceFacts, state: InvoiceState) -> OwnAttempt | None:
    """The attempt whose page may still be paid on."""
    open_ids = {shown.id for shown in state.attempts if shown.is_open}
    return next((own for own in facts.attempts if own.is_checkout and own.id in open_ids), None)


def lock_for_customer(step: Step, firm_id: str, invoice_id: str) -> tuple[LockedInvoice, Firm, InvoiceState, str]:
    """The invoice under lock with its firm, its state and the client's Stripe customer.

    Raises `NotFound`, and `Conflict` when nothing may be charged now.
    """
    locked, firm = step.tx.invoices.lock(invoice_id), step.tx.firms.get(firm_id)
    if locked is None or firm is None:
        raise NotFound("invoice", invoice_id)
    state = derive(locked.facts, terms_of(step, firm))
    reason = blocking_reason(locked.facts.invoice, state)
    if reason is None and state.open_attempt is not None:
        reason = f"Attempt {state.open_attempt.id} is {state.open_attempt.status}; its outcome comes first."
    if reason is not None:
        raise Conflict(reason)
    client = step.tx.clients.get(locked.facts.invoice.client_id)
    if client is None or client.stripe_customer_id is None:
        raise Conflict(NO_CUSTOMER)
    return locked, firm, state, client.stripe_customer_id


def customers_attempt(step: Step, locked: LockedInvoice, state: InvoiceState, customer_id: str) -> OwnAttempt:
    """A new attempt that the customer asked for; a worker carries it out."""
    return OwnAttempt(
        id=step.ports.ids.new("att"),
        invoice_id=locked.facts.invoice.id,
        trigger=Trigger.CUSTOMER,
        status=AttemptStatus.IN_FLIGHT,
        amount_minor=state.amount_open,
        currency=locked.facts.invoice.currency,
        started_at=step.now,
        scheduled_for=step.now,
        stripe_customer_id=customer_id,
    )


def customers_note(action: str, invoice_id: str, summary: str) -> Note:
    """What a customer did, for the timeline."""
    return Note(action, Severity.INFO, summary, "invoice", invoice_id, {"invoice_id": invoice_id})


def _seen(sessions: CustomerSessions, page: OpenPage) -> CustomerSession | None:
    """The page as Stripe shows it; None when there is none, or nobody can pay there. Raises `GatewayUnavailable`."""
    match sessions.find_payment(page.account, page.search):
        case NotReached(reason):
            raise GatewayUnavailable(reason)
        case Absent():
            if not page.is_settled:
                raise GatewayUnavailable(_IS_BEING_OPENED)
            return None
        case CustomerSession(status=SessionStatus.COMPLETE):
            raise Conflict(IS_PAID_THERE)
        case seen:
            return seen


def _begin(step: Step, visit: Visit) -> tuple[str | None, PaymentOrder]:
    locked, firm, state, customer_id = lock_for_customer(step, visit.firm_id, visit.invoice_id)
    invoice = locked.facts.invoice
    waiting = replace(customers_attempt(step, locked, state, customer_id), status=AttemptStatus.PENDING)
    note = customers_note("checkout_opened", invoice.id, "The customer opened Stripe's payment page.")
    save(step, locked, with_attempt(locked.facts, waiting), firm, Edit(CUSTOMER, (note,)))
    return firm.stripe_account, PaymentOrder(
        attempt_id=waiting.id,
        invoice_id=invoice.id,
        title=invoice.number,
        amount_minor=waiting.amount_minor,
        currency=waiting.currency,
        stripe_customer_id=customer_id,
        success_url=f"{visit.address}?returned=1",
        cancel_url=visit.address,
        language=visit.language,
        expires_at=step.now + PAGE_LIFE,
    )


def _close(ports: Ports, firm_id: str, invoice_id: str, attempt_id: str, why: str) -> None:
    """Nobody can pay there any more. A payment that came all the same is a fact, and outranks this."""

    def close(step: Step) -> None:
        locked, firm = step.tx.invoices.lock(invoice_id), step.tx.firms.get(firm_id)
        assert locked is not None
        assert firm is not None
        attempt = next((own for own in locked.facts.attempts if own.id == attempt_id), None)
        if attempt is not None and attempt.is_open:
            ended = replace(attempt, status=AttemptStatus.CANCELED, finished_at=step.now, reason=why)
            save(step, locked, with_attempt(locked.facts, ended), firm, Edit(DUNLIN))

    in_firm(ports, firm_id, close)
