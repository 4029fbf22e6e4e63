"""Events as Stripe sends them, and signed webhooks; each test names only what matters to it."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from domain.model.inbox import StripeEvent

EVENTS = Path(__file__).parents[3] / "fixtures" / "stripe" / "events"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECRET = "whsec_first"


def captured_bodies() -> dict[str, dict[str, Any]]:
    """Every captured event's body by its path below the events folder."""
    return {
        str(path.relative_to(EVENTS)): json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(EVENTS.glob("*/*.json"))
    }


def event_of(body: dict[str, Any]) -> StripeEvent:
    """A body as the verifier hands it on."""
    return StripeEvent(
        id=body["id"],
        type=body["type"],
        account=body.get("account") or "",
        created_at=datetime.fromtimestamp(body["created"], UTC),
        livemode=body["livemode"],
        api_version=body.get("api_version"),
        body=body,
    )


def event_about(kind: str, subject: dict[str, Any]) -> StripeEvent:
    """An event of type `kind` about an object."""
    return event_of(body_about(kind, subject))


def body_about(kind: str, subject: dict[str, Any]) -> dict[str, Any]:
    """The body of an event of type `kind` about an object."""
    return {
        "id": "evt_1",
        "object": "event",
        "type": kind,
        "created": int(NOW.timestamp()) - 5,
        "livemode": False,
        "api_version": "2026-10-28.endive",
        "data": {"object": {"object": kind.partition(".")[0], **subject}},
    }


def signed(body: bytes, *, at: datetime = NOW, secret: str = SECRET) -> str:
    """Stripe's signature header for `body`, by Stripe's published scheme."""
    timestamp = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"
