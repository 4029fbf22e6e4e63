"""Checks Stripe's webhook signatures over the raw bytes, and that what was signed is an event.

The scheme is docs.stripe.com/webhooks ("verify manually"): HMAC-SHA256 over `timestamp.body` with the endpoint's
secret. The stripe package's own check lets stamps from the future pass, takes one secret, and puts the whole payload
into its exception; none of that is wanted here.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from adapters.stripe_api.event_json import NotStorable, parse_object, read_event
from adapters.stripe_api.json_values import UnreadableShape
from domain.model.inbox import StripeEvent
from ports.webhook_verifier import BadSignature, MalformedEvent

_TOLERANCE = timedelta(seconds=300)
_BODY_BYTES_MAX = 262_144
_HEADER_LENGTH_MAX = 4096
_SIGNATURES_MAX = 32
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True)
class _SignatureHeader:
    timestamp: str
    signatures: tuple[str, ...]


class StripeWebhookVerifier:
    """The port `WebhookVerifier`. `secrets` are the endpoint's signing secrets, any number, newest first."""

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets or not all(secret.strip() for secret in secrets):
            raise ValueError("a webhook verifier needs signing secrets, and none of them empty")
        self._keys = tuple(secret.encode() for secret in secrets)

    def verify(self, body: bytes, signature_header: str, now: datetime) -> StripeEvent:
        """The event in `body`; see the port."""
        header = _parse_header(signature_header)
        if len(body) > _BODY_BYTES_MAX:
            raise MalformedEvent(f"The body is longer than {_BODY_BYTES_MAX} bytes.")
        if not self._is_signed(body, header):
            raise BadSignature("The signature fits none of the endpoint's signing secrets.")
        _check_age(int(header.timestamp), now)
        return _event(body)

    def _is_signed(self, body: bytes, header: _SignatureHeader) -> bool:
        signed = header.timestamp.encode() + b"." + body
        expected = [hmac.new(key, signed, hashlib.sha256).hexdigest().encode() for key in self._keys]
        return any(
            hmac.compare_digest(ours, given.encode("utf-8", "replace"))
            for ours in expected
            for given in header.signatures
        )


def _parse_header(signature_header: str) -> _SignatureHeader:
    if not signature_header:
        raise BadSignature("There is no Stripe-Signature header.")
    if len(signature_header) > _HEADER_LENGTH_MAX:
        raise BadSignature(f"The Stripe-Signature header is longer than {_HEADER_LENGTH_MAX} characters.")
    pairs = [part.partition("=") for part in signature_header.split(",")]
    timestamps = [value for name, _, value in pairs if name == "t"]
    signatures = tuple(value for name, _, value in pairs if name == "v1")
    if len(timestamps) != 1 or not _TIMESTAMP.fullmatch(timestamps[0]):
        raise BadSignature("The Stripe-Signature header does not hold one timestamp (t=…).")
    if not 0 < len(signatures) <= _SIGNATURES_MAX:
        raise BadSignature("The Stripe-Signature header holds no signature of scheme v1, or far too many.")
    return _SignatureHeader(timestamps[0], signatures)


def _check_age(timestamp: int, now: datetime) -> None:
    age_seconds = now.timestamp() - timestamp
    if abs(age_seconds) > _TOLERANCE.total_seconds():
        side = "past" if age_seconds > 0 else "future"
        raise BadSignature(
            f"The signature is stamped {abs(age_seconds):.0f} s in the {side}, more than "
            f"{_TOLERANCE.total_seconds():.0f} s: a replay, or this machine's clock is wrong."
        )


def _event(body: bytes) -> StripeEvent:
    problem = ""
    try:
        return read_event(parse_object(body))
    except (NotStorable, UnreadableShape) as refusal:
        problem = str(refusal)
    raise MalformedEvent(problem)
