"""A blueprint whose operations state their scope, their answers and their errors, and are documented by that."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from inspect import cleandoc
from typing import Any, TypeVar

import marshmallow as ma
from flask import Response, request
from flask_smorest import Blueprint

from domain.model.firms import Scope
from entrypoints.web.api import gate
from entrypoints.web.api.arguments import StrictParser, refuse_body
from entrypoints.web.api.csv_files import MEDIA_TYPE

View = TypeVar("View", bound=Callable[..., Any])

SECURITY = "apiKey"
IDEMPOTENCY_PARAMETER = "IdempotencyKey"

_LOCATION = {"Location": {"description": "The path of what was made.", "schema": {"type": "string"}}}
_REPLAYED = {
    "Idempotency-Replayed": {
        "description": "`true` when this is the stored answer to an earlier request with the same Idempotency-Key.",
        "schema": {"type": "string", "enum": ["true"]},
    }
}
_ERRORS_OF_ALL = (401, 403, 429, 500, 503)
_ERRORS_WITH_BODY = (400, 408, 413, 415, 422)


@dataclass(frozen=True)
class Answer:
    """What an operation answers when all goes well; `is_file_too`: as a CSV file where that is asked for."""

    status: int
    schema: type[ma.Schema]
    description: str
    is_file_too: bool = False


class ApiBlueprint(Blueprint):  # type: ignore[misc]  # flask-smorest ships no types
    """One kind of object under /api/v1."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, name: str, *, path: str, description: str) -> None:
        super().__init__(name, __name__, url_prefix=f"/api/v1{path}", description=description)
        self.scopes: dict[str, Scope] = {}
        self.before_request(self._enter)
        self.after_request(gate.leave)

    def operation(
        self,
        method: str,
        rule: str,
        answer: Answer,
        *,
        scope: Scope,
        query: type[ma.Schema] | None = None,
        body: type[ma.Schema] | None = None,
        errors: Sequence[int] = (),
    ) -> Callable[[View], View]:
        """Register a view. Its name is the operation's, its docstring the documentation; `errors` are the statuses
        beyond those that its kind has anyway.
        """

        def register(view: View) -> View:
            statuses = _statuses(method, has_query=query is not None, named=errors, has_path_id="<" in rule)
            decorated = self._documented(view, method, answer, statuses, scope)
            if query is not None:
                decorated = self.arguments(query, location="query")(decorated)
            if body is not None:
                decorated = self.arguments(body, location="json")(decorated)
            elif method != "GET":
                decorated = _without_body(decorated)
            self.scopes[view.__name__] = scope
            self.add_url_rule(rule, view.__name__, decorated, methods=[method])
            return view

        return register

    def _documented(self, view: View, method: str, answer: Answer, statuses: Sequence[int], scope: Scope) -> Any:
        headers = {**(_LOCATION if answer.status == 201 else {}), **(_REPLAYED if method == "POST" else {})}
        decorated = self.response(
            answer.status, answer.schema, description=answer.description, headers=headers or None
        )(view)
        if answer.is_file_too:
            file = {"type": "string", "description": "The file."}
            decorated = self.alt_response(answer.status, schema=file, content_type=MEDIA_TYPE, success=True)(decorated)
        for status in statuses:
            decorated = self.alt_response(status, response=HTTPStatus(status).name)(decorated)
        summary, _, more = cleandoc(view.__doc__ or "").partition("\n\n")
        documented: dict[str, Any] = {
            "operationId": _camel(view.__name__),
            "summary": " ".join(summary.split()),
            "description": f"{more}\n\nNeeds a key of scope `{scope}` or larger.".strip(),
            "security": [{SECURITY: []}],
        }
        if method == "POST":
            documented["parameters"] = [IDEMPOTENCY_PARAMETER]
        return self.doc(**documented)(decorated)

    def _enter(self) -> Response | None:
        if request.method == "OPTIONS":
            return None
        return gate.enter(self.scopes[(request.endpoint or "").rpartition(".")[2]])


def _statuses(method: str, *, has_query: bool, named: Sequence[int], has_path_id: bool) -> list[int]:
    statuses = {*_ERRORS_OF_ALL, *named}
    if has_query:
        statuses.add(422)
    if has_path_id:
        statuses.add(404)
    if method != "GET":
        statuses.update(_ERRORS_WITH_BODY)
    if method == "POST":
        statuses.add(409)
    return sorted(statuses)


def _without_body(view: Any) -> Any:
    @wraps(view)
    def refusing(*args: Any, **kwargs: Any) -> Any:
        refuse_body()
        return view(*args, **kwargs)

    return refusing


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
