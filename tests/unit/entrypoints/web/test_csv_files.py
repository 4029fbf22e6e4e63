"""CSV files as spreadsheets read them."""

import csv
import io

import pytest

from entrypoints.web.api.csv_files import cell, csv_lines


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_text_that_begins_like_a_formula_is_kept_from_being_one(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "2026-000417", "1=1", " =1", "O'Neill"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert cell(text) == text


def test_commas_quotes_and_line_breaks_come_back_as_they_were() -> None:
    rows = [["a,b", 'say "no"', "two\r\nlines", "-12.50"]]

    text = "".join(csv_lines(["one", "two", "three", "amount"], rows))

    assert text.startswith("\ufeffone,two,three,amount\r\n")
    assert list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))) == [
        ["one", "two", "three", "amount"],
        *rows,
    ]
