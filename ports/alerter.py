"""Tells the people who run a firm's billing that something needs them."""

from dataclasses import dataclass
from typing import Protocol

from domain.model.alerts import Alert
from domain.model.audit import Severity


@dataclass(frozen=True)
class AlertMessage:
    """An alert in words, ready to leave: a short title without line breaks, and plain text."""

    severity: Severity
    title: str
    text: str


class AlertNotDelivered(Exception):
    """The channel did not take the alert, or we do not know whether it did. The text holds no address."""


class AddressUnusable(Exception):
    """Nothing can ever be delivered to that address. The text does not hold it."""


class Alerter(Protocol):
    """Takes every alert at once: the log."""

    def alert(self, alert: Alert) -> None:
        """Deliver once. Raises `AlertNotDelivered`; the caller tries again. A repeat may be shown twice."""


class AlertPoster(Protocol):
    """Posts to the chat or paging service that an Apprise address names."""

    def check(self, url: str) -> None:
        """Return when messages can be posted to it, as far as its form tells. Raises `AddressUnusable`."""

    def post(self, url: str, message: AlertMessage) -> None:
        """Post once. Ends within 15 seconds, whatever the service does, and follows no redirect.

        Raises `AlertNotDelivered` and `AddressUnusable`. A repeat is shown twice.
        """
