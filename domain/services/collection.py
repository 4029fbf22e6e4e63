"""What an administrator does with an invoice: create, send, charge, retry and void."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from domain.model.attempts import Attempt, AttemptStatus, OwnAttempt, Trigger
from domain.model.audit import Actor, MetadataValue, Note, Severity
from domain.model.derivation import derive
from domain.model.errors import Conflict, FieldError, InvalidInput, NotFound
from domain.model.firms import Firm
from domain.model.invoices import Invoice, InvoiceFacts, InvoiceState, blocking_reason
from domain.model.money import Money, chargeable, in_words
from domain.model.outbox import OutboxItem, OutboxKind
from domain.services.bookkeeping import Edit, audit_event, save, terms_of, with_attempt
from domain.services.steps import Ports, Step, in_firm, in_system
from ports.repositories import Change, InvoiceRow, LockedInvoice

T = TypeVar("T")


@dataclass(frozen=True)
class NewInvoice:
    """What is asked for; `amount_due` in minor units. A missing `number` is made."""

    client_id: str
    currency: str
    amount_due: int
    number: str | None = None
    due_on: date | None = None
    autopay: bool = False
    description: str | None = None
    stripe_payment_intent_id: str | None = None
    stripe_invoice_id: str | None = None


@dataclass(frozen=True)
class Matter:
    """An invoice under lock with its firm and state, in an open step, and who wants something of it."""

    step: Step
    locked: LockedInvoice
    firm: Firm
    state: InvoiceState
    by: Actor

    @property
    def invoice(self) -> Invoice:
        """The invoice as locked."""
        return self.locked.facts.invoice

    def change(self, note: Note, attempt: OwnAttempt | None = None, **changed: object) -> InvoiceState:
        """Write changed fields of the invoice, perhaps a new attempt of ours, and the note."""
        after = replace(self.locked.facts, invoice=replace(self.invoice, **changed))  # type: ignore[arg-type]
        if attempt is not None:
            after = with_attempt(after, attempt)
        return save(self.step, self.locked, after, self.firm, Edit(self.by, notes=(note,)))


def create_invoice(ports: Ports, firm_id: str, wanted: NewInvoice, by: Actor) -> InvoiceRow:
    """Store a new draft. Raises `InvalidInput` with the field, `Conflict` when the number or a Stripe id is taken."""

    def create(step: Step) -> InvoiceRow:
        is_awaited = events_wait_for(step, stripe_ids_of(wanted))
        step.tx.enter_firm(firm_id)
        return add_invoice(step, firm_id, wanted, by, is_awaited=is_awaited)

    # A system transaction at first: events that no firm owns yet may wait for this invoice.
    return in_system(ports, create)


def stripe_ids_of(wanted: NewInvoice) -> frozenset[str]:
    """The objects of Stripe's by which events find the invoice."""
    return frozenset(i for i in (wanted.stripe_payment_intent_id, wanted.stripe_invoice_id) if i)


def events_wait_for(step: Step, stripe_ids: frozenset[str]) -> bool:
    """Whether stored events speak of these objects and found no invoice (in a system transaction)."""
    return bool(stripe_ids) and bool(step.tx.backlog.mentioning(sorted(stripe_ids), 1))


def add_invoice(
    step: Step,
    firm_id: str,
    wanted: NewInvoice,
    by: Actor,
    *,
    is_awaited: bool,
    invoice_id: str | None = None,
) -> InvoiceRow:
    """`create_invoice` within an open step, for bulk loads, which bring an id that they know again.

    With `is_awaited`, stored events are tried again once the invoice is kept. One that comes in the very meantime is
    found by the sweep.
    """
    firm = step.tx.firms.get(firm_id)
    client = step.tx.clients.get(wanted.client_id)
    if firm is None or client is None or client.erased_at is not None:
        raise InvalidInput(FieldError("client_id", f"No client {wanted.client_id!r} here. Create the client first."))
    chargeable(wanted.amount_due, wanted.currency)
    invoice = _new_invoice(step, firm_id, wanted, invoice_id)
    facts = InvoiceFacts(invoice)
    amount = in_words(Money(invoice.amount_due, invoice.currency))
    note = invoice_note("invoice_created", invoice, f"Invoice {invoice.number} over {amount} was created.")
    stripe_ids = stripe_ids_of(wanted)
    state = derive(facts, terms_of(step, firm))
    change = Change(
        before=facts,
        after=facts,
        state=state,
        now=step.now,
        audit=(audit_event(step, firm_id, note, by, invoice.id),),
        new_outbox=(_match_waiting(step, invoice, stripe_ids),) if is_awaited else (),
        stripe_ids=stripe_ids,
    )
    step.tx.invoices.add(change)
    step.ring_for(change.new_outbox)
    return InvoiceRow(invoice, state.figures, step.now)


def _new_invoice(step: Step, firm_id: str, wanted: NewInvoice, invoice_id: str | None) -> Invoice:
    return Invoice(
        id=invoice_id or step.ports.ids.new("inv"),
        firm_id=firm_id,
        client_id=wanted.client_id,
        number=wanted.number or _next_number(step),
        currency=wanted.currency,
        amount_due=wanted.amount_due,
        autopay=wanted.autopay,
        created_at=step.now,
        due_on=wanted.due_on,
        description=wanted.description,
        given_payment_intent_id=wanted.stripe_payment_intent_id,
        stripe_invoice_id=wanted.stripe_invoice_id,
    )


