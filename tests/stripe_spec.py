"""Is this what Stripe would take, and what it would answer? Judged by Stripe's own API description.

Requests: every parameter must be known to the description of 2023 or to that of 2026 (stripe_parameters.py).
Objects: they must fit the schemas of 2023 plus overlay.json, which lists each later member with its date and source;
a member that neither knows is a violation.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator

from tests.stripe_parameters import OPENAPI, Tree, parameter_table, required_parameters

Json = dict[str, Any]
_REFUSED = (400, 401, 403, 404, 405)  # what was asked wrongly need not be in the description


class NotStripe(AssertionError):
    """A request or an object that Stripe's description does not know."""


def check_request(method: str, path: str, params: Json) -> None:
    """Raise NotStripe unless each parameter (nested as in JSON, lists as lists) is one of that endpoint."""
    operation = _operation(method, path)
    missing = required_parameters(operation) - params.keys()
    if missing:
        raise NotStripe(f"{operation} needs {', '.join(sorted(missing))}")
    _check_fields(operation, parameter_table()[operation], params, "")


def check_object(body: Json) -> None:
    """Raise NotStripe unless the object, list, event or error fits its schema."""
    if "error" in body:
        _validate("api_errors", body["error"])
        return
    kind = body.get("object")
    if kind == "list":
        for item in body["data"]:
            check_object(item)
        if not isinstance(body.get("has_more"), bool) or not str(body.get("url")).startswith("/v1/"):
            raise NotStripe(f"a list needs has_more and url: {body.keys()}")
    elif kind == "event":
        _validate("event", body)
        check_object(body["data"]["object"])
    elif body.get("deleted"):
        _validate(f"deleted_{kind}", body)
    else:
        _validate(str(kind), body)


@dataclass
class StripeWatch:
    """WSGI middleware that keeps every /v1 exchange: `running_sandbox(middleware=watch.around)`."""

    exchanges: list["Exchange"] = field(default_factory=list)

    def around(self, app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
        """The application, watched."""

        def watched(environ: Json, start_response: Callable[..., Any]) -> Iterable[bytes]:
            sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = BytesIO(sent)
            seen: list[str] = []

            def start(status: str, headers: Any, exc_info: Any = None) -> Any:
                seen.append(status)
                return start_response(status, headers, exc_info)

            answer = b"".join(app(environ, start))
            if environ["PATH_INFO"].startswith("/v1/"):
                form = sent.decode() if environ["REQUEST_METHOD"] == "POST" else environ["QUERY_STRING"]
                self.exchanges.append(
                    Exchange(environ["REQUEST_METHOD"], environ["PATH_INFO"], form, int(seen[0][:3]), answer)
                )
            return [answer]

        return watched

    def check_all(self) -> None:
        """Raise NotStripe unless every request was Stripe's and every answer is; at least one was seen."""
        if not self.exchanges:
            raise NotStripe("no request was seen")
        for exchange in self.exchanges:
            if exchange.status not in _REFUSED:
                check_request(exchange.method, exchange.path, exchange.params)
            check_object(json.loads(exchange.answer))


@dataclass(frozen=True)
class Exchange:
    """One request and what it was answered."""

    method: str
    path: str
    form: str
    status: int
    answer: bytes

    @property
    def params(self) -> Json:
        """The parameters, nested; lists become lists."""
        return nested(self.form)


def nested(form: str) -> Json:
    """`a[b]=c&d[0]=e` as {"a": {"b": "c"}, "d": ["e"]}."""
    root: Json = {}
    for key, value in parse_qsl(form, keep_blank_values=True):
        names = key.replace("]", "").split("[")
        target = root
        for name in names[:-1]:
            target = target.setdefault(name or str(len(target)), {})
        target[names[-1] or str(len(target))] = value
    return {name: _with_lists(value) for name, value in root.items()}


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _with_lists(item) for name, item in value.items()}
    return list(inner.values()) if inner and all(name.isdigit() for name in inner) else inner


def _operation(method: str, path: str) -> str:
    wanted = path.strip("/").split("/")
    candidates = []
    for operation in parameter_table():
        known_method, known_path = operation.split(" ")
        names = known_path.strip("/").split("/")
        if known_method == method and len(names) == len(wanted):
            fits = [name == given or name.startswith("{") for name, given in zip(names, wanted, strict=True)]
            if all(fits):
                candidates.append((sum(name.startswith("{") for name in names), operation))
    if not candidates:
        raise NotStripe(f"Stripe's descriptions know no {method} {path}")
    return min(candidates)[1]


def _check_fields(operation: str, tree: Tree, params: Json, path: str) -> None:
    for name, value in params.items():
        full = f"{path}[{name}]" if path else name
        if name not in tree:
            raise NotStripe(f"{operation} has no parameter {full}")
        _check_value(operation, tree[name], value, full)


def _check_value(operation: str, spec: Any, value: Any, path: str) -> None:
    if value == "" or spec == "any":
        return
    if isinstance(spec, dict) and isinstance(value, dict):
        if "*" not in spec:
            _check_fields(operation, spec, value, path)
    elif isinstance(spec, dict) and "" in spec:
        _check_value(operation, spec[""], value, path)
    elif isinstance(spec, dict) and "*" in spec and isinstance(value, list):
        return  # a map whose keys are numbers
    elif isinstance(spec, list) and isinstance(value, list):
        for position, item in enumerate(value):
            _check_value(operation, spec[0], item, f"{path}[{position}]")
    elif not isinstance(spec, str) or not _fits(spec, value):
        raise NotStripe(f"{operation}: {path}={value!r} is no {spec}")


def _fits(spec: str, value: Any) -> bool:
    if spec == "integer":
        return str(value).lstrip("-").isdigit()
    if spec == "boolean":
        return value in (True, False, "true", "false")
    if spec.startswith("enum "):
        return value in spec[5:].split("|")
    return isinstance(value, str)


def _validate(schema: str, body: Json) -> None:
    definitions = _definitions()
    if schema not in definitions:
        raise NotStripe(f"Stripe's description has no object {schema}")
    validator = Draft202012Validator({"$ref": f"#/$defs/{schema}", "$defs": definitions})
    for error in validator.iter_errors(body):
        where = "/".join(str(part) for part in error.absolute_path)
        raise NotStripe(f"{schema} {body.get('id', '')} at '{where}': {_reason(error)}")


def _reason(error: Any) -> str:
    deepest = max(error.context, key=lambda inner: len(inner.absolute_path), default=None)
    return error.message[:300] if deepest is None else _reason(deepest)


@cache
def _definitions() -> Json:
    definitions: Json = json.loads((OPENAPI / "schemas.jsonschema.json").read_text(encoding="utf-8"))["$defs"]
    for entry in json.loads((OPENAPI / "overlay.json").read_text(encoding="utf-8"))["additions"]:
        properties = definitions[entry["schema"]]["properties"]
        if entry["property"] in properties and not entry.get("replaces"):
            raise NotStripe(f"the overlay repeats {entry['schema']}.{entry['property']}")
        properties[entry["property"]] = entry["value"]
    for definition in definitions.values():
        _close(definition)
    return definitions


def _close(schema: Any) -> None:
    if isinstance(schema, list):
        for inner in schema:
            _close(inner)
    elif isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            schema.setdefault("additionalProperties", False)
        for inner in schema.values():
            _close(inner)
