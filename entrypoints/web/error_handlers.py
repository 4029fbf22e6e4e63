"""Every exception that leaves a view becomes a problem here, and nowhere else."""

import logging
import traceback
from collections.abc import Mapping

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from domain.model.errors import Conflict, FieldError, InvalidInput, NotFound
from domain.services.webhooks import EventNotProcessed
from entrypoints.web import idempotency, problems
from entrypoints.web.application import ports
from entrypoints.web.problems import Kind, ProblemFound, problem
from ports.checkpoints import CheckpointsUnavailable
from ports.payment_gateway import GatewayUnavailable
from ports.repositories import BadCursor
from ports.unit_of_work import CommitUnknown, StorageUnavailable
from ports.webhook_verifier import BadSignature, MalformedEvent

_RETRY_AFTER = {"Retry-After": "5"}

_HTTP_KINDS: Mapping[int, tuple[Kind, str]] = {
    400: (problems.MALFORMED, "The request cannot be read. Check how it is put together."),
    404: (problems.NOT_FOUND, "There is nothing at this path. /api/docs lists the paths."),
    405: (problems.METHOD_NOT_ALLOWED, "This path does not take this method; the Allow header names those it takes."),
    413: (problems.TOO_LARGE, "The request is too large. Send less at once."),
    415: (problems.UNSUPPORTED_MEDIA_TYPE, "The body is not JSON. Send it with 'Content-Type: application/json'."),
}
# What belongs to the page that Werkzeug would have answered instead.
_PAGE_HEADERS = frozenset({"content-type", "content-length"})

_log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Translate everything that a view of `app` may raise."""
    app.register_error_handler(ProblemFound, lambda found: problem(found.kind, found.detail, headers=found.headers))
    app.register_error_handler(InvalidInput, lambda invalid: _invalid(invalid.errors))
    app.register_error_handler(BadCursor, lambda bad: _invalid([FieldError("cursor", str(bad) or _BAD_CURSOR)]))
    app.register_error_handler(NotFound, lambda missing: problem(problems.NOT_FOUND, str(missing)))
    app.register_error_handler(Conflict, lambda conflict: problem(problems.CONFLICT, str(conflict)))
    app.register_error_handler(BadSignature, lambda bad: problem(problems.BAD_SIGNATURE, str(bad)))
    app.register_error_handler(MalformedEvent, lambda bad: problem(problems.MALFORMED_EVENT, str(bad)))
    app.register_error_handler(EventNotProcessed, _event_not_processed)
    app.register_error_handler(StorageUnavailable, _storage_unavailable)
    app.register_error_handler(GatewayUnavailable, _gateway_unavailable)
    app.register_error_handler(CheckpointsUnavailable, _checkpoints_unavailable)
    app.register_error_handler(HTTPException, _http_problem)
    app.register_error_handler(Exception, _unexpected)


_BAD_CURSOR = "The cursor is none of ours: use next_cursor of the page before, unchanged."


def _invalid(errors: "tuple[FieldError, ...] | list[FieldError]") -> Response:
    by_field: dict[str, list[str]] = {}
    for error in errors:
        by_field.setdefault(error.field, []).append(error.message)
    detail = f"Not acceptable: {', '.join(by_field)}. The member 'errors' says why. Nothing was changed."
    return problem(problems.INVALID, detail, errors=by_field)


def _event_not_processed(failed: EventNotProcessed) -> Response:
    _log.warning("%s", failed)
    return problem(problems.EVENT_NOT_PROCESSED, str(failed))


def _storage_unavailable(unavailable: StorageUnavailable) -> Response:
    _log.error("the database did not take a request: %s", type(unavailable.__cause__ or unavailable).__name__)
    if isinstance(unavailable, CommitUnknown):
        idempotency.keep_reserved()
        return problem(problems.UNAVAILABLE, str(unavailable))
    detail = "The database does not answer, so nothing was kept. Try again in a few seconds."
    return problem(problems.UNAVAILABLE, detail, headers=_RETRY_AFTER)


def _gateway_unavailable(unavailable: GatewayUnavailable) -> Response:
    detail = f"Stripe could not be asked: {unavailable} Nothing was changed; try again in a few seconds."
    return problem(problems.GATEWAY_UNAVAILABLE, detail, headers=_RETRY_AFTER)


def _checkpoints_unavailable(unavailable: CheckpointsUnavailable) -> Response:
    _log.error("the audit checkpoints: %s", unavailable)
    return problem(problems.UNAVAILABLE, "The audit checkpoints cannot be read; the server's log says why.")


def _http_problem(error: HTTPException) -> Response:
    """What Flask and Werkzeug refuse by themselves. Redirects are no problems."""
    answer = error.get_response()
    status = answer.status_code
    if status < 400:
        return Response(status=status, headers=answer.headers)
    headers = {name: value for name, value in answer.headers.items() if name.lower() not in _PAGE_HEADERS}
    if status in _HTTP_KINDS:
        kind, detail = _HTTP_KINDS[status]
        return problem(kind, detail, headers=headers)
    kind = Kind("other", status, error.name, "")
    return problem(kind, error.description or error.name, headers=headers)


def _unexpected(error: Exception) -> Response:
    """A fault of ours. The log gets where it happened and an id, but not the error's text: it may quote a payload."""
    fault_id = ports().ids.new("flt")
    frames = "".join(traceback.format_tb(error.__traceback__))
    _log.error("unexpected fault %s: %s\n%s", fault_id, _chain(error), frames)
    detail = f"Something went wrong on our side. Try again; if it stays, look for {fault_id} in the log."
    return problem(problems.INTERNAL, detail, instance=f"urn:dunlin:fault:{fault_id}")


def _chain(error: BaseException) -> str:
    names = [type(error).__qualname__]
    while (cause := error.__cause__ or error.__context__) is not None:
        names.append(type(cause).__qualname__)
        error = cause
    return " from ".join(names)
