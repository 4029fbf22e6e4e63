"""Signing webhooks and sending them to where they may be sent."""

import base64
import hashlib
import hmac
import http.client
import socket
import ssl
from collections.abc import Sequence
from datetime import UTC
from functools import cached_property

import certifi
from standardwebhooks import Webhook

from adapters.host_webhooks.resolving import Resolver, resolve_in_time, system_addresses
from adapters.host_webhooks.timed_socket import Deadline, TimedSocket
from domain.model.host_addresses import AddressRules, BadHostAddress, Target, check_addresses, read_url
from domain.model.host_deliveries import HostAnswer, answered
from ports.host_webhooks import HostWebhook

TIME_LIMIT_SECONDS = 10.0
"""For the whole of one delivery. Standard Webhooks recommends 15 to 30; a slow host is tried again anyway."""
_CONFIGURE_SECONDS = 5.0
_ANSWER_BYTES_MAX = 65_536
_USER_AGENT = "Dunlin-Webhooks/1"


class StandardHostWebhooks:
    """The port `HostWebhooks`.

    Secrets are derived from `secret_key`, so that the database holds none. The host's name is resolved here, the
    addresses are checked, and exactly a checked address is connected to: what the name resolves to a moment later does
    not matter. TLS still asks for the name. `resolve` and `tls` are for tests.
    """

    def __init__(
        self,
        secret_key: str,
        rules: AddressRules,
        *,
        resolve: Resolver = system_addresses,
        tls: ssl.SSLContext | None = None,
        time_limit_seconds: float = TIME_LIMIT_SECONDS,
    ) -> None:
        self._secret_key = secret_key.encode()
        self._rules = rules
        self._resolve = resolve
        self._given_tls = tls
        self._time_limit_seconds = time_limit_seconds

    def secret(self, salt: str) -> str:
        """The secret of a salt; see the port."""
        derived = hmac.new(self._secret_key, f"host webhook:{salt}".encode(), hashlib.sha256).digest()
        return "whsec_" + base64.b64encode(derived).decode()

    def check_url(self, url: str) -> None:
        """Raise `BadHostAddress` when nothing may be sent there now; see the port."""
        target = read_url(url, self._rules)
        try:
            self._addresses(target, Deadline(min(_CONFIGURE_SECONDS, self._time_limit_seconds)))
        except OSError as error:
            raise BadHostAddress("The host's name cannot be resolved.") from error

    def send(self, webhook: HostWebhook) -> HostAnswer:
        """Send once; see the port."""
        deadline = Deadline(self._time_limit_seconds)
        try:
            target = read_url(webhook.url, self._rules)
            connection = self._connect(target, deadline)
        except BadHostAddress as bad:
            return HostAnswer(None, f"Not sent: {bad}")
        except OSError as error:
            return HostAnswer(None, f"No connection: {_in_words(error)}")
        try:
            return answered(
                _exchange(TimedSocket(connection, deadline, _ANSWER_BYTES_MAX), target, self._signed(webhook))
            )
        except (OSError, http.client.HTTPException) as error:
            return HostAnswer(None, f"No answer: {_in_words(error)}")
        finally:
            connection.close()

    def _signed(self, webhook: HostWebhook) -> tuple[dict[str, str], bytes]:
        text = webhook.body.decode()
        sent_at = webhook.sent_at.astimezone(UTC)  # the library takes any time for one in UTC
        secrets = [self.secret(salt) for salt in webhook.salts]
        signatures = [Webhook(secret).sign(webhook.event_id, sent_at, text) for secret in secrets]
        headers = {
            "Content-Type": "application/json",
            "User-Agent": _USER_AGENT,
            "Connection": "close",
            "webhook-id": webhook.event_id,
            "webhook-timestamp": str(int(sent_at.timestamp())),
            "webhook-signature": " ".join(signatures),
        }
        return headers, webhook.body

    def _addresses(self, target: Target, deadline: Deadline) -> Sequence[str]:
        """The checked addresses of the target. Raises `BadHostAddress` and `OSError`."""
        found = resolve_in_time(self._resolve, target.host, target.port, deadline)
        check_addresses(target, found, self._rules)
        return found

    def _connect(self, target: Target, deadline: Deadline) -> socket.socket:
        connection = _first_open(self._addresses(target, deadline), target.port, deadline)
        if not target.is_tls:
            return connection
        try:
            connection.settimeout(deadline.remaining_seconds())
            return self._tls.wrap_socket(connection, server_hostname=target.host)
        except OSError:
            connection.close()
            raise

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """The machine's own trust store and certifi's, which a slim container has alone."""
        if self._given_tls is not None:
            return self._given_tls
        context = ssl.create_default_context()
        context.load_verify_locations(certifi.where())
        return context


def _first_open(addresses: Sequence[str], port: int, deadline: Deadline) -> socket.socket:
    """A connection to the first address that answers; each gets its share of the time that is left."""
    problem: OSError = OSError("no address")
    for tried, address in enumerate(addresses):
        seconds = deadline.remaining_seconds() / (len(addresses) - tried)
        try:
            return socket.create_connection((address, port), timeout=seconds)
        except OSError as error:
            problem = error
    raise problem


def _exchange(connection: TimedSocket, target: Target, signed: tuple[dict[str, str], bytes]) -> int:
    """The status of the answer. Its body is not read."""
    headers, body = signed
    exchange = http.client.HTTPConnection(target.host, target.port)
    exchange.default_port = 443 if target.is_tls else 80  # left out of the Host header
    exchange.sock = connection
    exchange.request("POST", target.path, body=body, headers=headers)
    return exchange.getresponse().status


def _in_words(error: Exception) -> str:
    """What went wrong, without addresses: a firm need not learn what a name resolves to inside."""
    match error:
        case TimeoutError():
            return "it took too long."
        case ssl.SSLCertVerificationError(verify_message=message):
            return f"its TLS certificate is not valid for it: {message}."
        case ssl.SSLError():
            return "TLS failed."
        case socket.gaierror():
            return "the host's name cannot be resolved."
        case ConnectionRefusedError():
            return "it was refused."
        case ConnectionError() | http.client.RemoteDisconnected():
            return "it was closed."
        case http.client.HTTPException():
            return "what came back is not HTTP."
        case _:
            return "the network failed."
