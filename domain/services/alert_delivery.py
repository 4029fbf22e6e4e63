"""Bringing an alert to one channel. Each channel has its own row, so that one that fails repeats nothing elsewhere."""

from dataclasses import replace
from datetime import datetime, timedelta
from html import escape

from domain.model.alert_wording import body, title
from domain.model.alerts import Channel, ChannelKind, channels
from domain.model.audit import DUNLIN, Note, Severity
from domain.model.outbox import OutboxItem
from domain.services.alerting import AlertDesk, alert_of
from domain.services.bookkeeping import alert_item, audit_event
from domain.services.cases import done, is_same_claim
from domain.services.charging import put_off
from domain.services.steps import Ports, Step, in_firm
from ports.alerter import AddressUnusable, AlertMessage, AlertNotDelivered
from ports.mailer import Mail, MailNotSent, MailRefused

GIVEN_UP_AFTER = timedelta(hours=24)
"""An alert that is a day old helps nobody; that the channel is broken is told on the others."""


def deliver_alert(ports: Ports, desk: AlertDesk, item: OutboxItem) -> None:
    """Send one alert to one channel; try again later, or give up for good and tell the other channels."""
    channel = in_firm(ports, item.firm_id, lambda step: _channel(step, desk, item))
    if channel is None:
        in_firm(ports, item.firm_id, lambda step: _finish(step, item, "The channel was removed."))
        return
    try:
        _send(desk, channel, item)
    except (AlertNotDelivered, MailNotSent) as failed:
        why = str(failed)
        in_firm(ports, item.firm_id, lambda step: _try_again(step, item, why))
    except (AddressUnusable, MailRefused) as refused:
        why = str(refused)
        in_firm(ports, item.firm_id, lambda step: _give_up(step, item, why))
    else:
        in_firm(ports, item.firm_id, lambda step: _finish(step, item))


def _channel(step: Step, desk: AlertDesk, item: OutboxItem) -> Channel | None:
    known = channels(step.tx.alerts.settings(item.firm_id), desk.operator_urls)
    return next((channel for channel in known if channel.key == item.payload["channel"]), None)


def _send(desk: AlertDesk, channel: Channel, item: OutboxItem) -> None:
    alert = alert_of(item.firm_id, item.payload)
    subject, text = title(alert), body(alert, desk.base_url)
    if channel.kind is not ChannelKind.EMAIL:
        desk.poster.post(channel.address, AlertMessage(alert.severity, subject, text))
        return
    paragraphs = "".join(f"<p>{escape(part).replace(chr(10), '<br>')}</p>" for part in text.split("\n\n"))
    html = f'<!doctype html><html lang="en"><title>{escape(subject)}</title><body>{paragraphs}</body></html>'
    message_id = f"<{item.id}@{desk.mail_domain}>"
    desk.mailer.send(Mail(message_id, channel.address, subject, text, html, sender_name="Dunlin"))


def _finish(step: Step, item: OutboxItem, why: str | None = None) -> bool:
    """The row is done, if it is still ours; whether it was."""
    current = step.tx.outbox.get(item.id)
    if current is None or not is_same_claim(current, item):
        return False
    step.tx.outbox.save(done(item, why))
    return True


def _try_again(step: Step, item: OutboxItem, why: str) -> None:
    if step.now - datetime.fromisoformat(item.payload["since"]) >= GIVEN_UP_AFTER:
        _give_up(step, item, why)
    else:
        put_off(step, item, why)


def _give_up(step: Step, item: OutboxItem, why: str) -> None:
    """Once a day for each channel, the others are told that nothing arrives there."""
    if not _finish(step, item, f"Given up: {why}"):
        return
    step.ports.metrics.count("dunlin_alerts_given_up_total")
    channel = item.payload["channel"]
    words = f"Alerts do not arrive on channel {channel}: {why} Mend or replace its address in the alert settings."
    key = f"alert_channel_failing:{channel}:{step.now:%Y-%m-%d}"
    note = Note("alert_channel_failing", Severity.WARNING, words, "alert_channel", channel, alert_key=key)
    told = alert_item(step, item.firm_id, note, key)
    added = step.tx.outbox.add([replace(told, payload={**told.payload, "without": channel})])
    if added:
        step.tx.journal.append([audit_event(step, item.firm_id, note, DUNLIN)])
        step.ring_for(added)
