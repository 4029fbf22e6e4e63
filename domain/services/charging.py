"""Running an attempt: plan under lock, freeze, commit, call the gateway, record. No transaction is open during a call.

The row that asks for it (a first attempt, a slot of the course, a person's request) is claimed by the caller. Whatever
was true when the row was written is checked again under the invoice's lock.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from domain.model.attempts import AttemptStatus, FrozenCharge, OwnAttempt, Trigger
from domain.model.cards import Card, CardPlan, NoCardReason, plan_card
from domain.model.declines import FAILURE_REASONS, FailureCode
from domain.model.derivation import derive
from domain.model.firms import Firm
from domain.model.invoices import InvoiceFacts, InvoiceState, blocking_reason
from domain.model.network_rules import HISTORY_WINDOW
from domain.model.outbox import LEASE, WAITS_FOR_ATTEMPT, OutboxItem, OutboxKind, OutboxStatus, backoff
from domain.model.schedule import instead_of_running
from domain.services.bookkeeping import terms_of
from domain.services.cases import Case, done, is_held, is_same_claim, locked_invoice
from domain.services.recording import record_answer
from domain.services.settling import mark_unknown
from domain.services.steps import Ports, Step, in_firm
from ports.payment_gateway import CardFile, ChargeOrder, GatewayUnavailable, PaymentGateway


@dataclass(frozen=True)
class Till:
    """The gateway as a charge needs it."""

    gateway: PaymentGateway
    cards: CardFile


@dataclass(frozen=True)
class Payer:
    """Whose card is charged, read just before: Stripe's default of the customer.

    `billing_intent_id` is the PaymentIntent by which Stripe collects its own invoice, where there is one.
    """

    firm: Firm
    stripe_customer_id: str | None
    card: Card | None
    billing_intent_id: str | None = None


@dataclass(frozen=True)
class Departure:
    """An attempt that is stored with its frozen requests and leaves now."""

    account: str | None
    attempt_id: str
    charge: FrozenCharge


def retry_payment(ports: Ports, till: Till, item: OutboxItem) -> None:
    """Do what a claimed row of kind `collect`, `retry` or `run_attempt` asks, or decide against it and say why."""
    try:
        payer = _read_payer(ports, till, item)
    except GatewayUnavailable as unavailable:
        why = str(unavailable)
        in_firm(ports, item.firm_id, lambda step: put_off(step, item, why))
        return
    leaving = in_firm(ports, item.firm_id, lambda step: _prepare(step, till, item, payer))
    if leaving is not None:
        answer = till.gateway.execute(leaving.account, leaving.charge)
        in_firm(ports, item.firm_id, lambda step: record_answer(step, item, leaving.attempt_id, answer))


def put_off(step: Step, item: OutboxItem, why: str) -> None:
    """Try the claimed row again later, with exponential backoff and jitter, unless somebody else has it by now."""
    current = step.tx.outbox.get(item.id)
    if current is None or not is_same_claim(current, item):
        return
    later = step.now + backoff(item.tries, step.ports.chance.fraction())
    waiting = replace(current, status=OutboxStatus.DUE, due_at=later, lease_until=None, last_error=why)
    step.tx.outbox.save(waiting)
    step.ring_for([waiting])


def _read_payer(ports: Ports, till: Till, item: OutboxItem) -> Payer:
    """What has to be read from Stripe before the invoice is locked. Raises `GatewayUnavailable`."""

    def load(step: Step) -> tuple[Firm, InvoiceFacts, str | None]:
        firm, facts = step.tx.firms.get(item.firm_id), step.tx.history.facts(item.invoice_id or "")
        assert firm is not None
        assert facts is not None
        client = step.tx.clients.get(facts.invoice.client_id)
        return firm, facts, client.stripe_customer_id if client else None

    firm, facts, customer_id = in_firm(ports, item.firm_id, load)
    if customer_id is None:
        return Payer(firm, None, None)
    card = till.cards.default_card(firm.stripe_account, customer_id)
    stripe_invoice_id = facts.invoice.stripe_invoice_id
    intent_id = till.cards.intent_of_invoice(firm.stripe_account, stripe_invoice_id) if stripe_invoice_id else None
    return Payer(firm, customer_id, card, intent_id)


def _prepare(step: Step, till: Till, item: OutboxItem, payer: Payer) -> Departure | None:
    """Store the attempt with its frozen requests, or finish, move or put off the row; why stands on it."""
    locked, firm = locked_invoice(step, item)
    if not is_held(locked, item):
        return None
    state = derive(locked.facts, terms_of(step, firm))
    existing = _attempt_of(item, locked.facts, state)
    if existing is not None and existing.frozen is not None:
        mark_unknown(Case(step, item, locked, firm, existing, state))
        return None
    other = next((shown for shown in state.attempts if shown.is_open and shown.id != (existing and existing.id)), None)
    if other is not None:
        put_off(step, item, f"{WAITS_FOR_ATTEMPT}{other.id}: its outcome comes first.")
        return None
    otherwise = instead_of_running(item, locked.facts, state, step.now)
    if otherwise is not None:
        step.tx.outbox.save(otherwise)
        step.ring_for([otherwise])
        return None
    case = Case(step, item, locked, firm, existing or _new_attempt(step, item, locked.facts, state), state)
    block = blocking_reason(locked.facts.invoice, state)
    if block is not None:
        _end(case, replace(case.attempt, status=AttemptStatus.CANCELED, reason=block))
        return None
    return _plan(case, till, payer)


def _attempt_of(item: OutboxItem, facts: InvoiceFacts, state: InvoiceState) -> OwnAttempt | None:
    """Our open attempt that this row began, or was written for."""
    open_ids = {shown.id for shown in state.attempts if shown.is_open}
    mine = (attempt for attempt in facts.attempts if attempt.id == item.attempt_id or _began(item, attempt))
    return next((attempt for attempt in mine if attempt.id in open_ids), None)


def _began(item: OutboxItem, attempt: OwnAttempt) -> bool:
    if item.kind is OutboxKind.RETRY:
        return attempt.slot_key is not None and f":{attempt.slot_key}:" in item.dedupe_key
    return item.kind is OutboxKind.COLLECT and attempt.trigger is Trigger.AUTOPAY


def _new_attempt(step: Step, item: OutboxItem, facts: InvoiceFacts, state: InvoiceState) -> OwnAttempt:
    is_retry = item.kind is OutboxKind.RETRY
    return OwnAttempt(
        id=step.ports.ids.new("att"),
        invoice_id=facts.invoice.id,
        trigger=Trigger.RETRY if is_retry else Trigger.AUTOPAY,
        status=AttemptStatus.IN_FLIGHT,
        amount_minor=state.amount_open,
        currency=facts.invoice.currency,
        started_at=step.now,
        slot_key=state.slot.key if is_retry and state.slot else None,
        scheduled_for=item.due_at if item.tries <= 1 or state.slot is None else state.slot.due_at,
    )


def _plan(case: Case, till: Till, payer: Payer) -> Departure | None:
    plan = plan_card(payer.card, case.state.attempts, _declined_at(case.step, payer.card), case.step.now)
    if plan.card is None or payer.stripe_customer_id is None:
        _end(case, _without_charge(case.attempt, plan))
        return None
    charge = till.gateway.freeze(_order(case, payer, payer.stripe_customer_id, plan.card))
    leaving = replace(
        case.attempt,
        amount_minor=case.state.amount_open,
        stripe_customer_id=payer.stripe_customer_id,
        stripe_payment_method_id=plan.card.stripe_payment_method_id,
        card_brand=plan.card.brand,
        frozen=charge,
    )
    case.close_attempt(leaving, replace(case.item, lease_until=case.step.now + LEASE))
    return Departure(case.firm.stripe_account, leaving.id, charge)


def _order(case: Case, payer: Payer, stripe_customer_id: str, card: Card) -> ChargeOrder:
    invoice = case.facts.invoice
    intent_id = case.state.intents.usable(payer.billing_intent_id)
    return ChargeOrder(
        attempt_id=case.attempt.id,
        invoice_id=invoice.id,
        amount_minor=case.state.amount_open,
        currency=invoice.currency,
        stripe_customer_id=stripe_customer_id,
        stripe_payment_method_id=card.stripe_payment_method_id,
        reuse_intent_id=intent_id,
        is_amount_fixed=intent_id is not None and intent_id == payer.billing_intent_id,
        description=invoice.description,
        freeze_number=case.item.tries,
    )


def _declined_at(step: Step, card: Card | None) -> tuple[datetime, ...]:
    if card is None:
        return ()
    return tuple(step.tx.history.declined_at(card.stripe_payment_method_id, step.now - HISTORY_WINDOW))


def _without_charge(attempt: OwnAttempt, plan: CardPlan) -> OwnAttempt:
    """The attempt as it ends when no card may be charged: a missing one is a failure, a forbidden one a skipped
    slot.
    """
    if plan.refusal in (NoCardReason.MISSING, None):
        code = FailureCode.PAYMENT_METHOD_MISSING
        return replace(attempt, status=AttemptStatus.DECLINED, failure_code=code, reason=FAILURE_REASONS[code])
    return replace(attempt, status=AttemptStatus.SKIPPED, reason=" ".join(plan.reasons))


def _end(case: Case, ended: OwnAttempt) -> None:
    case.close_attempt(replace(ended, finished_at=case.step.now), done(case.item))
