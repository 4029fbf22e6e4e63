"""Whose request it is: the API key says which firm, and how much it may do."""

import ipaddress
import re
import time
from dataclasses import dataclass

from flask import g, request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from domain.model.audit import Actor
from domain.model.firms import ApiKey, Scope
from domain.services import firms
from entrypoints.web.application import ports
from entrypoints.web.problems import FORBIDDEN, TOO_MANY_FAILURES, UNAUTHENTICATED, ProblemFound

_FAILURES_A_MINUTE = RateLimitItemPerMinute(20)
_KEY = re.compile(r"[A-Za-z0-9]{1,16}_([A-Za-z0-9]{1,64})_[A-Za-z0-9_-]{1,200}")
_CHALLENGE = 'Bearer realm="dunlin"'


class FailedLogins:
    """Counts wrong keys by address and by prefix, in this process. It slows guessing and its noise.

    A right key is let through whatever was counted: 256 random bits are not guessed, and nobody must be able to lock
    out a key's owner by sending wrong keys under its prefix or from behind the same proxy.
    """

    def __init__(self) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def note(self, address: str, prefix: str | None) -> int | None:
        """Count one; seconds to wait when there were too many, else None. What has no key's shape has no prefix."""
        for kind, value in (("address", address), ("prefix", prefix)):
            if value is not None and not self._limiter.hit(_FAILURES_A_MINUTE, kind, value):
                resets_at = self._limiter.get_window_stats(_FAILURES_A_MINUTE, kind, value).reset_time
                return max(1, round(resets_at - time.time()))
        return None


@dataclass(frozen=True)
class Caller:
    """The firm that asks, with the scope of its key, and how the audit log names it."""

    firm_id: str
    scope: Scope
    actor: Actor


def caller() -> Caller:
    """Who makes the current request; set by `authenticate`."""
    found: Caller = g.caller
    return found


def authenticate(failed_logins: FailedLogins) -> None:
    """Find out who asks. Raises `ProblemFound`: 401, or 429 after too many wrong keys."""
    scheme, _, presented = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not presented.strip():
        detail = "Send the header 'Authorization: Bearer <API key>'."
        raise ProblemFound(UNAUTHENTICATED, detail, headers={"WWW-Authenticate": _CHALLENGE})
    key = _find(presented.strip())
    if key is None:
        raise _refusal(failed_logins, presented.strip())
    g.caller = Caller(key.firm_id, key.scope, Actor("api_key", key.prefix))


def require(needed: Scope) -> None:
    """Raise `ProblemFound` (403) unless the caller's scope is enough."""
    scope = caller().scope
    if not scope.includes(needed):
        detail = f"This needs a key of scope {needed}; the key that was sent has {scope}."
        raise ProblemFound(FORBIDDEN, detail)


def _find(presented: str) -> ApiKey | None:
    return firms.authenticate(ports(), presented) if _KEY.fullmatch(presented) else None


def _refusal(failed_logins: FailedLogins, presented: str) -> ProblemFound:
    shape = _KEY.fullmatch(presented)
    wait_seconds = failed_logins.note(_network(request.remote_addr), shape[1] if shape else None)
    if wait_seconds is not None:
        detail = f"Too many wrong API keys. Wait {wait_seconds} s and check which key is configured."
        return ProblemFound(TOO_MANY_FAILURES, detail, headers={"Retry-After": str(wait_seconds)})
    detail = "The API key is unknown or revoked. Check it, or make a new one with 'dunlin apikey create'."
    challenge = f'{_CHALLENGE}, error="invalid_token"'
    return ProblemFound(UNAUTHENTICATED, detail, headers={"WWW-Authenticate": challenge})


def _network(address: str | None) -> str:
    """The address; for IPv6 its /64, which is what one host has to itself."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
