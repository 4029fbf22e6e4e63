"""CSV files as spreadsheets read them: UTF-8 with a byte order mark, CRLF, nothing that is taken for a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from flask import Response

MEDIA_TYPE = "text/csv"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_BYTE_ORDER_MARK = "\ufeff"


def cell(text: str) -> str:
    """Text that no spreadsheet carries out. Source: owasp.org/www-community/attacks/CSV_Injection."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The file's lines, the header first."""
    yield _BYTE_ORDER_MARK + _line(columns)
    for row in rows:
        yield _line(row)


def csv_answer(name: str, lines: Iterator[str]) -> Response:
    """The answer that a browser keeps as a file."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(lines, headers=headers, content_type=f"{MEDIA_TYPE}; charset=utf-8")


def _line(values: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(values)
    return line.getvalue()
