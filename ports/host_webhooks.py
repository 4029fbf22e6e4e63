"""Telling the host application, over HTTP, what happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.model.host_deliveries import HostAnswer


@dataclass(frozen=True)
class HostWebhook:
    """One request: `body` (JSON) to `url`, signed by the secrets of `salts` over the event's id and `sent_at`.

    The id is the same at every repeat, so that the host can tell that it had the event before.
    """

    url: str
    event_id: str
    sent_at: datetime
    body: bytes
    salts: Sequence[str]


class HostWebhooks(Protocol):
    """Signs and sends, and reaches nothing that the installation's operator did not open to the firms."""

    def secret(self, salt: str) -> str:
        """The secret `whsec_…` of a salt: the same for the same salt, and not to be guessed from it."""

    def check_url(self, url: str) -> None:
        """Resolve the URL's host now. Raises `BadHostAddress` when nothing may be sent there."""

    def send(self, webhook: HostWebhook) -> HostAnswer:
        """Send once, signed after Standard Webhooks; follow no redirect, keep nothing of the answer but its status.

        The host is resolved and checked anew, and exactly what was checked is connected to. Ends within 10 seconds and
        never raises for what the network or the host does. Texts of errors hold no address and no secret.
        """
