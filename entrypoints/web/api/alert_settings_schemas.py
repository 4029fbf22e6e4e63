"""Addresses for alerts as they come in and go out."""

from marshmallow import fields, validate

from domain.model.alerts import ADDRESS_LENGTH_MAX, ADDRESSES_MAX, TENANT_SERVICES
from entrypoints.web.api import shown
from entrypoints.web.api.fields import Accepted, Messages, Text
from entrypoints.web.api.shown import Shown

_LIST_ERRORS: Messages = {"invalid": "Must be a list of text.", "null": "Must not be null."}
_URLS = "Apprise addresses of chat and paging services."
_EMAILS = "Mail addresses of the firm's staff."
_SHOWN_URL = "slack://****/9f86d081884c7d65"


def _addresses(description: str, example: str) -> fields.List[str]:
    return fields.List(
        Text(longest=ADDRESS_LENGTH_MAX),
        error_messages=_LIST_ERRORS,
        load_default=list,
        validate=validate.Length(max=ADDRESSES_MAX, error="At most {max}."),
        metadata={"description": description, "example": [example]},
    )


class NewAlertSettingsSchema(Accepted):
    """All addresses: what is left out is emptied."""

    alert_urls = _addresses(
        f"{_URLS} One of: {', '.join(sorted(TENANT_SERVICES))}; without options after `?`. For a server of your own, "
        "use webhooks.",
        _SHOWN_URL,
    )
    alert_emails = _addresses(_EMAILS, "billing@example.com")


class AlertSettingsSchema(Shown):
    """Where the firm's alerts go."""

    alert_urls = shown.texts(f"{_URLS} Each without its secrets.", [_SHOWN_URL])
    alert_emails = shown.texts(_EMAILS, ["billing@example.com"])
