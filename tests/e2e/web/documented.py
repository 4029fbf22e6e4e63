"""Holds answers against the OpenAPI document: the status is named, the body is exactly of the schema."""

import re
from typing import Any

from flask import Flask
from jsonschema import Draft202012Validator, FormatChecker
from werkzeug.test import TestResponse

_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z")
_formats = FormatChecker()


@_formats.checks("date-time")
def _is_instant(value: object) -> bool:
    return not isinstance(value, str) or _INSTANT.fullmatch(value) is not None


class Document:
    """An OpenAPI 3.0 document and the application that it describes."""

    def __init__(self, app: Flask, document: dict[str, Any]) -> None:
        self.app = app
        self.document = document
        self._schemas = json_schema(document)

    def operation(self, method: str, path: str) -> dict[str, Any]:
        """What the document says of a request."""
        rule, _ = self.app.url_map.bind("localhost").match(path.partition("?")[0], method, return_rule=True)
        template = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        return dict(self.document["paths"][template][method.lower()])

    def check(self, method: str, path: str, answer: TestResponse) -> None:
        """Fail unless the answer is one that the document describes."""
        responses = self.operation(method, path)["responses"]
        described = responses.get(str(answer.status_code))
        assert described is not None, f"{method} {path} answered {answer.status_code}, which is not documented"
        described = self.resolve(described)
        assert answer.mimetype in described["content"], f"{answer.mimetype} is not documented for {method} {path}"
        schema = json_schema(described["content"][answer.mimetype]["schema"])
        shown = answer.text if answer.mimetype == "text/csv" else answer.get_json()
        validator = Draft202012Validator({**schema, "components": self._schemas["components"]}, format_checker=_formats)
        problems = [f"{'/'.join(map(str, e.path))}: {e.message}" for e in validator.iter_errors(shown)]
        assert not problems, f"{method} {path} answered what its schema forbids: {problems}"
        if answer.mimetype == "application/problem+json":
            assert answer.get_json()["status"] == answer.status_code

    def resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        """The node, or what it refers to."""
        while "$ref" in node:
            found: Any = self.document
            for name in node["$ref"].removeprefix("#/").split("/"):
                found = found[name]
            node = found
        return node


def json_schema(node: Any) -> Any:
    """OpenAPI 3.0's `nullable` in the words of JSON Schema."""
    if isinstance(node, list):
        return [json_schema(each) for each in node]
    if not isinstance(node, dict):
        return node
    translated = {name: json_schema(each) for name, each in node.items() if name != "nullable"}
    if node.get("nullable") is True and isinstance(node.get("type"), str):
        translated["type"] = [node["type"], "null"]
    return translated
