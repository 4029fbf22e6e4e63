"""Alerts to a firm's staff: what one says, where it goes, and which addresses a firm may name."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.model.audit import Severity
from domain.model.errors import FieldError, InvalidInput
from domain.model.mail_checks import is_address

ADDRESSES_MAX = 10
ADDRESS_LENGTH_MAX = 500

TENANT_SERVICES = frozenset(
    ["discord", "gchat", "opsgenie", "pagerduty", "pover", "slack", "tgram", "workflows"],
)
"""Apprise's services that a firm may name. Each sends to its vendor's own host and nowhere else, whatever the address
says (read in Apprise 2.2's plugins), but for `workflows`: see `_TENANT_HOSTS`. What takes a host from its address
(json, xml, form, mailto, matrix, ...) would let a firm make this server connect anywhere: the operator's alone.
"""
_TENANT_HOSTS = {"workflows": re.compile(r"(?:[a-z0-9-]+\.)+(?:logic\.azure\.com|api\.powerplatform\.com)(?::443)?")}
"""Microsoft Teams gives each workflow an address of its own under these. Source: learn.microsoft.com, Power Automate,
"When an HTTP request is received", read 2026-11.
"""
_ADDRESS = re.compile(r"([a-z0-9]{1,20})://([!-~]+)")
_SHOWN = re.compile(r"[a-z0-9]{1,20}://\*\*\*\*/[0-9a-f]{16}")


@dataclass(frozen=True)
class Alert:
    """What happened and what to do, without personal data of customers. `subject_id` is the object concerned."""

    firm_id: str
    severity: Severity
    action: str
    subject_id: str
    text: str
    subject_type: str = ""
    invoice_id: str | None = None


@dataclass(frozen=True)
class AlertSettings:
    """Where a firm's alerts go beside the log. `urls` are Apprise addresses, which hold secrets."""

    urls: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


class ChannelKind(StrEnum):
    """Whose address it is, and how it is reached."""

    OPERATOR_URL = "operator"
    FIRM_URL = "firm"
    EMAIL = "mail"


@dataclass(frozen=True)
class Channel:
    """One place where alerts go."""

    kind: ChannelKind
    address: str

    @property
    def key(self) -> str:
        """Names the channel in rows and logs without telling its address."""
        return f"{self.kind}:{_fingerprint(self.address)}"


def channels(settings: AlertSettings, operator_urls: Sequence[str]) -> tuple[Channel, ...]:
    """Every channel of a firm's alerts, each once."""
    named = (
        *(Channel(ChannelKind.OPERATOR_URL, url) for url in operator_urls),
        *(Channel(ChannelKind.FIRM_URL, url) for url in settings.urls),
        *(Channel(ChannelKind.EMAIL, email) for email in settings.emails),
    )
    return tuple(dict.fromkeys(named))


def shown_url(url: str) -> str:
    """The address as it may be shown: its service, and what tells it from others. `alert_settings` takes it back."""
    return f"{url.partition('://')[0]}://****/{_fingerprint(url)}"


def alert_settings(urls: Sequence[str], emails: Sequence[str], known: AlertSettings) -> AlertSettings:
    """What a firm wants from now on; an address as `shown_url` gives it stands for the known one.

    Raises `InvalidInput` naming `alert_urls` or `alert_emails`; its text holds no address.
    """
    by_shown = {shown_url(url): url for url in known.urls}
    wanted = [by_shown.get(url, url) for url in urls]
    errors = [
        *(FieldError("alert_urls", problem) for url in wanted if (problem := _problem(url)) is not None),
        *(FieldError("alert_emails", "Must be an e-mail address.") for email in emails if not is_address(email)),
    ]
    for field, given in (("alert_urls", urls), ("alert_emails", emails)):
        if len(given) > ADDRESSES_MAX:
            errors.append(FieldError(field, f"At most {ADDRESSES_MAX}."))
    if errors:
        raise InvalidInput(*dict.fromkeys(errors))
    return AlertSettings(tuple(dict.fromkeys(wanted)), tuple(dict.fromkeys(emails)))


def _problem(url: str) -> str | None:
    """Why a firm may not name that address; None when it may."""
    if _SHOWN.fullmatch(url):
        return "An address with **** must be one that is set now."
    address = _ADDRESS.fullmatch(url)
    if address is None or len(url) > ADDRESS_LENGTH_MAX:
        return f"Must be an Apprise address such as slack://..., at most {ADDRESS_LENGTH_MAX} characters."
    service, rest = address.groups()
    if service not in TENANT_SERVICES:
        return f"Must begin with one of: {', '.join(sorted(TENANT_SERVICES))}. For your own server, use webhooks."
    if "?" in rest or "#" in rest:
        return "Must not hold options: leave out what follows ? or #."
    hosts = _TENANT_HOSTS.get(service)
    if hosts is not None and not hosts.fullmatch(rest.partition("/")[0]):
        return f"Must name Microsoft's own host after {service}://."
    return None


def _fingerprint(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()[:16]
