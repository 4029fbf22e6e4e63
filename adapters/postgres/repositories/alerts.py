"""Where alerts go, what was told lately, and the figures that the rules look at."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from adapters.postgres.line import Line
from adapters.postgres.rows.alerts import alert_json, alert_of, quiet_of, watch_of
from adapters.postgres.rows.values import as_json, known_moment, moment
from adapters.postgres.statements import rows_of
from adapters.postgres.tables.alerts import alert_quiet, alert_settings, alert_states
from domain.model.alert_pacing import Pace, Quiet
from domain.model.alert_rules import Payments, Unmatched, Watch
from domain.model.alerts import Alert, AlertSettings

_SETTINGS = rows_of(alert_settings, "WHERE firm_id = %(firm)s")
_SAVE_SETTINGS = """
INSERT INTO alert_settings (firm_id, urls, emails) VALUES (%(firm)s, %(urls)s::json, %(emails)s::json)
ON CONFLICT (firm_id) DO UPDATE SET urls = excluded.urls, emails = excluded.emails
"""
# An update that changes nothing, where the row is there: it locks it either way.
_LOCK_PACE = """
INSERT INTO alert_states (firm_id, minute_count) VALUES (%(firm)s, 0)
ON CONFLICT (firm_id) DO UPDATE SET minute_count = alert_states.minute_count
RETURNING minute_began_at, minute_count
"""
_SAVE_PACE = """
INSERT INTO alert_states (firm_id, minute_began_at, minute_count) VALUES (%(firm)s, %(began_at)s, %(count)s)
ON CONFLICT (firm_id) DO UPDATE SET minute_began_at = excluded.minute_began_at, minute_count = excluded.minute_count
"""
_WATCH = rows_of(alert_states, "WHERE firm_id = %(firm)s")
_WATCHES = rows_of(alert_states, "WHERE rate_high_since IS NOT NULL OR unmatched_told_until IS NOT NULL")
_SAVE_WATCH = """
INSERT INTO alert_states (firm_id, minute_count, rate_high_since, unmatched_told_until)
VALUES (%(firm)s, 0, %(rate_high_since)s, %(told_until)s)
ON CONFLICT (firm_id) DO UPDATE
SET rate_high_since = excluded.rate_high_since, unmatched_told_until = excluded.unmatched_told_until
"""
_QUIET = rows_of(alert_quiet, "WHERE firm_id = %(firm)s AND action = %(action)s AND subject_id = %(subject)s")
_SAVE_QUIET = """
INSERT INTO alert_quiet (firm_id, action, subject_id, severity, began_at, ends_at, held_count, latest)
VALUES (%(firm)s, %(action)s, %(subject)s, %(severity)s, %(began_at)s, %(ends_at)s, %(held_count)s, %(latest)s::json)
ON CONFLICT (firm_id, action, subject_id) DO UPDATE
SET severity = excluded.severity, began_at = excluded.began_at, ends_at = excluded.ends_at,
    held_count = excluded.held_count, latest = excluded.latest
"""
_FORGET_QUIET = """
DELETE FROM alert_quiet WHERE (firm_id, action, subject_id) IN (
    SELECT firm_id, action, subject_id FROM alert_quiet
    WHERE firm_id = %(firm)s AND held_count = 0 AND ends_at <= %(now)s
    ORDER BY ends_at LIMIT 10 FOR UPDATE SKIP LOCKED)
