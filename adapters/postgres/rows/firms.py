"""Rows of firms, API keys and clients."""

from dataclasses import asdict
from typing import Any

from adapters.postgres.line import Row
from adapters.postgres.rows.notice_policies import notice_policy_json, notice_policy_of
from adapters.postgres.rows.values import known_moment, moment
from domain.model.firms import Address, ApiKey, Client, Firm, Scope
from domain.model.policies import CountFrom, OldSlots, Policy, RetriesBy


def firm_row(firm: Firm) -> dict[str, Any]:
    """A firm as a row."""
    return {
        "firm_id": firm.id,
        "name": firm.name,
        "stripe_account": firm.stripe_account or "",
        "policy": policy_json(firm.policy),
        "created_at": firm.created_at,
    }


def firm_of(row: Row) -> Firm:
    """A row as a firm."""
    return Firm(
        id=row["firm_id"],
        name=row["name"],
        created_at=known_moment(row["created_at"]),
        stripe_account=row["stripe_account"] or None,
        policy=policy_of(row["policy"]),
    )


def policy_json(policy: Policy) -> dict[str, Any]:
    """A policy as it is stored."""
    return {
        "retry_delays_days": list(policy.retry_delays_days),
        "count_from": policy.count_from.value,
        "retries_by": policy.retries_by.value,
        "old_slots": policy.old_slots.value,
        "dispute_reminder_hours": list(policy.dispute_reminder_hours),
        "notices": notice_policy_json(policy.notices),
        "alert_quiet_hours": policy.alert_quiet_hours,
    }


def policy_of(stored: Row) -> Policy:
    """A stored policy; what an older version did not store has its default."""
    default = Policy()
    return Policy(
        retry_delays_days=tuple(stored.get("retry_delays_days", default.retry_delays_days)),
        count_from=CountFrom(stored.get("count_from", default.count_from)),
        retries_by=RetriesBy(stored.get("retries_by", default.retries_by)),
        old_slots=OldSlots(stored.get("old_slots", default.old_slots)),
        dispute_reminder_hours=tuple(stored.get("dispute_reminder_hours", default.dispute_reminder_hours)),
        notices=notice_policy_of(stored.get("notices")),
        alert_quiet_hours=stored.get("alert_quiet_hours", default.alert_quiet_hours),
    )


def api_key_row(key: ApiKey) -> dict[str, Any]:
    """An API key's record as a row."""
    return {
        "firm_id": key.firm_id,
        "id": key.id,
        "prefix": key.prefix,
        "secret_hash": key.secret_hash,
        "scope": key.scope.value,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "revoked_at": key.revoked_at,
    }


def api_key_of(row: Row) -> ApiKey:
    """A row as an API key's record."""
    return ApiKey(
        id=row["id"],
        firm_id=row["firm_id"],
        prefix=row["prefix"],
        secret_hash=row["secret_hash"],
        scope=Scope(row["scope"]),
        created_at=known_moment(row["created_at"]),
        last_used_at=moment(row["last_used_at"]),
        revoked_at=moment(row["revoked_at"]),
    )


def client_row(client: Client) -> dict[str, Any]:
    """A client as a row."""
    return {
        "firm_id": client.firm_id,
        "id": client.id,
        "company_name": client.company_name,
        "email": client.email,
        "phone": client.phone,
        "locale": client.locale,
        "timezone": client.timezone,
        "address": asdict(client.address),
        "stripe_customer_id": client.stripe_customer_id,
        "created_at": client.created_at,
        "updated_at": client.updated_at,
        "erased_at": client.erased_at,
        "email_bad_at": client.email_bad_at,
        "email_bad_reason": client.email_bad_reason,
    }


def client_of(row: Row) -> Client:
    """A row as a client."""
    return Client(
        id=row["id"],
        firm_id=row["firm_id"],
        company_name=row["company_name"],
        created_at=known_moment(row["created_at"]),
        updated_at=known_moment(row["updated_at"]),
        email=row["email"],
        phone=row["phone"],
        locale=row["locale"],
        timezone=row["timezone"],
        address=Address(**row["address"]),
        stripe_customer_id=row["stripe_customer_id"],
        email_bad_at=moment(row["email_bad_at"]),
        email_bad_reason=row["email_bad_reason"],
        erased_at=moment(row["erased_at"]),
    )
