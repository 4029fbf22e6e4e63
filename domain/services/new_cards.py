"""A card that the customer gave on Stripe's page becomes the default and is tried at once.

The customer's return and Stripe's event both tell of it, in any order and as often as they like: one row does it once.
"""

from domain.model.answers import NotReached, Refused, Unknown
from domain.model.derivation import derive
from domain.model.errors import Conflict, NotFound
from domain.model.invoices import blocking_reason
from domain.model.outbox import WAITS_FOR_ATTEMPT, OutboxItem, OutboxKind
from domain.services.bookkeeping import Edit, save, terms_of, with_attempt
from domain.services.cases import done, ended, is_held, locked_invoice
from domain.services.charging import put_off
from domain.services.checkouts import (
    CUSTOMER,
    NO_CUSTOMER,
    Visit,
    customers_attempt,
    customers_note,
    make_way,
)
from domain.services.steps import Ports, Step, in_firm
from ports.customer_sessions import CardOrder, CustomerSession, CustomerSessions, SessionStatus
from ports.payment_gateway import GatewayRefuses, GatewayUnavailable


def open_card_page(ports: Ports, sessions: CustomerSessions, visit: Visit) -> str:
    """The address of a page on which the customer gives a card for this and later invoices.

    Raises `NotFound`, `Conflict` without a customer at Stripe, and `GatewayUnavailable`.
    """
    account, customer_id = _customer(ports, visit.firm_id, visit.invoice_id)
    order = CardOrder(
        invoice_id=visit.invoice_id,
        stripe_customer_id=customer_id,
        success_url=f"{visit.address}/card?session={{CHECKOUT_SESSION_ID}}",
        cancel_url=visit.address,
        language=visit.language,
    )
    match sessions.card_session(account, order):
        case CustomerSession(url=str(url)):
            return url
        case Refused(reason):
            raise GatewayRefuses(reason)
        case NotReached(reason) | Unknown(_, reason):
            raise GatewayUnavailable(reason)
        case _:
            raise GatewayUnavailable("Stripe's page has no address.")


def card_returned(ports: Ports, sessions: CustomerSessions, firm_id: str, invoice_id: str, session_id: str) -> bool:
    """The customer comes back from a page for a card: whether it is ours, of this invoice, and has one.

    Where Stripe does not answer the event does the same later. Raises `NotFound` and `Conflict` as `open_card_page`.
    """
    account, customer_id = _customer(ports, firm_id, invoice_id)
    seen = sessions.read(account, session_id)
    if not isinstance(seen, CustomerSession) or _card(seen, invoice_id, customer_id) is None:
        return False
    in_firm(ports, firm_id, lambda step: await_card(step, firm_id, invoice_id, session_id))
    return True


def await_card(step: Step, firm_id: str, invoice_id: str, session_id: str) -> None:
    """Write the row that adopts the page's card, once for each page."""
    item = OutboxItem(
        id=step.ports.ids.new("out"),
        firm_id=firm_id,
        kind=OutboxKind.ADOPT_CARD,
        dedupe_key=f"{OutboxKind.ADOPT_CARD}:{session_id}",
        due_at=step.now,
        invoice_id=invoice_id,
        payload={"session_id": session_id},
    )
    step.ring_for(step.tx.outbox.add([item]))


def adopt_card(ports: Ports, sessions: CustomerSessions, item: OutboxItem) -> None:
    """Do what a claimed row asks: the page's card becomes the customer's default, and an attempt on it begins."""
    firm_id, invoice_id = item.firm_id, item.invoice_id or ""
    try:
        account, customer_id = _customer(ports, firm_id, invoice_id)
    except Conflict as conflict:
        return _finish(ports, item, str(conflict))
    seen = sessions.read(account, item.payload["session_id"])
    if isinstance(seen, NotReached):
        return _put_off(ports, item, seen.reason)
    card_id = _card(seen, invoice_id, customer_id) if isinstance(seen, CustomerSession) else None
    if card_id is None:
        return in_firm(ports, firm_id, lambda step: step.tx.outbox.save(ended(item)))
    match sessions.make_default(account, customer_id, card_id):
        case NotReached(reason) | Unknown(_, reason):
            return _put_off(ports, item, reason)
        case Refused(reason):
            return _finish(ports, item, reason)
    make_way(ports, sessions, firm_id, invoice_id)
    return in_firm(ports, firm_id, lambda step: _attempt(step, item, customer_id, card_id))


def _attempt(step: Step, item: OutboxItem, customer_id: str, card_id: str) -> None:
    """One attempt on the new card, unless nothing is owed. Another one that is open comes first."""
    locked, firm = locked_invoice(step, item)
    if not is_held(locked, item):
        return
    invoice, state = locked.facts.invoice, derive(locked.facts, terms_of(step, firm))
    why_not = blocking_reason(invoice, state)
    if why_not is None and state.open_attempt is not None:
        put_off(step, item, f"{WAITS_FOR_ATTEMPT}{state.open_attempt.id}: its outcome comes first.")
        return
    words = f"The customer gave a new card, {card_id}; it is the default now."
    edit = Edit(CUSTOMER, (customers_note("card_given", invoice.id, words),), (done(item, why_not),))
    after = locked.facts
    if why_not is None:
        after = with_attempt(after, customers_attempt(step, locked, state, customer_id))
    save(step, locked, after, firm, edit)


def _customer(ports: Ports, firm_id: str, invoice_id: str) -> tuple[str | None, str]:
    def find(step: Step) -> tuple[str | None, str]:
        row, firm = step.tx.invoices.get(invoice_id), step.tx.firms.get(firm_id)
        if row is None or firm is None:
            raise NotFound("invoice", invoice_id)
        client = step.tx.clients.get(row.invoice.client_id)
        if client is None or client.stripe_customer_id is None:
            raise Conflict(NO_CUSTOMER)
        return firm.stripe_account, client.stripe_customer_id

    return in_firm(ports, firm_id, find)


def _card(seen: CustomerSession, invoice_id: str, customer_id: str) -> str | None:
    """The card that the customer gave there for this invoice."""
    is_theirs = seen.invoice_id == invoice_id and seen.stripe_customer_id == customer_id
    return seen.stripe_payment_method_id if is_theirs and seen.status is SessionStatus.COMPLETE else None


def _put_off(ports: Ports, item: OutboxItem, why: str) -> None:
    in_firm(ports, item.firm_id, lambda step: put_off(step, item, why))


def _finish(ports: Ports, item: OutboxItem, why: str) -> None:
    in_firm(ports, item.firm_id, lambda step: step.tx.outbox.save(done(item, why)))