def _next_number(step: Step) -> str:
    """The year, a running number and a little chance, so that two created at once do not collide."""
    prefix = f"{step.now:%Y}-"
    return f"{prefix}{step.tx.history.numbers_taken(prefix) + 1:06d}-{step.ports.ids.new('n')[-4:].upper()}"


def _match_waiting(step: Step, invoice: Invoice, stripe_ids: frozenset[str]) -> OutboxItem:
    """Events about these objects came before the invoice did; they are tried again."""
    return OutboxItem(
        id=step.ports.ids.new("out"),
        firm_id=invoice.firm_id,
        kind=OutboxKind.MATCH_EVENTS,
        dedupe_key=f"{OutboxKind.MATCH_EVENTS}:{invoice.id}",
        due_at=step.now,
        invoice_id=invoice.id,
        payload={"stripe_ids": " ".join(sorted(stripe_ids))},
    )


def send_invoice(ports: Ports, firm_id: str, invoice_id: str, by: Actor) -> None:
    """Draft to sent; mails nothing. With autopay the first attempt follows at once, in a worker. Raises `Conflict`."""

    def send(matter: Matter) -> None:
        if matter.invoice.voided_at is not None:
            raise Conflict("The invoice is void; it cannot be sent. Create a new one.")
        if matter.invoice.sent_at is None:
            note = invoice_note("invoice_sent", matter.invoice, f"Invoice {matter.invoice.number} was sent.")
            matter.change(note, sent_at=matter.step.now)

    with_invoice(ports, firm_id, invoice_id, by, send)


def charge_invoice(ports: Ports, firm_id: str, invoice_id: str, by: Actor) -> Attempt:
    """Attempt now, outside the course: the attempt as stored; a worker carries it out. Raises `Conflict` saying why
    not.
    """

    def charge(matter: Matter) -> Attempt:
        open_attempt = matter.state.open_attempt
        reason = blocking_reason(matter.invoice, matter.state)
        if reason is not None:
            raise Conflict(reason)
        if open_attempt is not None:
            raise Conflict(f"Attempt {open_attempt.id} is {open_attempt.status}; its outcome comes first.")
        attempt = OwnAttempt(
            id=matter.step.ports.ids.new("att"),
            invoice_id=matter.invoice.id,
            trigger=Trigger.MANUAL,
            status=AttemptStatus.IN_FLIGHT,
            amount_minor=matter.state.amount_open,
            currency=matter.invoice.currency,
            started_at=matter.step.now,
            scheduled_for=matter.step.now,
        )
        note = invoice_note("charge_requested", matter.invoice, "An administrator asked for an attempt now.")
        state = matter.change(note, attempt)
        return next(shown for shown in state.attempts if shown.id == attempt.id)

    return with_invoice(ports, firm_id, invoice_id, by, charge)


def void_invoice(ports: Ports, firm_id: str, invoice_id: str, by: Actor) -> None:
    """Nothing is collected any more. Raises `Conflict` when it was paid or an attempt is open; repeating it is fine."""

    def void(matter: Matter) -> None:
        if matter.invoice.voided_at is not None:
            return
        if any(exposure.payment.currency == matter.invoice.currency for exposure in matter.state.exposures):
            raise Conflict("Money was received for this invoice; refund it instead of voiding the invoice.")
        open_attempt = matter.state.open_attempt
        if open_attempt is not None:
            raise Conflict(f"Attempt {open_attempt.id} is {open_attempt.status}; void when its outcome is known.")
        note = invoice_note("invoice_voided", matter.invoice, f"Invoice {matter.invoice.number} was voided.")
        matter.change(note, voided_at=matter.step.now)

    with_invoice(ports, firm_id, invoice_id, by, void)


def recompute_invoice(ports: Ports, firm_id: str, invoice_id: str, by: Actor) -> None:
    """Derive everything anew, after the firm's policy changed."""

    def recompute(matter: Matter) -> None:
        save(matter.step, matter.locked, matter.locked.facts, matter.firm, Edit(by))

    with_invoice(ports, firm_id, invoice_id, by, recompute)


def with_invoice(ports: Ports, firm_id: str, invoice_id: str, by: Actor, do: Callable[[Matter], T]) -> T:
    """Do something with the locked invoice, in a transaction of its own. Raises `NotFound`, and what `do` raises."""

    def step_with_invoice(step: Step) -> T:
        locked, firm = step.tx.invoices.lock(invoice_id), step.tx.firms.get(firm_id)
        if locked is None or firm is None:
            raise NotFound("invoice", invoice_id)
        return do(Matter(step, locked, firm, derive(locked.facts, terms_of(step, firm)), by))

    return in_firm(ports, firm_id, step_with_invoice)


def invoice_note(action: str, invoice: Invoice, summary: str) -> Note:
    """An audit event about what an administrator did with the invoice."""
    metadata: dict[str, MetadataValue] = {
        "invoice_id": invoice.id,
        "amount": invoice.amount_due,
        "currency": invoice.currency,
    }
    return Note(action, Severity.INFO, summary, "invoice", invoice.id, metadata)
