"""Stored events in memory."""

from collections.abc import Sequence
from datetime import datetime

from adapters.memory.pages import newest_first
from adapters.memory.scope import Scope
from adapters.memory.store import InvoiceRecord, Link
from adapters.memory.tables import View
from domain.model.firms import Firm
from domain.model.inbox import InboxEntry, InboxStatus
from ports.repositories import Match, Page, PageRequest


class MemoryInbox:
    """The ports `Inbox` and `InboxBacklog`."""

    def __init__(
        self,
        scope: Scope,
        *,
        entries: View[tuple[str, str], InboxEntry],
        firms: View[str, Firm],
        invoices: View[str, InvoiceRecord],
        links: View[tuple[str, str], Link],
    ) -> None:
        self._scope = scope
        self._entries = entries
        self._firms = firms
        self._invoices = invoices
        self._links = links

    def match(self, account: str, named_invoice_id: str | None, stripe_ids: Sequence[str]) -> Match:
        """Whose event this is; see the port."""
        wakes_others = any(self._entries.find("mention", (account, stripe_id)) for stripe_id in stripe_ids)
        owners = self._owners(account, named_invoice_id, stripe_ids)
        if len(owners) == 1:
            return Match(*owners[0], wakes_others=wakes_others)
        if owners:
            return Match(is_ambiguous=True, wakes_others=wakes_others)
        return Match(firm_id=self._firm_of(account), wakes_others=wakes_others)

    def record(self, entry: InboxEntry) -> bool:
        """Store the event unless it is stored already; see the port."""
        self._scope.require(entry.firm_id)
        key = (entry.event.account, entry.event.id)
        self._entries.lock(key)
        if self._entries.is_stored(key):
            return False
        self._entries.put(key, entry)
        return True

    def lock(self, account: str, event_id: str) -> InboxEntry | None:
        """The stored event, locked."""
        return self._entries.lock((account, event_id))

    def save(self, entry: InboxEntry) -> None:
        """Replace the processing state."""
        self._scope.require(entry.firm_id)
        key = (entry.event.account, entry.event.id)
        if self._entries.lock(key) is not None:
            self._entries.put(key, entry)

    def page(self, status: str | None, request: PageRequest) -> Page[InboxEntry]:
        """Stored events, newest first; see the port."""
        entries = (entry for entry in self._entries.all() if status in (None, entry.status))
        return newest_first(entries, request, kinds=(datetime, str, str), order=_position, item_of=lambda entry: entry)

    def matchable(self, limit: int) -> Sequence[tuple[str, str]]:
        """Unmatched events one of whose objects is known by now; see the port."""
        unmatched = sorted(self._entries.find("status", InboxStatus.UNMATCHED), key=_position)
        known = (entry for entry in unmatched if self._is_known(entry))
        return [_key(entry) for entry, _ in zip(known, range(limit), strict=False)]

    def mentioning(self, stripe_ids: Sequence[str], limit: int) -> Sequence[tuple[str, str]]:
        """Unmatched events that speak of one of these objects; see the port."""
        wanted = set(stripe_ids)
        unmatched = sorted(self._entries.find("status", InboxStatus.UNMATCHED), key=_position)
        return [_key(entry) for entry in unmatched if wanted.intersection(entry.stripe_ids)][:limit]

    def with_status(self, status: InboxStatus, tries_max: int | None, limit: int) -> Sequence[tuple[str, str]]:
        """Events in that status, oldest first; see the port."""
        entries = sorted(self._entries.find("status", status), key=_position)
        return [_key(entry) for entry in entries if tries_max is None or entry.tries <= tries_max][:limit]

    def find(self, event_id: str) -> Sequence[tuple[str, str]]:
        """Every stored event with that id."""
        return sorted(_key(entry) for entry in self._entries.find("id", event_id))

    def _owners(self, account: str, named_invoice_id: str | None, stripe_ids: Sequence[str]) -> list[tuple[str, str]]:
        """(firm, invoice) of the first hint that leads anywhere; two when firms contradict each other."""
        named = None if named_invoice_id is None else self._invoices.get(named_invoice_id)
        if named is not None and self._is_of(named.firm_id, account):
            return [(named.firm_id, named.facts.invoice.id)]
        for stripe_id in stripe_ids:
            links = [link for link in self._links.find("stripe_id", stripe_id) if self._is_of(link.firm_id, account)]
            if links:
                return [(link.firm_id, link.invoice_id) for link in links]
        return []

    def _is_of(self, firm_id: str, account: str) -> bool:
        firm = self._firms.get(firm_id)
        return firm is not None and (firm.stripe_account or "") == account

    def _firm_of(self, account: str) -> str | None:
        """The account's firm; the only one without an account; for an account that nobody has, the only firm at all."""
        firms = self._firms.find("account", account)
        if not firms:
            firms = self._firms.all()
            firms = firms if all(firm.stripe_account is None for firm in firms) else []
        return firms[0].id if len(firms) == 1 else None

    def _is_known(self, entry: InboxEntry) -> bool:
        return len(self._owners(entry.event.account, None, entry.stripe_ids)) == 1


def _key(entry: InboxEntry) -> tuple[str, str]:
    return entry.event.account, entry.event.id


def _position(entry: InboxEntry) -> tuple[datetime, str, str]:
    return entry.received_at, entry.event.account, entry.event.id
