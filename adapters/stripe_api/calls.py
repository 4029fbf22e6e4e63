"""One request to Stripe and what came back, as a value: every failure of the way there or back included."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import stripe

from adapters.stripe_api.http_client import NotConnected
from adapters.stripe_api.json_values import Json, mapping, text
from ports.pacing import RequestPacer, TurnNotGranted

_ID_SEGMENT = 3
# What reading a mangled answer can trip over inside the package, after the request has left.
_UNREADABLE = (TypeError, AttributeError, LookupError, ValueError, RecursionError)


@dataclass(frozen=True)
class Answer:
    """Stripe answered: `body` is an object, or holds `error`. `told_at` is Stripe's own time of the answer."""

    status: int
    body: Json
    request_id: str | None = None
    told_at: datetime | None = None

    @property
    def is_success(self) -> bool:
        """Whether Stripe did what was asked."""
        return 200 <= self.status < 300

    @property
    def error(self) -> Json:
        """The error object, empty on success."""
        return mapping(self.body, "error")

    @property
    def code(self) -> str | None:
        """The error's code."""
        return text(self.error, "code")

    @property
    def is_rate_limit(self) -> bool:
        """Turned away before anything began. Source: docs.stripe.com/rate-limits; 400 in old versions."""
        return self.status == 429 or (self.status == 400 and self.code == "rate_limit")

    def described(self) -> str:
        """What went wrong, for people: no payload, and Stripe's request id, with which support finds it."""
        said = text(self.error, "message") or text(self.error, "type") or "no reason given"
        request = f", request {self.request_id}" if self.request_id else ""
        return f"Stripe answered {self.status}{request}: {said}"


@dataclass(frozen=True)
class NoAnswer:
    """No readable answer. `has_left` unless the request surely never reached Stripe."""

    reason: str
    has_left: bool


Reply = Answer | NoAnswer


class StripeCalls:
    """Sends requests of Stripe's v1 API, each when the pacer gives it a turn. Never raises for what comes back."""

    def __init__(self, client: stripe.StripeClient, pacer: RequestPacer) -> None:
        self._client = client
        self._pacer = pacer

    def get(self, account: str | None, path: str, query: Mapping[str, str] | None = None) -> Reply:
        """Read. `query` is flat, as it stands in the address."""
        return self._send("get", account, path, query or {}, {})

    def post(
        self,
        account: str | None,
        path: str,
        form: Mapping[str, str],
        *,
        idempotency_key: str | None = None,
        stripe_version: str | None = None,
    ) -> Reply:
        """Write. `form` is flat, and leaves in the order of its keys, so that equal forms are equal requests.

        Without `idempotency_key` the package makes one by chance: only for what is safe to repeat by its nature.
        """
        options = {"idempotency_key": idempotency_key, "stripe_version": stripe_version}
        return self._send("post", account, path, form, {name: value for name, value in options.items() if value})

    def _send(
        self, method: str, account: str | None, path: str, params: Mapping[str, str], options: dict[str, str]
    ) -> Reply:
        try:
            self._pacer.wait_for_turn(_lane(method, account, path))
        except TurnNotGranted as refusal:
            return NoAnswer(f"Held back by our own rate limit: {refusal}", has_left=False)
        if account:
            options = {**options, "stripe_account": account}
        sent: dict[str, Any] = {name: params[name] for name in sorted(params)}
        try:
            answer = self._client.raw_request(method, path, **sent, **options)
        except NotConnected as error:
            return NoAnswer(f"Stripe was not reached: {error.user_message}", has_left=False)
        except stripe.APIConnectionError as error:
            return NoAnswer(f"Stripe's answer was lost: {error.user_message}", has_left=True)
        except stripe.StripeError as error:
            return _refusal(error)
        except _UNREADABLE as error:
            return NoAnswer(f"Stripe's answer could not be read ({type(error).__name__}).", has_left=True)
        if not isinstance(answer.data, dict):
            return NoAnswer("Stripe's answer is not an object.", has_left=True)
        return Answer(answer.code, answer.data, told_at=_date(answer.headers))


def stripe_time(told_at: datetime | None, now: datetime) -> datetime:
    """When Stripe told an answer; where it does not say, `now` in whole seconds as Stripe counts them, so that of two
    tellings of one second the content decides which is newer.
    """
    return told_at or now.replace(microsecond=0)


def _refusal(error: stripe.StripeError) -> Reply:
    status, body = error.http_status or 0, error.json_body
    told = body if isinstance(body, dict) and isinstance(body.get("error"), dict) else {}
    if status >= 500 or (told and status >= 400):
        return Answer(status, told, error.request_id, _date(error.headers or {}))
    return NoAnswer(f"The answer (HTTP {status}) is none of Stripe's; perhaps a proxy's.", has_left=True)


def _date(headers: Mapping[str, str]) -> datetime | None:
    """The `Date` header, whole seconds; None where there is none that can be read."""
    try:
        told_at = parsedate_to_datetime(headers.get("Date") or "")
        return told_at.replace(tzinfo=UTC) if told_at.tzinfo is None else told_at.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _lane(method: str, account: str | None, path: str) -> str:
    """Stripe limits each endpoint of each account."""
    segments = path.split("/")
    if len(segments) > _ID_SEGMENT:
        segments[_ID_SEGMENT] = "{id}"
    return f"{account or 'platform'} {method.upper()} {'/'.join(segments)}"
