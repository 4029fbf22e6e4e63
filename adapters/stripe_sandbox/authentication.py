"""Whose request it is: any test key is good, the Stripe-Account header names a connected account. And its version."""

import base64
import binascii
import re

from adapters.stripe_sandbox.errors import ApiError, invalid_parameter
from adapters.stripe_sandbox.values import PLATFORM_ACCOUNT

_VERSION = re.compile(r"^\d{4}-\d{2}-\d{2}(\.[a-z]+)?$")
_ACCOUNT = re.compile(r"^acct_[A-Za-z0-9_]{1,64}$")


def account_of(authorization: str | None, account: str | None) -> str:
    """The account that a request is for. Raises ApiError 401 without a test key, 403 for a malformed account."""
    _check_key(_key_in(authorization))
    if account is None:
        return PLATFORM_ACCOUNT
    if not _ACCOUNT.match(account):
        message = f"The provided key does not have access to account '{account[:80]}' (or that account does not exist)."
        raise ApiError(403, "invalid_request_error", message, "account_invalid", is_executed=False)
    return account


def check_version(version: str | None) -> None:
    """Raises ApiError 400 for a Stripe-Version header that is no version; answers keep the newest shape."""
    if version is not None and not _VERSION.match(version):
        raise invalid_parameter(f"Invalid Stripe API version: {version[:100]}", param="Stripe-Version")


def _key_in(authorization: str | None) -> str | None:
    scheme, _, value = (authorization or "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().split(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return None
    return None


def _check_key(key: str | None) -> None:
    if not key:
        message = (
            "You did not provide an API key. You need to provide your API key in the Authorization header, using "
            "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
        raise ApiError(401, "invalid_request_error", message, is_executed=False)
    if not key.startswith("sk_test_") or len(key) <= len("sk_test_"):
        message = f"Invalid API Key provided: {key[:8]}***. This sandbox takes any key that begins with sk_test_."
        raise ApiError(401, "invalid_request_error", message, is_executed=False)
