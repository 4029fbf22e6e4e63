"""Deciding what a firm's staff is told, and when: each alert becomes a row for each channel, or waits.

The log has everything at once. Quiet periods and digests are decided under the firm's pace, one alert at a time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.model.alert_pacing import Quiet, digest, end, hear
from domain.model.alerts import Alert, channels
from domain.model.audit import Severity
from domain.model.firms import Firm
from domain.model.outbox import OutboxItem, OutboxKind
from domain.services.cases import done, is_same_claim
from domain.services.charging import put_off
from domain.services.steps import Ports, Step, in_firm
from ports.alerter import Alerter, AlertNotDelivered, AlertPoster
from ports.mailer import Mailer


@dataclass(frozen=True)
class AlertDesk:
    """What telling a firm's staff needs. `operator_urls` get the alerts of every firm; `mail_domain` stands in
    Message-IDs.
    """

    log: Alerter
    poster: AlertPoster
    mailer: Mailer
    operator_urls: tuple[str, ...] = ()
    base_url: str = ""
    mail_domain: str = "dunlin.invalid"


def run_alert(ports: Ports, desk: AlertDesk, item: OutboxItem) -> None:
    """Write the alert to the log, then give it to the firm's channels unless a quiet period or a storm holds it
    back.
    """
    alert = alert_of(item.firm_id, item.payload, item.invoice_id)
    try:
        desk.log.alert(alert)
    except AlertNotDelivered as failed:
        why = str(failed)
        in_firm(ports, item.firm_id, lambda step: put_off(step, item, why))
        return
    in_firm(ports, item.firm_id, lambda step: _route(step, desk, item, alert))


def alert_of(firm_id: str, payload: Mapping[str, str], invoice_id: str | None = None) -> Alert:
    """The alert that a row's payload holds."""
    return Alert(
        firm_id=firm_id,
        severity=Severity(payload["severity"]),
        action=payload["action"],
        subject_id=payload["subject_id"],
        text=payload["text"],
        subject_type=payload.get("subject_type", ""),
        invoice_id=payload.get("invoice_id", invoice_id),
    )


def _route(step: Step, desk: AlertDesk, item: OutboxItem, alert: Alert) -> None:
    firm = _held_firm(step, item)
    if firm is None:
        return
    known = step.tx.alerts.quiet(firm.id, alert.action, alert.subject_id)
    quiet, is_told = hear(known, alert, quiet_length(firm), step.now)
    if quiet is not None and quiet != known:
        _keep(step, quiet)
    if is_told:
        _tell(step, desk, item, alert)
    why = None if is_told else "The same was told not long ago; it is in the next summary."
    step.tx.outbox.save(done(item, why))


def quiet_length(firm: Firm) -> timedelta:
    """How long the same is told once."""
    return timedelta(hours=firm.policy.alert_quiet_hours)


def _held_firm(step: Step, item: OutboxItem) -> Firm | None:
    """The firm of a claimed row, with its pace locked; None when somebody else has the row by now."""
    step.tx.alerts.lock_pace(item.firm_id)
    current, firm = step.tx.outbox.get(item.id), step.tx.firms.get(item.firm_id)
    return firm if current is not None and is_same_claim(current, item) else None


def _keep(step: Step, quiet: Quiet) -> None:
    """Store the period, with the row that tells at its end what was held back."""
    step.tx.alerts.save_quiet(quiet, step.now)
    if quiet.latest is None:
        return
    about = f"{quiet.action}:{quiet.subject_id}:{_stamp(quiet.ends_at)}"
    payload = {"action": quiet.action, "subject_id": quiet.subject_id}
    _new_row(step, quiet.firm_id, OutboxKind.ALERT_SUMMARY, about=about, due_at=quiet.ends_at, payload=payload)


def _stamp(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)


def _tell(step: Step, desk: AlertDesk, item: OutboxItem, alert: Alert) -> None:
    """A row for each channel; beyond so many in a minute, a place in the digest."""
    pace, is_alone = step.tx.alerts.lock_pace(alert.firm_id).after(step.now)
    step.tx.alerts.save_pace(alert.firm_id, pace)
    if is_alone:
        _add_deliveries(step, desk, item, alert)
        return
    step.tx.alerts.keep_for_digest(item.id, alert)
    end_of_minute = pace.minute_ends_at
    about = str(_stamp(end_of_minute))
    _new_row(step, alert.firm_id, OutboxKind.ALERT_DIGEST, about=about, due_at=end_of_minute, payload={})


def _add_deliveries(step: Step, desk: AlertDesk, item: OutboxItem, alert: Alert) -> None:
    content = {
        "action": alert.action,
        "severity": alert.severity.value,
        "subject_type": alert.subject_type,
        "subject_id": alert.subject_id,
        "text": alert.text,
        "since": step.now.isoformat(),
    }
    if alert.invoice_id is not None:
        content["invoice_id"] = alert.invoice_id
    for channel in channels(step.tx.alerts.settings(alert.firm_id), desk.operator_urls):
        if channel.key != item.payload.get("without"):
            payload = {**content, "channel": channel.key}
            about = f"{item.id}:{channel.key}"
            kind = OutboxKind.ALERT_DELIVERY
            _new_row(step, alert.firm_id, kind, about=about, due_at=step.now, payload=payload)


def _new_row(
    step: Step, firm_id: str, kind: OutboxKind, *, about: str, due_at: datetime, payload: Mapping[str, str]
) -> None:
    item = OutboxItem(step.ports.ids.new("out"), firm_id, kind, f"{kind}:{about}", due_at, payload=payload)
    step.ring_for(step.tx.outbox.add([item]))


def run_summary(ports: Ports, desk: AlertDesk, item: OutboxItem) -> None:
    """Tell at the end of a quiet period what it held back, and begin another one."""
    told = in_firm(ports, item.firm_id, lambda step: _summarize(step, desk, item))
    if told is not None:
        desk.log.alert(told)


def _summarize(step: Step, desk: AlertDesk, item: OutboxItem) -> Alert | None:
    firm = _held_firm(step, item)
    if firm is None:
        return None
    summary = None
    known = step.tx.alerts.quiet(firm.id, item.payload["action"], item.payload["subject_id"])
    if known is not None:
        quiet, summary = end(known, max(quiet_length(firm), _LEAST), step.now)
        if summary is not None:
            step.tx.alerts.save_quiet(quiet, step.now)
            _tell(step, desk, item, summary)
    step.tx.outbox.save(done(item))
    return summary


_LEAST = timedelta(seconds=1)
"""A period that is begun has an end, whatever the policy says by now."""


def run_digest(ports: Ports, desk: AlertDesk, item: OutboxItem) -> None:
    """Tell in one alert what was too much for single ones. Each of them is in the log already."""
    in_firm(ports, item.firm_id, lambda step: _digest(step, desk, item))


def _digest(step: Step, desk: AlertDesk, item: OutboxItem) -> None:
    if _held_firm(step, item) is None:
        return
    alerts = step.tx.alerts.take_for_digest(item.firm_id)
    if alerts:
        _add_deliveries(step, desk, item, digest(item.firm_id, alerts))
    step.tx.outbox.save(done(item))
