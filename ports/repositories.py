"""Collections of what we keep. Every method sees the rows of the transaction's firm only (all rows in a system
transaction).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from domain.model.audit import AuditEvent
from domain.model.firms import ApiKey, Client, Firm
from domain.model.inbox import InboxEntry, InboxStatus
from domain.model.invoices import Invoice, InvoiceFacts, InvoiceFigures, InvoiceState
from domain.model.ledger import LedgerEntry
from domain.model.outbox import OutboxItem

T = TypeVar("T")


@dataclass(frozen=True)
class PageRequest:
    """At most `limit` rows after the row that `cursor` (opaque, from the page before) stands for."""

    limit: int = 20
    cursor: str | None = None


class BadCursor(Exception):
    """The cursor is none of ours."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page, newest first unless said otherwise; `next_cursor` is None on the last."""

    items: tuple[T, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class InvoiceRow:
    """An invoice with its stored figures, for reading."""

    invoice: Invoice
    figures: InvoiceFigures
    updated_at: datetime


@dataclass(frozen=True)
class InvoiceFilter:
    """Which invoices to list; `q` is found in number or description, whatever the case."""

    status: str | None = None
    client_id: str | None = None
    q: str | None = None


@dataclass(frozen=True)
class OutboxFilter:
    """Which outbox rows to list."""

    status: str | None = None
    kind: str | None = None
    invoice_id: str | None = None
    dispute_id: str | None = None


@dataclass(frozen=True)
class AuditFilter:
    """Which audit events to list; `subject` is a subject's id or an invoice's."""

    action: str | None = None
    severity: str | None = None
    subject: str | None = None


@dataclass(frozen=True)
class LockedInvoice:
    """An invoice's facts, and its outbox rows that are due, claimed or held, locked until the transaction ends."""

    facts: InvoiceFacts
    pending: tuple[OutboxItem, ...] = ()


@dataclass(frozen=True)
class Change:
    """Everything that one step writes about one invoice, in one go.

    `before` is what was locked; `after` and `state` replace it; `changed_outbox` replaces rows; the rest is appended.
    A dispute that was stored without an invoice belongs to this one from now on.
    Ledger entries whose keys are known are left alone, but for `occurred_at`, which is replaced. New outbox rows whose
    dedupe key is known are left alone too,
    unless the known row was canceled: then it is revived with the new due time and status (and keeps its id).
    `stripe_ids` are objects of Stripe's (PaymentIntents, charges, invoices) that belong to this invoice from now on;
    `save` leaves those alone that belong to another invoice already (the first claim stands), `add` refuses them.
    """

    before: InvoiceFacts
    after: InvoiceFacts
    state: InvoiceState
    now: datetime
    ledger: tuple[LedgerEntry, ...] = ()
    audit: tuple[AuditEvent, ...] = ()
    new_outbox: tuple[OutboxItem, ...] = ()
    changed_outbox: tuple[OutboxItem, ...] = ()
    stripe_ids: frozenset[str] = field(default_factory=frozenset)


class Firms(Protocol):
    """Tenants."""

    def add(self, firm: Firm) -> None:
        """Store a new firm. Raises `Conflict` when its Stripe account belongs to another."""

    def get(self, firm_id: str) -> Firm | None:
        """The firm, with its policy."""

    def save(self, firm: Firm) -> None:
        """Replace a firm's name, account and policy."""

    def all(self) -> Sequence[Firm]:
        """Every firm, oldest first (system transactions)."""


class ApiKeys(Protocol):
    """API keys by their prefix."""

    def add(self, key: ApiKey) -> None:
        """Store a new key's record."""

    def find(self, prefix: str) -> ApiKey | None:
        """The key with that prefix, revoked or not (system transactions)."""

    def save(self, key: ApiKey) -> None:
        """Replace last use and revocation."""


class Clients(Protocol):
    """A firm's customers."""

    def add(self, client: Client) -> None:
        """Store a new client. Raises `Conflict` when its Stripe customer is another client's."""

    def get(self, client_id: str) -> Client | None:
        """The client."""

    def save(self, client: Client) -> None:
        """Replace the client's data. Raises `Conflict` as `add`."""

    def by_stripe_customer(self, stripe_customer_id: str) -> Client | None:
        """The client whose Stripe customer that is."""

    def by_email(self, address: str) -> Sequence[Client]:
        """The clients whose mails go to that address, in whatever case it is written, by firm and id."""

    def page(self, request: PageRequest) -> Page[Client]:
        """Clients, newest first. Raises `BadCursor`."""


class Invoices(Protocol):
    """Invoices with everything that their figures follow from."""

    def add(self, change: Change) -> None:
        """Store the new invoice `change.after` (`before` is the same) and the change's other rows.

        Raises `Conflict` when its number or a Stripe id is taken in the firm, or its client is not there.
        """

    def lock(self, invoice_id: str) -> LockedInvoice | None:
        """The facts and the pending outbox rows, locked against every other writer until the transaction ends.

        Refunds are in the order of their ids, totals of their charges, requests of their times, disputes of our ids.
        """

    def save(self, change: Change) -> tuple[OutboxItem, ...]:
        """Write a change of a locked invoice; the outbox rows that were new or revived.

        The version counts up when facts or figures differ from what is stored; lock again before a second save.
        Raises `StaleVersion`, and `Conflict` for a second open attempt of ours, a taken Stripe id, and a refund or
        dispute of another invoice.
        """

    def get(self, invoice_id: str) -> InvoiceRow | None:
        """The invoice as stored, without a lock."""

    def page(self, wanted: InvoiceFilter, request: PageRequest) -> Page[InvoiceRow]:
        """Invoices, newest first. Raises `BadCursor`."""


class InvoiceHistory(Protocol):
    """Questions over many invoices."""

    def facts(self, invoice_id: str) -> InvoiceFacts | None:
        """The facts without a lock, for reading."""

    def declined_at(self, stripe_payment_method_id: str, since: datetime) -> Sequence[datetime]:
        """When that payment method was declined, on all invoices, since then, oldest first.

        One time for each decline, however many sources told of it.
        """

    def open_ids(self, after_id: str, limit: int) -> Sequence[str]:
        """Ids of invoices that may still have something to come, in order, after `after_id` (empty: from the start).

        These are the draft, sent, failed, overdue and disputed ones, and those with an open dispute.
        """

    def numbers_taken(self, prefix: str) -> int:
        """How many invoice numbers begin with `prefix`."""


@dataclass(frozen=True)
class Match:
    """Which invoice an event belongs to. `firm_id` alone: its firm is known, its invoice is not.

    `is_ambiguous` when two firms claim the same Stripe object. `wakes_others` when unmatched events speak of the same
    objects.
    """

    firm_id: str | None = None
    invoice_id: str | None = None
    is_ambiguous: bool = False
    wakes_others: bool = False


class Inbox(Protocol):
    """Stored events."""

    def match(self, account: str, named_invoice_id: str | None, stripe_ids: Sequence[str]) -> Match:
        """Whose event this is: the invoice that metadata names, else the one that knows one of the ids (in their
        order), within the firm of `account` (empty: firms without one of their own).

        Without an invoice: the account's firm, or the only one without an account of its own, or none. Unmatched
        events that are woken are those of the same account.
        """

    def record(self, entry: InboxEntry) -> bool:
        """Store the event; False when (account, id) is stored already, and then nothing changes."""

    def lock(self, account: str, event_id: str) -> InboxEntry | None:
        """The stored event, locked."""

    def save(self, entry: InboxEntry) -> None:
        """Replace the processing state of an event in sight: before entering a firm, where no firm owns it yet."""

    def page(self, status: str | None, request: PageRequest) -> Page[InboxEntry]:
        """Stored events, newest first. Raises `BadCursor`."""


class InboxBacklog(Protocol):
    """Stored events that are still to be processed."""

    def matchable(self, limit: int) -> Sequence[tuple[str, str]]:
        """(account, event id) of unmatched events one of whose objects is known by now, oldest first.

        An object that two firms claim is known to neither.
        """

    def mentioning(self, stripe_ids: Sequence[str], limit: int) -> Sequence[tuple[str, str]]:
        """(account, event id) of unmatched events that speak of one of these objects, oldest first."""

    def with_status(self, status: InboxStatus, tries_max: int | None, limit: int) -> Sequence[tuple[str, str]]:
        """(account, event id) of events in `status`, oldest first, tried at most `tries_max` times if that is given."""

    def find(self, event_id: str) -> Sequence[tuple[str, str]]:
        """(account, event id) of every stored event with that id."""


class Outbox(Protocol):
    """What is to happen later."""

    def add(self, items: Sequence[OutboxItem]) -> tuple[OutboxItem, ...]:
        """Store rows as `Change.new_outbox` says; those that were new or revived."""

    def claim(self, item_id: str, now: datetime, lease_until: datetime) -> OutboxItem | None:
        """Take a due row (or one whose lease is over) for us alone, counting the try; None when it is not to be had.

        Never waits: a row that another transaction has locked is not to be had either, the sweep finds it again.
        """

    def get(self, item_id: str) -> OutboxItem | None:
        """The row."""

    def save(self, item: OutboxItem) -> None:
        """Replace invoice, due time, status, tries, lease and error."""

    def pending_for(self, invoice_id: str) -> Sequence[OutboxItem]:
        """The invoice's rows that are due, claimed or held, by due time."""

    def pending_for_dispute(self, dispute_id: str) -> Sequence[OutboxItem]:
        """The dispute's rows that are due, claimed or held, by due time, locked as those of a locked invoice are."""


class OutboxSchedule(Protocol):
    """The outbox by time."""

    def due(self, before: datetime, limit: int) -> Sequence[OutboxItem]:
        """Rows due by then (`before` included), and claimed ones whose lease ended before then.

        Oldest first; with more than `limit`, firms take turns, so that one firm's backlog starves nobody.
        """

    def page(self, wanted: OutboxFilter, request: PageRequest) -> Page[OutboxItem]:
        """Rows, newest first. Raises `BadCursor`."""


class Journal(Protocol):
    """Audit events and ledger entries: appended, never changed."""

    def append(self, events: Sequence[AuditEvent]) -> None:
        """Write audit events."""

    def page(self, wanted: AuditFilter, request: PageRequest) -> Page[AuditEvent]:
        """Audit events, newest first. Raises `BadCursor`."""

    def of_invoice(self, invoice_id: str, limit: int) -> Sequence[AuditEvent]:
        """An invoice's audit events, oldest first."""

    def ledger_of(self, invoice_id: str) -> Sequence[LedgerEntry]:
        """An invoice's ledger entries, oldest first."""


@dataclass(frozen=True)
class StoredAnswer:
    """The answer to an API request under an `Idempotency-Key`; `status` 0 while the request is still running."""

    fingerprint: str
    status: int
    body: Any
    created_at: datetime


class IdempotencyKeys(Protocol):
    """A firm's answers to POST requests, kept for a day. Raises `WrongFirm` in a system transaction."""

    def begin(self, key: str, fingerprint: str, now: datetime) -> StoredAnswer | None:
        """Reserve `key`; None when it is ours now, else what stands under it."""

    def finish(self, key: str, status: int, body: Any) -> None:
        """Keep the answer."""

    def release(self, key: str) -> None:
        """Forget a key whose request changed nothing."""


class Heartbeats(Protocol):
    """Signs of life of the background processes: seen and written in system transactions."""

    def beat(self, name: str, now: datetime) -> None:
        """`name` is alive. An older time than the last changes nothing."""

    def last(self, name: str) -> datetime | None:
        """When `name` last was."""
