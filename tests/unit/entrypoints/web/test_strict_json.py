import pytest

from domain.model.errors import InvalidInput
from entrypoints.web.problems import ProblemFound
from entrypoints.web.strict_json import parse_object


def nested(levels: int) -> bytes:
    """An object that is `levels` deep, in all."""
    return b'{"a":' * (levels - 1) + b"{}" + b"}" * (levels - 1)


def test_an_object_is_read_as_it_is() -> None:
    assert parse_object('{"a": [1, 2.5, "ü", null, true]}'.encode()) == {"a": [1, 2.5, "ü", None, True]}


@pytest.mark.parametrize("body", [b"", b"  \n"])
def test_nothing_is_an_empty_object(body: bytes) -> None:
    assert parse_object(body) == {}


def test_32_levels_are_read_and_no_more() -> None:
    assert parse_object(nested(32))
    with pytest.raises(ProblemFound, match="deeper than 32"):
        parse_object(nested(33))


@pytest.mark.parametrize("body", [b'{"a": 1, "a": 1}', b'{"b": {"a": 1, "a": 2}}'])
def test_a_key_that_is_named_twice_is_refused_at_any_depth(body: bytes) -> None:
    with pytest.raises(ProblemFound, match="twice"):
        parse_object(body)


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity"])
def test_numbers_that_json_does_not_have_are_refused(number: bytes) -> None:
    with pytest.raises(ProblemFound, match="NaN or Infinity"):
        parse_object(b'{"a": ' + number + b"}")


def test_the_place_of_an_error_is_told_and_nothing_of_the_text() -> None:
    with pytest.raises(ProblemFound) as refusal:
        parse_object(b'{"secret": secret}')

    assert "line 1, column 12" in refusal.value.detail
    assert "secret" not in refusal.value.detail


@pytest.mark.parametrize("body", [b"[]", b"null", b"1"])
def test_what_is_no_object_is_invalid_input(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_object(body)
