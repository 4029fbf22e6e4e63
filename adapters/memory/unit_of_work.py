"""Transactions in memory, held to the same contract as PostgreSQL's: for unit tests and the simulator."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from adapters.memory.repositories.alerts import MemoryAlertBook, MemoryAlertSigns
from adapters.memory.repositories.books import MemoryBooks
from adapters.memory.repositories.brandings import MemoryBrandings
from adapters.memory.repositories.disputes import MemoryDisputeNotes, MemoryDisputes
from adapters.memory.repositories.firms import MemoryApiKeys, MemoryClients, MemoryFirms
from adapters.memory.repositories.host_events import MemoryHostEvents, MemoryWebhookEndpoints
from adapters.memory.repositories.inbox import MemoryInbox
from adapters.memory.repositories.invoices import MemoryInvoices
from adapters.memory.repositories.journal import MemoryJournal
from adapters.memory.repositories.notices import MemoryNotices
from adapters.memory.repositories.outbox import MemoryOutbox
from adapters.memory.repositories.personal_data import MemoryPersonalData
from adapters.memory.repositories.reversal_rows import ReversalRows
from adapters.memory.repositories.seals import MemorySeals
from adapters.memory.repositories.upkeep import MemoryHeartbeats, MemoryIdempotencyKeys
from adapters.memory.scope import Scope
from adapters.memory.store import InvoiceRecord, Store
from adapters.memory.tables import View
from domain.model.inbox import InboxEntry
from ports.alert_repositories import AlertBook, AlertSigns
from ports.audit_seals import Seals
from ports.dispute_repositories import Books, DisputeNotes, Disputes
from ports.host_repositories import HostEvents, WebhookEndpoints
from ports.notice_repositories import Brandings, Notices
from ports.personal_data import PersonalData
from ports.repositories import (
    ApiKeys,
    Clients,
    Firms,
    Heartbeats,
    IdempotencyKeys,
    Inbox,
    InboxBacklog,
    InvoiceHistory,
    Invoices,
    Journal,
    Outbox,
    OutboxSchedule,
)
from ports.unit_of_work import Transaction


class MemoryTransaction:
    """The port `Transaction`: reads what is committed, keeps its own writes to itself until `commit`."""

    firms: Firms
    api_keys: ApiKeys
    clients: Clients
    invoices: Invoices
    history: InvoiceHistory
    inbox: Inbox
    backlog: InboxBacklog
    outbox: Outbox
    schedule: OutboxSchedule
    disputes: Disputes
    dispute_notes: DisputeNotes
    books: Books
    notices: Notices
    brandings: Brandings
    journal: Journal
    idempotency: IdempotencyKeys
    heartbeats: Heartbeats
    seals: Seals
    alerts: AlertBook
    alert_signs: AlertSigns
    personal_data: PersonalData
    webhook_endpoints: WebhookEndpoints
    host_events: HostEvents

    def __init__(self, store: Store, scope: Scope) -> None:
        self._store = store
        self._scope = scope
        firms, keys, clients = View(store.firms, scope), View(store.api_keys, scope), View(store.clients, scope)
        records, links = View(store.invoices, scope), View(store.links, scope)
        audit, ledger, rows = View(store.audit, scope), View(store.ledger, scope), View(store.outbox, scope)
        entries = View(store.inbox, scope)
        disputes, notes = View(store.disputes, scope), View(store.dispute_notes, scope)
        refund_owners = View(store.refund_owners, scope)
        answers, beats = View(store.idempotency, scope), View(store.heartbeats, scope)
        notices, brandings = View(store.notices, scope), View(store.brandings, scope)
        seals, sealed = View(store.seals, scope), View(store.sealed, scope)
        endpoints, host_events = View(store.webhook_endpoints, scope), View(store.host_events, scope)
        self._audit = audit
        self._views = (firms, keys, clients, records, links, audit, ledger, rows, entries, answers, beats)
        self._views_of_seals = (seals, sealed)
        self._views_of_mails = (notices, brandings)
        self._views_of_reversals = (disputes, notes, refund_owners)
        self._views_of_the_host = (endpoints, host_events)
        outbox = MemoryOutbox(scope, rows, store.numbers)
        journal = MemoryJournal(audit, ledger, store.numbers)
        reversals = ReversalRows(scope, disputes=disputes, refund_owners=refund_owners)
        invoices = MemoryInvoices(
            scope,
            records=records,
            links=links,
            clients=clients,
            reversals=reversals,
            outbox=outbox,
            journal=journal,
        )
        inbox = MemoryInbox(scope, entries=entries, firms=firms, invoices=records, links=links)
        self.firms, self.clients = MemoryFirms(scope, firms), MemoryClients(scope, clients, firms)
        self.notices = MemoryNotices(scope, notices, clients)
        self.brandings = MemoryBrandings(scope, brandings, firms)
        self.api_keys = MemoryApiKeys(scope, keys, firms)
        self.invoices = self.history = invoices
        self.inbox = self.backlog = inbox
        self.outbox = self.schedule = outbox
        self.disputes = MemoryDisputes(scope, disputes=disputes, notes=notes, links=links)
        self.dispute_notes = MemoryDisputeNotes(scope, disputes=disputes, notes=notes)
        self.journal, self.books = journal, MemoryBooks(ledger=ledger, invoices=records)
        self.idempotency, self.heartbeats = MemoryIdempotencyKeys(scope, answers), MemoryHeartbeats(scope, beats)
        self.seals = MemorySeals(scope, audit=audit, seals=seals, sealed=sealed, store=store)
        self._open_alerts(records, entries)
        self.personal_data = MemoryPersonalData(scope, entries=entries, answers=answers, disputes=disputes, notes=notes)
        self.webhook_endpoints = MemoryWebhookEndpoints(scope, endpoints, firms)
        self.host_events = MemoryHostEvents(scope, host_events, store.numbers)

    def _open_alerts(self, invoices: View[str, InvoiceRecord], entries: View[tuple[str, str], InboxEntry]) -> None:
        store, scope = self._store, self._scope
        states, quiet = View(store.alert_states, scope), View(store.alert_quiet, scope)
        digest = View(store.alert_digest, scope)
        self._views_of_alerts = (states, quiet, digest)
        self.alerts = MemoryAlertBook(scope, states, quiet, digest, numbers=store.numbers)
        self.alert_signs = MemoryAlertSigns(invoices=invoices, entries=entries, states=states)

    def commit(self) -> None:
        """Keep everything; see the port."""
        self._scope.check()
        self._store.require_up()
        with self._store.mutex:
            self._number_audit_events()
            for view in (
                *self._views,
                *self._views_of_reversals,
                *self._views_of_seals,
                *self._views_of_mails,
                *self._views_of_the_host,
                *self._views_of_alerts,
            ):
                if view.changes:
                    view.keep()
        self._scope.release()

    def _number_audit_events(self) -> None:
        """They are seen from this commit on, after those of every commit before."""
        if self._audit.changes:
            self._store.commits += 1
        for number, written in self._audit.changes.items():
            if written is not None:
                self._audit.changes[number] = replace(written, transaction=self._store.commits)

    def enter_firm(self, firm_id: str) -> None:
        """Narrow a system transaction to one firm's rows, from here on."""
        self._scope.require(firm_id)
        self._scope.firm_id = firm_id


class MemoryUnitOfWork:
    """The port `UnitOfWork` over one store."""

    def __init__(self, store: Store | None = None) -> None:
        self.store = store or Store()

    @contextmanager
    def firm(self, firm_id: str) -> Iterator[Transaction]:
        """A transaction that sees and writes one firm's rows only."""
        with self._open(firm_id) as transaction:
            yield transaction

    @contextmanager
    def system(self) -> Iterator[Transaction]:
        """A transaction over all firms."""
        with self._open(None) as transaction:
            yield transaction

    @contextmanager
    def _open(self, firm_id: str | None) -> Iterator[Transaction]:
        self.store.require_up()
        scope = Scope(firm_id, self.store.locks, self.store.mutex)
        try:
            yield MemoryTransaction(self.store, scope)
        finally:
            scope.release()
