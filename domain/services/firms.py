"""Tenants, their keys and their policies."""

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.model.audit import Actor, Note, Severity
from domain.model.errors import FieldError, InvalidInput, NotFound
from domain.model.firms import ApiKey, Firm, Scope
from domain.model.outbox import OutboxItem, OutboxKind
from domain.model.policies import Policy
from domain.services.bookkeeping import audit_event
from domain.services.steps import Ports, Step, in_firm, in_system

NAME_MAX = 200
KEY_MARK = "dk"
# Writing the last use at each request would make every read a write; a minute is precise enough to see a key is in use.
LAST_USE_PRECISION = timedelta(minutes=1)


def create_firm(ports: Ports, name: str, stripe_account: str | None, by: Actor) -> Firm:
    """A new tenant. `stripe_account` is for Stripe Connect. Raises `InvalidInput`, and `Conflict` when it is taken."""
    if not name.strip() or len(name) > NAME_MAX:
        raise InvalidInput(FieldError("name", f"Give the firm a name of 1 to {NAME_MAX} characters."))
    if stripe_account is not None and not stripe_account.startswith("acct_"):
        raise InvalidInput(FieldError("stripe_account", "A Stripe account id begins with acct_."))

    def create(step: Step) -> Firm:
        firm = Firm(step.ports.ids.new("frm"), name.strip(), step.now, stripe_account)
        step.tx.firms.add(firm)
        _write(step, firm.id, by, "firm_created", f"Firm {firm.name} was created.")
        return firm

    return in_system(ports, create)


def list_firms(ports: Ports) -> tuple[Firm, ...]:
    """Every tenant, oldest first; for the command line."""
    return in_system(ports, lambda step: tuple(step.tx.firms.all()))


@dataclass(frozen=True)
class NewKey:
    """A key's record and the key itself, which is shown this once."""

    record: ApiKey
    secret: str


def create_api_key(ports: Ports, firm_id: str, scope: Scope, by: Actor) -> NewKey:
    """A new key for a firm: 256 random bits, kept only as a hash. Raises `NotFound`."""

    def create(step: Step) -> NewKey:
        if step.tx.firms.get(firm_id) is None:
            raise NotFound("firm", firm_id)
        prefix = step.ports.ids.new(KEY_MARK)[-12:]
        secret = f"{KEY_MARK}_{prefix}_{step.ports.ids.secret()}"
        record = ApiKey(step.ports.ids.new("key"), firm_id, prefix, _hash(secret), scope, step.now)
        step.tx.api_keys.add(record)
        _write(step, firm_id, by, "api_key_created", f"An API key {prefix} with scope {scope} was created.")
        return NewKey(record, secret)

    return in_system(ports, create)


def revoke_api_key(ports: Ports, prefix: str, by: Actor) -> None:
    """The key opens nothing from now on. Raises `NotFound`; repeating it is fine."""

    def revoke(step: Step) -> None:
        key = step.tx.api_keys.find(prefix)
        if key is None:
            raise NotFound("API key", prefix)
        if key.revoked_at is None:
            step.tx.api_keys.save(replace(key, revoked_at=step.now))
            _write(step, key.firm_id, by, "api_key_revoked", f"API key {prefix} was revoked.")

    in_system(ports, revoke)


def authenticate(ports: Ports, presented: str) -> ApiKey | None:
    """The key that `presented` is, None when it is none of ours or revoked. Compares in constant time."""
    parts = presented.split("_", 2)
    if len(parts) != len(("mark", "prefix", "secret")) or parts[0] != KEY_MARK:
        return None

    def find(step: Step) -> ApiKey | None:
        key = step.tx.api_keys.find(parts[1])
        if key is None or key.revoked_at is not None or not hmac.compare_digest(key.secret_hash, _hash(presented)):
            return None
        if _is_stale(key.last_used_at, step.now):
            step.tx.api_keys.save(replace(key, last_used_at=step.now))
        return key

    return in_system(ports, find)


def _is_stale(last_used_at: datetime | None, now: datetime) -> bool:
    return last_used_at is None or now - last_used_at >= LAST_USE_PRECISION


def _hash(secret: str) -> str:
    """A plain hash is enough for 256 random bits: there is nothing to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()


def get_policy(ports: Ports, firm_id: str) -> Policy:
    """The firm's policy. Raises `NotFound`."""
    firm = in_firm(ports, firm_id, lambda step: step.tx.firms.get(firm_id))
    if firm is None:
        raise NotFound("firm", firm_id)
    return firm.policy


def replace_policy(ports: Ports, firm_id: str, policy: Policy, by: Actor) -> Policy:
    """A new policy; open invoices follow it from now on, each in a transaction of its own. Raises `NotFound`."""

    def change(step: Step) -> Policy:
        firm = step.tx.firms.get(firm_id)
        if firm is None:
            raise NotFound("firm", firm_id)
        if firm.policy == policy:
            return policy
        step.tx.firms.save(replace(firm, policy=policy))
        _write(step, firm_id, by, "policy_changed", f"Retries follow after {list(policy.retry_delays_days)} days now.")
        item = OutboxItem(
            id=step.ports.ids.new("out"),
            firm_id=firm_id,
            kind=OutboxKind.APPLY_POLICY,
            dedupe_key=f"{OutboxKind.APPLY_POLICY}:{step.ports.ids.new('pol')}",
            due_at=step.now,
        )
        step.ring_for(step.tx.outbox.add([item]))
        return policy

    return in_firm(ports, firm_id, change)


def _write(step: Step, firm_id: str, by: Actor, action: str, summary: str) -> None:
    note = Note(action, Severity.INFO, summary, "firm", firm_id)
    step.tx.journal.append([audit_event(step, firm_id, note, by)])
