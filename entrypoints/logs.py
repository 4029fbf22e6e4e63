"""The log of one process: readable lines, or JSON for machines; structlog's and the standard library's alike."""

import logging
import os
import sys
from typing import Any

import structlog

from entrypoints.supervision.process_spec import SUPERVISED_VARIABLE

_CHATTY = ("alembic", "rq", "rq_scheduler", "stripe", "urllib3", "werkzeug")


def configure_logging(log_format: str) -> None:
    """Write every record of INFO and above to standard error, in the format of DUNLIN_LOG_FORMAT."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.StackInfoRenderer(),
    ]
    if log_format == "json" or SUPERVISED_VARIABLE not in os.environ:  # the supervisor says when
        shared.append(structlog.processors.TimeStamper(fmt="iso", utc=True))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(log_format)],
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _renderers(log_format: str) -> list[Any]:
    if log_format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    # Plain traces: the pretty ones print local variables, and with them names and secrets.
    return [
        structlog.dev.ConsoleRenderer(
            colors=_wants_colours(), pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
        )
    ]


def _wants_colours() -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stderr.isatty()
