"""Stripe's webhook signature (docs.stripe.com/webhooks): HMAC-SHA256 over "timestamp.body"."""

import hashlib
import hmac


def signature_header(body: bytes, secret: str, timestamp: int) -> str:
    """The Stripe-Signature header of one delivery."""
    signed = str(timestamp).encode() + b"." + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"
