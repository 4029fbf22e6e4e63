"""`Idempotency-Key`: a POST that is sent again is answered again, not done again."""

import hashlib
import json
import logging
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Response, g, request

from domain.services.steps import Step, in_firm
from entrypoints.web.application import ports
from entrypoints.web.authentication import caller
from entrypoints.web.problems import (
    BAD_IDEMPOTENCY_KEY,
    IN_PROGRESS,
    KEY_REUSED,
    UNFINISHED,
    ProblemFound,
    problem,
)
from ports.repositories import StoredAnswer
from ports.unit_of_work import StorageUnavailable

HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"

_KEY = re.compile(r"[ -~]{1,255}")
_KEPT_HEADERS = ("Content-Type", "Location")
# These say nothing of what the request would do once it is put right, or sent when we are well again.
_NOT_KEPT = frozenset({400, 401, 403, 408, 413, 415, 422, 429})
# Above the time that a request may take: whoever reserved the key before that is gone.
_RUNNING_MAX = timedelta(minutes=2)

_log = logging.getLogger(__name__)


def begin(body: Mapping[str, Any]) -> Response | None:
    """Reserve the request's key, if it has one; the answer where the key is taken. Raises `ProblemFound` (400)."""
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise ProblemFound(BAD_IDEMPOTENCY_KEY, "Send 1 to 255 printable ASCII characters as Idempotency-Key.")
    fingerprint = _fingerprint(body)
    now = ports().clock.now()
    known = in_firm(ports(), caller().firm_id, lambda step: step.tx.idempotency.begin(key, fingerprint, now))
    if known is not None:
        return _answer(known, is_same=known.fingerprint == fingerprint, is_stale=now - known.created_at > _RUNNING_MAX)
    g.idempotency_key = key
    return None


def keep_reserved() -> None:
    """Perhaps the request was carried out: its key is neither given back nor answered, a repeat is told to look."""
    g.pop("idempotency_key", None)


def keep_without(*names: str) -> None:
    """The answer shows these once: they are null in what is kept of it."""
    g.shown_once = names


def end(response: Response) -> None:
    """Keep the answer under the key that `begin` reserved, or give the key back."""
    key = g.pop("idempotency_key", None)
    if key is None:
        return
    kept = _frozen(response) if _is_kept(response.status_code) else None

    def finish(step: Step) -> None:
        if kept is None:
            step.tx.idempotency.release(key)
        else:
            step.tx.idempotency.finish(key, response.status_code, kept)

    try:
        in_firm(ports(), caller().firm_id, finish)
    except StorageUnavailable:
        # What was asked for is done (or refused) already; the key stays reserved, and a repeat is told to look.
        _log.warning("an answer could not be kept under its Idempotency-Key: the database does not answer")


def _is_kept(status: int) -> bool:
    return status < 500 and status not in _NOT_KEPT


def _fingerprint(body: Mapping[str, Any]) -> str:
    """Equal for the same request: method, path, query, and the body whatever the order of its keys."""
    asked = [request.method, request.path, request.query_string.decode("latin-1"), body]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _frozen(response: Response) -> dict[str, Any]:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    text = response.get_data(as_text=True)
    if "shown_once" in g and response.is_json:
        text = json.dumps({**json.loads(text), **dict.fromkeys(g.shown_once)})
    return {"text": text, "headers": headers}


def _answer(known: StoredAnswer, *, is_same: bool, is_stale: bool) -> Response:
    if not is_same:
        detail = "This Idempotency-Key was used for another request. Use a new key for a new request."
        return problem(KEY_REUSED, detail, errors={HEADER: ["Belongs to another request."]})
    if known.status:
        headers = {**known.body["headers"], REPLAYED_HEADER: "true"}
        return Response(known.body["text"], known.status, headers)
    if is_stale:
        return problem(UNFINISHED, UNFINISHED.advice)
    detail = "The first request with this Idempotency-Key is still running. Send it again in a moment."
    return problem(IN_PROGRESS, detail, headers={"Retry-After": "1"})
