"""What was told of one invoice, by an event or by reconciliation, given to who handles it."""

from domain.model.audit import Actor
from domain.model.inbox import Interpretation
from domain.model.invoices import InvoiceState
from domain.model.payment_facts import FactKind
from domain.services.bookkeeping import Edit, save, with_told
from domain.services.disputes import hold_disputes, record_disputes
from domain.services.payments import handle_payment_failure, handle_payment_success
from domain.services.steps import Step


def tell_invoice(step: Step, firm_id: str, invoice_id: str, told: Interpretation, by: Actor) -> InvoiceState | None:
    """Add what was told to the invoice's facts and write what follows; None when nothing was told.

    A dispute that an administrator linked to another invoice goes there.
    """
    if not (told.facts or told.refunds or told.totals or told.disputes):
        return None
    standing = hold_disputes(step, firm_id, told.disputes)
    linked_id = standing.invoice_id if standing is not None else None
    locked, firm = step.tx.invoices.lock(linked_id or invoice_id), step.tx.firms.get(firm_id)
    assert locked is not None
    assert firm is not None
    if told.disputes:
        return record_disputes(step, locked, told, firm, by, standing=standing)
    match told:
        case Interpretation(facts=(failure,), refunds=(), totals=()) if failure.kind is FactKind.FAILED:
            return handle_payment_failure(step, locked, failure, firm, by)
        case Interpretation(facts=(success,), refunds=(), totals=()) if success.kind in _SUCCESSES:
            return handle_payment_success(step, locked, success, firm, by)
        case _:
            return save(step, locked, with_told(locked.facts, told), firm, Edit(by))


_SUCCESSES = frozenset({FactKind.SUCCEEDED, FactKind.INVOICE_PAID})
