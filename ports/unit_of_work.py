"""Transactions: all of a step or nothing of it."""

from contextlib import AbstractContextManager
from typing import Protocol

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


class StorageUnavailable(Exception):
    """The database did not take the work; nothing was kept of it."""


class CommitUnknown(StorageUnavailable):
    """The connection broke while the database was asked to keep the work: perhaps it did, perhaps not."""


class SerializationConflict(Exception):
    """The database asks for the whole step to be run again (deadlock or serialization failure)."""


class WrongFirm(Exception):
    """A row of another firm, or of none, was to be written in a firm's transaction: a mistake in our code."""

    def __init__(self) -> None:
        super().__init__("A transaction over one firm's rows cannot write another's. Open one for the right firm.")


class Transaction(Protocol):
    """One open transaction and its collections. Leaving the block without `commit` undoes everything.

    Once a method has raised an error of the storage, of this file or of `domain.model.errors`, whatever comes after
    raises the same again, `commit` too: the whole step is begun anew or given up.
    """

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

    def commit(self) -> None:
        """Keep everything. Raises `SerializationConflict` (nothing was kept) or `CommitUnknown`."""

    def enter_firm(self, firm_id: str) -> None:
        """Narrow a system transaction to one firm's rows, from here on."""


class UnitOfWork(Protocol):
    """Opens transactions. Opening or using one raises `StorageUnavailable` when the database does not answer."""

    def firm(self, firm_id: str) -> AbstractContextManager[Transaction]:
        """A transaction that sees and writes one firm's rows only."""

    def system(self) -> AbstractContextManager[Transaction]:
        """A transaction over all firms: for webhooks before a match, sweeps and the command line. Say why where it is
        used.
        """
