"""Pending payments that are not ours: the host application's, or the customer's at Stripe. Ours wait for them."""

from domain.model.answers import Absent, Found, LookUpAnswer, NotReached
from domain.model.audit import DUNLIN
from domain.model.derivation import derive
from domain.model.outbox import OutboxItem
from domain.model.payment_facts import PaymentFact
from domain.services.bookkeeping import Edit, save, terms_of
from domain.services.cases import again, ended, is_held, locked_invoice
from domain.services.payments import with_facts
from domain.services.steps import Ports, Step, in_firm
from ports.payment_gateway import LookUpOrder, PaymentGateway


def poll_external(ports: Ports, gateway: PaymentGateway, item: OutboxItem) -> None:
    """Ask what became of a pending payment of others: were its event lost, our own collection would wait for ever."""
    asked = in_firm(ports, item.firm_id, lambda step: _order(step, item))
    if asked is not None:
        account, order = asked
        answer = gateway.look_up(account, order)
        in_firm(ports, item.firm_id, lambda step: _record(step, item, answer))


def _order(step: Step, item: OutboxItem) -> tuple[str | None, LookUpOrder] | None:
    """What to look for; None, and the row finished, when it is not pending any more."""
    locked, firm = locked_invoice(step, item)
    if not is_held(locked, item):
        return None
    state = derive(locked.facts, terms_of(step, firm))
    pending = next((shown for shown in state.attempts if shown.id == item.attempt_id and shown.is_open), None)
    if pending is None:
        step.tx.outbox.save(ended(item))
        return None
    return firm.stripe_account, LookUpOrder("", "", pending.at, pending.stripe_payment_intent_id)


def _record(step: Step, item: OutboxItem, answer: LookUpAnswer) -> None:
    match answer:
        case Found(facts) | Absent(facts):
            _told(step, item, facts, "Still pending.")
        case NotReached(reason):
            _told(step, item, (), reason)


def _told(step: Step, item: OutboxItem, facts: tuple[PaymentFact, ...], why: str) -> None:
    locked, firm = locked_invoice(step, item)
    after = with_facts(locked.facts, facts)
    shown = derive(after, terms_of(step, firm)).attempts
    is_open = any(attempt.is_open for attempt in shown if attempt.id == item.attempt_id)
    row = again(step, item, why) if is_open else ended(item)
    save(step, locked, after, firm, Edit(DUNLIN, finished=(row,) if is_held(locked, item) else ()))
