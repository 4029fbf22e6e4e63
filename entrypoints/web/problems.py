"""Errors as people and programs read them: RFC 9457, one catalogue of kinds."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Kind:
    """One kind of problem. `advice` says on the kind's own page what to do about it."""

    slug: str
    status: int
    title: str
    advice: str

    @property
    def uri(self) -> str:
        """The `type` of the problem: a path that answers a page about it."""
        return f"/problems/{self.slug}"


MALFORMED = Kind(
    "malformed-request",
    400,
    "The request cannot be read",
    "Send a body that is one JSON object in UTF-8, without duplicate keys and at most 32 levels deep.",
)
BAD_SIGNATURE = Kind(
    "bad-signature",
    400,
    "The webhook is not signed by Stripe for this endpoint",
    "Compare the endpoint's signing secret in Stripe's dashboard with STRIPE_WEBHOOK_SECRET, and this machine's clock "
    "with the true time. Proxies must pass the body on unchanged.",
)
MALFORMED_EVENT = Kind(
    "malformed-event",
    400,
    "The webhook is signed, but is not a Stripe event",
    "In Stripe's dashboard, set the endpoint to snapshot payloads.",
)
BAD_MAIL_SIGNATURE = Kind(
    "bad-mail-signature",
    400,
    "The report is not signed with a secret of this installation",
    "Compare the signing secret at the mail provider with MAIL_WEBHOOK_SECRET, and this machine's clock with the true "
    "time. Reports are signed after the Standard Webhooks scheme (standardwebhooks.com).",
)
BAD_IDEMPOTENCY_KEY = Kind(
    "bad-idempotency-key",
    400,
    "The Idempotency-Key cannot be used",
    "Send 1 to 255 printable ASCII characters; a random UUID for each operation is best.",
)
UNAUTHENTICATED = Kind(
    "unauthenticated",
    401,
    "No valid API key was sent",
    "Send the header 'Authorization: Bearer <API key>'. 'dunlin apikey create' makes a key.",
)
FORBIDDEN = Kind(
    "forbidden",
    403,
    "The API key may not do this",
    "Use a key with a larger scope: read < write < admin. 'dunlin apikey create --scope' makes one.",
)
NOT_FOUND = Kind(
    "not-found",
    404,
    "There is no such thing here",
    "Check the path, the id, and that the key belongs to the right firm.",
)
METHOD_NOT_ALLOWED = Kind(
    "method-not-allowed", 405, "This path does not take this method", "Use one of the methods in the Allow header."
)
TIMEOUT = Kind("request-timeout", 408, "The request came too slowly", "Send the whole body at once.")
CONFLICT = Kind(
    "conflict", 409, "The object's state forbids this now", "Read the detail, mend what it names, and try again."
)
IN_PROGRESS = Kind(
    "request-in-progress",
    409,
    "A request with this Idempotency-Key is still running",
    "Wait as long as Retry-After says, then send the same request again.",
)
UNFINISHED = Kind(
    "request-unfinished",
    409,
    "A request with this Idempotency-Key never came to an end",
    "The server stopped while it ran, so it may or may not have had its effect. Look whether it had; if not, send it "
    "again under a new key.",
)
TOO_LARGE = Kind("content-too-large", 413, "The body is too large", "Send less at once.")
UNSUPPORTED_MEDIA_TYPE = Kind(
    "unsupported-media-type", 415, "The body is not JSON", "Send the header 'Content-Type: application/json'."
)
INVALID = Kind(
    "invalid-input",
    422,
    "Some of the input is not acceptable",
    "The member 'errors' names each field and what is wrong with it.",
)
KEY_REUSED = Kind(
    "idempotency-key-reused",
    422,
    "The Idempotency-Key belongs to another request",
    "Use a new key for a new request; the same key only to repeat the same request.",
)
TOO_MANY_FAILURES = Kind(
    "too-many-failed-logins",
    429,
    "Too many wrong API keys",
    "Wait as long as Retry-After says, and check which key is configured. A right key is always accepted.",
)
INTERNAL = Kind(
    "internal-error",
    500,
    "Something went wrong on our side",
    "Try again; if it stays, look for the problem's 'instance' in the log.",
)
EVENT_NOT_PROCESSED = Kind(
    "event-not-processed",
    500,
    "The event is stored, but could not be processed",
    "Stripe will send it again; 'dunlin events replay' processes it by hand.",
)
UNAVAILABLE = Kind(
    "storage-unavailable", 503, "The database does not answer", "Nothing was kept. Try again as Retry-After says."
)
MAIL_REPORTS_OFF = Kind(
    "mail-reports-off",
    503,
    "Reports about mails are not taken yet",
    "Set MAIL_WEBHOOK_SECRET to the signing secret that the mail provider shows, and start Dunlin again.",
)
GATEWAY_UNAVAILABLE = Kind(
    "stripe-unavailable", 503, "Stripe does not answer", "Nothing was changed. Try again as Retry-After says."
)

KINDS: Mapping[str, Kind] = {kind.slug: kind for kind in list(globals().values()) if isinstance(kind, Kind)}


class ProblemFound(Exception):
    """Ends a request with a problem. Raised at the edge alone; `detail` tells what happened and what to do."""

    def __init__(self, kind: Kind, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})


def problem(
    kind: Kind,
    detail: str,
    *,
    errors: Mapping[str, Sequence[str]] | None = None,
    instance: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer for one problem; `errors` by field, `instance` names this very occurrence."""
    members: dict[str, Any] = {"type": kind.uri, "title": kind.title, "status": kind.status, "detail": detail}
    if errors is not None:
        members["errors"] = errors
    if instance is not None:
        members["instance"] = instance
    body = json.dumps(members, ensure_ascii=False)
    return Response(body, kind.status, headers, content_type=MEDIA_TYPE)
