"""Reading a request's body: never more than a limit, and never for ever."""

import socket
import time
from typing import Any

from flask import current_app, request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from entrypoints.web.problems import MALFORMED, TIMEOUT, TOO_LARGE, ProblemFound

SILENCE_SECONDS_SETTING = "BODY_SILENCE_SECONDS"
"""How long a client may send nothing while its body is read: a setting of the Flask application."""
_DRAIN_SECONDS_MAX = 1.0
_DRAIN_BYTES_MAX = 2_000_000
_CHUNK_BYTES = 65_536


def read_body(bytes_max: int) -> bytes:
    """The raw body, whether its length was announced or it came in chunks.

    Raises `ProblemFound`: 413 above `bytes_max`, 408 when the client falls silent, 400 when the body ends early.
    """
    length = request.content_length
    request.max_content_length = bytes_max + 1  # one more, so that a body without a length shows that it is too long
    _limit_silence(current_app.config[SILENCE_SECONDS_SETTING])
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise _too_large(bytes_max) from error
    except (ClientDisconnected, ParseException) as error:
        if isinstance(error.__context__, TimeoutError):
            raise ProblemFound(TIMEOUT, "The body did not arrive in time. Send it at once.") from error
        raise ProblemFound(MALFORMED, "The body ended early or its chunks are broken. Send it again.") from error
    if len(body) > bytes_max:
        raise _too_large(bytes_max)
    if length is not None and len(body) < length:
        raise ProblemFound(MALFORMED, "The body is shorter than its Content-Length says. Send it again.")
    return body


def _too_large(bytes_max: int) -> ProblemFound:
    _drain()
    return ProblemFound(TOO_LARGE, f"The body is larger than {bytes_max} bytes. Send less at once.")


def _limit_silence(seconds: float) -> None:
    """A client that sends nothing must not keep a thread for ever; gunicorn's threads have no such limit."""
    connection = _connection()
    if connection is not None:
        connection.settimeout(seconds)


def _drain() -> None:
    """Take what the client is still sending, for a moment: closing on it would reset the connection, and the client
    would never see why.
    """
    if _connection() is None:
        return
    _limit_silence(_DRAIN_SECONDS_MAX)
    stream: Any = request.environ["wsgi.input"]
    give_up_at = time.monotonic() + _DRAIN_SECONDS_MAX
    left = _DRAIN_BYTES_MAX
    while left > 0 and time.monotonic() < give_up_at:
        try:
            chunk = stream.read(_CHUNK_BYTES)
        except (OSError, ParseException):
            return
        if not chunk:
            return
        left -= len(chunk)


def _connection() -> socket.socket | None:
    connection = request.environ.get("gunicorn.socket")
    return connection if isinstance(connection, socket.socket) else None
