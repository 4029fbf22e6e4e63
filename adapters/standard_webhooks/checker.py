"""The port `SignatureChecker` after the Standard Webhooks scheme.

The expected signature is the package's. Its own check is not used: it reads the machine's clock instead of ours, takes
one secret, and fails with any kind of error on malformed headers.
"""

import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from standardwebhooks.webhooks import Webhook

from ports.signed_messages import NotSigned

_TOLERANCE = timedelta(seconds=300)
_HEADER_LENGTH_MAX = 4096
_TIMESTAMP = re.compile(r"[0-9]{1,11}")
_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


class StandardWebhookChecker:
    """`secrets` are signing secrets, base64 with or without `whsec_`, any number, newest first."""

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets:
            raise ValueError("a checker needs signing secrets")
        self._webhooks = tuple(Webhook(secret) for secret in secrets)

    def check(self, body: bytes, headers: Mapping[str, str], now: datetime) -> None:
        """Return when `body` is signed; see the port."""
        message_id, timestamp, signatures = _read(headers)
        stamped_at = _stamp(timestamp, now)
        try:
            text = body.decode()
        except UnicodeDecodeError:
            raise NotSigned("The body is not UTF-8.") from None
        given = signatures.split(" ")
        for webhook in self._webhooks:
            expected = webhook.sign(message_id, stamped_at, text).encode()
            if any(hmac.compare_digest(expected, one.encode("utf-8", "replace")) for one in given):
                return
        raise NotSigned("The signature fits none of the signing secrets.")


def _read(headers: Mapping[str, str]) -> tuple[str, str, str]:
    by_name = {name.lower(): value for name, value in headers.items()}
    values = tuple(by_name.get(name, "") for name in _HEADERS)
    if not all(values):
        raise NotSigned(f"The headers {', '.join(_HEADERS)} are not all there.")
    if any(len(value) > _HEADER_LENGTH_MAX for value in values):
        raise NotSigned(f"A header of the signature is longer than {_HEADER_LENGTH_MAX} characters.")
    message_id, timestamp, signatures = values
    return message_id, timestamp, signatures


def _stamp(timestamp: str, now: datetime) -> datetime:
    if not _TIMESTAMP.fullmatch(timestamp):
        raise NotSigned("The webhook-timestamp header is not a number of seconds since 1970.")
    seconds = int(timestamp)
    age_seconds = now.timestamp() - seconds
    if abs(age_seconds) > _TOLERANCE.total_seconds():
        side = "past" if age_seconds > 0 else "future"
        raise NotSigned(
            f"The signature is stamped {abs(age_seconds):.0f} s in the {side}, more than "
            f"{_TOLERANCE.total_seconds():.0f} s: a replay, or this machine's clock is wrong."
        )
    return datetime.fromtimestamp(seconds, tz=UTC)
