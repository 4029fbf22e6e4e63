"""Alerts in the log: the channel that is always there."""

import logging

from domain.model.alerts import Alert
from domain.model.audit import Severity

_LEVELS = {Severity.INFO: logging.INFO, Severity.WARNING: logging.WARNING, Severity.CRITICAL: logging.CRITICAL}

_log = logging.getLogger("dunlin.alerts")


class LogAlerter:
    """The port `Alerter`: one line for each alert, at the level of its severity."""

    def alert(self, alert: Alert) -> None:
        """Write the line; a log that cannot be written is the process's end, not this alert's."""
        _log.log(_LEVELS[alert.severity], "%s [%s %s] %s", alert.action, alert.firm_id, alert.subject_id, alert.text)
