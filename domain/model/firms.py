"""Firms (tenants), their clients, and the keys that open their data."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.model.policies import Policy


@dataclass(frozen=True)
class Firm:
    """A tenant. `stripe_account` is set for Stripe Connect: its events and requests carry it."""

    id: str
    name: str
    created_at: datetime
    stripe_account: str | None = None
    policy: Policy = field(default_factory=Policy)


class Scope(StrEnum):
    """What an API key may do; each includes the ones before it."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"

    def includes(self, needed: "Scope") -> bool:
        """Whether this scope is enough for what needs `needed`."""
        order = list(Scope)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True)
class ApiKey:
    """A key's record; the secret itself is shown once and kept only as a hash. `prefix` finds the record."""

    id: str
    firm_id: str
    prefix: str
    secret_hash: str
    scope: Scope
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True)
class Address:
    """A postal address; `country` is a two-letter ISO 3166 code."""

    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None


@dataclass(frozen=True)
class Client:
    """Who owes invoices: a customer of the firm. `stripe_customer_id` is Stripe's id of the same customer.

    `email_bad_at` is when mail to its address came back or was complained about, `email_bad_reason` says which, without
    personal data; another address clears both. Once `erased_at` is set, nothing personal is kept of it, and it stays
    that way.
    """

    id: str
    firm_id: str
    company_name: str
    created_at: datetime
    updated_at: datetime
    email: str | None = None
    phone: str | None = None
    locale: str | None = None
    timezone: str | None = None
    address: Address = Address()
    stripe_customer_id: str | None = None
    email_bad_at: datetime | None = None
    email_bad_reason: str | None = None
    erased_at: datetime | None = None
