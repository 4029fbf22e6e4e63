"""Everything that is kept, as committed tables."""

import itertools
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from adapters.memory.locks import Locks
from adapters.memory.tables import Table
from domain.model.alert_pacing import Pace, Quiet
from domain.model.alert_rules import Watch
from domain.model.alerts import Alert, AlertSettings
from domain.model.audit import AuditEvent
from domain.model.dispute_notes import DisputeNote
from domain.model.disputes import Dispute
from domain.model.firms import ApiKey, Client, Firm
from domain.model.host_deliveries import StoredHostEvent
from domain.model.inbox import InboxEntry, InboxStatus
from domain.model.invoices import InvoiceFacts, InvoiceFigures
from domain.model.ledger import LedgerEntry
from domain.model.notices import Branding, Notice
from domain.model.outbox import PENDING_STATUSES, OutboxItem, OutboxStatus
from domain.model.seals import Seal, SealEntry
from domain.model.webhook_endpoints import WebhookEndpoint
from ports.repositories import StoredAnswer
from ports.unit_of_work import StorageUnavailable

NO_FIRM = ""
"""Whose rows those are that only system transactions see."""
WAITING = "waiting"
WAITING_STATUSES = frozenset({OutboxStatus.DUE, OutboxStatus.CLAIMED})


@dataclass(frozen=True, slots=True)
class InvoiceRecord:
    """An invoice's facts with the figures that were derived from them."""

    facts: InvoiceFacts
    figures: InvoiceFigures
    updated_at: datetime

    @property
    def firm_id(self) -> str:
        """Whose it is."""
        return self.facts.invoice.firm_id


@dataclass(frozen=True, slots=True)
class Link:
    """An object of Stripe's that belongs to an invoice."""

    firm_id: str
    stripe_id: str
    invoice_id: str


@dataclass(frozen=True, slots=True)
class Booked:
    """A ledger entry with its invoice and when it was written."""

    firm_id: str
    invoice_id: str
    entry: LedgerEntry
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class DisputeRecord:
    """A dispute with what it belongs to."""

    firm_id: str
    dispute: Dispute
    invoice_id: str | None
    client_id: str | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Written:
    """An audit event in the order of writing. `transaction` is the number of the commit that kept it."""

    number: int
    event: AuditEvent
    transaction: int = 0


@dataclass(frozen=True, slots=True)
class Sealed:
    """An entry of a firm's seal."""

    firm_id: str
    seal_number: int
    entry: SealEntry


@dataclass(frozen=True, slots=True)
class Planned:
    """An outbox row in the order of writing."""

    number: int
    item: OutboxItem


@dataclass(frozen=True, slots=True)
class Told:
    """An event for the host in the order of writing."""

    number: int
    stored: StoredHostEvent


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer with its firm and key."""

    firm_id: str
    key: str
    answer: StoredAnswer


@dataclass(frozen=True, slots=True)
class AlertState:
    """Where a firm's alerts go, and what its staff was told lately."""

    firm_id: str
    settings: AlertSettings = field(default_factory=AlertSettings)
    pace: Pace = field(default_factory=Pace)
    watch: Watch = field(default_factory=Watch)


@dataclass(frozen=True, slots=True)
class Digested:
    """An alert that waits for the digest, in the order of writing."""

    number: int
    key: str
    alert: Alert


@dataclass(frozen=True, slots=True)
class FirmBranding:
    """A branding with its firm."""

    firm_id: str
    branding: Branding


