"""Firms, API keys and clients in memory."""

from collections.abc import Sequence
from datetime import datetime

from adapters.memory.pages import newest_first
from adapters.memory.scope import Scope
from adapters.memory.tables import View
from domain.model.errors import Conflict
from domain.model.firms import ApiKey, Client, Firm
from ports.repositories import Page, PageRequest


class MemoryFirms:
    """The port `Firms`."""

    def __init__(self, scope: Scope, firms: View[str, Firm]) -> None:
        self._scope = scope
        self._firms = firms

    def add(self, firm: Firm) -> None:
        """Store a new firm; see the port."""
        self._put(firm)

    def get(self, firm_id: str) -> Firm | None:
        """The firm, with its policy."""
        return self._firms.get(firm_id)

    def save(self, firm: Firm) -> None:
        """Replace a firm's name, account and policy; see the port."""
        self._scope.require(firm.id)
        if self._firms.lock(firm.id) is not None:
            self._put(firm)

    def all(self) -> Sequence[Firm]:
        """Every firm, oldest first."""
        return sorted(self._firms.all(), key=lambda firm: (firm.created_at, firm.id))

    def _put(self, firm: Firm) -> None:
        if firm.stripe_account is not None:
            self._firms.reserve("account", firm.stripe_account)
            if self._firms.is_taken("account", firm.stripe_account, firm.id):
                raise self._scope.failed(
                    Conflict("stripe_account: this Stripe account belongs to another firm already.")
                )
        self._firms.put(firm.id, firm)


class MemoryApiKeys:
    """The port `ApiKeys`."""

    def __init__(self, scope: Scope, keys: View[str, ApiKey], firms: View[str, Firm]) -> None:
        self._scope = scope
        self._keys = keys
        self._firms = firms

    def add(self, key: ApiKey) -> None:
        """Store a new key's record; see the port."""
        self._scope.require(key.firm_id)
        if self._firms.get(key.firm_id) is None:
            raise self._scope.failed(Conflict("firm_id: there is no such firm."))
        self._keys.reserve("prefix", key.prefix)
        if self._keys.is_taken("prefix", key.prefix, key.id):
            raise self._scope.failed(Conflict("prefix: another API key begins with the same letters. Make a new one."))
        self._keys.put(key.id, key)

    def find(self, prefix: str) -> ApiKey | None:
        """The key with that prefix; see the port."""
        return next(iter(self._keys.find("prefix", prefix)), None)

    def save(self, key: ApiKey) -> None:
        """Replace last use and revocation."""
        self._scope.require(key.firm_id)
        if self._keys.lock(key.id) is not None:
            self._keys.put(key.id, key)


class MemoryClients:
    """The port `Clients`."""

    def __init__(self, scope: Scope, clients: View[str, Client], firms: View[str, Firm]) -> None:
        self._scope = scope
        self._clients = clients
        self._firms = firms

    def add(self, client: Client) -> None:
        """Store a new client; see the port."""
        self._scope.require(client.firm_id)
        if self._firms.get(client.firm_id) is None:
            raise self._scope.failed(Conflict("firm_id: there is no such firm."))
        self._put(client)

    def get(self, client_id: str) -> Client | None:
        """The client."""
        return self._clients.get(client_id)

    def save(self, client: Client) -> None:
        """Replace the client's data; see the port."""
        self._scope.require(client.firm_id)
        if self._clients.lock(client.id) is not None:
            self._put(client)

    def by_email(self, address: str) -> Sequence[Client]:
        """The clients whose mails go to that address; see the port."""
        theirs = (c for c in self._clients.all() if c.email is not None and c.email.lower() == address.lower())
        return sorted(theirs, key=lambda client: (client.firm_id, client.id))

    def by_stripe_customer(self, stripe_customer_id: str) -> Client | None:
        """The client whose Stripe customer that is."""
        customer = (self._scope.firm_id, stripe_customer_id)
        return next(iter(self._clients.find("stripe_customer_id", customer)), None)

    def page(self, request: PageRequest) -> Page[Client]:
        """Clients, newest first; see the port."""
        return newest_first(
            self._clients.all(),
            request,
            kinds=(datetime, str),
            order=lambda client: (client.created_at, client.id),
            item_of=lambda client: client,
        )

    def _put(self, client: Client) -> None:
        if client.stripe_customer_id is not None:
            customer = (client.firm_id, client.stripe_customer_id)
            self._clients.reserve("stripe_customer_id", customer)
            if self._clients.is_taken("stripe_customer_id", customer, client.id):
                raise self._scope.failed(
                    Conflict("stripe_customer_id: this Stripe customer is another client's already.")
                )
        self._clients.put(client.id, client)
