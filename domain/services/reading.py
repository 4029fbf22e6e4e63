"""Answers about invoices: attempts, what happened, and what happens next and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.model.attempts import Attempt
from domain.model.audit import AuditEvent
from domain.model.cards import Card, plan_card
from domain.model.derivation import derive
from domain.model.disputes import Dispute
from domain.model.errors import NotFound
from domain.model.firms import Firm
from domain.model.inbox import InboxEntry
from domain.model.invoices import InvoiceFacts, InvoiceState, InvoiceStatus, blocking_reason
from domain.model.moments import shown
from domain.model.money import in_words
from domain.model.network_rules import HISTORY_WINDOW
from domain.model.notices import Notice
from domain.model.outbox import OutboxItem, OutboxKind, OutboxStatus
from domain.services.bookkeeping import terms_of
from domain.services.steps import Ports, Step, in_firm
from ports.notice_repositories import NoticeFilter
from ports.payment_gateway import CardFile, GatewayUnavailable
from ports.repositories import AuditFilter, InvoiceFilter, InvoiceRow, OutboxFilter, Page, PageRequest

TIMELINE_MAX = 10_000


def get_invoice(ports: Ports, firm_id: str, invoice_id: str) -> InvoiceRow:
    """The invoice with its figures. Raises `NotFound`."""
    row = in_firm(ports, firm_id, lambda step: step.tx.invoices.get(invoice_id))
    if row is None:
        raise NotFound("invoice", invoice_id)
    return row


def list_invoices(ports: Ports, firm_id: str, wanted: InvoiceFilter, request: PageRequest) -> Page[InvoiceRow]:
    """Invoices, newest first. Raises `BadCursor`."""
    return in_firm(ports, firm_id, lambda step: step.tx.invoices.page(wanted, request))


def list_attempts(ports: Ports, firm_id: str, invoice_id: str) -> tuple[Attempt, ...]:
    """Every attempt, ours and those we heard of, in order. Raises `NotFound`."""
    return in_firm(ports, firm_id, lambda step: _standing(step, firm_id, invoice_id).state.attempts)


def timeline(ports: Ports, firm_id: str, invoice_id: str) -> Sequence[AuditEvent]:
    """Everything that happened to an invoice, in order, with who and why. Raises `NotFound`."""

    def read(step: Step) -> Sequence[AuditEvent]:
        if step.tx.invoices.get(invoice_id) is None:
            raise NotFound("invoice", invoice_id)
        return step.tx.journal.of_invoice(invoice_id, TIMELINE_MAX)

    return in_firm(ports, firm_id, read)


def list_audit_events(ports: Ports, firm_id: str, wanted: AuditFilter, request: PageRequest) -> Page[AuditEvent]:
    """Audit events, newest first. Raises `BadCursor`."""
    return in_firm(ports, firm_id, lambda step: step.tx.journal.page(wanted, request))


def list_outbox(ports: Ports, firm_id: str, wanted: OutboxFilter, request: PageRequest) -> Page[OutboxItem]:
    """What is to happen, and what did. Raises `BadCursor`."""
    return in_firm(ports, firm_id, lambda step: step.tx.schedule.page(wanted, request))


def list_notices(ports: Ports, firm_id: str, wanted: NoticeFilter, request: PageRequest) -> Page[Notice]:
    """Mails to customers, newest first. Raises `BadCursor`."""
    return in_firm(ports, firm_id, lambda step: step.tx.notices.page(wanted, request))


def list_events(ports: Ports, firm_id: str, status: str | None, request: PageRequest) -> Page[InboxEntry]:
    """The firm's stored Stripe events. Raises `BadCursor`."""
    return in_firm(ports, firm_id, lambda step: step.tx.inbox.page(status, request))


@dataclass(frozen=True)
class Plan:
    """What happens next with an invoice. `next` is an outbox kind or None; `blocked_by` says what has to be done
    first.
    """

    next: str | None
    at: datetime | None
    stripe_payment_method_id: str | None
    reasons: tuple[str, ...]
    blocked_by: str | None


@dataclass(frozen=True)
class _Standing:
    firm: Firm
    facts: InvoiceFacts
    state: InvoiceState
    pending: tuple[OutboxItem, ...]
    customer_id: str | None


