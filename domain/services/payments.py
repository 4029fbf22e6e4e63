"""Payments that succeeded or failed, from whichever source we hear of them: facts are added, everything else
follows.
"""

from collections.abc import Sequence
from dataclasses import replace

from domain.model.audit import Actor
from domain.model.firms import Firm
from domain.model.invoices import InvoiceFacts, InvoiceState
from domain.model.payment_facts import FactKind, PaymentFact, merge
from domain.services.bookkeeping import Edit, save
from domain.services.steps import Step
from ports.repositories import LockedInvoice


def handle_payment_failure(
    step: Step, locked: LockedInvoice, failure: PaymentFact, firm: Firm, by: Actor
) -> InvoiceState:
    """Record that a payment failed, whoever tells it; the same decline told four times is one failure.

    The count, the status and the next retry follow from the facts (`retries.course`). `failure.kind` is `FAILED`.
    """
    assert failure.kind is FactKind.FAILED
    return record_facts(step, locked, [failure], firm, by)


def handle_payment_success(
    step: Step, locked: LockedInvoice, success: PaymentFact, firm: Firm, by: Actor
) -> InvoiceState:
    """Record that money came, by whatever route: the course ends, and what is still pending for it is canceled."""
    assert success.kind in (FactKind.SUCCEEDED, FactKind.INVOICE_PAID)
    return record_facts(step, locked, [success], firm, by)


def record_facts(step: Step, locked: LockedInvoice, told: Sequence[PaymentFact], firm: Firm, by: Actor) -> InvoiceState:
    """Add what was told to the invoice's facts and write what follows. Telling a thing again changes nothing."""
    return save(step, locked, with_facts(locked.facts, told), firm, Edit(by))


def with_facts(facts: InvoiceFacts, told: Sequence[PaymentFact]) -> InvoiceFacts:
    """The invoice's facts with these added."""
    return replace(facts, payments=merge(facts.payments, told))
