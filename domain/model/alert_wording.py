"""Alerts in words: a short title, what happened, what to do, and where to look."""

from collections.abc import Mapping

from domain.model.alerts import Alert

TITLE_MAX = 100
TEXT_MAX = 1_800
"""Below what chat services take in one message (Discord: 2,000 characters)."""

_TITLES: Mapping[str, str] = {
    "alert_channel_failing": "Alerts do not arrive",
    "alert_digest": "Many alerts at once",
    "audit_chain_broken": "The audit log was changed",
    "audit_sealing_held": "The audit log cannot be sealed",
    "books_disagree": "The books do not agree",
    "client_address_bad": "A customer's mail address does not work",
    "collection_held": "Collection is held",
    "dispute_accept_refused": "A dispute could not be accepted",
    "dispute_closed": "Dispute closed",
    "dispute_deadline_near": "Dispute deadline near",
    "dispute_lost": "Dispute lost",
    "dispute_reopened": "Dispute open again",
    "dispute_unmatched": "Dispute without an invoice",
    "dispute_won": "Dispute won",
    "early_fraud_warning": "Early fraud warning",
    "event_failed": "An event from Stripe could not be used",
    "events_unmatched": "Events from Stripe match no invoice",
    "failing_repeatedly": "An invoice fails again and again",
    "failure_rate_high": "Many payments fail",
    "host_event_lost": "A webhook to your system could not be delivered",
    "overpaid": "An invoice was overpaid",
    "paid_out_twice": "A payment was paid out twice",
    "payment_disputed": "New dispute",
    "payment_succeeded": "Money came that was not asked for",
    "refund_failed": "A refund failed",
    "refund_refused": "A refund was refused",
    "retry_held": "A retry is held",
    "webhook_endpoint_disabled": "A webhook endpoint was switched off",
}
_TO_DO: Mapping[str, str] = {
    "dispute_lost": "Nothing more can be sent in; decide whether to go on serving the customer.",
    "payment_disputed": "Decide whether to answer it with evidence or to accept it.",
    "refund_failed": "Give the money back in another way, and tell the customer.",
}
_PATHS: Mapping[str, str] = {
    "dispute": "/api/v1/disputes/{subject_id}",
    "invoice": "/api/v1/invoices/{subject_id}",
    "event": "/api/v1/webhook-events?status=failed",
    "events": "/api/v1/webhook-events?status=unmatched",
    "alert_channel": "/api/v1/alert-settings",
    "client": "/api/v1/clients/{subject_id}",
    "webhook_endpoint": "/api/v1/webhook-endpoints/{subject_id}",
}


def title(alert: Alert) -> str:
    """One line: how grave it is and what it is about."""
    words = _TITLES.get(alert.action, alert.action.replace("_", " ").capitalize())
    return f"[Dunlin {alert.severity}] {words}"[:TITLE_MAX]


def body(alert: Alert, base_url: str) -> str:
    """What happened, what to do, where to look, in paragraphs of plain text."""
    happened = alert.text if len(alert.text) <= TEXT_MAX else f"{alert.text[: TEXT_MAX - 3]}..."
    to_do = _TO_DO.get(alert.action)
    about = f"Firm {alert.firm_id}" if alert.subject_type == "firm" else f"Firm {alert.firm_id}, {alert.subject_id}"
    return "\n\n".join(part for part in (happened, to_do, f"{base_url}{_path(alert)}", about) if part)


def _path(alert: Alert) -> str:
    if alert.subject_type in _PATHS:
        return _PATHS[alert.subject_type].format(subject_id=alert.subject_id)
    if alert.invoice_id is not None:
        return f"/api/v1/invoices/{alert.invoice_id}/timeline"
    return f"/api/v1/audit-events?subject={alert.subject_id}"
