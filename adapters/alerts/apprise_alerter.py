"""Alerts through Apprise: a hundred chat and paging services behind one form of address."""

import logging
import threading
from functools import cache
from typing import TYPE_CHECKING

from domain.model.audit import Severity
from ports.alerter import AddressUnusable, AlertMessage, AlertNotDelivered

if TYPE_CHECKING:
    from apprise import AppriseAsset, NotifyBase

SECONDS_MAX = 12.0
"""Apprise's own limits are for each connection and each read; a service that drips bytes could go on for ever."""

_UNUSABLE = "It is no Apprise address that alerts can be posted to. Check its form at github.com/caronc/apprise."


class AppriseAlertPoster:
    """The port `AlertPoster`.

    Apprise's own log is silenced: it writes addresses, which hold secrets. Redirects are not followed, unless the
    operator's own address asks for it: a service must not send this server elsewhere.
    """

    def __init__(self, seconds_max: float = SECONDS_MAX) -> None:
        self._seconds_max = seconds_max

    def check(self, url: str) -> None:
        """Return when messages can be posted to it; see the port. Connects to nothing."""
        _service(url)

    def post(self, url: str, message: AlertMessage) -> None:
        """Post once, in a thread of its own that is left behind when it takes too long; see the port."""
        service, answers = _service(url), list[bool]()

        def send() -> None:
            answers.append(_send(service, message))

        sender = threading.Thread(target=send, name="alert", daemon=True)
        sender.start()
        sender.join(self._seconds_max)
        if sender.is_alive():
            raise AlertNotDelivered(f"The service gave no answer within {self._seconds_max:g} seconds.")
        if answers != [True]:
            raise AlertNotDelivered("The service did not take the alert, or could not be reached.")


def _send(service: "NotifyBase", message: AlertMessage) -> bool:
    from apprise import NotifyFormat, NotifyType  # noqa: PLC0415 - see `_asset`

    kinds = {
        Severity.INFO: NotifyType.INFO,
        Severity.WARNING: NotifyType.WARNING,
        Severity.CRITICAL: NotifyType.FAILURE,
    }
    try:
        kind = kinds[message.severity]
        return bool(service.notify(message.text, message.title, kind, body_format=NotifyFormat.TEXT))
    except Exception:  # noqa: BLE001 - whatever a plugin raises may name its address; that it failed is all we tell
        return False


def _service(url: str) -> "NotifyBase":
    """The service that the address names. Raises `AddressUnusable`."""
    from apprise import Apprise, NotifyBase  # noqa: PLC0415 - see `_asset`

    service = Apprise.instantiate(url, asset=_asset(), suppress_exceptions=True)
    if not isinstance(service, NotifyBase):
        raise AddressUnusable(_UNUSABLE)
    return service


@cache
def _asset() -> "AppriseAsset":
    """How Apprise behaves here. Loaded when it is first needed: that takes a good part of a second."""
    from apprise import AppriseAsset  # noqa: PLC0415 - see above

    apprise_log = logging.getLogger("apprise")
    apprise_log.setLevel(logging.CRITICAL + 1)
    apprise_log.propagate = False
    return AppriseAsset(app_id="Dunlin", app_desc="Dunlin", app_url="", http_redirects=False, secure_logging=True)
