"""An attempt that a claimed outbox row is about, with everything around it under the invoice's lock."""

from dataclasses import dataclass, replace

from domain.model.attempts import OwnAttempt
from domain.model.audit import DUNLIN, Note
from domain.model.derivation import derive
from domain.model.firms import Firm
from domain.model.invoices import InvoiceFacts, InvoiceState
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

    @property
    def is_held(self) -> bool:
        """Whether the row is still ours: a holder that stalled beyond its lease must not undo what came after it."""
        return is_held(self.locked, self.item)

    def close(self, after: InvoiceFacts, item: OutboxItem, *notes: Note) -> None:
        """Write the facts as they are now, the row (if it is still ours) as it stands from here, and the notes."""
        finished = (item,) if self.is_held else ()
        save(self.step, self.locked, after, self.firm, Edit(DUNLIN, notes=notes, finished=finished))

    def close_attempt(self, attempt: OwnAttempt, item: OutboxItem, *notes: Note) -> None:
        """`close` where only the attempt itself changed."""
        self.close(with_attempt(self.facts, attempt), item, *notes)


def open_case(step: Step, item: OutboxItem, attempt_id: str) -> Case | None:
    """Lock the invoice of a claimed row and find the attempt; None when it is gone (its requests never arrived)."""
    locked, firm = locked_invoice(step, item)
    attempt = next((attempt for attempt in locked.facts.attempts if attempt.id == attempt_id), None)
    if attempt is None:
        return None
    return Case(step, item, locked, firm, attempt, derive(locked.facts, terms_of(step, firm)))


def is_held(locked: LockedInvoice, item: OutboxItem) -> bool:
    """Whether the claimed row is still its claimer's, by the invoice's locked rows."""
    return any(is_same_claim(row, item) for row in locked.pending)


def is_same_claim(row: OutboxItem, claimed: OutboxItem) -> bool:
    """Each claim counts a try, so the count tells one claim from the next."""
    return row.id == claimed.id and row.status is OutboxStatus.CLAIMED and row.tries == claimed.tries


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


def ended(item: OutboxItem) -> OutboxItem:
    """The row, with nothing left to ask. Canceled, not done: should its matter come up again, the row is revived."""
    return replace(item, status=OutboxStatus.CANCELED, lease_until=None, last_error="The outcome is known.")


def again(step: Step, item: OutboxItem, why: str) -> OutboxItem:
    """The row, due for its next look: a pending payment's tomorrow, a lost answer's after its growing delay."""
    delay = POLL_DELAY if item.kind is OutboxKind.POLL_PENDING else settle_delay(item.tries)
    return replace(item, status=OutboxStatus.DUE, due_at=step.now + delay, lease_until=None, last_error=why)
