"""Webhooks as Stripe signs them."""

import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
from typing import Any

from tests.e2e.installation import Answer, Installation

PATH = "/api/webhooks/stripe/"


def secret_of(installation: Installation) -> str:
    return (installation.home / "secrets" / "sandbox_webhook_secret").read_text().strip()


def signature(secret: str, body: bytes, stamp: int | None = None) -> str:
    stamp = int(time.time()) if stamp is None else stamp
    return f"t={stamp},v1={hmac.new(secret.encode(), f'{stamp}.'.encode() + body, hashlib.sha256).hexdigest()}"


def deliver(installation: Installation, event: dict[str, Any]) -> Answer:
    """One signed delivery."""
    return deliver_raw(installation, json.dumps(event).encode())


def deliver_raw(installation: Installation, body: bytes, header: str | None = None) -> Answer:
    """Bytes as they are, under the right signature unless another header is given."""
    signed = signature(secret_of(installation), body) if header is None else header
    request = urllib.request.Request(installation.url + PATH, body, {"Stripe-Signature": signed}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return Answer(answer.status, json.loads(answer.read()))
    except urllib.error.HTTPError as error:
        return Answer(error.code, json.loads(error.read() or b"null"))
