"""Where the firm's staff is told what needs them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.model.alerts import AlertSettings, shown_url
from domain.model.firms import Scope
from domain.services.alert_settings import get_alert_settings, replace_alert_settings
from entrypoints.web.api.alert_settings_schemas import AlertSettingsSchema, NewAlertSettingsSchema
from entrypoints.web.api.blueprint import Answer, ApiBlueprint
from entrypoints.web.application import application, ports
from entrypoints.web.authentication import caller

blueprint = ApiBlueprint("alert-settings", path="/alert-settings", description="Where alerts to the firm's staff go.")


@dataclass(frozen=True)
class _ShownSettings:
    """The addresses, without their secrets."""

    alert_urls: tuple[str, ...]
    alert_emails: tuple[str, ...]


@blueprint.operation("GET", "", Answer(200, AlertSettingsSchema, "The addresses."), scope=Scope.ADMIN)
def get_settings() -> _ShownSettings:
    """Show where alerts go.

    An address is never shown in full. Alerts are in the log of the installation as well, and go to the services that
    its operator named.
    """
    return _shown(get_alert_settings(ports(), caller().firm_id))


@blueprint.operation(
    "PUT",
    "",
    Answer(200, AlertSettingsSchema, "The addresses as they are now."),
    scope=Scope.ADMIN,
    body=NewAlertSettingsSchema,
)
def replace_settings(wanted: Mapping[str, Any]) -> _ShownSettings:
    """Replace where alerts go.

    The body is all addresses; an address as it is shown stands for the one that is set. Alerts that still wait for an
    address that is gone are not sent.
    """
    settings = replace_alert_settings(
        ports(),
        application().alert_poster,
        caller().firm_id,
        urls=wanted["alert_urls"],
        emails=wanted["alert_emails"],
        by=caller().actor,
    )
    return _shown(settings)


def _shown(settings: AlertSettings) -> _ShownSettings:
    return _ShownSettings(tuple(shown_url(url) for url in settings.urls), settings.emails)
