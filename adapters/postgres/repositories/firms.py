"""Firms, their API keys and their clients."""

from collections.abc import Sequence

from sqlalchemy import insert, select, update

from adapters.postgres.line import Line
from adapters.postgres.pages import newest_first, of_firm
from adapters.postgres.rows.firms import api_key_of, api_key_row, client_of, client_row, firm_of, firm_row
from adapters.postgres.statements import ById, rows_of
from adapters.postgres.tables.firms import api_keys, clients, firms
from domain.model.firms import ApiKey, Client, Firm
from ports.repositories import Page, PageRequest

_FIRM = rows_of(firms, "WHERE firm_id = %(firm)s")
_CLIENT = ById(rows_of(clients, "WHERE {firm} id = %(id)s"))

_BY_EMAIL = ById(rows_of(clients, "WHERE {firm} email_key = lower(%(id)s) ORDER BY firm_id, id"))

_KEY = rows_of(api_keys, "WHERE prefix = %(prefix)s")
_BY_CUSTOMER = rows_of(clients, "WHERE firm_id = %(firm)s AND stripe_customer_id = %(customer)s")


class PostgresFirms:
    """The port `Firms`."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._read: dict[str, Firm] = {}

    def add(self, firm: Firm) -> None:
        """Store a new firm; see the port."""
        self._line.require(firm.id)
        self._line.run(insert(firms).values(firm_row(firm)))

    def get(self, firm_id: str) -> Firm | None:
        """The firm, with its policy."""
        if firm_id in self._read:
            return self._read[firm_id]
        rows = self._line.ask(_FIRM, {"firm": firm_id})
        return firm_of(rows[0]) if rows else None

    def save(self, firm: Firm) -> None:
        """Replace a firm's name, account and policy; see the port."""
        self._line.require(firm.id)
        self._read.pop(firm.id, None)
        self._line.run(update(firms).where(firms.c.firm_id == firm.id).values(firm_row(firm)))

    def all(self) -> Sequence[Firm]:
        """Every firm, oldest first."""
        return [firm_of(row) for row in self._line.core(select(firms).order_by(firms.c.created_at, firms.c.firm_id))]

    def forget(self) -> None:
        """The transaction that read them is over."""
        self._read.clear()

    def remember(self, firm: Firm) -> None:
        """The firm came along with something else that was read in this transaction."""
        self._read[firm.id] = firm


class PostgresApiKeys:
    """The port `ApiKeys`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def add(self, key: ApiKey) -> None:
        """Store a new key's record; see the port."""
        self._line.require(key.firm_id)
        self._line.run(insert(api_keys).values(api_key_row(key)))

    def find(self, prefix: str) -> ApiKey | None:
        """The key with that prefix; see the port."""
        rows = self._line.ask(_KEY, {"prefix": prefix})
        return api_key_of(rows[0]) if rows else None

    def save(self, key: ApiKey) -> None:
        """Replace last use and revocation."""
        self._line.require(key.firm_id)
        is_it = (api_keys.c.firm_id == key.firm_id) & (api_keys.c.id == key.id)
        changed = {"last_used_at": key.last_used_at, "revoked_at": key.revoked_at}
        self._line.run(update(api_keys).where(is_it).values(changed))


class PostgresClients:
    """The port `Clients`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def add(self, client: Client) -> None:
        """Store a new client; see the port."""
        self._line.require(client.firm_id)
        self._line.run(insert(clients).values(client_row(client)))

    def get(self, client_id: str) -> Client | None:
        """The client."""
        scope = self._line.scope
        rows = self._line.ask(_CLIENT.within(scope), {"firm": scope.firm_id, "id": client_id})
        return client_of(rows[0]) if rows else None

    def by_stripe_customer(self, stripe_customer_id: str) -> Client | None:
        """The client whose Stripe customer that is."""
        rows = self._line.ask(_BY_CUSTOMER, {"firm": self._line.scope.firm_id, "customer": stripe_customer_id})
        return client_of(rows[0]) if rows else None

    def by_email(self, address: str) -> Sequence[Client]:
        """The clients whose mails go to that address; see the port."""
        scope = self._line.scope
        rows = self._line.ask(_BY_EMAIL.within(scope), {"firm": scope.firm_id, "id": address})
        return [client_of(row) for row in rows]

    def save(self, client: Client) -> None:
        """Replace the client's data; see the port."""
        self._line.require(client.firm_id)
        is_it = (clients.c.firm_id == client.firm_id) & (clients.c.id == client.id)
        self._line.run(update(clients).where(is_it).values(client_row(client)))

    def page(self, request: PageRequest) -> Page[Client]:
        """Clients, newest first; see the port."""
        query = select(clients).where(*of_firm(self._line, clients.c.firm_id))
        return newest_first(self._line, query, request, order=(clients.c.created_at, clients.c.id), item_of=client_of)
