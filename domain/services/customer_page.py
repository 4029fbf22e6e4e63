"""What a customer sees by their link, and what they may do there. Whatever is repeated, nothing is charged twice.

The link is all that is asked of them, so the page shows no more than the invoice, and the last digits of cards.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.model.cards import Card, NoCardReason, plan_card
from domain.model.customer_page import PageContent, PageState
from domain.model.decline_categories import categorize
from domain.model.derivation import derive
from domain.model.errors import Conflict
from domain.model.firms import Client, Firm
from domain.model.invoices import InvoiceFacts, InvoiceState, InvoiceStatus, blocking_reason
from domain.model.money import Money
from domain.model.network_rules import HISTORY_WINDOW
from domain.model.notices import Branding
from domain.model.outbox import OutboxKind
from domain.services.bookkeeping import Edit, save, terms_of, with_attempt
from domain.services.checkouts import (
    CUSTOMER,
    Visit,
    customers_attempt,
    customers_note,
    lock_for_customer,
    make_way,
    open_checkout_of,
)
from domain.services.customer_links import is_live
from domain.services.steps import Ports, Step, in_firm
from ports.customer_sessions import CustomerSessions
from ports.link_signer import CustomerLink
from ports.payment_gateway import CardFile, GatewayUnavailable

_STATES = {
    InvoiceStatus.VOID: PageState.VOID,
    InvoiceStatus.DISPUTED: PageState.DISPUTED,
    InvoiceStatus.CHARGED_BACK: PageState.DISPUTED,
    InvoiceStatus.REFUNDED: PageState.REFUNDED,
    InvoiceStatus.PARTIALLY_REFUNDED: PageState.REFUNDED,
    InvoiceStatus.PAID: PageState.PAID,
}


@dataclass(frozen=True)
class Counter:
    """What customers' actions need beside the common ports."""

    sessions: CustomerSessions
    cards: CardFile


@dataclass(frozen=True)
class _Standing:
    firm: Firm
    facts: InvoiceFacts
    state: InvoiceState
    client: Client
    branding: Branding
    is_card_coming: bool
    now: datetime


def look(ports: Ports, cards: CardFile, link: CustomerLink, *, has_returned: bool = False) -> PageContent | None:
    """What the link shows now; None when there is no such invoice. `has_returned`: from a page where it was paid."""
    standing = in_firm(ports, link.firm_id, lambda step: _standing(step, link))
    if standing is None:
        return None
    languages = tuple(tag for tag in (standing.client.locale, standing.branding.default_language) if tag)
    state = _state(standing, link, has_returned=has_returned)
    named = PageContent(
        state, languages, standing.branding.display_name or standing.firm.name, branding=standing.branding
    )
    if state in (PageState.EXPIRED, PageState.REVOKED, PageState.GONE):
        return named
    invoice, figures = standing.facts.invoice, standing.state.figures
    due_minor = standing.state.amount_open if state in (PageState.OPEN, PageState.WAITING) else invoice.amount_due
    shown = replace(
        named,
        invoice_number=invoice.number,
        amount=Money(due_minor, invoice.currency),
        due_on=invoice.due_on,
    )
    if state is not PageState.OPEN:
        return shown
    has_failed = figures.payment_failed_at is not None
    category = categorize(figures.payment_failure_code, figures.payment_decline_code) if has_failed else None
    usable, needs_bank = _usable(ports, cards, standing)
    can_pay = standing.client.stripe_customer_id is not None
    return replace(shown, category=category, cards=usable, needs_bank=needs_bank, can_pay=can_pay)


def pay_now(ports: Ports, counter: Counter, visit: Visit, card_id: str) -> None:
    """An attempt now on one of the customer's saved cards, which becomes their default; a worker carries it out.

    Raises `Conflict` when the card is none of theirs or nothing may be charged, and `GatewayUnavailable`.
    """
    account, customer_id = in_firm(ports, visit.firm_id, lambda step: _customer(step, visit))
    chosen = next((c for c in counter.cards.cards(account, customer_id) if c.stripe_payment_method_id == card_id), None)
    if chosen is None:
        raise Conflict("The card is not saved for this customer any more.")
    if not chosen.is_default:
        trouble = counter.sessions.make_default(account, customer_id, card_id)
        if trouble is not None:
            raise GatewayUnavailable(trouble.reason)
    make_way(ports, counter.sessions, visit.firm_id, visit.invoice_id)
    in_firm(ports, visit.firm_id, lambda step: _begin(step, visit))


