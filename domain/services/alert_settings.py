"""Where a firm wants its alerts."""

from collections.abc import Sequence

from domain.model.alerts import AlertSettings, alert_settings
from domain.model.audit import Actor, Note, Severity
from domain.model.errors import FieldError, InvalidInput
from domain.services.bookkeeping import audit_event
from domain.services.steps import Ports, Step, in_firm
from ports.alerter import AddressUnusable, AlertPoster


def get_alert_settings(ports: Ports, firm_id: str) -> AlertSettings:
    """The firm's addresses, with their secrets."""
    return in_firm(ports, firm_id, lambda step: step.tx.alerts.settings(firm_id))


def replace_alert_settings(
    ports: Ports, poster: AlertPoster, firm_id: str, *, urls: Sequence[str], emails: Sequence[str], by: Actor
) -> AlertSettings:
    """New addresses; one as it is shown stands for the one that is set. Raises `InvalidInput`.

    Alerts that wait for an address that is gone are not sent any more. The audit log holds how many there are, and
    none of them.
    """

    def change(step: Step) -> AlertSettings:
        step.tx.alerts.lock_pace(firm_id)
        known = step.tx.alerts.settings(firm_id)
        wanted = alert_settings(urls, emails, known)
        for url in wanted.urls:
            _refuse_unusable(poster, url)
        if wanted != known:
            step.tx.alerts.save_settings(firm_id, wanted)
            summary = f"Alerts go to {len(wanted.urls)} services and {len(wanted.emails)} mail addresses now."
            note = Note("alert_settings_changed", Severity.INFO, summary, "firm", firm_id)
            step.tx.journal.append([audit_event(step, firm_id, note, by)])
        return wanted

    return in_firm(ports, firm_id, change)


def _refuse_unusable(poster: AlertPoster, url: str) -> None:
    try:
        poster.check(url)
    except AddressUnusable as unusable:
        raise InvalidInput(FieldError("alert_urls", str(unusable))) from unusable