class Store:
    """One database's worth of rows. Units of work over the same store see each other's commits.

    While `is_down`, no transaction can be opened or committed.
    """

    def __init__(self) -> None:
        self.is_down = False
        self.mutex = threading.RLock()
        self.locks = Locks()
        self.numbers: Iterator[int] = itertools.count(1)
        self.commits = 0
        self.firms: Table[str, Firm] = Table(
            "firms", lambda firm: firm.id, {"account": lambda firm: (firm.stripe_account or "",)}
        )
        self.notices: Table[str, Notice] = Table(
            "notices",
            lambda notice: notice.firm_id,
            {
                "cause": lambda notice: ((notice.firm_id, notice.subject_id, notice.stage, notice.cause_key),),
                "subject": lambda notice: (notice.subject_id,),
            },
        )
        self.brandings: Table[str, FirmBranding] = Table("brandings", lambda kept: kept.firm_id)
        self.api_keys: Table[str, ApiKey] = Table(
            "api_keys", lambda key: key.firm_id, {"prefix": lambda key: (key.prefix,)}
        )
        self.clients: Table[str, Client] = Table(
            "clients", lambda client: client.firm_id, {"stripe_customer_id": _customer_of}
        )
        self.invoices: Table[str, InvoiceRecord] = Table(
            "invoices",
            lambda record: record.firm_id,
            {
                "number": lambda record: ((record.firm_id, record.facts.invoice.number),),
                "stripe_payment_intent_id": _given_intent_of,
                "stripe_invoice_id": _stripe_invoice_of,
                "payment_method": _payment_methods_of,
            },
        )
        self.links: Table[tuple[str, str], Link] = Table(
            "links", lambda link: link.firm_id, {"stripe_id": lambda link: (link.stripe_id,)}
        )
        self.disputes: Table[str, DisputeRecord] = Table(
            "disputes",
            lambda record: record.firm_id,
            {"stripe_id": lambda record: (record.dispute.stripe_dispute_id,)},
        )
        self.dispute_notes: Table[tuple[str, int], DisputeNote] = Table(
            "dispute_notes",
            lambda note: note.firm_id,
            {"note": lambda note: (note.id,), "dispute": lambda note: (note.dispute_id,)},
        )
        self.refund_owners: Table[tuple[str, str], Link] = Table("refund_owners", lambda link: link.firm_id)
        self.ledger: Table[tuple[str, str, str], Booked] = Table(
            "ledger", lambda booked: booked.firm_id, {"invoice": lambda booked: (booked.invoice_id,)}
        )
        self.audit: Table[int, Written] = Table(
            "audit", lambda written: written.event.firm_id, {"invoice": lambda written: (written.event.invoice_id,)}
        )
        self.seals: Table[tuple[str, int], Seal] = Table("seals", lambda seal: seal.firm_id)
        self.sealed: Table[tuple[str, int], Sealed] = Table("sealed", lambda sealed: sealed.firm_id)
        self.outbox: Table[str, Planned] = Table(
            "outbox",
            lambda planned: planned.item.firm_id,
            {
                "dedupe_key": lambda planned: ((planned.item.firm_id, planned.item.dedupe_key),),
                "pending": _pending_of,
                "pending of dispute": _pending_of_dispute,
                WAITING: lambda planned: (WAITING,) if planned.item.status in WAITING_STATUSES else (),
            },
        )
        self.inbox: Table[tuple[str, str], InboxEntry] = Table(
            "inbox",
            lambda entry: entry.firm_id,
            {
                "id": lambda entry: (entry.event.id,),
                "status": lambda entry: (entry.status,),
                "mention": _mentions_of,
            },
        )
        self.idempotency: Table[tuple[str, str], Answered] = Table("idempotency", lambda answered: answered.firm_id)
        self.webhook_endpoints: Table[str, WebhookEndpoint] = Table(
            "webhook_endpoints", lambda endpoint: endpoint.firm_id
        )
        self.host_events: Table[str, Told] = Table("host_events", lambda told: told.stored.event.firm_id)
        self.alert_states: Table[str, AlertState] = Table("alert_states", lambda state: state.firm_id)
        self.alert_quiet: Table[tuple[str, str, str], Quiet] = Table("alert_quiet", lambda quiet: quiet.firm_id)
        self.alert_digest: Table[tuple[str, str], Digested] = Table(
            "alert_digest", lambda digested: digested.alert.firm_id
        )
        self.heartbeats: Table[str, datetime] = Table("heartbeats", lambda _: NO_FIRM)

    def require_up(self) -> None:
        """Raise `StorageUnavailable` while the store is down."""
        if self.is_down:
            raise StorageUnavailable("The store in memory was told to be down.")


def _customer_of(client: Client) -> Iterable[tuple[str, str]]:
    return () if client.stripe_customer_id is None else ((client.firm_id, client.stripe_customer_id),)


def _given_intent_of(record: InvoiceRecord) -> Iterable[tuple[str, str]]:
    intent_id = record.facts.invoice.given_payment_intent_id
    return () if intent_id is None else ((record.firm_id, intent_id),)


def _stripe_invoice_of(record: InvoiceRecord) -> Iterable[tuple[str, str]]:
    stripe_invoice_id = record.facts.invoice.stripe_invoice_id
    return () if stripe_invoice_id is None else ((record.firm_id, stripe_invoice_id),)


def _payment_methods_of(record: InvoiceRecord) -> Iterable[str]:
    methods = {fact.stripe_payment_method_id for fact in record.facts.payments}
    methods |= {attempt.stripe_payment_method_id for attempt in record.facts.attempts}
    return [method for method in methods if method is not None]


def _pending_of(planned: Planned) -> Iterable[str]:
    item = planned.item
    return (item.invoice_id,) if item.invoice_id is not None and item.status in PENDING_STATUSES else ()


def _pending_of_dispute(planned: Planned) -> Iterable[str]:
    item = planned.item
    return (item.dispute_id,) if item.dispute_id is not None and item.status in PENDING_STATUSES else ()


def _mentions_of(entry: InboxEntry) -> Iterable[tuple[str, str]]:
    is_open = entry.status is InboxStatus.UNMATCHED
    return [(entry.event.account, stripe_id) for stripe_id in set(entry.stripe_ids)] if is_open else ()