def _begin(step: Step, visit: Visit) -> None:
    locked, firm, state, customer_id = lock_for_customer(step, visit.firm_id, visit.invoice_id)
    attempt = customers_attempt(step, locked, state, customer_id)
    note = customers_note("charge_requested", visit.invoice_id, "The customer asked for an attempt now.")
    save(step, locked, with_attempt(locked.facts, attempt), firm, Edit(CUSTOMER, (note,)))


def _customer(step: Step, visit: Visit) -> tuple[str | None, str]:
    """Whose cards to read. Raises `Conflict` as the attempt itself would, before anything is changed at Stripe."""
    facts, firm = step.tx.history.facts(visit.invoice_id), step.tx.firms.get(visit.firm_id)
    client = step.tx.clients.get(facts.invoice.client_id) if facts else None
    if facts is None or firm is None or client is None or client.stripe_customer_id is None:
        raise Conflict("There is nobody to charge.")
    state = derive(facts, terms_of(step, firm))
    reason = blocking_reason(facts.invoice, state)
    is_waiting = state.open_attempt is not None and open_checkout_of(facts, state) is None
    if reason is not None or is_waiting:
        raise Conflict(reason or "A payment is under way.")
    return firm.stripe_account, client.stripe_customer_id


def _standing(step: Step, link: CustomerLink) -> _Standing | None:
    firm, facts = step.tx.firms.get(link.firm_id), step.tx.history.facts(link.invoice_id)
    client = step.tx.clients.get(facts.invoice.client_id) if facts else None
    if firm is None or facts is None or client is None:
        return None
    state = derive(facts, terms_of(step, firm))
    is_card_coming = any(row.kind is OutboxKind.ADOPT_CARD for row in step.tx.outbox.pending_for(link.invoice_id))
    return _Standing(firm, facts, state, client, step.tx.brandings.get(firm.id), is_card_coming, step.now)


def _state(standing: _Standing, link: CustomerLink, *, has_returned: bool) -> PageState:
    if standing.client.erased_at is not None:
        return PageState.GONE
    if not is_live(link, standing.facts, standing.now):
        is_late = standing.now >= link.expires_at
        return PageState.EXPIRED if is_late else PageState.REVOKED
    ended = _STATES.get(standing.state.figures.status)
    if ended is not None:
        return ended
    checkout = open_checkout_of(standing.facts, standing.state)
    is_trying = standing.state.open_attempt is not None and (checkout is None or has_returned)
    if is_trying or standing.is_card_coming:
        return PageState.WAITING
    is_blocked = blocking_reason(standing.facts.invoice, standing.state) is not None
    return PageState.HELD if is_blocked else PageState.OPEN


def _usable(ports: Ports, cards: CardFile, standing: _Standing) -> tuple[tuple[Card, ...], bool]:
    """The saved cards that may be charged now, and whether the bank asks for the customer on one of them."""
    if standing.client.stripe_customer_id is None:
        return (), False
    try:
        saved = cards.cards(standing.firm.stripe_account, standing.client.stripe_customer_id)
    except GatewayUnavailable:
        return (), False
    plans = [
        plan_card(card, standing.state.attempts, declined, standing.now)
        for card, declined in zip(saved, _declined_at(ports, standing, saved), strict=True)
    ]
    usable = tuple(plan.card for plan in plans if plan.card is not None)
    return usable, any(plan.refusal is NoCardReason.NEEDS_CUSTOMER for plan in plans)


def _declined_at(ports: Ports, standing: _Standing, saved: Sequence[Card]) -> list[tuple[datetime, ...]]:
    since = standing.now - HISTORY_WINDOW

    def read(step: Step) -> list[tuple[datetime, ...]]:
        return [tuple(step.tx.history.declined_at(card.stripe_payment_method_id, since)) for card in saved]

    return in_firm(ports, standing.firm.id, read)
