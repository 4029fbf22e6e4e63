"""Transactions on PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from sqlalchemy import text

from adapters.postgres.database import db, init_app
from adapters.postgres.line import Line
from adapters.postgres.repositories.alerts import PostgresAlertBook, PostgresAlertSigns
from adapters.postgres.repositories.books import PostgresBooks
from adapters.postgres.repositories.brandings import PostgresBrandings
from adapters.postgres.repositories.dispute_notes import PostgresDisputeNotes
from adapters.postgres.repositories.disputes import PostgresDisputes
from adapters.postgres.repositories.firms import PostgresApiKeys, PostgresClients, PostgresFirms
from adapters.postgres.repositories.host_events import PostgresHostEvents, PostgresWebhookEndpoints
from adapters.postgres.repositories.inbox import PostgresInbox, PostgresInboxBacklog
from adapters.postgres.repositories.invoices import PostgresInvoiceHistory, PostgresInvoices
from adapters.postgres.repositories.journal import PostgresJournal
from adapters.postgres.repositories.notices import PostgresNotices
from adapters.postgres.repositories.outbox import PostgresOutbox
from adapters.postgres.repositories.personal_data import PostgresPersonalData
from adapters.postgres.repositories.seals import PostgresSeals
from adapters.postgres.repositories.upkeep import PostgresHeartbeats, PostgresIdempotencyKeys
from adapters.postgres.schema import HEAD
from adapters.postgres.scope import Scope
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


class SqlTransaction:
    """The port `Transaction` over one session."""

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

    def __init__(self, line: Line) -> None:
        self._line = line
        firms, outbox = PostgresFirms(line), PostgresOutbox(line)
        invoices = PostgresInvoices(line, firms)
        self._remembering = (firms, invoices)
        self.firms, self.api_keys, self.clients = firms, PostgresApiKeys(line), PostgresClients(line)
        self.notices, self.brandings = PostgresNotices(line), PostgresBrandings(line)
        self.invoices, self.history = invoices, PostgresInvoiceHistory(line)
        self.inbox, self.backlog = PostgresInbox(line), PostgresInboxBacklog(line)
        self.outbox = self.schedule = outbox
        self.disputes, self.dispute_notes = PostgresDisputes(line), PostgresDisputeNotes(line)
        self.journal, self.books = PostgresJournal(line), PostgresBooks(line)
        self.idempotency, self.heartbeats = PostgresIdempotencyKeys(line), PostgresHeartbeats(line)
        self.seals, self.personal_data = PostgresSeals(line), PostgresPersonalData(line)
        self.webhook_endpoints, self.host_events = PostgresWebhookEndpoints(line), PostgresHostEvents(line)
        self.alerts, self.alert_signs = PostgresAlertBook(line), PostgresAlertSigns(line)

    def commit(self) -> None:
        """Keep everything; see the port."""
        self._line.commit()
        for repository in self._remembering:
            repository.forget()

    def enter_firm(self, firm_id: str) -> None:
        """Narrow a system transaction to one firm's rows, from here on."""
        self._line.enter(firm_id)


class SqlUnitOfWork:
    """The port `UnitOfWork` over the database at `database_url`.

    Connects when it is first used. A forked child makes connections of its own. `pool_size` connections are kept open;
    under load up to twice as many are made, and then a transaction waits `pool_timeout_seconds` for one at most.
    """

    def __init__(self, database_url: str, *, pool_size: int = 5, pool_timeout_seconds: float = 5.0) -> None:
        self._app = Flask(__name__, static_folder=None)
        init_app(self._app, database_url, pool_size=pool_size, pool_timeout_seconds=pool_timeout_seconds)

    @contextmanager
    def firm(self, firm_id: str) -> Iterator[Transaction]:
        """A transaction that sees and writes one firm's rows only."""
        with self._line(Scope(firm_id)) as line:
            yield SqlTransaction(line)

    @contextmanager
    def system(self) -> Iterator[Transaction]:
        """A transaction over all firms."""
        with self._line(Scope(None)) as line:
            yield SqlTransaction(line)

    def schema_is_current(self) -> bool:
        """Whether the database has the schema that this code works with.

        Raises `StorageUnavailable` when it does not answer, `UnsafeRole` when row-level security would not bind us.
        """
        with self._line(Scope(None)) as line:
            if not line.core(text("SELECT to_regclass('alembic_version') AS present"))[0]["present"]:
                return False
            return [row["version_num"] for row in line.core(text("SELECT version_num FROM alembic_version"))] == [HEAD]

    def close(self) -> None:
        """Close the connections that are not in use."""
        with self._app.app_context():
            db.engine.dispose()

    @contextmanager
    def _line(self, scope: Scope) -> Iterator[Line]:
        with self._app.app_context():
            line = Line(db.session(), scope)
            try:
                yield line
            finally:
                line.hang_up()