def _standing(step: Step, firm_id: str, invoice_id: str) -> _Standing:
    firm, facts = step.tx.firms.get(firm_id), step.tx.history.facts(invoice_id)
    if firm is None or facts is None:
        raise NotFound("invoice", invoice_id)
    client = step.tx.clients.get(facts.invoice.client_id)
    pending = tuple(step.tx.outbox.pending_for(invoice_id))
    customer_id = client.stripe_customer_id if client else None
    return _Standing(firm, facts, derive(facts, terms_of(step, firm)), pending, customer_id)


_NEXT_KINDS = (
    OutboxKind.RUN_ATTEMPT,
    OutboxKind.SETTLE,
    OutboxKind.POLL_PENDING,
    OutboxKind.COLLECT,
    OutboxKind.RETRY,
)


def plan(ports: Ports, cards: CardFile, firm_id: str, invoice_id: str) -> Plan:
    """What happens next, when, on which card, and the reasons. Raises `NotFound`.

    The card is read from Stripe now; where Stripe does not answer, the plan says so and leaves it open.
    """
    standing = in_firm(ports, firm_id, lambda step: _standing(step, firm_id, invoice_id))
    upcoming = [item for kind in _NEXT_KINDS for item in standing.pending if item.kind is kind]
    item = upcoming[0] if upcoming else None
    reasons = [*_dispute_reasons(standing), *_course_reasons(standing)]
    blocked_by = _blocked_by(standing)
    card_id = None
    if item is not None and item.kind in (OutboxKind.COLLECT, OutboxKind.RETRY, OutboxKind.RUN_ATTEMPT):
        card_id, card_reasons = _card(ports, cards, standing)
        reasons += card_reasons
    is_held = item is not None and item.status is OutboxStatus.HELD
    at = None if item is None or is_held else item.due_at
    return Plan(item.kind.value if item else None, at, card_id, tuple(reasons), blocked_by)


def _dispute_reasons(standing: _Standing) -> list[str]:
    """Which chargebacks hold the collection, and until when they can be answered."""
    return [
        f"Dispute {dispute.stripe_dispute_id} over {in_words(dispute.money)} is not decided: collection waits until it "
        f"ends.{_answer_by(dispute)}"
        for dispute in standing.facts.disputes
        if dispute.is_open_chargeback and standing.state.is_disputed
    ]


def _answer_by(dispute: Dispute) -> str:
    if not dispute.awaits_answer or dispute.respond_by is None:
        return ""
    return f" Answer it by {shown(dispute.respond_by)}."


def _course_reasons(standing: _Standing) -> list[str]:
    state, invoice = standing.state, standing.facts.invoice
    delays = list(standing.firm.policy.retry_delays_days)
    failures = len(state.course.failures)
    if state.figures.status is InvoiceStatus.OVERDUE:
        return [f"All {len(delays)} retries of the policy were used; nothing more is charged automatically."]
    if not invoice.autopay:
        return ["Autopay is off: charged only when asked to."]
    if state.is_collected_by_stripe:
        return ["The policy leaves the retries of Stripe's own invoices to Stripe."]
    if state.slot is not None:
        counted = standing.firm.policy.count_from.value.replace("_", " ")
        return [
            f"Failure {failures}; retry {state.slot.number} of {len(delays)} after {delays} days from the {counted}."
        ]
    return []


def _blocked_by(standing: _Standing) -> str | None:
    open_attempt = standing.state.open_attempt
    if open_attempt is not None:
        return f"Attempt {open_attempt.id} is {open_attempt.status}; its outcome comes first."
    reason = blocking_reason(standing.facts.invoice, standing.state)
    if reason is not None:
        return reason
    return standing.state.hold.reason if standing.state.hold is not None else None


def _card(ports: Ports, cards: CardFile, standing: _Standing) -> tuple[str | None, list[str]]:
    try:
        card = cards.default_card(standing.firm.stripe_account, standing.customer_id) if standing.customer_id else None
    except GatewayUnavailable as unavailable:
        return None, [f"Stripe could not be asked for the customer's card: {unavailable}"]
    chosen = plan_card(card, standing.state.attempts, _declined_at(ports, standing, card), ports.clock.now())
    return chosen.card.stripe_payment_method_id if chosen.card else None, list(chosen.reasons)


def _declined_at(ports: Ports, standing: _Standing, card: Card | None) -> tuple[datetime, ...]:
    if card is None:
        return ()
    since = ports.clock.now() - HISTORY_WINDOW
    card_id = card.stripe_payment_method_id
    return tuple(in_firm(ports, standing.firm.id, lambda step: step.tx.history.declined_at(card_id, since)))
