"""An attempt that a claimed outbox row is about, with everything around it under the invoice's lock."""

from dataclasses import dataclass, replace

from domain.model.attempts import OwnAttempt
from domain.model.audit import DUNLIN
from domain.model.firms import Firm
from domain.model.invoices import InvoiceFacts, InvoiceState, derive
from domain.model.narration import Note
from domain.model.outbox import POLL_DELAY, OutboxItem, OutboxKind, OutboxStatus, settle_delay
from domain.services.bookkeeping import Edit, save, terms_of, with_attempt
from domain.services.steps import Step
from ports.repositories import LockedInvoice


@dataclass(frozen=True)
class Case:
    """One attempt of ours in an open step, and the row that brought us to it."""

    step: Step
    item: OutboxItem
    locked: LockedInvoice
    firm: Firm
    attempt: OwnAttempt
    state: InvoiceState

    @property
    def facts(self) -> InvoiceFacts:
        """The invoice's facts as locked."""
        return self.locked.facts

    @property
    def is_open(self) -> bool:
        """Whether the attempt's outcome is still to come, by all the facts."""
        return any(shown.is_open for shown in self.state.attempts if shown.id == self.attempt.id)

    def close(self, after: InvoiceFacts, item: OutboxItem, *notes: Note) -> None:
        """Write the facts as they are now, the row as it stands from here, and what is to be noted."""
        save(self.step, self.locked, after, self.firm, Edit(DUNLIN, notes=notes, finished=(item,)))

    def close_attempt(self, attempt: OwnAttempt, item: OutboxItem, *notes: Note) -> None:
        """`close` where only the attempt itself changed."""
        self.close(with_attempt(self.facts, attempt), item, *notes)


def open_case(step: Step, item: OutboxItem, attempt_id: str) -> Case:
    """Lock the invoice of a claimed row and find the attempt. The row and the attempt exist: they were written
    together.
    """
    locked, firm = locked_invoice(step, item)
    attempt = next(attempt for attempt in locked.facts.attempts if attempt.id == attempt_id)
    return Case(step, item, locked, firm, attempt, derive(locked.facts, terms_of(step, firm)))


def locked_invoice(step: Step, item: OutboxItem) -> tuple[LockedInvoice, Firm]:
    """The invoice that a row is about, locked, and its firm."""
    locked = step.tx.invoices.lock(item.invoice_id or "")
    firm = step.tx.firms.get(item.firm_id)
    assert locked is not None
    assert firm is not None
    return locked, firm


def done(item: OutboxItem, error: str | None = None) -> OutboxItem:
    """The row, finished."""
    return replace(item, status=OutboxStatus.DONE, lease_until=None, last_error=error)


def again(step: Step, item: OutboxItem, why: str) -> OutboxItem:
    """The row, due for its next look: a pending payment's tomorrow, a lost answer's after its growing delay."""
    delay = POLL_DELAY if item.kind is OutboxKind.POLL_PENDING else settle_delay(item.tries)
    return replace(item, status=OutboxStatus.DUE, due_at=step.now + delay, lease_until=None, last_error=why)
