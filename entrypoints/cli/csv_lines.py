"""Files for the bulk load: CSV lines through the same checks as the API's bodies."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import marshmallow as ma

from domain.model.firms import Address
from domain.services.bulk import BadLine, Line
from domain.services.clients import NewClient
from domain.services.collection import NewInvoice
from entrypoints.web.api.client_schemas import NewClientSchema
from entrypoints.web.api.invoice_schemas import NewInvoiceSchema

LINES_MAX = 200_000
ADDRESS_FIELDS = ("line1", "line2", "city", "state", "postal_code", "country")
_DIGITS = re.compile(r"-?[0-9]{1,15}")
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class UnreadableFile(Exception):
    """The file as a whole cannot be used; the text says why and what to do."""


Parsed = tuple[list[Line], list[BadLine]]
Row = Mapping[str, str]


def read_clients(path: Path) -> Parsed:
    """Lines of clients and the bad ones. Raises `UnreadableFile`."""
    return _read(path, required=("company_name",), line_of=_client)


def read_invoices(path: Path) -> Parsed:
    """Lines of invoices and the bad ones. Raises `UnreadableFile`."""
    return _read(path, required=("number", "currency", "amount_due"), line_of=_invoice)


def _read(path: Path, *, required: Sequence[str], line_of: Callable[[int, Row], Line]) -> Parsed:
    lines: list[Line] = []
    bad: list[BadLine] = []
    for number, row in _rows(path, required):
        try:
            lines.append(line_of(number, row))
        except ma.ValidationError as refused:
            bad.append(BadLine(number, _in_words(refused)))
    return lines, bad


def _rows(path: Path, required: Sequence[str]) -> Iterator[tuple[int, Row]]:
    """Each line's number and its filled fields."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            missing = [name for name in required if name not in (reader.fieldnames or ())]
            if missing:
                raise UnreadableFile(f"{path} has no column {', '.join(missing)}; its first line must name the columns")
            for row in reader:
                if reader.line_num > LINES_MAX:
                    raise UnreadableFile(f"{path} has more than {LINES_MAX} lines; split it")
                yield reader.line_num, _filled(row)
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except csv.Error as error:
        raise UnreadableFile(f"{path} is not CSV: {error}") from error


def _filled(row: Mapping[str | None, Any]) -> Row:
    """Without empty fields. A line that is longer than the heading keeps its rest under a name of its own."""
    named = {str(name): value for name, value in row.items() if name is not None and value not in (None, "")}
    return {**named, "(beyond the last column)": "…"} if None in row else named


def _client(number: int, row: Row) -> Line:
    flat = {name: value for name, value in row.items() if name not in ADDRESS_FIELDS}
    address = {name: row[name] for name in ADDRESS_FIELDS if name in row}
    loaded: dict[str, Any] = NewClientSchema().load({**flat, **({"address": address} if address else {})})
    return Line(number, NewClient(**{**loaded, "address": Address(**loaded.get("address") or {})}))


def _invoice(number: int, row: Row) -> Line:
    customer_id = row.get("stripe_customer_id")
    body: dict[str, Any] = {name: value for name, value in row.items() if name != "stripe_customer_id"}
    body["amount_due"] = _whole(body.get("amount_due"))
    if "autopay" in body:
        body["autopay"] = _FLAGS.get(str(body["autopay"]).lower(), body["autopay"])
    if customer_id is not None:
        body.setdefault("client_id", _BY_CUSTOMER)
    loaded: dict[str, Any] = NewInvoiceSchema().load(body)
    if loaded["client_id"] == _BY_CUSTOMER:
        loaded["client_id"] = ""
    return Line(number, NewInvoice(**loaded), customer_id)


# Stands for "the client of this Stripe customer" while the line is checked; the load finds the client.
_BY_CUSTOMER = "cli_by_stripe_customer"


def _whole(text: Any) -> Any:
    """Digits as a number; anything else stays as it is, for the check to refuse."""
    return int(text) if isinstance(text, str) and _DIGITS.fullmatch(text) else text


def _in_words(refused: ma.ValidationError) -> str:
    told: Mapping[str, Any] = refused.messages if isinstance(refused.messages, dict) else {"line": refused.messages}
    return "; ".join(f"{name}: {' '.join(_texts(told[name]))}" for name in sorted(told))


def _texts(told: Any) -> Iterator[str]:
    if isinstance(told, Mapping):
        for name, inner in told.items():
            yield f"{name}: {' '.join(_texts(inner))}"
    elif isinstance(told, str):
        yield told
    else:
        for one in told:
            yield from _texts(one)
