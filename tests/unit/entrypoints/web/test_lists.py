import pytest

from entrypoints.web.api.lists import cut
from ports.repositories import BadCursor

LETTERS = ("a", "b", "c", "d", "e")


def test_a_list_is_whole_without_a_limit() -> None:
    page = cut(LETTERS, {}, str)

    assert (page.items, page.next_cursor) == (LETTERS, None)


def test_pages_follow_each_other_to_the_end() -> None:
    first = cut(LETTERS, {"limit": 2}, str)
    second = cut(LETTERS, {"limit": 2, "cursor": first.next_cursor}, str)
    third = cut(LETTERS, {"limit": 2, "cursor": second.next_cursor}, str)

    assert (first.items, second.items, third.items) == (("a", "b"), ("c", "d"), ("e",))
    assert third.next_cursor is None


def test_a_page_that_ends_with_the_list_is_the_last() -> None:
    assert cut(LETTERS, {"limit": 5}, str).next_cursor is None


def test_a_list_that_has_grown_goes_on_behind_the_same_item() -> None:
    first = cut(LETTERS, {"limit": 2}, str)

    rest = cut(("new", *LETTERS), {"cursor": first.next_cursor}, str)

    assert rest.items == ("c", "d", "e")


def test_a_cursor_that_names_nothing_is_refused() -> None:
    with pytest.raises(BadCursor):
        cut(LETTERS, {"cursor": "made-up"}, str)
