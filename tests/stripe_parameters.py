"""Which request parameters Stripe knows, read from its own API descriptions of 2023 and 2026.

A table maps "METHOD /v1/path" to a tree. A leaf is a word: string, integer, boolean, number, any, or "enum a|b|c".
A list of one is an array of that, {"*": x} a map with free keys, another dict an object; the key "" in it is what
may stand instead of the object ("created" is an integer or {"gte": ...}).
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

Tree = dict[str, Any]
RANGE = {"": "integer", "gt": "integer", "gte": "integer", "lt": "integer", "lte": "integer"}
OPENAPI = Path(__file__).parent / "fixtures" / "stripe" / "openapi"


@cache
def parameter_table() -> dict[str, Tree]:
    """Both descriptions merged: an operation's parameters are those that either of them knows."""
    # The two descriptions here are excerpts without accounts; stripe 16.1.0 sends this one (AccountService).
    table: dict[str, Tree] = {"GET /v1/account": {"expand": ["string"]}}
    for operation, parameters in _read("request-params-2023.json").items():
        table[operation] = {name: _tree(entry["schema"]) for name, entry in parameters.items()}
    for operation in _read("request-params.json")["operations"]:
        tree = table.setdefault(f"{operation['method']} {operation['path']}", {"expand": ["string"]})
        for dotted, entry in operation["params"].items():
            word = dict(RANGE) if dotted == "created" else _word(entry["type"], entry.get("enum", []))
            _add(tree, dotted.split("."), word)
    return table


def required_parameters(operation: str) -> set[str]:
    """The top-level parameters that the newer description, else the older one, requires."""
    for entry in _read("request-params.json")["operations"]:
        if f"{entry['method']} {entry['path']}" == operation:
            return {name for name, kind in entry["params"].items() if kind.get("required") and "." not in name}
    parameters = _read("request-params-2023.json").get(operation, {})
    return {name for name, entry in parameters.items() if entry.get("required")}


def package_table(operations: list[str]) -> str:
    """The text of adapters/stripe_sandbox/request_parameters.json: these operations' parameters and their source.

    Trees of payment_method_data are cut off: the sandbox refuses that parameter as a whole.
    """
    table = parameter_table()
    entries: dict[str, Tree] = {}
    for name in sorted(operations):
        parameters = _cut(table[name])
        entries[name] = {"required": sorted(required_parameters(name)), "parameters": parameters}
    source = (
        "Derived by tests/stripe_parameters.py from stripe/openapi spec3 of 2023-09-12 (API 2023-08-16, MIT) and from "
        "stripe/stripe-cli specs_gen.go (API 2026-07-29.dahlia, Apache-2.0); see tests/fixtures/stripe/SOURCES.md"
    )
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(entry, sort_keys=True)}" for name, entry in entries.items())
    return f'{{"source": {json.dumps(source)},\n"operations": {{\n{lines}\n}}}}\n'


def _cut(tree: Tree) -> Tree:
    return {name: "any" if name == "payment_method_data" else inner for name, inner in tree.items()}


@cache
def _read(name: str) -> Any:
    return json.loads((OPENAPI / name).read_text(encoding="utf-8"))


def _tree(schema: Tree) -> Any:
    if "anyOf" in schema:
        return _union([_tree(option) for option in schema["anyOf"]])
    if "properties" in schema:
        return {name: _tree(inner) for name, inner in schema["properties"].items()}
    if "additionalProperties" in schema and isinstance(schema["additionalProperties"], dict):
        return {"*": _tree(schema["additionalProperties"])}
    if "items" in schema:
        return [_tree(schema["items"])]
    return _word(schema.get("type", "any"), schema.get("enum", []))


def _word(kind: str, enum: list[Any]) -> Any:
    if enum:
        return "enum " + "|".join(sorted(str(value) for value in enum))
    if kind == "array":
        return ["any"]
    return kind if kind in ("string", "integer", "boolean", "number") else "any"


def _union(options: list[Any]) -> Any:
    options = [option for option in options if option != "enum "]
    objects = [option for option in options if isinstance(option, dict)]
    scalars = [option for option in options if isinstance(option, str)]
    if objects:
        merged = {name: inner for option in objects for name, inner in option.items()}
        return {**merged, "": scalars[0]} if scalars else merged
    lists = [option for option in options if isinstance(option, list)]
    if lists and not scalars:
        return lists[0]
    return options[0] if len(options) == 1 else "any"


def _add(tree: Tree, names: list[str], word: Any) -> None:
    name, rest = names[0], names[1:]
    known = tree.get(name)
    if rest and (known is None or known == "any"):
        known = tree[name] = {}
    if rest:
        target = known[0] if isinstance(known, list) else known
        if isinstance(target, dict):
            _add(target, rest, word)
        return
    tree[name] = word if known is None else _merge_words(known, word)


def _merge_words(known: Any, word: Any) -> Any:
    if isinstance(known, str) and isinstance(word, str) and known.startswith("enum ") and word.startswith("enum "):
        return "enum " + "|".join(sorted(set(known[5:].split("|")) | set(word[5:].split("|"))))
    return known
