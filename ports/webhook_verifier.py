"""Whether a webhook came from Stripe, just now, for us."""

from datetime import datetime
from typing import Protocol

from domain.model.inbox import StripeEvent


class BadSignature(Exception):
    """Not signed by any of our secrets, or stamped too far in the past or the future. Its text holds no payload."""


class MalformedEvent(Exception):
    """Signed, but not a Stripe event that we can read. Its text holds no payload."""


class WebhookVerifier(Protocol):
    """Checks signatures over raw bytes."""

    def verify(self, body: bytes, signature_header: str, now: datetime) -> StripeEvent:
        """The event in `body`.

        Any of several secrets may fit; the stamp must lie within 300 s of `now` on either side. Raises
        `BadSignature` or `MalformedEvent`. Livemode is reported in the event, not judged.
        """