"""
_KEEP_FOR_DIGEST = """
INSERT INTO alert_digest (firm_id, key, alert) VALUES (%(firm)s, %(key)s, %(alert)s::json)
ON CONFLICT (firm_id, key) DO NOTHING
"""
_TAKE_FOR_DIGEST = """
WITH taken AS (DELETE FROM alert_digest WHERE firm_id = %(firm)s RETURNING position, alert)
SELECT alert FROM taken ORDER BY position
"""
# Grouped as `payment_facts.outcomes` groups tellings: a failure by its charge, else the charge that its attempt is
# known to have made, else the attempt, else the event; a success by its PaymentIntent, else its charge.
_PAYMENTS = """
SELECT f.firm_id, counted.failed, counted.succeeded FROM firms f CROSS JOIN LATERAL (
    SELECT count(DISTINCT coalesce(charge, attempt_id, event_id)) FILTER (WHERE kind = 'failed' AND NOT is_paid)
               AS failed,
           count(DISTINCT coalesce(intent, charge)) FILTER (WHERE kind = 'succeeded') AS succeeded
    FROM (
        SELECT kind, charge, attempt_id, event_id,
               coalesce(stripe_payment_intent_id, CASE WHEN charge IS NOT NULL THEN
                   min(stripe_payment_intent_id) OVER (PARTITION BY invoice_id, charge) END) AS intent,
               charge IS NOT NULL AND bool_or(kind = 'succeeded') OVER (PARTITION BY invoice_id, charge) AS is_paid
        FROM (
            SELECT p.*, coalesce(p.stripe_charge_id, CASE WHEN p.kind = 'failed' AND p.attempt_id IS NOT NULL THEN
                       min(p.stripe_charge_id) OVER (PARTITION BY p.kind, p.invoice_id, p.attempt_id) END) AS charge
            FROM payment_facts p
            WHERE p.firm_id = f.firm_id AND p.kind IN ('failed', 'succeeded') AND p.told_at >= %(since)s
              AND coalesce(p.charge_created_at, p.told_at) >= %(since)s
        ) told
    ) named
) counted
WHERE counted.failed + counted.succeeded > 0
"""
_UNMATCHED = """
SELECT firm_id, count(*) AS count, max(received_at) AS newest_at FROM inbox
WHERE status = 'unmatched' AND received_at <= %(before)s AND firm_id IS NOT NULL GROUP BY firm_id
"""


class PostgresAlertBook:
    """The port `AlertBook`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def settings(self, firm_id: str) -> AlertSettings:
        """The firm's addresses."""
        rows = self._line.ask(_SETTINGS, {"firm": firm_id})
        return AlertSettings(tuple(rows[0]["urls"]), tuple(rows[0]["emails"])) if rows else AlertSettings()

    def save_settings(self, firm_id: str, settings: AlertSettings) -> None:
        """Replace them."""
        self._line.require(firm_id)
        values = {"firm": firm_id, "urls": as_json(settings.urls), "emails": as_json(settings.emails)}
        self._line.ask(_SAVE_SETTINGS, values)

    def lock_pace(self, firm_id: str) -> Pace:
        """The firm's pace, locked; see the port."""
        self._line.require(firm_id)
        (row,) = self._line.ask(_LOCK_PACE, {"firm": firm_id})
        return Pace(moment(row["minute_began_at"]), row["minute_count"])

    def save_pace(self, firm_id: str, pace: Pace) -> None:
        """Replace it."""
        self._line.require(firm_id)
        self._line.ask(_SAVE_PACE, {"firm": firm_id, "began_at": pace.minute_began_at, "count": pace.count})

    def watch(self, firm_id: str) -> Watch:
        """What the rules remember of the firm."""
        rows = self._line.ask(_WATCH, {"firm": firm_id})
        if not rows:
            return Watch()
        return watch_of(rows[0])

    def save_watch(self, firm_id: str, watch: Watch) -> None:
        """Replace it."""
        self._line.require(firm_id)
        told_until = watch.unmatched_told_until
        values = {"firm": firm_id, "rate_high_since": watch.rate_high_since, "told_until": told_until}
        self._line.ask(_SAVE_WATCH, values)

    def quiet(self, firm_id: str, action: str, subject_id: str) -> Quiet | None:
        """The last quiet period of that action and subject."""
        rows = self._line.ask(_QUIET, {"firm": firm_id, "action": action, "subject": subject_id})
        return quiet_of(rows[0]) if rows else None

    def save_quiet(self, quiet: Quiet, now: datetime) -> None:
        """Store or replace it; see the port."""
        self._line.require(quiet.firm_id)
        values = {
            "firm": quiet.firm_id,
            "action": quiet.action,
            "subject": quiet.subject_id,
            "severity": quiet.severity.value,
            "began_at": quiet.began_at,
            "ends_at": quiet.ends_at,
            "held_count": quiet.held_count,
            "latest": None if quiet.latest is None else as_json(alert_json(quiet.latest)),
            "now": now,
        }
        self._line.ask_together((_FORGET_QUIET, values), (_SAVE_QUIET, values))

    def keep_for_digest(self, key: str, alert: Alert) -> None:
        """Put an alert aside for the firm's next digest."""
        self._line.require(alert.firm_id)
        values = {"firm": alert.firm_id, "key": key, "alert": as_json(alert_json(alert))}
        self._line.ask(_KEEP_FOR_DIGEST, values)

    def take_for_digest(self, firm_id: str) -> Sequence[Alert]:
        """Take every alert that was put aside, oldest first."""
        return [alert_of(row["alert"]) for row in self._line.ask(_TAKE_FOR_DIGEST, {"firm": firm_id})]


class PostgresAlertSigns:
    """The port `AlertSigns`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def payments_since(self, since: datetime) -> Mapping[str, Payments]:
        """How many payments failed and succeeded since then, by firm; see the port."""
        rows = self._line.ask(_PAYMENTS, {"since": since})
        return {row["firm_id"]: Payments(row["failed"], row["succeeded"]) for row in rows}

    def watches(self) -> Mapping[str, Watch]:
        """What the rules remember, by firm; see the port."""
        return {row["firm_id"]: watch_of(row) for row in self._line.ask(_WATCHES, {})}

    def unmatched_before(self, received_before: datetime) -> Mapping[str, Unmatched]:
        """Events received by then that are unmatched still, by firm; see the port."""
        rows = self._line.ask(_UNMATCHED, {"before": received_before})
        return {row["firm_id"]: Unmatched(row["count"], known_moment(row["newest_at"])) for row in rows}
