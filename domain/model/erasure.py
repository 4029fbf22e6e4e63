"""What is left of things once a client's personal data is erased."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from domain.model.attempts import OwnAttempt
from domain.model.firms import Address, Client
from domain.model.inbox import FINAL_STATUSES, InboxEntry, InboxStatus

ERASED_NAME = "Erased client"
ERASED_NOTE = "[erased]"
"""What stands in the place of an internal note's text. The database lets a note be changed to nothing else."""
ERASED_MARK = "dunlin_erased"
"""The member of an event's body that says that the rest is gone."""
_ENVELOPE = ("id", "object", "type", "created", "livemode", "api_version", "account")
_LINKS = ("payment_intent", "charge", "invoice", "dispute", "refund")


def erased_client(client: Client, now: datetime) -> Client:
    """The client with nothing personal in it.

    Stripe's customer is taken off too: without it there is no card that could be charged, whatever is resumed later,
    and nothing here leads back to the person. The customer at Stripe is the firm's to delete.
    """
    return replace(
        client,
        company_name=ERASED_NAME,
        email=None,
        phone=None,
        locale=None,
        timezone=None,
        address=Address(),
        stripe_customer_id=None,
        email_bad_at=None,
        email_bad_reason=None,
        updated_at=now,
        erased_at=client.erased_at or now,
    )


def erased_attempt(attempt: OwnAttempt) -> OwnAttempt:
    """An ended attempt without the requests that left for it, which hold the invoice's description. Their key stays."""
    return attempt if attempt.frozen is None else replace(attempt, frozen=replace(attempt.frozen, requests=()))


def is_erased(body: Mapping[str, Any]) -> bool:
    """Whether an event's body is what an erasure left."""
    return bool(body.get(ERASED_MARK))


def erased_event(entry: InboxEntry) -> InboxEntry:
    """The stored event with its envelope and the ids of its objects alone. What was still to be processed is ignored
    from now on; what was processed stays so.
    """
    event = entry.event
    source = event.body.get("data", {})
    subject = source.get("object") if isinstance(source, Mapping) else None
    envelope = {name: event.body[name] for name in _ENVELOPE if name in event.body}
    body = {**envelope, "data": {"object": _ids_of(subject)}, ERASED_MARK: True}
    if entry.status in FINAL_STATUSES:
        return replace(entry, event=replace(event, body=body))
    why = "Its content was erased with the client's personal data."
    return replace(entry, event=replace(event, body=body), status=InboxStatus.IGNORED, error=why)


def _ids_of(subject: object) -> dict[str, str]:
    if not isinstance(subject, Mapping):
        return {}
    links = {name: _id_of(subject.get(name)) for name in _LINKS}
    own = {name: subject.get(name) for name in ("object", "id")}
    return {name: value for name, value in {**own, **links}.items() if isinstance(value, str)}


def _id_of(value: object) -> object:
    """Stripe gives a linked object as its id or, expanded, as a whole."""
    return value.get("id") if isinstance(value, Mapping) else value
